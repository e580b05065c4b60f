#pragma once
/// \file
/// The kernel set by a single warp, for what a row's blocks say together where nothing is cut: too little
/// work for a team, whose threads would wait for each other longer than they work.

#include <cstddef>
#include <cstdint>
#include <span>

#include "urn/core/draw.hpp"
#include "urn/core/order_key.hpp"
#include "urn/core/status.hpp"
#include "urn/kernel/block_mass.hpp"
#include "urn/kernel/candidates.hpp"
#include "urn/kernel/cuda/block_by_warp.hpp"
#include "urn/kernel/cuda/block_pick.hpp"
#include "urn/kernel/cuda/letters.hpp"
#include "urn/kernel/cuda/load.hpp"
#include "urn/kernel/cuda/row_pass.hpp"
#include "urn/kernel/cuda/scratch.hpp"
#include "urn/kernel/fraction.hpp"
#include "urn/kernel/policy.hpp"
#include "urn/kernel/scalar/mass.hpp"
#include "urn/random/random_bits.hpp"

namespace urn::kernel::cuda {

/// Key and total of a row's blocks. (Called instead of inlined, as random_bits and the sums, a draw took 7.8
/// us instead of 7.3 on an H100.)
__device__ inline row_mass total_by_warp(std::span<const weighed_block> row, bool has_nan) {
  const blocks_of_lane blocks(row);
  const extremes e = extremes_by_warp(blocks);
  row_mass result{0, e.key, e.largest, status_of_mass(e.largest, e.key, has_nan)};
  if (has(result.status, status::infinite | status::empty | status::out_of_range)) return result;
  std::uint64_t sum = 0;
  blocks.each([&](const weighed_block& b) { sum += block_in_row(b.mass, b.key, e.key); });
  const std::uint64_t upto = warp_sum_upto(sum);
  near_warp().mass_upto[lane_of_thread()] = upto;
  __syncwarp();
  result.total = __shfl_sync(all_lanes, upto, warp_threads - 1);
  return result;
}

// Barriers beside that of the team, and who meets there.
__device__ inline void tell_first_warp() {
  asm volatile("bar.arrive 1, %0;" ::"r"(team_threads()) : "memory");
}
__device__ inline void wait_for_warps() { asm volatile("bar.sync 1, %0;" ::"r"(team_threads()) : "memory"); }
__device__ inline void tell_of_picks() { asm volatile("bar.arrive 2, 64;" ::: "memory"); }
__device__ inline void wait_for_picks() { asm volatile("bar.sync 2, 64;" ::: "memory"); }

/// How many letters a lane hears at a time, so that a warp hears at once of rows of up to 160 blocks: 151,936
/// logits have 149 (in 5.7 us on an H100; with four a lane, 6.1).
inline constexpr unsigned letters_of_lane = 5;

/// By the second warp of a row's leader, while the first goes on.
__device__ __noinline__ inline void hear_picks(const team_workspace& work, std::size_t size) {
  hear_others<letters_of_lane>(work, size, letters_of::picks, lane_of_thread(), warp_threads);
  __syncwarp();
  tell_of_picks();
}

/// See look_first. Of the leader one warp goes on, for which the others do not wait. Teams of a block pick
/// what is wanted from it: where a token is drawn, from blocks that are weighed.
template <pick_of Wanted, class Row>
__device__ look look_together(team_workspace& work, const Row& row, pass_goals goals,
                              std::span<float> maxima) {
  const block_notes notes = notes_of(work, goals, maxima);
  const row_slice slice = work.slice;
  const bool picks = slice.is_block && (Wanted == pick_of::best || goals.masses);
  bool nan = picks ? read_and_pick<Wanted>(row, slice.blocks.first, notes, !slice.leads, work.context->key())
                   : read_slice(row, slice, notes);
  if (!slice.leads) return {false, false};
  if (nan && lane_of_thread() == 0) atomicOr(&work.had_nan, 1U);
  __syncwarp();
  if (warp_of_thread() != 0) {
    tell_first_warp();
    if (picks && warp_of_thread() == 1) hear_picks(work, row.size());
    return {false, false};
  }
  nan = hear_others<letters_of_lane>(work, row.size(), letters_of::blocks, lane_of_thread(), warp_threads);
  wait_for_warps();
  return {true, __any_sync(all_lanes, nan) || work.had_nan != 0};
}

template <class Row>
__device__ std::span<const weighed_block> blocks_of(const team_workspace& work, const Row& row) {
  return work.blocks().first(block_count(row.size()));
}

/// See scalar::scan.
template <pick_of Wanted, class Row>
__device__ __noinline__ row_scan scan_by_warp(team_workspace& work, const Row& row, std::span<float> maxima) {
  const look seen = look_together<Wanted>(work, row, {.strips = false}, maxima);
  if (!seen.leads) return {0, status::empty};
  const std::uint32_t largest = extremes_by_warp(blocks_of_lane(blocks_of(work, row))).largest;
  return {largest, status_of_row(largest, seen.has_nan)};
}

/// See scalar::mass.
template <pick_of Wanted, class Row>
__device__ __noinline__ row_mass mass_by_warp(team_workspace& work, const Row& row, float c,
                                              std::span<float> maxima) {
  const look seen = look_together<Wanted>(work, row, {false, true, c}, maxima);
  if (!seen.leads) return {0, no_mass_key, 0, status::empty};
  return total_by_warp(blocks_of(work, row), seen.has_nan);
}

/// Whether another team has picked from this block.
__device__ inline bool is_picked(const team_workspace& work, std::size_t block) {
  return work.slice.is_block && block >= work.slice.blocks.last;
}

/// See scalar::max.
template <pick_of Wanted, class Row>
__device__ __noinline__ row_max best_by_warp(team_workspace& work, const Row& row, row_scan scanned) {
  if (has(scanned.status, status::empty)) return {0, scanned.status};
  const unsigned block = block_having(blocks_of_lane(blocks_of(work, row)), scanned.largest);
  std::uint32_t place;
  if (Wanted == pick_of::best && is_picked(work, block)) {
    wait_for_picks();
    place = pick_from(work.notes(), block).place;
  } else {
    strips<block_strips> logits;
    load_strips(row, std::size_t{block} * block_size, logits);
    place = place_of_largest(logits, scanned.largest);
  }
  const auto id = static_cast<token_id>(block * block_size + place);
  return {(std::uint64_t{scanned.largest} << 32) | static_cast<std::uint32_t>(~id), scanned.status};
}

/// The place in block b of the token that its bits fall on.
template <class Row>
__device__ block_pick pick_in_block(const Row& row, std::size_t b, const weighed_block& block, float c,
                                    const draw_key& key) {
  std::uint64_t r;
  const lone_memory& near = load_block(row, b, [&] {
    r = uniform_below(random_bits(key, lane_purpose::block, static_cast<std::uint32_t>(b)), block.mass);
  });
  const unsigned place = place_in_block(near, c, block.key, r);
  return {place, near.logits[place]};
}

/// See scalar::pick.
template <class Row>
__device__ std::size_t pick_by_warp(team_workspace& work, const Row& row, float c, row_mass mass,
                                    const draw_key& key) {
  const std::span<const weighed_block> blocks = blocks_of(work, row);
  std::uint64_t r = uniform_below(random_bits(key, lane_purpose::draw), mass.total);
  const std::uint64_t(&upto)[warp_threads] = near_warp().mass_upto;
  const unsigned lane = lane_past(upto[lane_of_thread()], r);
  if (lane > 0) r -= upto[lane - 1];
  std::size_t b = std::size_t{lane} * blocks_of_a_lane(blocks.size());
  for (std::uint64_t w; (w = block_in_row(blocks[b].mass, blocks[b].key, mass.key)) <= r; ++b) r -= w;
  const bool known = is_picked(work, b);
  if (known) wait_for_picks();
  const block_pick pick = known ? pick_from(work.notes(), b) : pick_in_block(row, b, blocks[b], c, key);
  if (lane_of_thread() == 0) near_warp().drawn = pick.logit;
  __syncwarp();
  return b * block_size + pick.place;
}

/// All warps of a team run the pipeline up to its only look at the row, for which each reads a part of the
/// slice; from there on one of them goes on, and its lanes call each kernel together.
template <pick_of Wanted>
struct lone_warp : scalar_t {
  using workspace = team_workspace;

  workspace* work;

  __device__ explicit lone_warp(workspace& scratch) : work(&scratch) {}

  template <class DoOne>
  __device__ static void each(std::size_t n, DoOne&& do_one) {
    __syncwarp();
    for (std::size_t i = lane_of_thread(); i < n; i += warp_threads) do_one(i);
    __syncwarp();
  }
  template <class IsGood>
  __device__ static bool all(std::size_t n, IsGood&& is_good) {
    bool good = true;
    for (std::size_t i = lane_of_thread(); i < n; i += warp_threads) good &= is_good(i);
    return __all_sync(all_lanes, good) != 0;
  }
  template <class Row>
  __device__ row_scan scan(const Row& row, std::span<float> maxima) const {
    return scan_by_warp<Wanted>(*work, row, maxima);
  }
  template <class Row>
  __device__ row_max max(const Row& row, row_scan scanned) const {
    return best_by_warp<Wanted>(*work, row, scanned);
  }
  template <class Row>
  __device__ row_mass mass(const Row& row, float c, std::span<weighed_block>, std::span<float> maxima) const {
    return mass_by_warp<Wanted>(*work, row, c, maxima);
  }
  template <class Row>
  __device__ std::size_t pick(const Row& row, float c, std::span<const weighed_block>, row_mass mass,
                              const draw_key& key) const {
    return pick_by_warp(*work, row, c, mass, key);
  }
  /// Of what pick() has said.
  [[nodiscard]] __device__ static float logit_of_drawn() { return near_warp().drawn; }
  /// It reports on the best token alone, which none stands before.
  template <class Row>
  __device__ static std::size_t count_before(const Row&, std::uint64_t, row_scan) {
    return 0;
  }

  // Of a row that was cut all the same, the best token is left, or none.
  __device__ static row_scan scan(candidate_list kept, std::span<float>) {
    const std::uint32_t largest = kept.size() == 0 ? 0 : ordered(kept.at(0));
    return {largest, status_of_row(largest, false)};
  }
  __device__ static row_max max(candidate_list kept, row_scan scanned) {
    return {kept.size() == 0 ? 0 : order_key(kept.at(0), kept.id(0)), scanned.status};
  }
  __device__ static row_mass mass_of_kept(candidate_list kept, float c, row_scan scanned) {
    row_mass mass = unit_of(scanned, c);
    if (has(mass.status, status::infinite | status::empty | status::out_of_range)) return mass;
    mass.total = mass_in_row(kept.at(0), c, mass.key);
    return mass;
  }
  __device__ static std::size_t pick_kept(candidate_list, float, row_mass, const draw_key&) { return 0; }
  /// Those who ask for lists are served by a team.
  template <class Row>
  __device__ static std::span<const ranked_key> top_n(const Row&, std::size_t, row_scan, workspace&) {
    return {};
  }
};

}  // namespace urn::kernel::cuda
