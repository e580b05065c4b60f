#pragma once
/// \file
/// Where a cut falls: quickselect by vectors, without a sort and without branches on single logits.

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <optional>
#include <span>

#include "urn/core/exact.hpp"
#include "urn/core/order_key.hpp"
#include "urn/kernel/block_mass.hpp"
#include "urn/kernel/simd/lanes.hpp"
#include "urn/kernel/simd/weight.hpp"

namespace urn::kernel::simd {

/// Keeps the logits above `value` and, in the order of ids, the first `equals` of those equal to it.
struct threshold {
  static constexpr std::size_t unlimited = std::numeric_limits<std::size_t>::max();

  float value = exact::minus_infinity;
  std::size_t equals = 0;
  std::uint64_t mass = 0;  ///< what it keeps, in row units; only where it was asked for
};

/// Two rows of floats for partitions; vector stores may overrun them.
struct partition_space {
  std::span<float> left;
  std::span<float> right;
};

/// The logits above a pivot and those below it.
struct parts {
  std::span<float> above;
  std::span<float> below;
  std::size_t equals = 0;
};

/// Calls see(logits, valid lanes) for all vectors of `values`, the last one filled up.
template <class L, class See>
URN_INLINE void for_each_vector(std::span<const float> values, See&& see) {
  std::size_t i = 0;
  for (; i + L::width <= values.size(); i += L::width) see(L::load(values.data() + i), L::all);
  if (const std::size_t rest = values.size() - i; rest > 0) {
    see(L::load_first(values.data() + i, rest), (1U << rest) - 1U);
  }
}

/// Splits `in`, which may be one of the two rows.
template <class L>
parts partition(std::span<const float> in, float pivot, partition_space space) {
  std::size_t above = 0;
  std::size_t below = 0;
  for_each_vector<L>(in, [&, p = L::set(pivot)](auto l, std::uint32_t valid) URN_INLINE_LAMBDA {
    const std::uint32_t high = L::above(l, p) & valid;
    const std::uint32_t low = ~L::at_least(l, p) & valid;
    L::compress(space.left.data() + above, l, high);
    L::compress(space.right.data() + below, l, low);
    above += static_cast<std::size_t>(std::popcount(high));
    below += static_cast<std::size_t>(std::popcount(low));
  });
  return {space.left.first(above), space.right.first(below), in.size() - above - below};
}

/// A few logits in whole vectors, filled up with -inf.
template <class L>
class few {
 public:
  static constexpr std::size_t most = 64;

  /// All of them, or `count` <= most, evenly spread.
  explicit few(std::span<const float> of, std::size_t count = most) : size_(std::min(count, of.size())) {
    std::fill(std::begin(values_), std::end(values_), exact::minus_infinity);
    for (std::size_t i = 0; i < size_; ++i) values_[i] = of[i * of.size() / size_];
  }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::span<const float> values() const { return std::span(values_).first(size_); }

  /// The largest logit below `bound`; -inf if there is none.
  [[nodiscard]] float next_below(float bound) const {
    auto largest = L::set(exact::minus_infinity);
    for (std::size_t i = 0; i < size_; i += L::width) {
      const auto l = L::load(values_ + i);
      largest = L::max(xsimd::select(l < L::set(bound), l, L::set(exact::minus_infinity)), largest);
    }
    return L::max_of(largest);
  }

 private:
  alignas(64) float values_[most];
  std::size_t size_;
};

/// How many logits are in mask_of(vector), a mask of lanes.
template <class L, class Mask>
URN_INLINE std::size_t count_if(std::span<const float> values, Mask&& mask_of) {
  std::size_t n = 0;
  for_each_vector<L>(values, [&](auto l, std::uint32_t valid) URN_INLINE_LAMBDA {
    n += static_cast<std::size_t>(std::popcount(mask_of(l) & valid));
  });
  return n;
}
template <class L>
std::size_t count_at_least(std::span<const float> values, float value) {
  return count_if<L>(values, [v = L::set(value)](auto l) URN_INLINE_LAMBDA { return L::at_least(l, v); });
}
template <class L>
std::size_t count_above(std::span<const float> values, float value) {
  return count_if<L>(values, [v = L::set(value)](auto l) URN_INLINE_LAMBDA { return L::above(l, v); });
}

/// As kth_largest, for few values: bisects the floats between the least and the largest by counting.
template <class L>
threshold kth_by_bits(std::span<const float> values, std::size_t k) {
  auto least_of_lanes = L::set(exact::infinity);
  auto most = L::set(exact::minus_infinity);
  for_each_vector<L>(values, [&](auto l, std::uint32_t valid) URN_INLINE_LAMBDA {
    most = L::max(l, most);
    if (valid == L::all) least_of_lanes = xsimd::select(l < least_of_lanes, l, least_of_lanes);
  });
  float least = L::min_of(least_of_lanes);
  for (const float l : values.last(values.size() % L::width)) least = std::min(least, l);
  std::uint32_t low = ordered(least);
  std::uint32_t high = ordered(L::max_of(most));
  while (low < high) {
    const std::uint32_t middle = low + (high - low + 1) / 2;
    const float value = logit_of(std::uint64_t{middle} << 32);
    const std::size_t n = count_at_least<L>(values, value);
    if (n == k) return {value, threshold::unlimited};
    if (n > k) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  const float value = logit_of(std::uint64_t{low} << 32);
  return {value, k - count_above<L>(values, value)};
}

/// The threshold that keeps the k largest of `values`, 1 <= k <= their number; none is NaN. O(n).
template <class L>
threshold kth_largest(std::span<const float> values, std::size_t k, partition_space space) {
  constexpr std::size_t small = 1024;
  while (values.size() > small) {
    const few<L> sample(values);
    const std::size_t place = k * sample.size() / values.size();
    const std::size_t inner = std::clamp<std::size_t>(place, 2, sample.size() - 1);
    const float pivot = kth_by_bits<L>(sample.values(), inner).value;
    const parts split = partition<L>(values, pivot, space);
    if (k <= split.above.size()) {
      values = split.above;
    } else if (k <= split.above.size() + split.equals) {
      return {pivot, k - split.above.size()};
    } else {
      k -= split.above.size() + split.equals;
      values = split.below;
    }
  }
  return kth_by_bits<L>(values, k);
}

/// What masses are measured in.
struct mass_unit {
  float c;
  std::uint32_t row_key;

  [[nodiscard]] std::uint64_t mass(float logit) const { return mass_in_row(logit, c, row_key); }
};

/// How many logits of one mass reach a target, at least 1 and at most `most`.
constexpr std::size_t equals_for(std::uint64_t target, std::uint64_t mass, std::size_t most) {
  if (mass == 0) return most;
  const std::uint64_t needed = target / mass + (target % mass != 0 ? 1 : 0);
  return static_cast<std::size_t>(std::min<std::uint64_t>(std::max<std::uint64_t>(needed, 1), most));
}

/// As nucleus, of a few logits, by taking the largest, then the next one, and so on.
template <class L>
threshold nucleus_of_few(const few<L>& values, mass_unit unit, std::uint64_t target) {
  std::uint64_t before = 0;
  std::size_t taken = 0;
  for (float largest = exact::infinity;;) {
    largest = values.next_below(largest);
    const std::size_t equals = count_at_least<L>(values.values(), largest) - taken;
    const std::uint64_t mass = unit.mass(largest);
    taken += equals;
    if (before + mass * equals >= target || taken == values.size()) {
      const std::size_t needed = equals_for(target - std::min(target, before), mass, equals);
      return {largest, needed, before + mass * needed};
    }
    before += mass * equals;
  }
}

/// 32 of many logits, evenly spread, the largest first, and their masses.
template <class L>
struct nucleus_sample {
  static constexpr std::size_t size = 32;
  alignas(64) float values[size];
  alignas(64) std::uint64_t masses[size];

  nucleus_sample(std::span<const float> of, mass_unit unit) {
    const few<L> some(of, size);
    for (std::size_t i = 0; i < size; ++i) values[rank(some, i)] = some.values()[i];
    for (std::size_t i = 0; i < size; i += L::width) {
      row_masses<L> v[1];
      masses_in_row<L, 1>(v, {L::load(values + i)}, L::set(unit.c), L::set(unit.row_key));
      L::store(masses + i, v[0].low);
      L::store(masses + i + L::width / 2, v[0].high);
    }
  }
  /// Where the larger ones have this share of the sample's mass.
  [[nodiscard]] std::size_t place(double share) const {
    std::uint64_t sum = 0;
    for (const std::uint64_t m : masses) sum += m;
    const auto wanted = static_cast<std::uint64_t>(std::min(share, 1.0) * static_cast<double>(sum));
    std::uint64_t before = 0;
    std::size_t i = 0;
    for (; i + 1 < size; ++i) {
      before += masses[i];
      if (before >= wanted) break;
    }
    return i;
  }

 private:
  static std::size_t rank(const few<L>& some, std::size_t i) {
    const auto value = L::set(some.values()[i]);
    std::uint32_t above = 0;
    std::uint32_t at_least = 0;
    unrolled<size / L::width>([&](auto v) URN_INLINE_LAMBDA {
      const auto l = L::load(some.values().data() + v * L::width);
      above |= L::above(l, value) << (v * L::width);
      at_least |= L::at_least(l, value) << (v * L::width);
    });
    const std::uint32_t earlier = (1U << i) - 1U;
    return static_cast<std::size_t>(std::popcount(above | (at_least & earlier)));
  }
};

/// How many logits are equal to each of N values, and how many are as large as the last one.
template <class L, std::size_t N>
struct tie_counts {
  std::size_t equals[N];
  std::size_t at_least;

  tie_counts(std::span<const float> values, std::span<const float> of) {
    typename L::floats value[N];
    typename L::words same[N];
    unrolled<N>([&](auto i) URN_INLINE_LAMBDA { value[i] = L::set(of[i]), same[i] = L::set(0U); });
    auto reach = L::set(0U);
    for_each_vector<L>(values, [&](auto l, std::uint32_t) URN_INLINE_LAMBDA {  // what fills up is no tie
      unrolled<N>([&](auto i) URN_INLINE_LAMBDA { same[i] = same[i] + one_if(l == value[i]); });
      reach = reach + one_if(l >= value[N - 1]);
    });
    unrolled<N>([&](auto i) URN_INLINE_LAMBDA { equals[i] = L::sum_of(same[i]); });
    at_least = L::sum_of(reach);
  }

 private:
  template <class Bool>
  URN_INLINE static typename L::words one_if(Bool condition) {
    return L::bits(xsimd::select(condition, L::of_bits(L::set(1U)), L::of_bits(L::set(0U))));
  }
};

/// As nucleus, if it is made of N values alone: they are counted, and nothing is moved.
template <class L, std::size_t N>
std::optional<threshold> nucleus_of_ties(std::span<const float> values, std::span<const float> distinct,
                                         mass_unit unit, std::uint64_t target) {
  const tie_counts<L, N> counts(values, distinct);
  std::uint64_t before = 0;
  std::size_t taken = 0;
  std::optional<threshold> found;
  for (std::size_t i = 0; i < N; ++i) {
    const std::size_t equals = counts.equals[i];
    const std::uint64_t each = unit.mass(distinct[i]);
    if (!found && before + each * equals >= target) {
      const std::size_t needed = equals_for(target - before, each, equals);
      found = {distinct[i], needed, before + each * needed};
    }
    before += each * equals;
    taken += equals;
  }
  if (taken != counts.at_least) found.reset();  // the sample missed a value
  return found;
}

/// The same, if a sample has so few values among its largest, each of them twice at least.
template <class L>
std::optional<threshold> nucleus_of_ties(std::span<const float> values, const nucleus_sample<L>& sample,
                                         std::size_t place, mass_unit unit, std::uint64_t target) {
  const std::size_t seen = std::max<std::size_t>(place + 1, 8);
  std::array<float, 4> distinct{};
  std::size_t count = 0;
  for (const float l : std::span(sample.values).first(seen)) {
    if (count > 0 && l == distinct[count - 1]) continue;
    if (count == distinct.size() || 2 * (count + 1) > seen || !survives(l)) return {};
    distinct[count++] = l;
  }
  switch (count) {
    case 1: return nucleus_of_ties<L, 1>(values, distinct, unit, target);
    case 2: return nucleus_of_ties<L, 2>(values, distinct, unit, target);
    case 3: return nucleus_of_ties<L, 3>(values, distinct, unit, target);
    default: return nucleus_of_ties<L, 4>(values, distinct, unit, target);
  }
}

/// The threshold that keeps the shortest prefix, in the order of candidates, whose mass is at least `target`;
/// at least one logit, and all if together they do not reach it (`mass` says). `total` is about the mass of
/// the values, of which there is one, and none is NaN. O(n).
template <class L>
threshold nucleus(std::span<const float> values, mass_unit unit, std::uint64_t target, std::uint64_t total,
                  partition_space space) {
  std::uint64_t before = 0;
  target = std::max<std::uint64_t>(target, 1);
  while (values.size() > few<L>::most) {
    const std::uint64_t rest = target - before;
    const nucleus_sample<L> sample(values, unit);
    const std::size_t place =
        sample.place(static_cast<double>(rest) / static_cast<double>(std::max<std::uint64_t>(total, 1)));
    if (auto found = nucleus_of_ties<L>(values, sample, place, unit, rest)) {
      found->mass += before;
      return *found;
    }
    const float pivot = sample.values[std::clamp<std::size_t>(place, 1, sample.size - 2)];
    const std::uint64_t each = unit.mass(pivot);
    const parts split = partition<L>(values, pivot, space);
    const std::uint64_t above = sum_in_row<L>(split.above.data(), split.above.size(), unit.c, unit.row_key);
    const std::uint64_t reached = above + each * split.equals;
    if (above >= rest) {
      values = split.above;
      total = above;
    } else if (reached >= rest || split.below.empty()) {
      const std::size_t equals = equals_for(rest - above, each, split.equals);
      return {pivot, equals, before + above + each * equals};
    } else {
      before += reached;
      values = split.below;
      total -= std::min(total, reached);
    }
  }
  threshold found = nucleus_of_few<L>(few<L>(values), unit, target - before);
  found.mass += before;
  return found;
}

}  // namespace urn::kernel::simd
