#pragma once
/// \file
/// Where a cut falls among values: by histograms that close in on it, without a sort.

#include <cstddef>
#include <cstdint>

#include "urn/core/order_key.hpp"
#include "urn/kernel/block_mass.hpp"
#include "urn/kernel/cuda/scratch.hpp"

namespace urn::kernel::cuda {

/// Keeps the tokens above `value` (as `ordered`) and, in the order of ids, the first `equals` of those equal
/// to it.
struct cutoff {
  std::uint32_t value = 0;
  std::uint64_t equals = 0;
};

inline constexpr std::uint32_t least_survivor = ordered_minus_infinity + 1;

/// The values from `low` to `high`, below which so much weight is `above`.
struct interval {
  std::uint32_t low = 0, high = 0;
  std::uint64_t above = 0;   ///< the weight of what is larger
  std::uint64_t inside = 0;  ///< its own weight
  bool is_reached = false;   ///< above < target <= above + inside
};

/// Adds to a bin, whose weight is a pair of words: shared memory has no fast 64-bit addition.
__device__ inline void add_to_bin(team_memory& near, unsigned bin, std::uint64_t weight) {
  const auto low = static_cast<std::uint32_t>(weight);
  const std::uint32_t before = atomicAdd(&near.low[bin], low);
  const std::uint32_t high = static_cast<std::uint32_t>(weight >> 32) + (before + low < before ? 1U : 0U);
  if (high != 0) atomicAdd(&near.high[bin], high);
}

/// One step: of 256 equal parts of [at.low, at.high] the one in which the weights, from the largest value
/// down, come to `target`. for_each(see) calls see(value, weight) for all values of this thread.
template <class ForEach>
__device__ interval part_of(team_workspace& work, interval at, std::uint64_t target, ForEach&& for_each) {
  team_memory& near = work.near();
  team& t = work.together;
  const std::uint32_t width = at.high - at.low;
  const int shift = width < histogram_bins ? 0 : exact::highest_bit(width) - 7;
  near.low[threadIdx.x] = near.high[threadIdx.x] = 0;
  t.sync();
  for_each([&](std::uint32_t value, std::uint64_t weight) {
    if (value - at.low <= width) add_to_bin(near, (value - at.low) >> shift, weight);
  });
  t.sync();
  const std::uint32_t bin = histogram_bins - 1 - threadIdx.x;  // from the top
  const std::uint64_t weight = (std::uint64_t{near.high[bin]} << 32) | near.low[bin];
  std::uint64_t total = 0;
  const std::uint64_t above = at.above + t.sum_before(weight, total);
  const bool mine = above < target && target <= above + weight;
  const auto found = static_cast<std::uint32_t>(t.found(mine, bin, histogram_bins));
  if (found == histogram_bins) return {at.low, at.high, at.above, total, false};
  interval part{at.low + (found << shift), 0, t.found(mine, above, 0), t.found(mine, weight, 0), true};
  part.high = min(at.high, part.low + ((1U << shift) - 1));
  return part;
}

/// The largest value v such that the weights of the values >= v come to `target` >= 1; or an interval around
/// it, such that the weights of the values >= its low exceed `target` by at most `slack`. (for_each is passed
/// by value: what it captures by reference is read from the stack again for every value.)
template <class ForEach>
__device__ __noinline__ interval close_in(team_workspace& work, interval at, std::uint64_t target,
                                          std::uint64_t slack, ForEach for_each) {
  do {
    at = part_of(work, at, target, for_each);
  } while (at.is_reached && at.low < at.high && at.above + at.inside - target > slack);
  return at;
}

/// The cutoff that such an interval means, where a token of its value weighs `weight`.
__device__ inline cutoff cutoff_at(interval at, std::uint64_t target, std::uint64_t weight) {
  if (!at.is_reached) return {};  // all of them
  if (at.above + at.inside == target || weight == 0) return {at.low - 1, 0};
  return {at.low, (target - at.above + weight - 1) / weight};
}

/// The order of a few values, one a thread: how many of them come before this thread's, equal ones by thread.
/// near.low holds them.
__device__ inline unsigned rank_among(team_workspace& work, std::uint32_t value, unsigned count) {
  const std::uint32_t* const values = work.near().low;
  work.near().low[threadIdx.x] = value;
  work.together.sync();
  unsigned before = 0;
#pragma unroll 8
  for (unsigned i = 0; i < count; ++i) {
    before += values[i] > value || (values[i] == value && i < threadIdx.x) ? 1 : 0;
  }
  work.together.sync();
  return before;
}

/// The cutoff after the token of this rank, where each of `count` threads has one.
__device__ inline cutoff cutoff_after(team_workspace& work, std::uint32_t value, unsigned mine,
                                      unsigned count, unsigned last) {
  const bool has_one = threadIdx.x < count;
  const auto at = static_cast<std::uint32_t>(work.together.found(has_one && mine == last, value, 0));
  const int above = __syncthreads_count(has_one && value > at);
  return {at, last + 1U - static_cast<unsigned>(above)};
}

/// Of a list that has at most a token a thread: the cutoff after k, or after the prefix that has the target
/// mass.
template <class List>
__device__ __noinline__ cutoff cutoff_of_few_by_count(team_workspace& work, List list, unsigned k) {
  const auto count = static_cast<unsigned>(list.size());
  const std::uint32_t value = threadIdx.x < count ? ordered(list.at(threadIdx.x)) : 0;
  const unsigned mine = rank_among(work, value, count);
  return cutoff_after(work, value, mine, count, min(k, count) - 1);
}
template <class List>
__device__ __noinline__ cutoff cutoff_of_few_by_mass(team_workspace& work, List list, std::uint64_t target,
                                                     float c, std::uint32_t row_key) {
  team_memory& near = work.near();
  const auto count = static_cast<unsigned>(list.size());
  const bool has_one = threadIdx.x < count;
  const std::uint32_t value = has_one ? ordered(list.at(threadIdx.x)) : 0;
  const std::uint64_t mass = has_one ? mass_in_row(list.at(threadIdx.x), c, row_key) : 0;
  const unsigned mine = rank_among(work, value, count);
  if (has_one) {
    near.low[mine] = static_cast<std::uint32_t>(mass);
    near.high[mine] = static_cast<std::uint32_t>(mass >> 32);
  }
  work.together.sync();
  const std::uint64_t ranked =
      has_one ? (std::uint64_t{near.high[threadIdx.x]} << 32) | near.low[threadIdx.x] : 0;
  std::uint64_t total = 0;
  const std::uint64_t before = work.together.sum_before(ranked, total);
  const bool is_last = has_one && before < target && target <= before + ranked;
  const auto last = static_cast<unsigned>(work.together.found(is_last, threadIdx.x, count - 1));
  return cutoff_after(work, value, mine, count, last);
}

/// Keeps the best k of a list, none of which is above `largest`.
template <class List>
__device__ __noinline__ cutoff cutoff_by_count(team_workspace& work, List list, std::uint32_t least,
                                               std::uint32_t largest, std::uint64_t k) {
  if (list.size() == 0) return {};
  if (list.size() <= team_threads) {
    return cutoff_of_few_by_count(work, list, static_cast<unsigned>(min(k, std::uint64_t{team_threads})));
  }
  const auto each = [list](auto&& see) {
    for_each_of(list, [&](float l, std::size_t) { see(ordered(l), 1); });
  };
  return cutoff_at(close_in(work, {least, largest}, k, 0, each), k, 1);
}

/// Keeps the shortest prefix of the order of candidates whose mass is at least `target`, and at least one.
/// The cut lies within `at`, whose `above` is known.
template <class List>
__device__ __noinline__ cutoff cutoff_by_mass(team_workspace& work, List list, interval at,
                                              std::uint64_t target, float c, std::uint32_t row_key) {
  if (target == 0) return {at.high, 1};
  if (list.size() <= team_threads) return cutoff_of_few_by_mass(work, list, target, c, row_key);
  const auto each = [=](auto&& see) {
    for_each_of(list, [&](float l, std::size_t) { see(ordered(l), mass_in_row(l, c, row_key)); });
  };
  at = close_in(work, at, target, 0, each);
  return cutoff_at(at, target, mass_in_row(logit_of(std::uint64_t{at.low} << 32), c, row_key));
}

}  // namespace urn::kernel::cuda
