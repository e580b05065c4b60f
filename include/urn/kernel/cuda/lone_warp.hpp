#pragma once
/// \file
/// The kernel set by a single warp, for what a row's blocks say together where nothing is cut: too little
/// work for a team, whose threads would wait for each other longer than they work.

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include "urn/core/draw.hpp"
#include "urn/core/order_key.hpp"
#include "urn/core/status.hpp"
#include "urn/kernel/block_mass.hpp"
#include "urn/kernel/candidates.hpp"
#include "urn/kernel/cuda/load.hpp"
#include "urn/kernel/cuda/row_pass.hpp"
#include "urn/kernel/cuda/scratch.hpp"
#include "urn/kernel/fraction.hpp"
#include "urn/kernel/policy.hpp"
#include "urn/kernel/scalar/mass.hpp"
#include "urn/random/random_bits.hpp"

namespace urn::kernel::cuda {

/// Calls see(blocks, first) with four of a row's blocks in each lane, 32 apart, the warp's from `first` on;
/// past the end they weigh nothing. Ends where it says true.
template <class See>
__device__ void for_blocks_by_warp(std::span<const weighed_block> blocks, See&& see) {
  constexpr unsigned each = 4;
  for (std::size_t first = 0; first < blocks.size(); first += each * warp_threads) {
    weighed_block mine[each];
#pragma unroll
    for (unsigned k = 0; k < each; ++k) {
      const std::size_t b = first + k * warp_threads + lane_of_thread();
      mine[k] = b < blocks.size() ? blocks[b] : weighed_block{};
    }
    if (see(mine, first)) return;
  }
}

__device__ inline extremes extremes_by_warp(std::span<const weighed_block> blocks) {
  extremes all;
  for_blocks_by_warp(blocks, [&](const auto& mine, std::size_t) {
#pragma unroll
    for (const weighed_block& b : mine) {
      all.key = max(all.key, b.key);
      all.largest = max(all.largest, b.largest);
    }
    return false;
  });
  return {warp_max(all.key), warp_max(all.largest)};
}

/// The place of one of a warp's weights: the k-th of a lane.
struct weight_place {
  unsigned k = 0;
  unsigned lane = 0;
};

/// Where the weights come to more than r, all lanes' first ones before their second; r becomes what is left
/// of it there. False if they do not: it becomes what is left behind them.
template <int N>
__device__ bool find_place(const std::uint64_t (&weights)[N], std::uint64_t& r, weight_place& place) {
  bool found = false;
  std::uint64_t mine = 0;
#pragma unroll
  for (int k = 0; k < N; ++k) {
    const std::uint64_t total = warp_sum(weights[k]);
    const bool is_here = !found && r < total;
    if (!found && !is_here) r -= total;
    if (is_here) {
      place.k = static_cast<unsigned>(k);
      mine = weights[k];
    }
    found |= is_here;
  }
  if (!found) return false;
  const std::uint64_t upto = warp_sum_upto(mine);
  place.lane = static_cast<unsigned>(__ffs(__ballot_sync(all_lanes, upto > r))) - 1;
  r -= __shfl_sync(all_lanes, upto - mine, static_cast<int>(place.lane));
  return true;
}

/// A whole block of a row in a warp's registers.
struct loaded_block {
  strips<block_strips> logits;
  std::size_t first;

  template <class Row>
  __device__ loaded_block(const Row& row, std::size_t block) : first(block * block_size) {
    load_strips(row, first, logits);
  }
  /// Calls see(logit, id) for each of its tokens.
  template <class See>
  __device__ void each(See&& see) const {
#pragma unroll
    for (int j = 0; j < static_cast<int>(block_strips); ++j) {
#pragma unroll
      for (unsigned i = 0; i < lane_logits; ++i) {
        see(logits.logit[j][i], static_cast<token_id>(lane_position(first, j) + i));
      }
    }
  }
  /// The position in the row at which its masses come to more than r.
  [[nodiscard]] __device__ std::size_t place_of(float c, std::uint32_t key, std::uint64_t r) const {
    std::uint64_t weights[block_strips] = {};
#pragma unroll
    for (unsigned j = 0; j < block_strips; ++j) {
#pragma unroll
      for (const float l : logits.logit[j]) weights[j] += mass_in_block(l, c, key);
    }
    weight_place place;
    find_place(weights, r, place);
    unsigned in_lane = 0;
    bool is_past = false;
#pragma unroll
    for (unsigned i = 0; i + 1 < lane_logits; ++i) {
      float logit = 0.0F;  // the i-th of this lane in that strip
#pragma unroll
      for (unsigned j = 0; j < block_strips; ++j) logit = j == place.k ? logits.logit[j][i] : logit;
      const std::uint32_t weight = mass_in_block(logit, c, key);
      is_past |= r < weight;
      if (!is_past) {
        r -= weight;
        ++in_lane;
      }
    }
    in_lane = __shfl_sync(all_lanes, in_lane, static_cast<int>(place.lane));
    return first + place.k * warp_strip + place.lane * lane_logits + in_lane;
  }
};

/// The first block of a row whose largest logit is this one, which some block has.
__device__ inline std::size_t block_having(std::span<const weighed_block> blocks, std::uint32_t largest) {
  for (std::size_t first = 0;; first += warp_threads) {
    const std::size_t b = first + lane_of_thread();
    const std::uint32_t hits = __ballot_sync(all_lanes, b < blocks.size() && blocks[b].largest == largest);
    if (hits != 0) return first + static_cast<unsigned>(__ffs(hits)) - 1;
  }
}

/// Of the warps that have looked at a row together, one goes on.
__device__ inline bool goes_on(look seen) { return seen.leads && warp_of_thread() == 0; }

template <class Row>
__device__ std::span<const weighed_block> blocks_of(const team_workspace& work, const Row& row) {
  return work.blocks().first(block_count(row.size()));
}

/// See scalar::scan.
template <class Row>
__device__ __noinline__ row_scan scan_by_warp(team_workspace& work, const Row& row, std::span<float> maxima) {
  const look seen = look_first(work, row, {.strips = false}, maxima);
  if (!goes_on(seen)) return {0, status::empty};
  const std::uint32_t largest = extremes_by_warp(blocks_of(work, row)).largest;
  return {largest, status_of_row(largest, seen.has_nan)};
}

/// See scalar::mass.
template <class Row>
__device__ __noinline__ row_mass mass_by_warp(team_workspace& work, const Row& row, float c,
                                              std::span<float> maxima) {
  const look seen = look_first(work, row, {false, true, c}, maxima);
  if (!goes_on(seen)) return {0, no_mass_key, 0, status::empty};
  const std::span<const weighed_block> blocks = blocks_of(work, row);
  const extremes e = extremes_by_warp(blocks);
  row_mass result{0, e.key, e.largest, status_of_mass(e.largest, e.key, seen.has_nan)};
  if (has(result.status, status::infinite | status::empty | status::out_of_range)) return result;
  std::uint64_t sum = 0;
  for_blocks_by_warp(blocks, [&](const auto& mine, std::size_t) {
#pragma unroll
    for (const weighed_block& b : mine) sum += block_in_row(b.mass, b.key, e.key);
    return false;
  });
  result.total = warp_sum(sum);
  return result;
}

/// See scalar::max.
template <class Row>
__device__ __noinline__ row_max best_by_warp(team_workspace& work, const Row& row, row_scan scanned) {
  if (has(scanned.status, status::empty)) return {0, scanned.status};
  const loaded_block block(row, block_having(blocks_of(work, row), scanned.largest));
  std::uint32_t mine = 0;  // the first of a lane, from the end; 0 if it has none
  block.each([&](float l, token_id id) {
    if (ordered(l) == scanned.largest) mine = max(mine, ~static_cast<std::uint32_t>(id));
  });
  return {(std::uint64_t{scanned.largest} << 32) | warp_max(mine), scanned.status};
}

/// See scalar::pick.
template <class Row>
__device__ std::size_t pick_by_warp(team_workspace& work, const Row& row, float c, row_mass mass,
                                    const draw_key& key) {
  const std::span<const weighed_block> blocks = blocks_of(work, row);
  std::uint64_t r = uniform_below(random_bits(key, lane_purpose::draw), mass.total);
  std::size_t b = 0;
  for_blocks_by_warp(blocks, [&](const auto& mine, std::size_t first) {
    constexpr int each = std::extent_v<std::remove_reference_t<decltype(mine)>>;
    std::uint64_t weights[each];
#pragma unroll
    for (int k = 0; k < each; ++k) weights[k] = block_in_row(mine[k].mass, mine[k].key, mass.key);
    weight_place place;
    if (!find_place(weights, r, place)) return false;
    b = first + place.k * warp_threads + place.lane;
    return true;
  });
  const loaded_block block(row, b);
  const std::uint64_t in_block = random_bits(key, lane_purpose::block, static_cast<std::uint32_t>(b));
  return block.place_of(c, blocks[b].key, uniform_below(in_block, blocks[b].mass));
}

/// All warps of a team run the pipeline up to its only look at the row, for which each reads a part of the
/// slice; from there on one of them goes on, and its lanes call each kernel together.
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
    return scan_by_warp(*work, row, maxima);
  }
  template <class Row>
  __device__ row_max max(const Row& row, row_scan scanned) const {
    return best_by_warp(*work, row, scanned);
  }
  template <class Row>
  __device__ row_mass mass(const Row& row, float c, std::span<weighed_block>, std::span<float> maxima) const {
    return mass_by_warp(*work, row, c, maxima);
  }
  template <class Row>
  __device__ std::size_t pick(const Row& row, float c, std::span<const weighed_block>, row_mass mass,
                              const draw_key& key) const {
    return pick_by_warp(*work, row, c, mass, key);
  }
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
