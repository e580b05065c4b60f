// What threads give: a batch of 64 rows, and one row of 262,144 tokens, on 1, 2 and 4 threads.

#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "cold_rows.hpp"
#include "urn/kernel/simd/policy.hpp"
#include "urn/urn.hpp"

namespace {

constexpr auto pipeline = urn::temperature{0.8F} | urn::categorical{};

void one_row(benchmark::State& state) {
  constexpr std::size_t vocabulary = 262144;
  bench::cold_rows<float> rows(vocabulary, bench::shape::flat);
  urn::thread_pool pool(static_cast<std::size_t>(state.range(0)));
  urn::workspace scratch(vocabulary);
  std::uint32_t step = 0;
  for (auto _ : state) {
    const urn::parallel policy{urn::simd, pool};
    benchmark::DoNotOptimize(pipeline(policy, rows.next(), {.seed = 1, .step = step++}, scratch));
  }
}

void batch(benchmark::State& state) {
  constexpr std::size_t vocabulary = 128256;
  constexpr std::size_t count = 64;
  bench::cold_rows<float> rows(vocabulary, bench::shape::flat);
  const auto threads = static_cast<std::size_t>(state.range(0));
  urn::thread_pool pool(threads);
  std::vector<urn::workspace> scratch(threads, urn::workspace(vocabulary));
  std::vector<urn::draw_context> contexts(count);
  for (std::size_t r = 0; r < count; ++r) contexts[r] = {.seed = 1, .sequence = r};
  std::vector<urn::draw> out(count);
  const urn::batch_view<float> view{rows.next().data(), count, vocabulary, vocabulary};
  for (auto _ : state) {
    pipeline(urn::parallel{urn::simd, pool}, view, contexts, out, std::span(scratch));
    benchmark::DoNotOptimize(out.data());
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(count));
}

BENCHMARK(one_row)->ArgName("threads")->Arg(1)->Arg(2)->Arg(4)->Unit(benchmark::kMicrosecond)->UseRealTime();
BENCHMARK(batch)->ArgName("threads")->Arg(1)->Arg(2)->Arg(4)->Unit(benchmark::kMicrosecond)->UseRealTime();

}  // namespace
