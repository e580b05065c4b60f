#pragma once
/// \file
/// watermark: green tokens are a little likelier, and who knows the key can tell (Kirchenbauer et al., "A
/// watermark for large language models", 2023). `green_list` says which tokens are green after a history,
/// `watermark` prefers them:
///
///     urn::green_list green{vocabulary};
///     const auto sampler = urn::temperature{0.8F} | urn::watermark{2.0F, green.after(history)} | ...

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include "urn/core/exact.hpp"
#include "urn/core/history.hpp"
#include "urn/core/platform.hpp"
#include "urn/core/row.hpp"
#include "urn/core/status.hpp"
#include "urn/core/token.hpp"
#include "urn/processor/stage.hpp"
#include "urn/random/mersenne_twister.hpp"

namespace urn {

/// l + bias for the green tokens: those whose bit (v % 32 of word v / 32) is 1. The words are borrowed;
/// tokens past them are not green. bias must be finite. Neutral: 0, no words.
struct watermark {
  using stage = elementwise_edit;

  float bias = 2.0F;
  std::span<const std::int32_t> green;

  [[nodiscard]] constexpr bool neutral() const { return bias == 0.0F || green.empty(); }
  [[nodiscard]] constexpr status check(std::size_t) const {
    return exact::is_finite(bias) ? status::ok : status::bad_argument;
  }
  URN_HOST_DEVICE float operator()(float logit, token_id id) const {
    const auto v = static_cast<std::uint32_t>(id);
    const bool is_green =
        v / 32 < green.size() && ((static_cast<std::uint32_t>(green[v / 32]) >> (v % 32)) & 1U) != 0;
    return is_green ? exact::add(logit, bias) : logit;
  }
  /// The same for tokens first, first + 1, ..., whole words without a branch: l - 0 is l.
  void edit_run(token_id first, std::span<const float> from, block_buffer& to) const {
    const auto start = static_cast<std::size_t>(first);
    const std::size_t known = green.size() * 32 > start ? green.size() * 32 - start : 0;
    const std::size_t whole = start % 32 == 0 ? std::min(from.size(), known) / 32 * 32 : 0;
    constexpr std::uint32_t minus_zero = 0x80000000U;
    for (std::size_t i = 0; i < whole; i += 32) {
      const auto word = static_cast<std::uint32_t>(green[(start + i) / 32]);
      float run[32];  // which the words cannot alias, so that the loop becomes vector code
      std::copy_n(from.data() + i, 32, run);
      exact::hide(run);
      for (std::uint32_t j = 0; j < 32; ++j) {
        run[j] += exact::float_of(minus_zero ^ ((0U - (word >> j & 1U)) & (exact::bits(bias) ^ minus_zero)));
      }
      exact::hide(run);
      std::copy_n(run, 32, to.logits + i);
    }
    for (std::size_t i = whole; i < from.size(); ++i) {
      to.logits[i] = (*this)(from[i], static_cast<token_id>(start + i));
    }
  }
};

/// Finds green tokens. They are those of transformers' WatermarkingConfig with the same parameters, on its
/// CPU: the first ratio * vocabulary tokens of torch.randperm. A list depends on the key and the history
/// alone; there is no state to roll back. 4 bytes a token. One thread at a time; nothing is allocated after
/// the first use. Ratios outside (0, 1) count as the nearest.
class green_list {
 public:
  struct parameters {
    double ratio = 0.25;           ///< of the vocabulary that is green
    std::uint64_t key = 15485863;  ///< hashing_key
  };

  explicit green_list(std::size_t vocabulary) : green_list(vocabulary, parameters()) {}
  green_list(std::size_t vocabulary, const parameters& p)
      : key_(p.key), count_(share(vocabulary, p.ratio)), order_(vocabulary), words_((vocabulary + 31) / 32) {}

  /// The green tokens by the last token of the history ("lefthash"; a context_width > 1 means nothing else
  /// there); none after an empty history. The words of `watermark`, valid until the next call. O(V).
  [[nodiscard]] std::span<const std::int32_t> after(const token_history& history) {
    if (history.size() == 0) return {};
    const auto last = static_cast<std::uint64_t>(history.at(history.size() - 1));
    permute(reduced(exact::multiply_high(key_, last), key_ * last), count_);
    clear();
    for (std::size_t i = 0; i < count_; ++i) set(order_[i]);
    return words_;
  }

  /// The tokens among `candidates` that are green by themselves after this history ("selfhash"; transformers
  /// asks the 40 likeliest). `width` is context_width, the candidate included; none after a shorter history.
  /// O(candidates * V), and the first time a table of 4 MB is filled.
  [[nodiscard]] std::span<const std::int32_t> among(std::span<const token_id> candidates,
                                                    const token_history& history, std::size_t width = 1) {
    if (history.size() < width) return {};
    if (table_.empty()) fill_table();
    clear();
    for (const token_id candidate : candidates) {
      if (candidate < 0 || static_cast<std::size_t>(candidate) >= order_.size()) continue;
      permute(own_seed(candidate, history.last(width == 0 ? history.size() : width - 1)), count_);
      const auto green = std::span(order_).first(count_);
      if (std::find(green.begin(), green.end(), candidate) != green.end()) set(candidate);
    }
    return words_;
  }

 private:
  static constexpr std::size_t table_size = 1'000'003;

  static std::size_t share(std::size_t vocabulary, double ratio) {
    if (!(ratio > 0)) return 0;
    return ratio < 1 ? static_cast<std::size_t>(static_cast<double>(vocabulary) * ratio) : vocabulary;
  }
  /// Of a 128-bit seed, the remainder by 2^64 - 1, as Python has it; the generator takes its lower half.
  static std::uint32_t reduced(std::uint64_t high, std::uint64_t low) {
    std::uint64_t sum = high + low;
    if (sum < low) ++sum;
    return sum == ~std::uint64_t{0} ? 0 : static_cast<std::uint32_t>(sum);
  }
  /// The first `count` tokens of torch.randperm(n).
  static void shuffle(std::span<token_id> order, std::size_t count, std::uint32_t seed) {
    mersenne_twister random(seed);
    std::iota(order.begin(), order.end(), 0);
    for (std::size_t i = 0; i < count && i + 1 < order.size(); ++i) {
      std::swap(order[i], order[i + random() % (order.size() - i)]);
    }
  }
  void permute(std::uint32_t seed, std::size_t count) { shuffle(order_, count, seed); }

  void fill_table() {
    table_.resize(table_size);
    shuffle(table_, table_size, static_cast<std::uint32_t>(key_));
  }
  [[nodiscard]] std::uint64_t hash(token_id id) const {
    return static_cast<std::uint64_t>(table_[static_cast<std::size_t>(id) % table_size]) + 1;
  }
  /// The least product of key and hashes, in 64-bit integers with a sign that wrap around.
  [[nodiscard]] std::uint32_t own_seed(token_id candidate, const token_history& before) const {
    const std::uint64_t own = hash(candidate);
    auto least = static_cast<std::int64_t>(key_ * own * own);
    for (std::size_t i = 0; i < before.size(); ++i) {
      least = std::min(least, static_cast<std::int64_t>(key_ * hash(before.at(i)) * own));
    }
    const auto seed = static_cast<std::uint64_t>(least);
    return reduced(0, least < 0 ? seed - 1 : seed);
  }

  void clear() { std::fill(words_.begin(), words_.end(), 0); }
  void set(token_id id) {
    std::int32_t& word = words_[static_cast<std::size_t>(id) / 32];
    word = static_cast<std::int32_t>(static_cast<std::uint32_t>(word) | (1U << (id % 32)));
  }

  std::uint64_t key_;
  std::size_t count_;
  std::vector<token_id> order_;
  std::vector<token_id> table_;
  std::vector<std::int32_t> words_;
};

}  // namespace urn
