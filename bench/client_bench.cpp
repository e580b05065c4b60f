// What the scheduler costs and gives, on the default model (run it in the repository's root, or name the
// model's directory by URN_BENCH_MODEL).
//
// requests/1 beside loop: the scheduler's overhead for one request at a time. requests/32 beside requests/1:
// what batching gives. shared_prompt: 8 samples of a 400-token prompt beside 1.

#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "urn/client/future.hpp"
#include "urn/client/scheduler.hpp"
#include "urn/generate/generate.hpp"
#include "urn/model/tokenizer.hpp"
#include "urn/model/transformer.hpp"
#include "urn/stop/any_of.hpp"
#include "urn/stop/max_tokens.hpp"

namespace {

constexpr std::size_t new_tokens = 64;

std::string model_directory() {
  const char* const given = std::getenv("URN_BENCH_MODEL");
  return given != nullptr ? given : "examples/default_model";
}

const urn::transformer& model() {
  static const urn::transformer loaded = urn::transformer::load(model_directory());
  return loaded;
}

const urn::tokenizer& words() {
  static const urn::tokenizer loaded = urn::tokenizer::from_file(model_directory() + "/tokenizer.json");
  return loaded;
}

urn::sampling_params params(std::uint64_t seed) {
  return {.max_tokens = new_tokens, .seed = seed, .temperature = 0.8F, .top_p = 0.95F, .ignore_eos = true};
}

/// A prompt of its own for each i.
std::vector<urn::token_id> prompt(std::size_t i, std::size_t size) {
  std::vector<urn::token_id> tokens = words().encode("Once upon a time");
  while (tokens.size() < size) {
    tokens.push_back(static_cast<urn::token_id>((i * 131 + tokens.size() * 7) % model().vocabulary_size()));
  }
  tokens.resize(size);
  tokens.front() = static_cast<urn::token_id>(i % model().vocabulary_size());
  return tokens;
}

/// The decode loop without a client, one request after another.
void loop(benchmark::State& state) {
  std::size_t i = 0;
  for (auto _ : state) {
    const urn::sampling_params asked = params(i);
    const urn::request_pipeline pipeline(asked, model().vocabulary_size(), {}, &words());
    std::string text;
    for (const auto& event :
         urn::generate(model(), prompt(++i, 8), pipeline, urn::max_tokens{new_tokens},
                       urn::token_stream(words()), {.num_samples = 1, .seed = *asked.seed})) {
      text += event.text;
    }
    benchmark::DoNotOptimize(text);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(new_tokens));
}

/// As many requests at a time as the argument says.
void requests(benchmark::State& state) {
  urn::scheduler<urn::transformer> backend(
      model(), words(),
      {.prefix_cache_tokens = 0, .threads = static_cast<std::size_t>(state.range(1)), .end_tokens = {}});
  std::size_t i = 0;
  for (auto _ : state) {
    std::vector<urn::future<urn::sample_response>> answers;
    for (std::int64_t n = 0; n < state.range(0); ++n) {
      const urn::promise<urn::sample_response> answer;
      answers.push_back(answer.get_future());
      const urn::sampling_params asked = params(i);
      backend.submit({.id = {}, .prompt = prompt(++i, 8), .params = asked}, urn::keeps(answer));
    }
    for (auto& answer : answers) benchmark::DoNotOptimize(answer.get());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0) * static_cast<std::int64_t>(new_tokens));
}

/// The prompt alone, and then samples of it.
void shared_prompt(benchmark::State& state) {
  urn::scheduler<urn::transformer> backend(model(), words(), {.prefix_cache_tokens = 0, .end_tokens = {}});
  std::size_t i = 0;
  for (auto _ : state) {
    urn::sampling_params asked = params(i);
    asked.max_tokens = 1;
    asked.num_samples = static_cast<std::size_t>(state.range(0));
    const urn::promise<urn::sample_response> answer;
    auto response = answer.get_future();
    backend.submit({.id = {}, .prompt = prompt(++i, 400), .params = asked}, urn::keeps(answer));
    benchmark::DoNotOptimize(response.get());
  }
}

BENCHMARK(loop)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(requests)
    ->ArgNames({"at_a_time", "threads"})
    ->ArgsProduct({{1, 8, 32}, {1, 2, 4}})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK(shared_prompt)->ArgName("samples")->Arg(1)->Arg(8)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
