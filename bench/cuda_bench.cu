// What a draw costs on the GPU, beside what reading the logits costs: ratios to the floor travel between
// machines, times do not.
//
// Names are <who>/<pipeline>/<type>/V<vocabulary>/B<rows>/<shape>; times are medians of a batch of B rows
// that is in no cache. With URN_BENCH_LATER a program of the later cuts alone. Peers: FlashInfer, where its
// headers were given (URN_BENCH_FLASHINFER).

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "cuda_batches.cuh"
#include "cuda_floors.cuh"
#include "cuda_requests.cuh"
#if defined(URN_BENCH_FLASHINFER)
#include "cuda_peers.cuh"
#endif
#include "urn/pipeline/cuda/policy.hpp"
#include "urn/urn.hpp"

namespace {

using bench::check;
using bench::cold_batches;
using bench::requests;

constexpr std::size_t replays = 9;

struct setup {
  std::size_t vocabulary;
  std::size_t rows;
  bench::shape shape;
};

template <class T>
std::string name_of(const setup& s) {
  return std::string(sizeof(T) == sizeof(float) ? "f32" : "bf16") + "/V" + std::to_string(s.vocabulary) +
         "/B" + std::to_string(s.rows) + (s.shape == bench::shape::peaky ? "/peaky" : "/flat");
}

bench::stopwatch& timer() {
  static bench::stopwatch started;
  return started;
}

/// A benchmark of one iteration, whose time is what seconds(batches, state) says.
template <class T, class Seconds>
void add(const std::string& who, const setup& s, const Seconds& seconds) {
  const auto run = [=](benchmark::State& state) {
    try {
      const double median = seconds(cold_batches<T>(s.rows, s.vocabulary, s.shape), state);
      for (auto _ : state) state.SetIterationTime(median);
    } catch (const std::exception& e) {
      state.SkipWithError(e.what());
    }
  };
  benchmark::RegisterBenchmark((who + "/" + name_of<T>(s)).c_str(), run)
      ->Iterations(1)
      ->UseManualTime()
      ->Unit(benchmark::kMicrosecond);
}

template <class T>
void add_floor(const setup& s) {
  add<T>("floor", s, [=](const cold_batches<T>& batches, benchmark::State& state) {
    std::string launch;
    const double median = floors::read(timer(), batches, s.rows, s.vocabulary, launch);
    state.SetLabel(launch);
    return median;
  });
}

/// The elements on the host.
template <class T>
std::vector<T> download(const T* from, std::size_t count) {
  std::vector<T> copy(count);
  check(cudaMemcpy(copy.data(), from, count * sizeof(T), cudaMemcpyDeviceToHost));
  return copy;
}

/// A measurement of something that draws no tokens is none.
void check_token(std::int32_t token, const setup& s) {
  if (token < 0 || static_cast<std::size_t>(token) >= s.vocabulary) {
    throw std::runtime_error("a row's token is " + std::to_string(token) +
                             "; it should be in the vocabulary");
  }
}

#if defined(URN_BENCH_FLASHINFER)
template <class T>
void add_flashinfer(const setup& s) {
  for (const peers::flashinfer_path& path : peers::flashinfer_paths()) {
    const bool bfloat16 = sizeof(T) == 2;
    if (s.vocabulary < path.least_vocabulary || (bfloat16 && !path.takes_bfloat16)) continue;
    const auto rows = static_cast<std::uint32_t>(s.rows);
    const auto columns = static_cast<std::uint32_t>(s.vocabulary);
    add<T>(std::string("flashinfer/") + path.name, s, [=](const cold_batches<T>& batches, benchmark::State&) {
      const double median = timer().median(batches.calls(), replays, [&](std::size_t call) {
        path.run({batches[call], bfloat16, rows, columns}, timer().stream());
      });
      for (const int token : download(peers::flashinfer_tokens(), s.rows)) check_token(token, s);
      return median;
    });
  }
}
#else
template <class T>
void add_flashinfer(const setup&) {}
#endif

/// The workspace of a batch; one memory for all.
urn::cuda_workspace workspace_for(const setup& s) {
  static const std::size_t bytes = urn::cuda_workspace::bytes(bench::most_rows, bench::largest_vocabulary);
  static auto* const memory = bench::allocate<std::byte>(bytes);
  urn::cuda_workspace scratch(memory, bytes, s.rows, s.vocabulary);
  scratch.with_edits(256);  // the full chain has 164
  check(scratch.clear(timer().stream()));
  return scratch;
}

template <class T, class Make>
void add_urn(const std::string& pipeline, const setup& s, const Make& make, std::size_t tops = 0) {
  add<T>("urn/" + pipeline, s, [=](const cold_batches<T>& batches, benchmark::State&) {
    const bench::requests asked = bench::requests_for(s.rows, s.vocabulary, tops);
    const auto sampler = make(asked);
    auto scratch = workspace_for(s);
    const double median = timer().median(batches.calls(), replays, [&](std::size_t call) {
      const urn::batch_view<T> logits{batches[call], s.rows, s.vocabulary, s.vocabulary};
      const urn::status said =
          sampler(urn::cuda{timer().stream()}, logits, asked.contexts, asked.draws, scratch);
      if (said != urn::status::ok) {
        throw std::runtime_error("the batch was refused: status " + std::to_string(static_cast<int>(said)));
      }
    });
    for (const urn::draw& d : download(asked.draws.data(), s.rows)) check_token(d.token, s);
    return median;
  });
}

#if defined(URN_BENCH_LATER)
/// Cuts and samplers that need more of a row than its masses, at settings that people use.
void add_all(const setup& s) {
  const auto add_cut = [&](const char* name, const auto& cut) {
    add_urn<float>(name, s,
                   [=](const requests&) { return urn::temperature{0.8F} | cut | urn::categorical{}; });
  };
  add_floor<float>(s);
  add_cut("typical", urn::typical{0.95F});
  add_cut("top_n_sigma", urn::top_n_sigma{1.0F});
  add_cut("xtc", urn::xtc{.threshold = 0.1F, .probability = 1.0F});
  add_cut("eta_cutoff", urn::eta_cutoff{3e-4F});
  add_cut("tail_free", urn::tail_free{0.95F});
  add_urn<float>("mirostat_v2", s,
                 [](const requests&) { return urn::temperature{0.8F} | urn::mirostat_v2{5.0F}; });
  add_urn<float>("gumbel", s, [](const requests&) { return urn::temperature{0.8F} | urn::gumbel{}; });
}
#else
const auto greedy = [](const requests&) { return urn::greedy{} | urn::logprobs{}; };
const auto categorical = [](const requests&) { return urn::temperature{0.8F} | urn::categorical{}; };
const auto top_k_p = [](const requests&) {
  return urn::temperature{0.8F} | urn::top_k{50} | urn::top_p{0.9F} | urn::categorical{};
};
const auto top_p = [](const requests&) {
  return urn::temperature{1.0F} | urn::top_p{0.9F} | urn::categorical{};
};
const auto min_p = [](const requests&) {
  return urn::temperature{1.0F} | urn::min_p{0.05F} | urn::categorical{};
};
const auto chain = [](const requests& r) {
  return urn::bitmask{r.allowed} | urn::logit_bias{r.biases} | urn::penalties{1.1F, 0.1F, 0.1F, 64} |
         urn::temperature{0.8F} | urn::top_k{50} | urn::top_p{0.9F} | urn::min_p{0.05F} | urn::categorical{} |
         urn::logprobs{.raw = false};
};

template <class T>
void add_urns(const setup& s) {
  add_urn<T>("greedy", s, greedy);
  add_urn<T>("categorical", s, categorical);
  add_urn<T>("top_k_p", s, top_k_p);
  add_urn<T>("top_p", s, top_p);
  add_urn<T>("min_p", s, min_p);
  add_urn<T>("chain", s, chain, /*tops=*/5);
}

template <class T>
void add_all_of(const setup& s) {
  add_floor<T>(s);
  add_urns<T>(s);
  add_flashinfer<T>(s);
}
void add_all(const setup& s) {
  add_all_of<float>(s);
  add_all_of<urn::bfloat16>(s);
}
#endif

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  for (const std::size_t vocabulary : {32000, 128256, 151936, 262144}) {
    for (const std::size_t rows : {1, 8, 64, 256, 1024}) {
      for (const bench::shape shape : {bench::shape::peaky, bench::shape::flat}) {
        add_all({vocabulary, rows, shape});
      }
    }
  }
  benchmark::RunSpecifiedBenchmarks();
}
