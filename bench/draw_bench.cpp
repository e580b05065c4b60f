// What a draw costs, beside what reading the row costs: ratios to the floors travel between machines, times
// do not.
//
// Rows rotate through 64 MiB, so that each is cold. Floors: `max`, one pass; `max_exp_sum`, the float softmax
// normaliser, two; `memcpy`. Peers: the samplers of llama.cpp, where its library was given (URN_BENCH_LLAMA),
// and what an engine writes by hand.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "cold_rows.hpp"
#include "floors.hpp"
#include "peers.hpp"
#include "urn/urn.hpp"

namespace {

using bench::cold_rows;
using bench::shape;

template <class T = float, class Work>
void measure(benchmark::State& state, Work&& work) {
  const auto vocabulary = static_cast<std::size_t>(state.range(0));
  cold_rows<T> rows(vocabulary, static_cast<shape>(state.range(1)));
  urn::workspace scratch{vocabulary};
  std::uint32_t step = 0;
  for (auto _ : state) benchmark::DoNotOptimize(work(rows.next(), scratch, step++));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

void floor_max(benchmark::State& state) {
  measure(state, [](auto row, auto&, auto) { return floors::max(row); });
}
void floor_max_exp_sum(benchmark::State& state) {
  measure(state, [](auto row, auto&, auto) { return floors::max_exp_sum(row); });
}
void floor_memcpy(benchmark::State& state) {
  measure(state, [](auto row, auto& scratch, auto) {
    std::memcpy(scratch.left().data(), row.data(), row.size_bytes());
    return scratch.left()[0];
  });
}

/// What a request brings besides its row: 64 tokens of history, 100 biases, a mask of every other token.
struct request {
  std::vector<urn::token_id> past;
  std::vector<urn::token_bias> biases;
  std::vector<std::int32_t> allowed;

  explicit request(std::size_t vocabulary) : allowed((vocabulary + 31) / 32) {
    std::uint32_t x = 12345;
    const auto next = [&] { return x = x * 1664525U + 1013904223U; };
    const auto any = [&] { return static_cast<urn::token_id>((std::uint64_t{next()} * vocabulary) >> 32); };
    for (int i = 0; i < 64; ++i) past.push_back(any());
    for (int i = 0; i < 100; ++i) biases.push_back({any(), 0.5F});
    std::sort(biases.begin(), biases.end(), [](const auto& a, const auto& b) { return a.token < b.token; });
    for (auto& word : allowed) word = static_cast<std::int32_t>(next() ^ (next() >> 16));
  }
};

template <class T, class Policy, class Make>
void draw_by(benchmark::State& state, Policy policy, const Make& make) {
  const request r(static_cast<std::size_t>(state.range(0)));
  const auto pipeline = make(r);
  measure<T>(state, [&](auto row, auto& scratch, auto step) {
    return pipeline(policy, row, {.history = {{}, r.past}, .seed = 1, .step = step}, scratch).token;
  });
}
template <class Make>
void simd(benchmark::State& state, const Make& make) {
  draw_by<float>(state, urn::simd, make);
}
template <class Make>
void simd_bf16(benchmark::State& state, const Make& make) {
  draw_by<urn::bfloat16>(state, urn::simd, make);
}
template <class Make>
void simd_f16(benchmark::State& state, const Make& make) {
  draw_by<urn::float16>(state, urn::simd, make);
}
template <class Make>
void scalar(benchmark::State& state, const Make& make) {
  draw_by<float>(state, urn::scalar, make);
}

constexpr urn::logprobs raw{};
constexpr urn::logprobs processed{.raw = false};
const auto greedy = [](const request&) { return urn::greedy{} | processed; };
const auto only_greedy = [](const request&) { return urn::temperature{} | urn::greedy{}; };
const auto greedy_raw = [](const request&) { return urn::greedy{} | raw; };
const auto categorical = [](const request&) { return urn::temperature{0.8F} | urn::categorical{}; };
const auto top_k = [](const request&) {
  return urn::temperature{0.8F} | urn::top_k{40} | urn::categorical{};
};
const auto top_k_raw = [](const request& r) { return top_k(r) | raw; };
const auto top_p = [](const request&) {
  return urn::temperature{1.0F} | urn::top_p{0.9F} | urn::categorical{};
};
const auto min_p = [](const request&) {
  return urn::temperature{1.0F} | urn::min_p{0.05F} | urn::categorical{};
};
const auto gumbel = [](const request&) { return urn::temperature{0.8F} | urn::gumbel{}; };
const auto mirostat = [](const request&) { return urn::temperature{1.0F} | urn::mirostat_v2{10.0F}; };
const auto typical = [](const request&) {
  return urn::temperature{1.0F} | urn::typical{0.95F} | urn::categorical{};
};
const auto top_n_sigma = [](const request&) {
  return urn::temperature{1.0F} | urn::top_n_sigma{1.0F} | urn::categorical{};
};
const auto eta_cutoff = [](const request&) {
  return urn::temperature{1.0F} | urn::eta_cutoff{3e-4F} | urn::categorical{};
};
const auto epsilon_cutoff = [](const request&) {
  return urn::temperature{1.0F} | urn::epsilon_cutoff{3e-4F} | urn::categorical{};
};
const auto top_a = [](const request&) {
  return urn::temperature{1.0F} | urn::top_a{0.2F} | urn::categorical{};
};
const auto top_h = [](const request&) {
  return urn::temperature{1.0F} | urn::top_h{0.9F} | urn::categorical{};
};
const auto tail_free = [](const request&) {
  return urn::temperature{1.0F} | urn::tail_free{0.95F} | urn::categorical{};
};
const auto xtc = [](const request&) {
  return urn::xtc{0.1F, 0.5F} | urn::temperature{1.0F} | urn::categorical{};
};
const auto smoothing = [](const request&) { return urn::smoothing{0.2F} | urn::categorical{}; };
const auto dynamic_temperature = [](const request&) {
  return urn::dynamic_temperature{0.5F, 1.5F} | urn::categorical{};
};
const auto chain = [](const request&) {
  return urn::temperature{0.8F} | urn::top_k{40} | urn::top_p{0.95F} | urn::min_p{0.05F} | urn::categorical{};
};
const auto edited_chain = [](const request& r) {
  return urn::penalties{1.1F, 0.1F, 0.1F, 64} | urn::logit_bias{r.biases} | chain(r);
};
const auto masked_chain = [](const request& r) { return urn::bitmask{r.allowed} | chain(r); };

/// A custom elementwise edit: its one definition becomes vector code in the same pass.
struct soft_clip {
  using stage = urn::elementwise_edit;
  float operator()(float logit, urn::token_id) const {
    return logit > 12.0F ? 12.0F + 0.5F * (logit - 12.0F) : logit;
  }
};
const auto custom_chain = [](const request& r) { return soft_clip{} | chain(r); };

void naive_top_k(benchmark::State& state) {
  peers::naive by_hand(static_cast<std::size_t>(state.range(0)));
  measure(state, [&](auto row, auto&, auto) { return by_hand.top_k(row, 40, 0.8F); });
}
void naive_top_p(benchmark::State& state) {
  peers::naive by_hand(static_cast<std::size_t>(state.range(0)));
  measure(state, [&](auto row, auto&, auto) { return by_hand.top_p(row, 0.9F, 1.0F); });
}

#if defined(URN_BENCH_LLAMA)
template <class Fill>
void llama(benchmark::State& state, const Fill& fill) {
  const request r(static_cast<std::size_t>(state.range(0)));
  peers::llama samplers(static_cast<std::size_t>(state.range(0)));
  fill(samplers, r, static_cast<std::int32_t>(state.range(0)));
  samplers.accept(r.past);
  measure(state, [&](auto row, auto&, auto) { return samplers(row); });
}
const auto llama_draw = [](peers::llama& c) { c.add(llama_sampler_init_dist(1)); };
const auto llama_chain = [](peers::llama& c) {
  c.add(llama_sampler_init_top_k(40))
      .add(llama_sampler_init_top_p(0.95F, 1))
      .add(llama_sampler_init_min_p(0.05F, 1));
  c.add(llama_sampler_init_temp(0.8F));
  llama_draw(c);
};
const auto llama_greedy = [](peers::llama& c, const request&, std::int32_t) {
  c.add(llama_sampler_init_greedy());
};
const auto llama_categorical = [](peers::llama& c, const request&, std::int32_t) {
  llama_draw(c.add(llama_sampler_init_temp(0.8F)));
};
const auto llama_top_k = [](peers::llama& c, const request&, std::int32_t) {
  llama_draw(c.add(llama_sampler_init_top_k(40)).add(llama_sampler_init_temp(0.8F)));
};
const auto llama_top_p = [](peers::llama& c, const request&, std::int32_t) {
  llama_draw(c.add(llama_sampler_init_top_p(0.9F, 1)));
};
const auto llama_min_p = [](peers::llama& c, const request&, std::int32_t) {
  llama_draw(c.add(llama_sampler_init_min_p(0.05F, 1)));
};
const auto llama_mirostat = [](peers::llama& c, const request&, std::int32_t) {
  c.add(llama_sampler_init_mirostat_v2(1, 5.0F, 0.1F));
};
const auto llama_typical = [](peers::llama& c, const request&, std::int32_t) {
  llama_draw(c.add(llama_sampler_init_typical(0.95F, 1)));
};
const auto llama_top_n_sigma = [](peers::llama& c, const request&, std::int32_t) {
  llama_draw(c.add(llama_sampler_init_top_n_sigma(1.0F)));
};
const auto llama_xtc = [](peers::llama& c, const request&, std::int32_t) {
  llama_draw(c.add(llama_sampler_init_xtc(0.5F, 0.1F, 1, 1)));
};
const auto llama_dynamic_temperature = [](peers::llama& c, const request&, std::int32_t) {
  llama_draw(c.add(llama_sampler_init_temp_ext(1.0F, 0.5F, 1.0F)));
};
const auto llama_k_p_chain = [](peers::llama& c, const request&, std::int32_t) { llama_chain(c); };
const auto llama_edited_chain = [](peers::llama& c, const request& r, std::int32_t vocabulary) {
  std::vector<llama_logit_bias> biases;
  for (const urn::token_bias& b : r.biases) biases.push_back({b.token, b.bias});
  c.add(llama_sampler_init_penalties(vocabulary, 64, 1.1F, 0.1F, 0.1F));
  c.add(llama_sampler_init_logit_bias(vocabulary, static_cast<std::int32_t>(biases.size()), biases.data()));
  llama_chain(c);
};
#endif

void axes(benchmark::internal::Benchmark* b) {
  b->ArgNames({"vocabulary", "shape"})->Unit(benchmark::kMicrosecond);
  for (const std::int64_t vocabulary : {32000, 128256, 151936, 262144}) {
    for (const shape s : {shape::peaky, shape::flat}) b->Args({vocabulary, static_cast<std::int64_t>(s)});
  }
}
void hard_axes(benchmark::internal::Benchmark* b) {
  axes(b);
  for (const shape s : {shape::equal, shape::two_values, shape::ascending, shape::ties}) {
    b->Args({128256, static_cast<std::int64_t>(s)});
  }
}
void two_rows(benchmark::internal::Benchmark* b) {
  b->ArgNames({"vocabulary", "shape"})->Unit(benchmark::kMicrosecond);
  for (const shape s : {shape::peaky, shape::flat}) b->Args({128256, static_cast<std::int64_t>(s)});
}

BENCHMARK(floor_max)->Apply(axes);
BENCHMARK(floor_max_exp_sum)->Apply(axes);
BENCHMARK(floor_memcpy)->Apply(axes);
BENCHMARK_CAPTURE(simd, greedy_raw, greedy_raw)->Apply(hard_axes);
BENCHMARK_CAPTURE(simd, greedy_processed, greedy)->Apply(hard_axes);
BENCHMARK_CAPTURE(simd, greedy, only_greedy)->Apply(hard_axes);
BENCHMARK_CAPTURE(simd, categorical, categorical)->Apply(hard_axes);
BENCHMARK_CAPTURE(simd, top_k, top_k)->Apply(hard_axes);
BENCHMARK_CAPTURE(simd, top_k_raw, top_k_raw)->Apply(hard_axes);
BENCHMARK_CAPTURE(simd, top_p, top_p)->Apply(hard_axes);
BENCHMARK_CAPTURE(simd, min_p, min_p)->Apply(hard_axes);
BENCHMARK_CAPTURE(simd, gumbel, gumbel)->Apply(hard_axes);
BENCHMARK_CAPTURE(simd, mirostat_v2, mirostat)->Apply(hard_axes);
BENCHMARK_CAPTURE(simd, typical, typical)->Apply(hard_axes);
BENCHMARK_CAPTURE(simd, top_n_sigma, top_n_sigma)->Apply(hard_axes);
BENCHMARK_CAPTURE(simd, eta_cutoff, eta_cutoff)->Apply(hard_axes);
BENCHMARK_CAPTURE(simd, epsilon_cutoff, epsilon_cutoff)->Apply(hard_axes);
BENCHMARK_CAPTURE(simd, top_a, top_a)->Apply(hard_axes);
BENCHMARK_CAPTURE(simd, top_h, top_h)->Apply(two_rows);
BENCHMARK_CAPTURE(simd, tail_free, tail_free)->Apply(two_rows);
BENCHMARK_CAPTURE(simd, xtc, xtc)->Apply(hard_axes);
BENCHMARK_CAPTURE(simd, smoothing, smoothing)->Apply(two_rows);
BENCHMARK_CAPTURE(simd, dynamic_temperature, dynamic_temperature)->Apply(hard_axes);
BENCHMARK_CAPTURE(simd, chain, chain)->Apply(hard_axes);
BENCHMARK_CAPTURE(simd, edited_chain, edited_chain)->Apply(hard_axes);
BENCHMARK_CAPTURE(simd, masked_chain, masked_chain)->Apply(hard_axes);
BENCHMARK_CAPTURE(simd, custom_chain, custom_chain)->Apply(two_rows);
BENCHMARK_CAPTURE(simd_bf16, categorical, categorical)->Apply(two_rows);
BENCHMARK_CAPTURE(simd_bf16, chain, chain)->Apply(two_rows);
BENCHMARK_CAPTURE(simd_f16, categorical, categorical)->Apply(two_rows);
BENCHMARK_CAPTURE(simd_f16, chain, chain)->Apply(two_rows);
BENCHMARK_CAPTURE(scalar, categorical, categorical)->Apply(two_rows);
BENCHMARK_CAPTURE(scalar, chain, chain)->Apply(two_rows);
BENCHMARK(naive_top_k)->Apply(two_rows);
BENCHMARK(naive_top_p)->Apply(two_rows);
#if defined(URN_BENCH_LLAMA)
BENCHMARK_CAPTURE(llama, greedy, llama_greedy)->Apply(axes);
BENCHMARK_CAPTURE(llama, categorical, llama_categorical)->Apply(axes);
BENCHMARK_CAPTURE(llama, top_k, llama_top_k)->Apply(axes);
BENCHMARK_CAPTURE(llama, top_p, llama_top_p)->Apply(axes);
BENCHMARK_CAPTURE(llama, min_p, llama_min_p)->Apply(axes);
BENCHMARK_CAPTURE(llama, mirostat_v2, llama_mirostat)->Apply(axes);
BENCHMARK_CAPTURE(llama, typical, llama_typical)->Apply(axes);
BENCHMARK_CAPTURE(llama, top_n_sigma, llama_top_n_sigma)->Apply(axes);
BENCHMARK_CAPTURE(llama, xtc, llama_xtc)->Apply(axes);
BENCHMARK_CAPTURE(llama, dynamic_temperature, llama_dynamic_temperature)->Apply(axes);
BENCHMARK_CAPTURE(llama, chain, llama_k_p_chain)->Apply(axes);
BENCHMARK_CAPTURE(llama, edited_chain, llama_edited_chain)->Apply(axes);
#endif

}  // namespace
