#pragma once
/// \file
/// Where a typical cut probably ends: between which scores, guessed from floats, and made sure of by the
/// masses of the few tokens in between.

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <numeric>
#include <span>

#include "urn/core/row.hpp"
#include "urn/core/workspace.hpp"
#include "urn/kernel/scalar/typical.hpp"
#include "urn/kernel/simd/select.hpp"
#include "urn/kernel/simd/threshold.hpp"
#include "urn/kernel/simd/typical_cut.hpp"
#include "urn/kernel/simd/typical_score.hpp"
#include "urn/kernel/simd/weight.hpp"

namespace urn::kernel::simd {

/// Scores between which a typical cut probably ends: those up to `inner` are kept, those above `outer` not.
struct typical_ring {
  std::uint32_t inner;
  std::uint32_t outer;
};

/// Scores and masses of some tokens in floats, for guesses.
template <class L>
class typical_sample {
 public:
  /// `room` has place for two of each logit, filled up to whole vectors.
  typical_sample(std::span<const float> logits, const typical_aim& aim, std::span<float> room) {
    const std::size_t size = (logits.size() + step - 1) / step * step;
    masses_ = room.first(size);
    scores_ = room.subspan(size, size);
    std::fill(masses_.begin() + static_cast<std::ptrdiff_t>(logits.size() / L::width * L::width),
              masses_.end(), 0.0F);
    const typical_scores<L> score_of(aim);
    std::size_t i = 0;
    for_each_vector<L>(logits, [&](auto l, std::uint32_t) URN_INLINE_LAMBDA {
      L::store(masses_.data() + i, mass_of(l, score_of));
      L::store(scores_.data() + i, score_of(l));
      i += L::width;
    });
  }
  static bool fits(std::size_t logits, std::span<float> room) { return 2 * (logits + step) <= room.size(); }

  /// The mass of those of a larger score, as a share of the row's unit.
  [[nodiscard]] float outside(std::uint32_t score) const {
    const auto bound = typical_scores<L>::of(score);
    typename L::floats sums[chains];
    unrolled<chains>([&](auto j) URN_INLINE_LAMBDA { sums[j] = L::set(0.0F); });
    for (std::size_t i = 0; i < masses_.size(); i += step) {
      unrolled<chains>([&](auto j) URN_INLINE_LAMBDA {
        const auto mass = L::load(masses_.data() + i + j * L::width);
        const auto known = L::load(scores_.data() + i + j * L::width);
        sums[j] = sums[j] + xsimd::select(known > bound, mass, L::set(0.0F));
      });
    }
    alignas(64) float lanes[L::width];
    L::store(lanes, (sums[0] + sums[1]) + (sums[2] + sums[3]));
    return std::accumulate(std::begin(lanes), std::end(lanes), 0.0F);
  }
  /// Where more than `most` lies outside the inner score and at most `least` outside the outer one, as near
  /// as `resolution` says; both are between those of `within`.
  [[nodiscard]] typical_ring ring(float most, float least, typical_ring within,
                                  std::uint32_t resolution) const {
    typical_ring found = within;
    std::uint32_t least_end = within.inner;
    while (found.outer - least_end > resolution) {
      const std::uint32_t middle = least_end + (found.outer - least_end) / 2;
      const float mass = outside(middle);
      (mass > least ? least_end : found.outer) = middle;
      if (mass > most) found.inner = middle;
    }
    std::uint32_t most_end = found.outer;
    while (most_end - found.inner > resolution) {
      const std::uint32_t middle = found.inner + (most_end - found.inner) / 2;
      (outside(middle) > most ? found.inner : most_end) = middle;
    }
    return found;
  }

 private:
  static constexpr std::size_t chains = 4;
  static constexpr std::size_t step = chains * L::width;

  /// Next to nothing of a token that has none.
  static typename L::floats mass_of(typename L::floats logits, const typical_scores<L>& unit) {
    const typename L::floats l[1] = {logits};
    const auto w = weights_of<L, 1>(l, unit.c);
    const auto below = xsimd::min(unit.row_key - w.exponent[0], L::set(126U));
    return L::of_bits((w.mantissa[0] >> 8) + ((L::set(126U) - below) << 23));
  }

  std::span<float> masses_;
  std::span<float> scores_;
};

/// From a sample: outside the inner score lies an eighth more than the target leaves there, or more if the
/// sample is small, outside the outer one a fifth less. (The inner score costs time where it is far off, the
/// outer one where it is too near: then the tokens beyond it are collected after all.)
template <class L, logits_row Row>
typical_ring guess_typical(const Row& row, const typical_aim& aim, workspace& scratch) {
  const std::span<const float> some = sample_of<L>(row, scratch.left());
  const double share = static_cast<double>(some.size()) / static_cast<double>(row.size());
  const std::uint64_t left = aim.total - std::min(aim.total, aim.target);
  const auto outside = static_cast<float>(0x1p-40 * share * static_cast<double>(left));
  const float margin = std::clamp(8 / std::sqrt(static_cast<float>(some.size())), 0.125F, 0.25F);
  return typical_sample<L>(some, aim, scratch.right())
      .ring((1 + margin) * outside, 0.8F * outside, {0, (row_bits + 1) << 16}, 1U << 13);
}

/// The mass of the values in a span.
template <class L>
std::uint64_t sum_within(std::span<const float> values, const typical_aim& aim, const typical_span& span) {
  constexpr std::size_t n = vectors_at_once<L>;
  const auto c = L::set(aim.c);
  const auto key = L::set(aim.row_key);
  row_sum<L> sum;
  std::size_t i = 0;
  for (; i + n * L::width <= values.size(); i += n * L::width) {
    typename L::floats kept[n];
    unrolled<n>([&](auto j) URN_INLINE_LAMBDA {
      kept[j] = span.template part<L>(L::load(values.data() + i + j * L::width));
    });
    sum.template add<n>(kept, c, key);
  }
  for (; i < values.size(); i += L::width) {
    const auto l = L::load_first(values.data() + i, std::min(L::width, values.size() - i));
    const typename L::floats kept[1] = {span.template part<L>(l)};
    sum.template add<1>(kept, c, key);
  }
  return sum.total();
}

/// Some values, and how much mass before them is kept in any case.
struct typical_rim {
  std::span<float> values;
  std::uint64_t before;
};

/// Of values those in a ring, into `out`, which may be where they are.
template <class L>
std::span<float> values_in(std::span<const float> values, const typical_aim& aim, const typical_ring& ring,
                           float least, std::span<float> out) {
  const typical_span inner(aim, ring.inner, least);
  const typical_span outer(aim, ring.outer, least);
  std::size_t size = 0;
  for_each_vector<L>(values, [&](auto l, std::uint32_t valid) URN_INLINE_LAMBDA {
    const std::uint32_t mask = outer.template has<L>(l) & ~inner.template has<L>(l) & valid;
    L::compress(out.data() + size, l, mask);
    size += static_cast<std::size_t>(std::popcount(mask));
  });
  return out.first(size);
}

/// The rim of values that may be where it is written.
template <class L>
typical_rim rim_of(std::span<const float> values, const typical_aim& aim, const typical_ring& ring,
                   float least, std::span<float> out) {
  const std::uint64_t before = sum_within<L>(values, aim, typical_span(aim, ring.inner, least));
  return {values_in<L>(values, aim, ring, least, out), before};
}
/// The same of values within the ring's outer score, which have so much mass.
template <class L>
typical_rim rim_of(std::span<const float> values, std::uint64_t mass, const typical_aim& aim,
                   const typical_ring& ring, float least, std::span<float> out) {
  const std::span<float> rim = values_in<L>(values, aim, ring, least, out);
  return {rim, mass - sum_in_row<L>(rim.data(), rim.size(), aim.c, aim.row_key)};
}

/// As typical_cut, if what is inside a ring is kept and what is outside is not: not reached if that was a
/// mistake. Each token within the ring's outer score is among the values. A second ring, of what the floats
/// say of all in the first one, is much narrower.
template <class L>
typical_end end_in_ring(typical_rim rim, const typical_aim& aim, const typical_ring& ring, float least,
                        partition_space space) {
  if (rim.before >= aim.target || rim.values.empty()) return {};
  if (typical_sample<L>::fits(rim.values.size(), space.right)) {
    const typical_sample<L> all(rim.values, aim, space.right);
    const float sum = all.outside(ring.inner);
    const float outside = sum - static_cast<float>(0x1p-40 * static_cast<double>(aim.target - rim.before));
    const float doubt = 1e-4F * sum;
    const typical_ring narrow = all.ring(outside + doubt, outside - doubt, ring, 1U << 7);
    const typical_rim within = rim_of<L>(rim.values, aim, narrow, least, space.left);
    rim = {within.values, rim.before + within.before};
    if (rim.before >= aim.target || rim.values.empty()) return {};
  }
  const std::uint64_t rest = aim.target - rim.before;
  typical_end end = typical_cut<L>(rim.values, aim, rest, 2 * rest, space);
  end.before += rim.before;
  return end;
}

template <class L>
typical_end end_in_ring(std::span<const float> values, const typical_aim& aim, const typical_ring& ring,
                        float least, partition_space space) {
  return end_in_ring<L>(rim_of<L>(values, aim, ring, least, space.left), aim, ring, least, space);
}

}  // namespace urn::kernel::simd
