#pragma once
/// \file
/// The one kernel of a draw: blocks of threads that share a row run its pipeline up to the first look at it,
/// for which each reads a slice; one of them, the leader, goes on with what they found.

#include <cuda_runtime.h>

#include <algorithm>
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

/// How a batch is divided: `slices` teams share a row, `blocks` blocks each.
struct division {
  unsigned slices = 1;
  unsigned blocks = 1;
  bool rows_first = true;   ///< a slice's teams have consecutive numbers; if not, a row's have
  unsigned note_bytes = 0;  ///< of shared memory for a row's notes; 0: they are far
};

/// How many teams a pipeline is best shared by: of a few rows, for each multiprocessor, and of each of very
/// many. The fewer, the less is done again by each team before it looks at its slice, and the more of what
/// is read again was read through the same half of L2; the more, the sooner the last of them end. (The best
/// of 1, 2, 3, 4, 6, 8 and 16 slices at 1, 64, 256 and 1024 rows of 128,256 logits on an H100.)
struct sharing {
  unsigned of_few;
  unsigned of_many;
};
/// Whether a row is of 16-bit logits: a team apiece takes 139 us for 1024 rows by top_k and top_p, two 146.
template <class Row>
inline constexpr bool has_short_logits = false;
template <logit_type T>
inline constexpr bool has_short_logits<row_view<T>> = sizeof(T) < sizeof(float);
template <class Stage, class Row>
constexpr sharing best_sharing() {
  if (count_stages<Stage, gathers>() != 0) return {1, 1};
  return {2, is_by_a_warp<Stage> || has_short_logits<Row> ? 1U : 2U};
}

/// Whether so many rows keep all teams busy for several rounds.
constexpr bool are_many(std::size_t rows, unsigned multiprocessors) { return rows >= 4ULL * multiprocessors; }

/// `wanted_slices` teams a row, or if that is 0 the best. A team has a block of its row for each of its
/// warps; where there is room for that many teams, it has one block (see read_together).
///
/// A leader waits for the other teams of its row, so it is started after them. Of a few rows, whose teams all
/// run at once, the leaders are the last: the first rows' leaders would share multiprocessors (23.6 us
/// instead of 24.6 for 64 rows by top_k and top_p on an H100). Of many, a row's teams follow each other (204
/// us instead of 213 for 1024).
inline division divide(std::size_t rows, std::size_t columns, unsigned wanted_slices,
                       unsigned multiprocessors, sharing by) {
  constexpr std::size_t most_in_y = 65535;
  const auto blocks = static_cast<unsigned>(std::max<std::size_t>(1, block_count(columns)));
  const std::size_t room = std::size_t{by.of_few} * multiprocessors;
  const unsigned most = rows * blocks <= room ? blocks : (blocks + most_warps - 1) / most_warps;
  const auto shared = static_cast<unsigned>(room / std::max<std::size_t>(1, rows));
  const bool many = are_many(rows, multiprocessors);
  const unsigned best = many ? by.of_many : shared;
  const unsigned slices = std::clamp(wanted_slices != 0 ? wanted_slices : best, 1U, most);
  const unsigned of_slice = (blocks + slices - 1) / slices;
  return {(blocks + of_slice - 1) / of_slice, of_slice, !many || slices == 1 || rows > most_in_y};
}

/// How many threads a team has. Where much of a row's time goes into finding what its edits touch, twice as
/// many rows under way at a time are worth more than twice as many threads for each, if there are so many
/// (326 us instead of 431 for 1024 rows by the full chain on an H100; nothing gained by other pipelines).
template <class Stage>
unsigned best_threads(std::size_t rows, unsigned multiprocessors) {
  const bool smaller = count_stages<Stage, gathers>() != 0 && are_many(rows, multiprocessors);
  return smaller ? most_threads / 2 : most_threads;
}

/// The shared memory that the notes of a row take: none where they are better far, of rows of more than
/// 262,144 logits or in teams of which a multiprocessor has four.
inline unsigned bytes_for_notes(std::size_t vocabulary, unsigned threads) {
  const std::size_t blocks = block_count(vocabulary);
  const bool is_near = blocks <= near_sums && threads == most_threads;
  return is_near ? static_cast<unsigned>(row_notes::bytes(blocks)) : 0;
}

/// What a team has of its row in shared memory. Each thread reading its own copy of it elsewhere would wait
/// hundreds of cycles for every member.
template <class Stage>
struct row_request {
  device_memory far;
  team_workspace work;
  Stage stage;
  draw_context context;
};

/// How many teams a multiprocessor has at a time. Three leave a thread 80 registers, which do where a warp
/// draws, and keep the memory busier if logits are short (118 us instead of 132 for 1024 rows of 128,256
/// bf16 logits on an H100; no faster for floats). What a report or a cut spills then costs more: it is
/// written to L2, and from there to memory (200 us instead of 184 for greedy and its logprob, 235 instead of
/// 208 for top_k and top_p).
template <class Stage, class Row>
constexpr unsigned teams_at_a_time() {
  if (is_by_a_warp<Stage>) return has_short_logits<Row> ? 3 : 2;
  return count_stages<Stage, looks_for_the_best>() == 0 ? 3 : 2;
}

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
  const std::size_t r = parts.rows_first ? blockIdx.x : blockIdx.y;
  const unsigned slice = parts.slices - 1 - (parts.rows_first ? blockIdx.y : blockIdx.x);
  const auto row = batch.row(r);
  using stage_type = sampler_of<Samplers>;
  using request = row_request<stage_type>;
  const std::size_t blocks = block_count(row.size());
  const std::size_t first = std::min<std::size_t>(std::size_t{slice} * parts.blocks, blocks);
  const block_range range{first, std::min(first + parts.blocks, blocks)};
  fetch_first(row, range);

  __shared__ alignas(request) unsigned char place[sizeof(request)];
  auto& [far, work, stage, context] = *reinterpret_cast<request*>(place);
  if (threadIdx.x == 0) {
    new (&far) device_memory(memory);
    const bool is_block = parts.blocks == 1 && team_threads() == most_threads;
    const team_room more{parts.note_bytes == 0 ? nullptr : room, room + parts.note_bytes, edits};
    new (&work) team_workspace(far, r, {range, slice == 0, is_block}, more, context);
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
