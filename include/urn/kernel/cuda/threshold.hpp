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
  std::uint32_t equals = 0;
  std::uint64_t weight = 0;  ///< of what it keeps; 0: not known
};

inline constexpr std::uint32_t least_survivor = ordered_minus_infinity + 1;

/// The values from `low` to `high`: what those above them weigh, and they themselves.
struct interval {
  std::uint32_t low = 0, high = 0;
  std::uint64_t above = 0;
  std::uint64_t inside = 0;

  /// Whether the weights, from the largest value down, come to `target` in here.
  [[nodiscard]] __device__ bool holds(std::uint64_t target) const {
    return above < target && target <= above + inside;
  }
};

/// A value that `count` of the threads' values, none of which is above `largest`, reach, and few more: a
/// step is cheap, a second round of strips takes 3,000 cycles (on an H100).
__device__ __noinline__ inline std::uint32_t value_reached_by(unsigned count, std::uint32_t value,
                                                              std::uint32_t largest) {
  constexpr std::uint32_t far = 1U << 27;  // a factor of 2^16 between the logits
  std::uint32_t low = largest > far ? largest - far : 0, high = largest + 1;
  unsigned reaching = team::count(value >= low);
  if (reaching < count) {
    high = low;
    low = 0;
    reaching = team_threads();
  }
  while (high - low > 1 && reaching > count + count / 16) {
    const std::uint32_t middle = low + (high - low) / 2;
    const unsigned reach_middle = team::count(value >= middle);
    if (reach_middle < count) {
      high = middle;
    } else {
      low = middle;
      reaching = reach_middle;
    }
  }
  return low;
}

/// As many equal parts of the values from `low` to `high` as a team has threads, or less.
struct value_bins {
  __device__ static std::uint32_t bins() { return team_threads(); }
  std::uint32_t low, high;
  int shift;

  __device__ value_bins(std::uint32_t from, std::uint32_t to) : low(from), high(to), shift(0) {
    if (high - low >= bins()) shift = exact::highest_bit(high - low) - exact::highest_bit(bins()) + 1;
  }
  [[nodiscard]] __device__ std::uint32_t bin_of(std::uint32_t value) const { return (value - low) >> shift; }
  [[nodiscard]] __device__ interval part(std::uint32_t bin) const {
    const std::uint32_t begin = low + (bin << shift);
    return {begin, min(high, begin + ((1U << shift) - 1))};
  }
};

/// The bin that this thread looks at: the first thread the largest values'.
__device__ inline std::uint32_t bin_of_thread() { return value_bins::bins() - 1 - threadIdx.x; }

/// Adds to a bin, whose weight is a pair of words: shared memory has no fast 64-bit addition.
__device__ inline void add_to_bin(cut_memory& near, unsigned bin, std::uint64_t weight) {
  const auto low = static_cast<std::uint32_t>(weight);
  const std::uint32_t before = atomicAdd(&near.low[bin], low);
  const std::uint32_t high = static_cast<std::uint32_t>(weight >> 32) + (before + low < before ? 1U : 0U);
  if (high != 0) atomicAdd(&near.high[bin], high);
}

/// One step: of the parts of [at.low, at.high] the one that holds the target; `at` if none does.
/// for_each(see) calls see(value, weight_of) for all values of this thread; weight_of() is its weight.
template <class ForEach>
__device__ interval part_of(team_workspace& work, interval at, std::uint64_t target, ForEach&& for_each) {
  cut_memory& near = work.near();
  team& t = work.together;
  const value_bins bins(at.low, at.high);
  near.low[threadIdx.x] = near.high[threadIdx.x] = 0;
  t.sync();
  const bool is_new = at.inside == 0;  // what lies above a part is known from the step that found it
  std::uint64_t larger = 0;
  for_each([&](std::uint32_t value, auto&& weight_of) {
    const bool is_larger = value > bins.high;
    if (value < bins.low || (is_larger && !is_new)) return;
    const std::uint64_t weight = weight_of();
    if (is_larger) larger += weight;
    if (!is_larger) add_to_bin(near, bins.bin_of(value), weight);
  });
  if (is_new) at.above = t.sum(larger);
  t.sync();
  const std::uint32_t bin = bin_of_thread();
  const std::uint64_t weight = (std::uint64_t{near.high[bin]} << 32) | near.low[bin];
  const std::uint64_t above = at.above + t.sum_before(weight, at.inside);
  if (!at.holds(target)) return at;
  const told found = t.tell(above < target && target <= above + weight, {bin, above, weight});
  interval part = bins.part(static_cast<std::uint32_t>(found.a));
  part.above = found.b;
  part.inside = found.c;
  return part;
}

/// The largest value v such that the weights of the values >= v come to `target` >= 1; or an interval around
/// it, such that the weights of the values >= its low exceed `target` by at most `slack`. `at` if it does not
/// hold the target. (for_each is passed by value: what it captures by reference is read from the stack again
/// for every value.)
template <class ForEach>
__device__ __noinline__ interval close_in(team_workspace& work, interval at, std::uint64_t target,
                                          std::uint64_t slack, ForEach for_each) {
  do {
    at = part_of(work, at, target, for_each);
  } while (at.holds(target) && at.low < at.high && at.above + at.inside - target > slack);
  return at;
}

/// The value at which the weights come to a target that `at` holds, as an interval, where no more tokens in
/// `at` than there are threads weigh anything: each thread adds up what comes before one.
template <class ForEach>
__device__ __noinline__ interval end_among_few(team_workspace& work, interval at, std::uint64_t target,
                                               ForEach for_each) {
  cut_memory& near = work.near();
  if (threadIdx.x == 0) work.memory().entries = 0;
  work.together.sync();
  for_each([&](std::uint32_t value, auto&& weight_of) {
    if (value < at.low || value > at.high) return;
    const std::uint64_t weight = weight_of();
    if (weight == 0) return;
    const unsigned place = atomicAdd(&work.memory().entries, 1U);
    near.low[place] = value;
    near.ranked[place] = weight;
  });
  work.together.sync();
  const unsigned count = work.memory().entries;
  const std::uint32_t value = threadIdx.x < count ? near.low[threadIdx.x] : 0;
  std::uint64_t above = at.above, same = 0;
  bool is_first = threadIdx.x < count;
#pragma unroll 2
  for (unsigned i = 0; i < count; ++i) {
    const std::uint32_t other = near.low[i];
    const std::uint64_t weight = near.ranked[i];
    above += other > value ? weight : 0;
    same += other == value ? weight : 0;
    is_first &= other != value || i >= threadIdx.x;
  }
  const bool is_here = is_first && above < target && target <= above + same;
  const told found = work.together.tell(is_here, {value, above, same});
  const auto end = static_cast<std::uint32_t>(found.a);
  return {end, end, found.b, found.c};
}

/// close_in without slack, of tokens whose weight is given by their value, and falls with it but for
/// roundings: so few are left after a step, most of the time, that they can be compared with each other.
template <class Weight, class ForEach>
__device__ __noinline__ interval close_in_by_weight(team_workspace& work, interval at, std::uint64_t target,
                                                    Weight weight, ForEach for_each) {
  do {
    at = part_of(work, at, target, for_each);
    if (!at.holds(target) || at.above + at.inside == target) return at;
    if (at.inside <= weight(at.low) / 2 * team_threads()) return end_among_few(work, at, target, for_each);
  } while (at.low < at.high);
  return at;
}

/// The cutoff that such an interval means, where a token of its value weighs `weight`.
__device__ inline cutoff cutoff_at(interval at, std::uint64_t target, std::uint64_t weight) {
  if (!at.holds(target)) return {};  // all of them
  if (at.above + at.inside == target || weight == 0) return {at.low - 1, 0, at.above + at.inside};
  const std::uint64_t equals = (target - at.above + weight - 1) / weight;
  return {at.low, static_cast<std::uint32_t>(equals), at.above + equals * weight};
}

/// Of the parts of [low, high] one such that the values from its low on certainly weigh `target`, and not
/// much more: weights are rounded down to a fraction 2^-30 of their `total`, so that words can hold the sums
/// and nobody waits for what an addition gives. All of [low, high] if the rounded weights do not come to it;
/// what they do come to is `inside`.
template <class ForEach>
__device__ __noinline__ interval part_reaching(team_workspace& work, std::uint32_t low, std::uint32_t high,
                                               std::uint64_t total, std::uint64_t target, ForEach for_each) {
  cut_memory& near = work.near();
  const value_bins bins(low, high);
  const int shift = max(0, exact::highest_bit(total) - 30);
  const auto wanted = static_cast<std::uint32_t>((target + ((1ULL << shift) - 1)) >> shift);
  near.low[threadIdx.x] = 0;
  work.together.sync();
  for_each([=, to = near.low](std::uint32_t value, std::uint64_t weight) {
    if (value >= bins.low) atomicAdd(&to[bins.bin_of(value)], static_cast<std::uint32_t>(weight >> shift));
  });
  work.together.sync();
  const std::uint32_t weight = near.low[bin_of_thread()];
  std::uint32_t all = 0;
  const std::uint32_t above = work.together.sum_before(weight, all);
  if (all < wanted) return {low, high, 0, std::uint64_t{all} << shift};
  const bool mine = above < wanted && wanted <= above + weight;
  interval part = bins.part(static_cast<std::uint32_t>(work.together.tell(mine, bin_of_thread())));
  part.inside = target;  // at least
  return part;
}

/// How many values of the first `count` threads come before this thread's, equal ones by thread.
__device__ inline unsigned rank_among(team_workspace& work, std::uint32_t value, unsigned count) {
  const std::uint32_t* const values = work.near().low;
  work.near().low[threadIdx.x] = value;
  work.together.sync();
  unsigned before = 0;
  if (threadIdx.x >= count) return count;
#pragma unroll 2
  for (unsigned i = 0; i < count; i += 4) {
    const uint4 four = *reinterpret_cast<const uint4*>(values + i);
    const auto precedes = [&](std::uint32_t other, unsigned thread) {
      return other + (thread < threadIdx.x ? 1U : 0U) > value ? 1U : 0U;
    };
    before +=
        precedes(four.x, i) + precedes(four.y, i + 1) + precedes(four.z, i + 2) + precedes(four.w, i + 3);
  }
  return before;
}

/// The sum of the masses that come before this thread's in that order.
__device__ inline std::uint64_t mass_before(team_workspace& work, std::uint32_t value, std::uint64_t mass,
                                            unsigned count) {
  cut_memory& near = work.near();
  work.together.sync();  // others may still look at what was ranked
  near.low[threadIdx.x] = value;
  near.ranked[threadIdx.x] = mass;
  work.together.sync();
  std::uint64_t before = 0;
  if (threadIdx.x >= count) return 0;
#pragma unroll 1
  for (unsigned i = 0; i < count; i += 4) {  // past the end nothing weighs anything
    const uint4 four = *reinterpret_cast<const uint4*>(near.low + i);
    const auto masses = reinterpret_cast<const ulonglong2*>(near.ranked + i);
    const auto add = [&](std::uint32_t other, unsigned thread, std::uint64_t weight) {
      if (other + (thread < threadIdx.x ? 1U : 0U) > value) before += weight;
    };
    const ulonglong2 two = masses[0], more = masses[1];
    add(four.x, i, two.x);
    add(four.y, i + 1, two.y);
    add(four.z, i + 2, more.x);
    add(four.w, i + 3, more.y);
  }
  return before;
}

}  // namespace urn::kernel::cuda
