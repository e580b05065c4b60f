#pragma once
/// \file
/// Where a cut falls: quickselect by vectors, without a sort and without branches on single logits.

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <span>

#include "urn/core/exact.hpp"
#include "urn/core/order_key.hpp"
#include "urn/kernel/simd/lanes.hpp"

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

/// The largest value that is not NaN; -inf if there is none.
template <class L>
float largest_of(std::span<const float> values) {
  auto largest = L::set(exact::minus_infinity);
  for_each_vector<L>(values, [&](auto l, std::uint32_t) URN_INLINE_LAMBDA { largest = L::max(l, largest); });
  return L::max_of(largest);
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

/// 1 in the lanes in which a condition holds.
template <class L, class Bool>
URN_INLINE typename L::words one_if(Bool condition) {
  return L::bits(xsimd::select(condition, L::of_bits(L::set(1U)), L::of_bits(L::set(0U))));
}

/// How many logits have is_in(logit), a function of vectors and of single ones. Counted by lane: a bit mask
/// of each vector takes twice as long.
template <class L, class IsIn>
URN_INLINE std::size_t count_if(std::span<const float> values, IsIn&& is_in) {
  constexpr std::size_t chains = 4;
  typename L::words count[chains];
  unrolled<chains>([&](auto j) URN_INLINE_LAMBDA { count[j] = L::set(0U); });
  std::size_t i = 0;
  for (; i + chains * L::width <= values.size(); i += chains * L::width) {
    unrolled<chains>([&](auto j) URN_INLINE_LAMBDA {
      count[j] = count[j] + one_if<L>(is_in(L::load(values.data() + i + j * L::width)));
    });
  }
  for (; i + L::width <= values.size(); i += L::width) {
    count[0] = count[0] + one_if<L>(is_in(L::load(values.data() + i)));
  }
  std::size_t n = L::sum_of((count[0] + count[1]) + (count[2] + count[3]));
  for (; i < values.size(); ++i) n += is_in(values[i]) ? 1U : 0U;
  return n;
}
template <class L>
std::size_t count_at_least(std::span<const float> values, float value) {
  return count_if<L>(values, [=](auto l) URN_INLINE_LAMBDA { return l >= decltype(l)(value); });
}
template <class L>
std::size_t count_above(std::span<const float> values, float value) {
  return count_if<L>(values, [=](auto l) URN_INLINE_LAMBDA { return l > decltype(l)(value); });
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

}  // namespace urn::kernel::simd
