// What a draw costs, beside what reading the row costs: ratios to the floors travel between machines, times
// do not.
//
// Rows rotate through 64 MiB, so that each is cold. Floors: `max`, one pass; `max_exp_sum`, the float softmax
// normaliser.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <vector>

#include "urn/urn.hpp"

namespace {

/// Rows of `vocabulary` logits: peaky (a few tokens far above N(0, 2)) or flat (N(0, 3)).
class cold_rows {
 public:
  cold_rows(std::size_t vocabulary, bool peaky)
      : vocabulary_(vocabulary), rows_(std::max<std::size_t>(4, (std::size_t{16} << 20) / vocabulary)) {
    std::mt19937 generator(1);
    std::normal_distribution<float> normal(0.0F, peaky ? 2.0F : 3.0F);
    logits_.resize(vocabulary * rows_);
    for (float& l : logits_) l = normal(generator);
    for (std::size_t r = 0; peaky && r < rows_; ++r) {
      for (std::size_t i = 0; i < 20; ++i) {
        logits_[r * vocabulary + generator() % vocabulary] = 16.0F - 0.3F * static_cast<float>(i);
      }
    }
  }

  std::span<const float> next() {
    const std::size_t r = at_++ % rows_;
    return std::span(logits_).subspan(r * vocabulary_, vocabulary_);
  }

 private:
  std::size_t vocabulary_;
  std::size_t rows_;
  std::size_t at_ = 0;
  std::vector<float> logits_;
};

template <class Work>
void measure(benchmark::State& state, Work&& work) {
  const auto vocabulary = static_cast<std::size_t>(state.range(0));
  cold_rows rows(vocabulary, state.range(1) != 0);
  urn::workspace scratch{vocabulary};
  std::uint32_t step = 0;
  for (auto _ : state) benchmark::DoNotOptimize(work(rows.next(), scratch, step++));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

float max_of(std::span<const float> row) {
  float m = -INFINITY;
  for (const float l : row) m = l > m ? l : m;
  return m;
}

void floor_max(benchmark::State& state) {
  measure(state, [](auto row, auto&, auto) { return max_of(row); });
}

void floor_max_exp_sum(benchmark::State& state) {
  measure(state, [](auto row, auto&, auto) {
    const float m = max_of(row);
    float sum = 0;
    for (const float l : row) sum += std::exp(l - m);
    return sum;
  });
}

template <class Pipeline>
void draw_with(benchmark::State& state, const Pipeline& pipeline) {
  measure(state, [&](auto row, auto& scratch, auto step) {
    return pipeline(urn::scalar, row, {.seed = 1, .step = step}, scratch).token;
  });
}

constexpr auto greedy = urn::temperature{} | urn::greedy{};
constexpr auto categorical = urn::temperature{0.8F} | urn::categorical{};
constexpr auto top_k = urn::temperature{0.8F} | urn::top_k{40} | urn::categorical{};
constexpr auto top_p = urn::temperature{0.8F} | urn::top_p{0.9F} | urn::categorical{};
constexpr auto min_p = urn::temperature{0.8F} | urn::min_p{0.05F} | urn::categorical{};
constexpr auto chain =
    urn::temperature{0.8F} | urn::top_k{40} | urn::top_p{0.95F} | urn::min_p{0.05F} | urn::categorical{};

void axes(benchmark::internal::Benchmark* b) {
  b->ArgNames({"vocabulary", "peaky"})->ArgsProduct({{32000, 128256}, {0, 1}})->Unit(benchmark::kMicrosecond);
}

BENCHMARK(floor_max)->Apply(axes);
BENCHMARK(floor_max_exp_sum)->Apply(axes);
BENCHMARK_CAPTURE(draw_with, greedy, greedy)->Apply(axes);
BENCHMARK_CAPTURE(draw_with, categorical, categorical)->Apply(axes);
BENCHMARK_CAPTURE(draw_with, top_k_40, top_k)->Apply(axes);
BENCHMARK_CAPTURE(draw_with, top_p_0 .9, top_p)->Apply(axes);
BENCHMARK_CAPTURE(draw_with, min_p_0 .05, min_p)->Apply(axes);
BENCHMARK_CAPTURE(draw_with, chain, chain)->Apply(axes);

}  // namespace
