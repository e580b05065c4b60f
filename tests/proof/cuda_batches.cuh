#pragma once
// Cases of one pipeline drawn in batches on the device. Compiled once for each group of pipelines: they take
// long.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "cuda_cases.cuh"
#include "digest.hpp"

namespace proof {

/// Memory for one batch at a time.
struct device_room {
  arena memory;
  arena results;
  const urn::cuda_workspace& scratch;
};

/// What is told of each case.
using told = std::function<void(const made_case&, const urn::draw&, std::span<const urn::token_logprob> best,
                                std::span<const urn::token_logprob> raw_best)>;

template <std::size_t Pipeline>
void draw_batch(std::span<const made_case> cases, const urn::cuda& policy, device_room& room,
                const told& tell) {
  using sampler = decltype(sampler_of<Pipeline>(cases[0].c, borrowed<device_bad_words>{}));
  room.memory.clear();
  room.results.clear();
  std::vector<sampler> samplers;
  std::vector<urn::draw_context> contexts;
  std::vector<any_row> rows;
  std::size_t columns = 0;
  for (const made_case& m : cases) {
    const sample_case& c = m.c;
    samplers.push_back(sampler_of<Pipeline>(c, put(room.memory, c)));
    const auto tokens = [&](const auto& ids) { return room.memory.put(std::span<const urn::token_id>(ids)); };
    contexts.push_back({{tokens(c.prompt), tokens(c.output)},
                        c.seed,
                        c.sequence,
                        c.step,
                        room.results.room<urn::token_logprob>(c.best),
                        room.results.room<urn::token_logprob>(c.raw_best)});
    rows.push_back({room.memory.put(std::span<const unsigned char>(m.row)).data(), c.size, c.element});
    columns = std::max(columns, c.size);
    for (const auto list : {contexts.back().top_logprobs, contexts.back().raw_top_logprobs}) {
      for (urn::token_logprob& entry : room.results.on_host(list)) entry = {};
    }
  }
  const std::span<urn::draw> out = room.results.room<urn::draw>(cases.size());
  const auto device_samplers = room.memory.put(std::span<const sampler>(samplers));
  const auto device_contexts = room.memory.put(std::span<const urn::draw_context>(contexts));
  const any_rows batch{room.memory.put(std::span<const any_row>(rows)).data(), rows.size(), columns};
  room.memory.upload();
  room.results.upload();
  urn::cuda_workspace scratch = room.scratch;
  if (Pipeline >= pipelines)
    scratch.with_edits(largest_row(corpus::more));  // xtc may list all of a short row
  const urn::status s =
      policy.draw_batch(std::span<const sampler>(device_samplers), batch, device_contexts, out, scratch);
  if (s != urn::status::ok)
    throw std::runtime_error("the batch was refused: status " + std::to_string(int(s)));
  check(cudaGetLastError());
  const std::span<const urn::draw> draws = room.results.download(out);
  for (std::size_t r = 0; r < cases.size(); ++r) {
    tell(cases[r], draws[r], room.results.download(contexts[r].top_logprobs),
         room.results.download(contexts[r].raw_top_logprobs));
  }
}

/// draw_batch of the pipeline with this number, one of a group.
using batch_drawer = void (*)(std::span<const made_case>, const urn::cuda&, device_room&, const told&);
inline constexpr std::size_t pipeline_groups = 8;  ///< four of each part
constexpr std::size_t group_of(std::size_t pipeline) {
  return pipeline < pipelines ? pipeline % 4 : 4 + pipeline % 4;
}
template <std::size_t Group>
batch_drawer drawer_of_group(std::size_t pipeline);

template <std::size_t Group, std::size_t... All>
batch_drawer find_drawer(std::size_t pipeline, std::index_sequence<All...>) {
  batch_drawer found = nullptr;
  const auto look = [&]<std::size_t P>(std::integral_constant<std::size_t, P>) {
    if constexpr (group_of(P) == Group) {
      if (pipeline == P) found = &draw_batch<P>;
    }
  };
  (look(std::integral_constant<std::size_t, All>{}), ...);
  return found;
}

}  // namespace proof
