#pragma once
/// \file
/// What a row's blocks say together: its scan, its mass, its best token, its drawn one.

#include <cstddef>
#include <cstdint>
#include <span>

#include "urn/core/draw.hpp"
#include "urn/core/order_key.hpp"
#include "urn/core/status.hpp"
#include "urn/kernel/block_mass.hpp"
#include "urn/kernel/cuda/changed.hpp"
#include "urn/kernel/cuda/letters.hpp"
#include "urn/kernel/cuda/place.hpp"
#include "urn/kernel/cuda/read_blocks.hpp"
#include "urn/kernel/cuda/scratch.hpp"
#include "urn/kernel/cuda/select.hpp"
#include "urn/kernel/fraction.hpp"
#include "urn/kernel/scalar/mass.hpp"
#include "urn/random/random_bits.hpp"

namespace urn::kernel::cuda {

/// Whether blocks that were read for one question answer the other too.
__device__ inline bool same_goals(pass_goals a, pass_goals b) {
  return a.strips == b.strips && a.masses == b.masses && exact::bits(a.c) == exact::bits(b.c);
}

/// What a team knows after a look at the row: whether it goes on from there, and whether there is a NaN.
struct look {
  bool leads = true;
  bool has_nan = false;
};

/// What a pass by this team finds out goes where the row's leader looks for it.
__device__ inline block_notes notes_of(const team_workspace& work, pass_goals goals,
                                       std::span<float> maxima) {
  return {goals, work.blocks(), maxima, work.slice.leads ? 0 : nan_in_block};
}

/// See hear_others. (Called: inlined, a row by top_k and top_p takes 14.1 us instead of 13.4 on an H100; a
/// warp that goes on alone waits 0.3 us longer where it is called.)
__device__ __noinline__ inline bool hear_as_team(const team_workspace& work, std::size_t size,
                                                 bool with_strips) {
  return hear_others<2>(work, size, with_strips ? letters_of::blocks_and_strips : letters_of::blocks,
                        threadIdx.x, team_threads());
}

/// The first look, at this team's slice of the row; its leader's, at what all teams have seen.
template <class Row>
__device__ look look_first(team_workspace& work, const Row& row, block_notes notes) {
  bool nan = read_slice(row, work.slice, notes);
  if (!work.slice.leads) return {false, false};
  nan |= hear_as_team(work, row.size(), notes.goals.strips);
  return {true, work.together.any(nan)};
}

/// Makes the row's blocks and maxima say what `goals` ask for. The first time each of the row's teams reads
/// its slice, and only the leader goes on. Later it reads the row itself, unless it was read for the same
/// question, and if that was before an edit of few tokens only their blocks.
template <class Row>
__device__ look look_at(team_workspace& work, const Row& row, pass_goals goals, std::span<float> maxima) {
  const looked_row before = work.looked;
  const bool is_first = before.edits == looked_row::never;
  const bool had_nan = work.had_nan != 0;
  work.together.sync();  // also before others' blocks are written over
  if (threadIdx.x == 0) work.looked = {edits_on<Row>, goals};
  const block_notes notes = notes_of(work, goals, maxima);
  look seen;
  if (is_first) {
    seen = look_first(work, row, notes);
  } else {
    const changed_tokens changed = changed_since(row, before.edits);
    const bool nan = changed.all || had_nan || !same_goals(before.goals, goals)
                         ? read_blocks(row, all_blocks(row.size()), notes)
                         : reread_blocks(row, changed.few, notes);
    seen.has_nan = work.together.any(nan);
  }
  if (threadIdx.x == 0) work.had_nan = seen.has_nan ? 1 : 0;
  return seen;
}

/// Calls see(block) for the blocks of a thread; the first, which most rows have no more of, is loaded once.
class blocks_of_thread {
 public:
  __device__ explicit blocks_of_thread(std::span<const weighed_block> blocks) : blocks_(blocks) {
    if (threadIdx.x < blocks.size()) first_ = blocks[threadIdx.x];
  }
  template <class See>
  __device__ void each(See&& see) const {
    see(first_);
#pragma unroll 1
    for (std::size_t b = threadIdx.x + team_threads(); b < blocks_.size(); b += team_threads())
      see(blocks_[b]);
  }

 private:
  std::span<const weighed_block> blocks_;
  weighed_block first_{};
};

/// The largest logit, and of the blocks' keys.
struct extremes {
  std::uint32_t key = 0;
  std::uint32_t largest = 0;
};
__device__ inline extremes extremes_of(team_workspace& work, const blocks_of_thread& blocks) {
  extremes mine;
  blocks.each([&](const weighed_block& b) {
    mine.key = max(mine.key, b.key);
    mine.largest = max(mine.largest, b.largest);
  });
  // The larger logit has the larger key, or the same.
  const std::uint64_t both = work.together.max((std::uint64_t{mine.largest} << 32) | mine.key);
  return {static_cast<std::uint32_t>(both), static_cast<std::uint32_t>(both >> 32)};
}

template <class Row>
__device__ __noinline__ row_scan scan_row(team_workspace& work, const Row& row, std::span<float> maxima) {
  const look seen = look_at(work, row, {.strips = true}, maxima);
  if (!seen.leads) return {0, status::empty};
  const blocks_of_thread blocks(work.blocks().first(block_count(row.size())));
  const extremes e = extremes_of(work, blocks);
  return {e.largest, status_of_row(e.largest, seen.has_nan), maxima};
}

template <class Row>
__device__ __noinline__ row_mass mass_of_row(team_workspace& work, const Row& row, float c,
                                             std::span<float> maxima, bool with_strips) {
  const look seen = look_at(work, row, {with_strips, true, c}, maxima);
  if (!seen.leads) return {0, no_mass_key, 0, status::empty};
  const blocks_of_thread blocks(work.blocks().first(block_count(row.size())));
  const extremes e = extremes_of(work, blocks);
  row_mass result{0, e.key, e.largest, status_of_mass(e.largest, e.key, seen.has_nan)};
  if (with_strips) result.maxima = maxima;
  if (has(result.status, status::infinite | status::empty | status::out_of_range)) return result;
  std::uint64_t mine = 0;
  blocks.each([&](const weighed_block& b) { mine += block_in_row(b.mass, b.key, e.key); });
  result.total = work.together.sum(mine);
  return result;
}

/// The first of the largest logits.
template <whole_row Row>
__device__ __noinline__ row_max best_token(team_workspace& work, const Row& row, row_scan scanned) {
  row_max best{0, scanned.status};
  if (has(scanned.status, status::empty)) return best;
  std::uint64_t mine = 0;
  look_through(work, row, scanned.maxima, scanned.largest, [&](float l, token_id id) {
    if (ordered(l) == scanned.largest) mine = max(mine, order_key(l, id));
  });
  best.key = work.together.max(mine);
  return best;
}
__device__ __noinline__ inline row_max best_token(team_workspace& work, candidate_list list,
                                                  row_scan scanned) {
  std::uint64_t mine = 0;
#pragma unroll 1
  for (std::size_t i = threadIdx.x; i < list.size(); i += team_threads()) {
    if (survives(list.at(i))) mine = max(mine, order_key(list.at(i), list.id(i)));
  }
  return {work.together.max(mine), scanned.status};
}

__device__ __noinline__ inline row_scan scan_list(team_workspace& work, candidate_list list) {
  std::uint32_t largest = 0;
  bool nan = false;
#pragma unroll 1
  for (std::size_t i = threadIdx.x; i < list.size(); i += team_threads()) {
    largest = max(largest, ordered(list.at(i)));
    nan |= exact::is_nan(list.at(i));
  }
  largest = work.together.max(largest);
  return {largest, status_of_row(largest, work.together.any(nan))};
}

/// See scalar::pick.
template <class Row>
__device__ __noinline__ std::size_t pick_token(team_workspace& work, const Row& row, float c, row_mass mass,
                                               const draw_key& key) {
  const std::span<const weighed_block> blocks = work.blocks().first(block_count(row.size()));
  const std::uint64_t r = uniform_below(random_bits(key, lane_purpose::draw), mass.total);
  const std::size_t each = (blocks.size() + team_threads() - 1) / team_threads();
  const std::size_t b = place_of(work, each, r, [&](std::size_t i) {
    return i < blocks.size() ? block_in_row(blocks[i].mass, blocks[i].key, mass.key) : 0;
  });
  const weighed_block block = blocks[b];
  const std::uint64_t in_block = random_bits(key, lane_purpose::block, static_cast<std::uint32_t>(b));
  return place_in_block(work, row, b, uniform_below(in_block, block.mass),
                        [=](float l, std::size_t) { return std::uint64_t{mass_in_block(l, c, block.key)}; });
}

/// See scalar::pick_kept.
__device__ __noinline__ inline std::size_t pick_kept_token(team_workspace& work, candidate_list kept, float c,
                                                           row_mass mass, const draw_key& key) {
  if (work.has_drawn) return 0;
  const std::uint64_t r = uniform_below(random_bits(key, lane_purpose::draw), mass.total);
  const auto weight_at = [=](std::size_t i) {
    return i < kept.size() ? mass_in_row(kept.at(i), c, mass.key) : 0;
  };
  if (kept.size() > team_threads()) return place_of_many(work, kept.size(), r, weight_at);
  return place_of(work, 1, r, weight_at);
}

}  // namespace urn::kernel::cuda
