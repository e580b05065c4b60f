#pragma once
/// \file
/// The one kernel of a draw: blocks of threads that share a row run its pipeline up to the first look at it,
/// for which each reads a slice; one of them, the leader, goes on with what they found.

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <type_traits>
#include <utility>

#include "urn/core/draw.hpp"
#include "urn/core/row.hpp"
#include "urn/kernel/cuda/lone_warp.hpp"
#include "urn/kernel/cuda/scratch.hpp"
#include "urn/kernel/cuda/team_policy.hpp"
#include "urn/kernel/cuda/workspace.hpp"
#include "urn/pipeline/cuda/division.hpp"
#include "urn/pipeline/cuda/stage_traits.hpp"

namespace urn::kernel::cuda {

/// The sampler of each row: one for all, or each its own.
template <class Sampler>
struct same_for_all {
  Sampler sampler;
  __device__ const Sampler& operator()(std::size_t) const { return sampler; }
};
template <class Sampler>
struct one_a_row {
  const Sampler* samplers;
  __device__ const Sampler& operator()(std::size_t row) const { return samplers[row]; }
};

/// What a team has of its row in shared memory. Each thread reading its own copy of it elsewhere would wait
/// hundreds of cycles for every member.
template <class Stage>
struct row_request {
  device_memory far;
  team_workspace work;
  Stage stage;
  draw_context context;
};

/// Far memory is asked for all words at once.
template <class T>
__device__ void copy_by_warp(T& to, const T& from) {
  using word = std::uint64_t;
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) % sizeof(word) == 0);
  for (std::size_t i = lane_of_thread(); i < sizeof(T) / sizeof(word); i += warp_threads) {
    reinterpret_cast<word*>(&to)[i] = reinterpret_cast<const word*>(&from)[i];
  }
}

template <class Samplers>
using sampler_of = std::remove_cvref_t<std::invoke_result_t<Samplers, std::size_t>>;
template <class Batch>
using row_of = std::remove_cvref_t<decltype(std::declval<const Batch&>().row(0))>;

/// Asks for the first block of each warp, long before the team knows what to do with it.
template <logit_type T>
__device__ void fetch_first(const row_view<T>& row, block_range range) {
  constexpr std::size_t of_line = 128 / sizeof(T);
  const std::size_t first = (range.first + warp_of_thread()) * block_size + lane_of_thread() * of_line;
  const bool is_mine = lane_of_thread() < block_size / of_line && range.first + warp_of_thread() < range.last;
  if (is_mine && first < row.size()) asm volatile("prefetch.global.L2 [%0];" ::"l"(row.data() + first));
}
template <class Row>
__device__ void fetch_first(const Row&, block_range) {}

/// A row's leader writes its draw.
template <class Policy, class Stage, class Row>
__device__ void draw_by(Policy policy, const Stage& stage, const Row& row, const draw_context& context,
                        team_workspace& work, draw& out) {
  const draw result = draw_row(policy, stage, row, context, work);
  if (threadIdx.x != 0) return;  // nor may others ask: warps that are done would, while the first looks
  if (work.slice.leads) out = result;
}

/// The same by a team.
template <class Stage, class Row>
__device__ void draw_by_team(const Stage& stage, const Row& row, const draw_context& context,
                             team_workspace& work, draw& out) {
  constexpr bool with_strips = count_stages<Stage, looks_for_the_best>() != 0;
  constexpr bool drawn = draws_from_nucleus<Stage>;
  if (drawn && threadIdx.x == 0 && !looks_at_kept(stage, context)) work.only_draws = true;
  draw_by(team_policy<with_strips, drawn>(work), stage, row, context, work, out);
  work.release();
}
/// Where a warp draws most of the time: it would spill for this, so it is called. (Where a team draws always
/// that costs a single row 2 us.)
template <class Stage, class Row>
__device__ __noinline__ void draw_now_and_then(const Stage& stage, const Row& row,
                                               const draw_context& context, team_workspace& work, draw& out) {
  draw_by_team(stage, row, context, work, out);
}

template <class Batch, class Samplers>
__global__ void __launch_bounds__(most_threads, teams_at_a_time<sampler_of<Samplers>, row_of<Batch>>())
    draw_kernel(const __grid_constant__ Batch batch, const __grid_constant__ Samplers samplers,
                const draw_context* contexts, draw* out, const __grid_constant__ device_memory memory,
                division parts, unsigned edits) {
  extern __shared__ __align__(16) unsigned char room[];
  const std::size_t r = row_of_team(parts);
  const auto row = batch.row(r);
  using stage_type = sampler_of<Samplers>;
  using request = row_request<stage_type>;
  const row_slice slice = slice_of_team(parts, static_cast<unsigned>(block_count(row.size())));
  fetch_first(row, slice.blocks);

  __shared__ alignas(request) unsigned char place[sizeof(request)];
  auto& [far, work, stage, context] = *reinterpret_cast<request*>(place);
  if (threadIdx.x == 0) {
    new (&far) device_memory(memory);
    const team_room more{parts.note_bytes == 0 ? nullptr : room, room + parts.note_bytes, edits};
    new (&work) team_workspace(far, r, slice, more, context);
    new (&stage) stage_type(samplers(r));
  }
  if (warp_of_thread() == 1) copy_by_warp(context, contexts[r]);
  team::start();
  if constexpr (reports_by_a_warp<stage_type>) {
    const bool asks_for_lists = !context.top_logprobs.empty() || !context.raw_top_logprobs.empty();
    if (asks_for_lists) return draw_now_and_then(stage, row, context, work, out[r]);
  }
  if constexpr (is_by_a_warp<stage_type>) {
    constexpr pick_of wanted = count_stages<stage_type, is_chance>() != 0 ? pick_of::drawn : pick_of::best;
    draw_by(lone_warp<wanted>(work), stage, row, context, work, out[r]);
  } else {
    draw_by_team(stage, row, context, work, out[r]);
  }
}

}  // namespace urn::kernel::cuda
