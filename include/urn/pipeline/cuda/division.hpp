#pragma once
/// \file
/// How a batch is divided among teams: how many share a row, which part each reads, and when they end.

#include <cuda_runtime.h>

#include <algorithm>
#include <cstddef>

#include "urn/core/row.hpp"
#include "urn/kernel/cuda/scratch.hpp"
#include "urn/kernel/cuda/team.hpp"
#include "urn/kernel/cuda/workspace.hpp"
#include "urn/pipeline/cuda/stage_traits.hpp"

namespace urn::kernel::cuda {

/// A row has `slices` teams, each `blocks` blocks of it; or, if there are `pairs`, one team, but each of so
/// many first rows two.
struct division {
  unsigned slices = 1;
  unsigned blocks = 1;
  unsigned pairs = 0;
  unsigned note_bytes = 0;  ///< of shared memory for a row's notes; 0: they are far

  /// A leader waits for the other teams of its row, so it is started after them. Of a few rows, whose teams
  /// all run at once, the leaders are the last: the first rows' leaders would share multiprocessors (23.6 us
  /// instead of 24.6 for 64 rows by top_k and top_p on an H100).
  [[nodiscard]] dim3 teams(std::size_t rows) const { return {static_cast<unsigned>(rows) + pairs, slices}; }
};

__device__ inline unsigned row_of_team(division by) {
  return blockIdx.x < by.pairs ? blockIdx.x : blockIdx.x - by.pairs;
}

/// The leader of a pair reads from half of its row, the first one's, to nine tenths, the last one's: teams
/// that start together end one after the other then, and so do those that follow, and some read while others
/// cut and draw. (1024 rows of 128,256 logits by top_k and top_p take 195 us instead of 205 on an H100, 178
/// instead of 183 by a temperature alone; 199 with all leaders at three quarters.)
__device__ inline row_slice slice_of_team(division by, unsigned blocks) {
  if (blockIdx.x < 2 * by.pairs) {
    const bool leads = blockIdx.x >= by.pairs;
    const unsigned share = blocks * (5 * by.pairs + 4 * row_of_team(by)) / (10 * by.pairs);
    return {{leads ? 0 : share, leads ? share : blocks}, leads};
  }
  const unsigned slice = by.slices - 1 - blockIdx.y, first = std::min(slice * by.blocks, blocks);
  const bool is_block = by.blocks == 1 && team_threads() == most_threads;
  return {{first, std::min(first + by.blocks, blocks)}, slice == 0, is_block};
}

/// How many threads a team has. Where much of a row's time goes into finding what its edits touch, twice as
/// many rows under way at a time are worth more than twice as many threads for each, if there are so many
/// (157 us instead of 187 for 512 rows by the full chain on an H100, 305 instead of 347 for 1024; nothing
/// gained by other pipelines).
template <class Stage>
unsigned best_threads(std::size_t rows, unsigned multiprocessors) {
  const bool smaller = count_stages<Stage, gathers>() != 0 && rows > 2ULL * multiprocessors;
  return smaller ? most_threads / 2 : most_threads;
}

template <class Row>
inline constexpr bool has_short_logits = false;
template <logit_type T>
inline constexpr bool has_short_logits<row_view<T>> = sizeof(T) < sizeof(float);

/// How many teams of the most threads a multiprocessor has at a time. Three leave a thread 80 registers,
/// which do where a warp draws, and keep the memory busier if logits are short (118 us instead of 132 for
/// 1024 rows of 128,256 bf16 logits on an H100; no faster for floats). What a report, a cut or an edit spills
/// then costs more: it is written to L2, and from there to memory (200 us instead of 184 for greedy and its
/// logprob, 235 instead of 208 for top_k and top_p, 276 instead of 211 for penalties and biases without a
/// cut).
template <class Stage, class Row>
constexpr unsigned teams_at_a_time() {
  return is_by_a_warp<Stage> && has_short_logits<Row> ? 3 : 2;
}

/// The teams that share few rows, for each multiprocessor: the fewer, the less is done again by each before
/// it looks at its slice. (The best of 1, 2, 3, 4, 6, 8 and 16 slices at 1, 64 and 256 rows on an H100.)
template <class Stage>
constexpr unsigned teams_for_few = count_stages<Stage, gathers>() != 0 ? 1 : 2;

/// Whether pairs of teams are worth it, where so many run at a time: if there are more rows than that. Not
/// where a multiprocessor has three teams (bf16 rows at a temperature 126 us instead of 119), nor of edited
/// rows, each of whose teams finds what the edits touch, unless most teams would have a single row (600 rows
/// by the full chain 223 us instead of 247, 1024 by edits alone 221 instead of 211).
template <class Stage, class Row>
constexpr bool pays_in_pairs(std::size_t rows, std::size_t teams) {
  if (teams_at_a_time<Stage, Row>() != 2 || rows <= teams) return false;
  return count_stages<Stage, gathers>() == 0 || rows < teams + teams / 2;
}

/// `wanted_slices` teams a row, or if that is 0 the best. A team has a block of its row for each of its
/// warps; where there is room for that many teams, it has one block (see read_together).
template <class Stage, class Row>
division divide(std::size_t rows, std::size_t columns, unsigned wanted_slices, unsigned multiprocessors) {
  const auto blocks = static_cast<unsigned>(std::max<std::size_t>(1, block_count(columns)));
  const std::size_t room = std::size_t{teams_for_few<Stage>} * multiprocessors;
  const unsigned most = rows * blocks <= room ? blocks : (blocks + most_warps - 1) / most_warps;
  const auto best = static_cast<unsigned>(room / std::max<std::size_t>(1, rows));
  const unsigned slices = std::clamp(wanted_slices != 0 ? wanted_slices : best, 1U, most);
  const unsigned of_slice = (blocks + slices - 1) / slices;
  const unsigned pairs = multiprocessors * most_threads / best_threads<Stage>(rows, multiprocessors);
  const bool by_pairs = wanted_slices == 0 && most > 1 && pays_in_pairs<Stage, Row>(rows, 2 * pairs);
  return {(blocks + of_slice - 1) / of_slice, of_slice, by_pairs ? pairs : 0};
}

/// The shared memory that the notes of a row take: none where they are better far, of rows of more than
/// 262,144 logits or in teams of which a multiprocessor has four.
inline unsigned bytes_for_notes(std::size_t vocabulary, unsigned threads) {
  const std::size_t blocks = block_count(vocabulary);
  const bool is_near = blocks <= near_sums && threads == most_threads;
  return is_near ? static_cast<unsigned>(row_notes::bytes(blocks)) : 0;
}

}  // namespace urn::kernel::cuda
