#pragma once
// What urn is measured against: samplers as an engine's author writes them by hand, and llama.cpp's, where
// the benchmark is built with it (URN_BENCH_LLAMA).

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <random>
#include <span>
#include <vector>

#if defined(URN_BENCH_LLAMA)
#include <llama.h>
#endif

namespace peers {

inline auto by_logit(std::span<const float> row) {
  return [row](std::int32_t a, std::int32_t b) {
    return row[static_cast<std::size_t>(a)] > row[static_cast<std::size_t>(b)];
  };
}

/// By hand: ids in a vector, a (partial) sort, float sums.
class naive {
 public:
  explicit naive(std::size_t vocabulary) : ids_(vocabulary), weights_(vocabulary) {}

  std::int32_t top_k(std::span<const float> row, std::size_t k, float temperature) {
    std::iota(ids_.begin(), ids_.end(), 0);
    std::partial_sort(ids_.begin(), ids_.begin() + static_cast<std::ptrdiff_t>(k), ids_.end(), by_logit(row));
    return draw(row, k, temperature);
  }
  std::int32_t top_p(std::span<const float> row, float p, float temperature) {
    std::iota(ids_.begin(), ids_.end(), 0);
    std::sort(ids_.begin(), ids_.end(), by_logit(row));
    float total = 0;
    for (const float l : row) total += std::exp((l - at(row, 0)) / temperature);
    std::size_t n = 0;
    for (float sum = 0; n < ids_.size() && sum < p * total; ++n)
      sum += std::exp((at(row, n) - at(row, 0)) / temperature);
    return draw(row, n, temperature);
  }

 private:
  float at(std::span<const float> row, std::size_t i) const { return row[static_cast<std::size_t>(ids_[i])]; }

  std::int32_t draw(std::span<const float> row, std::size_t n, float temperature) {
    float total = 0;
    for (std::size_t i = 0; i < n; ++i) {
      total += weights_[i] = std::exp((at(row, i) - at(row, 0)) / temperature);
    }
    float r = std::uniform_real_distribution<float>(0, total)(generator_);
    std::size_t i = 0;
    while (i + 1 < n && r >= weights_[i]) r -= weights_[i++];
    return ids_[i];
  }

  std::vector<std::int32_t> ids_;
  std::vector<float> weights_;
  std::mt19937 generator_{1};
};

#if defined(URN_BENCH_LLAMA)
/// A chain of llama.cpp's samplers over an array of candidates, which each caller has to fill from the
/// logits.
class llama {
 public:
  explicit llama(std::size_t vocabulary)
      : candidates_(vocabulary), chain_(llama_sampler_chain_init(llama_sampler_chain_default_params())) {}
  llama(const llama&) = delete;
  llama& operator=(const llama&) = delete;
  ~llama() { llama_sampler_free(chain_); }

  llama& add(llama_sampler* sampler) {
    llama_sampler_chain_add(chain_, sampler);
    return *this;
  }
  void accept(std::span<const std::int32_t> tokens) {
    for (const std::int32_t t : tokens) llama_sampler_accept(chain_, t);
  }
  std::int32_t operator()(std::span<const float> row) {
    for (std::size_t i = 0; i < row.size(); ++i) candidates_[i] = {static_cast<llama_token>(i), row[i], 0.0F};
    llama_token_data_array array{candidates_.data(), candidates_.size(), -1, false};
    llama_sampler_apply(chain_, &array);
    return array.data[array.selected].id;
  }

 private:
  std::vector<llama_token_data> candidates_;
  llama_sampler* chain_;
};
#endif

}  // namespace peers
