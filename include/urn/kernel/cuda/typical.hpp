#pragma once
/// \file
/// The typical cut by a team: the tokens that may be kept are swept up, and the score at which the kept ones
/// end is found among them.

#include <cstddef>
#include <cstdint>
#include <span>

#include "urn/core/order_key.hpp"
#include "urn/core/token.hpp"
#include "urn/kernel/block_mass.hpp"
#include "urn/kernel/candidates.hpp"
#include "urn/kernel/cuda/mass_search.hpp"
#include "urn/kernel/cuda/nucleus.hpp"
#include "urn/kernel/cuda/scratch.hpp"
#include "urn/kernel/cuda/select.hpp"
#include "urn/kernel/cuda/sweep.hpp"
#include "urn/kernel/cuda/threshold.hpp"
#include "urn/kernel/scalar/typical.hpp"

namespace urn::kernel::cuda {

/// A token's place in a typical cut, as two numbers: larger ones first, of equal values those of larger ties.
struct typical_order {
  static constexpr std::uint32_t most_typical = 0x7FFFFFFFU;
  static constexpr std::uint32_t first_id = 1U << 24;
  typical_aim aim;
  bool counts = false;  ///< tokens weigh 1 instead of their mass

  /// 0 if it has no mass.
  [[nodiscard]] __device__ std::uint32_t value(float l) const {
    return mass_in_row(l, aim.c, aim.row_key) == 0 ? 0 : most_typical - aim.score(l);
  }
  [[nodiscard]] __device__ static std::uint32_t tie(token_id id) {
    return first_id - static_cast<std::uint32_t>(id);
  }
  [[nodiscard]] __device__ std::uint64_t key(swept_token t) const {
    return (std::uint64_t{value(t.logit)} << 32) | tie(t.id);
  }
  [[nodiscard]] __device__ std::uint64_t weight(float l) const {
    return counts ? 1 : mass_in_row(l, aim.c, aim.row_key);
  }
};

/// The key of the only token of a value; 0 if there are more.
__device__ __noinline__ inline std::uint64_t only_key(team_workspace& work, swept_tokens swept,
                                                      typical_order order, std::uint32_t value) {
  std::uint32_t count = 0, tie = 0;
  swept.each([&](swept_token t) {
    if (t.id == no_token || order.value(t.logit) != value) return;
    ++count;
    tie = order.tie(t.id);
  });
  const std::uint64_t both = work.together.sum((std::uint64_t{count} << 32) | tie);
  return both >> 32 == 1 ? (std::uint64_t{value} << 32) | static_cast<std::uint32_t>(both) : 0;
}

/// The key of the last token of the shortest prefix that weighs `target`, where all of value `low` and more
/// are among the swept ones; 0 if those do not weigh so much.
__device__ __noinline__ inline std::uint64_t end_of_prefix(team_workspace& work, swept_tokens swept,
                                                           typical_order order, std::uint32_t low,
                                                           std::uint64_t target) {
  const auto each = [=](auto&& see) {
    swept.each([&](swept_token t) { see(order.value(t.logit), [=] { return order.weight(t.logit); }); });
  };
  const interval at = close_in(work, {low, order.most_typical}, target, 0, each);
  if (!at.holds(target)) return 0;
  const std::uint64_t end = std::uint64_t{at.low} << 32;
  if (at.above + at.inside == target || order.aim.with_ties) return end;
  const std::uint64_t only = only_key(work, swept, order, at.low);
  if (only != 0) return only;
  const auto each_tied = [=, value = at.low](auto&& see) {
    swept.each([&](swept_token t) {
      if (order.value(t.logit) == value) see(order.tie(t.id), [=] { return order.weight(t.logit); });
    });
  };
  return end | close_in(work, {1, order.first_id}, target - at.above, 0, each_tied).low;
}

/// Notes the i-th of few tokens.
__device__ inline void note_token(unsigned i, std::uint64_t key, std::uint64_t mass) {
  cut_memory& near = team_workspace::near();
  near.ranked[i] = key;
  near.low[i] = static_cast<std::uint32_t>(mass);
  near.high[i] = static_cast<std::uint32_t>(mass >> 32);
}
/// Of a noted token, how much mass and how many tokens stand before it.
struct noted_place {
  std::uint64_t key = 0, mass = 0, before = 0;
  unsigned rank = 0;
};
/// This thread's of `count` noted tokens.
__device__ __noinline__ inline noted_place place_of_thread(unsigned count) {
  const cut_memory& near = team_workspace::near();
  const auto mass_at = [&](unsigned i) { return (std::uint64_t{near.high[i]} << 32) | near.low[i]; };
  noted_place mine;
  if (threadIdx.x >= count) return mine;
  mine = {near.ranked[threadIdx.x], mass_at(threadIdx.x)};
#pragma unroll 4
  for (unsigned i = 0; i < count; ++i) {
    const bool precedes = near.ranked[i] > mine.key;
    mine.before += precedes ? mass_at(i) : 0;
    mine.rank += precedes ? 1 : 0;
  }
  return mine;
}

/// The same of at most as many tokens as there are threads, and of the prefix that has the aim's mass and
/// number of tokens: each thread adds up what comes before one.
__device__ __noinline__ inline std::uint64_t end_of_few(team_workspace& work, swept_tokens swept,
                                                        std::uint32_t begin, std::uint32_t count,
                                                        typical_order order, std::uint32_t low,
                                                        std::uint64_t target) {
  for (unsigned i = lane_of_thread(); i < swept.count; i += warp_threads) {
    const swept_token t = swept.first[i];
    note_token(begin + i, order.key(t), order.value(t.logit) >= low ? order.weight(t.logit) : 0);
  }
  work.together.sync();
  const auto [key, mass, before, rank] = place_of_thread(count);
  const std::size_t least = max(order.aim.least, std::size_t{1});
  const bool has_mass = work.together.any(mass != 0 && before < target && before + mass >= target);
  const bool has_number = work.together.any(mass != 0 && rank + 1 == least);
  if (!has_mass || !has_number) return 0;
  return ~work.together.max(before < target || rank < least ? (mass != 0 ? ~key : 0) : 0);
}

/// The same of any number of swept tokens.
__device__ inline std::uint64_t end_of_typical(team_workspace& work, swept_tokens swept,
                                               const typical_aim& aim, std::uint32_t low) {
  const std::uint64_t target = max(aim.target, std::uint64_t{1});
  std::uint32_t count = 0;
  const std::uint32_t begin = work.together.sum_of_warps_before(swept.count, count);
  if (count <= team_threads()) return end_of_few(work, swept, begin, count, {aim}, low, target);
  const std::uint64_t by_mass = end_of_prefix(work, swept, {aim}, low, target);
  if (aim.least < 2 || by_mass == 0) return by_mass;
  return min(by_mass, end_of_prefix(work, swept, {aim, true}, low, aim.least));
}

/// Which tokens are looked at: those of the value `low` and more, all of which reach `bound`, as `ordered`.
struct typical_band {
  std::uint32_t bound = least_survivor;
  std::uint32_t low = 1;
};

/// A band that is likely to have the mass: it is as wide as it takes to hold the best token, and those that
/// make up the mass without the most typical ones.
template <class Row>
__device__ __noinline__ typical_band likely_band(team_workspace& work, const Row& row, typical_aim aim,
                                                 row_scan scanned) {
  const mass_target target{aim.c, aim.row_key, max(aim.target, std::uint64_t{1})};
  const mass_search search(target, aim.total, row.size(), scanned);
  const interval at = part_by_strips(work, search, scanned.maxima);
  std::uint32_t least = at.holds(target.mass) ? at.low : part_by_sample(work, row, search, 4).low;
  least = max(least, search.low);
  const float lowest = logit_of(std::uint64_t{least} << 32);
  if (target.weight(lowest) == 0) return {};
  const float largest = logit_of(std::uint64_t{scanned.largest} << 32);
  const std::uint32_t farthest = max(aim.score(lowest), aim.score(largest));
  const auto unit = static_cast<double>(static_cast<std::int32_t>(aim.row_key - magic_bits));
  const double depth = static_cast<double>(aim.middle + farthest + 2) * 0x1p-16;
  const double logit = (unit - depth) / exact::widened(aim.c);
  const float bound = exact::narrowed(logit - 2e-7 * fabs(logit));  // see bound_of_mass
  return {max(ordered(bound), least_survivor), typical_order::most_typical - farthest};
}
__device__ inline typical_band likely_band(team_workspace&, candidate_list, const typical_aim&, row_scan) {
  return {};
}

/// A list's tokens, as if they had been swept up: so they may be read while what is kept is written.
__device__ __noinline__ inline swept_tokens sweep_list(team_workspace& work, candidate_list list) {
  const auto size = static_cast<unsigned>(list.size());
  const unsigned share = (size + team_warps() - 1) / team_warps();
  const unsigned begin = min(warp_of_thread() * share, size);
  const swept_tokens found{work.swept_afar() + begin, min(begin + share, size) - begin};
  for (unsigned i = lane_of_thread(); i < found.count; i += warp_threads) {
    found.first[i] = {list.at(begin + i), list.id(begin + i)};
  }
  work.together.sync();
  return found;
}

/// The swept tokens up to the last one.
__device__ __noinline__ inline candidate_list keep_typical(team_workspace& work, swept_tokens swept,
                                                           const typical_aim& aim, std::uint64_t end) {
  constexpr std::uint64_t all_with_mass = std::uint64_t{1} << 32;
  end = max(aim.with_ties ? end >> 32 << 32 : end, all_with_mass);
  return keep_swept_if(work, swept, [=](swept_token t) { return typical_order{aim}.key(t) >= end; });
}

/// What a typical cut says of what it kept: the best token may have gone.
__device__ inline selection typical_selection(candidate_list kept, row_scan scanned) {
  selection result = selected(kept, scanned);
  result.largest = 0;
  return result;
}

/// See scalar::select_typical; of a whole row, or of a list.
template <class Source>
__device__ __noinline__ candidate_list typical_of(team_workspace& work, const Source& source,
                                                  const typical_aim& aim, row_scan scanned) {
  const auto swept_from = [&](std::uint32_t bound) {
    if constexpr (whole_row<Source>) {
      return sweep(work, source, scanned.maxima, bound);
    } else {
      return sweep_list(work, source);
    }
  };
  const typical_band band = likely_band(work, source, aim, scanned);
  swept_tokens swept = swept_from(band.bound);
  std::uint64_t end = end_of_typical(work, swept, aim, band.low);
  if (end == 0 && band.low > 1) {  // the sample had more than its share, or too few tokens are in the band
    swept = swept_from(least_survivor);
    end = end_of_typical(work, swept, aim, 1);
  }
  return keep_typical(work, swept, aim, end);
}

}  // namespace urn::kernel::cuda
