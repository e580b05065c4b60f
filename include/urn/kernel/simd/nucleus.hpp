#pragma once
/// \file
/// Where a nucleus ends: quickselect by mass, vectors at a time, and counting where there are but a few
/// values.

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "urn/core/exact.hpp"
#include "urn/core/order_key.hpp"
#include "urn/kernel/block_mass.hpp"
#include "urn/kernel/simd/lanes.hpp"
#include "urn/kernel/simd/threshold.hpp"
#include "urn/kernel/simd/weight.hpp"

namespace urn::kernel::simd {

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
      unrolled<N>([&](auto i) URN_INLINE_LAMBDA { same[i] = same[i] + one_if<L>(l == value[i]); });
      reach = reach + one_if<L>(l >= value[N - 1]);
    });
    unrolled<N>([&](auto i) URN_INLINE_LAMBDA { equals[i] = L::sum_of(same[i]); });
    at_least = L::sum_of(reach);
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
