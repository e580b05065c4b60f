#pragma once
/// \file
/// How far tokens are from the mean surprise, by vectors.

#include <algorithm>
#include <cstdint>

#include "urn/core/order_key.hpp"
#include "urn/kernel/block_mass.hpp"
#include "urn/kernel/scalar/typical.hpp"
#include "urn/kernel/simd/lanes.hpp"
#include "urn/kernel/simd/moments.hpp"

namespace urn::kernel::simd {

/// The least logit for which is_true(logit), of those from `low` to `high`, as `ordered`; where it is true it
/// is for all above.
template <class IsTrue>
float least_logit(IsTrue&& is_true, std::uint32_t low = ordered_minus_infinity,
                  std::uint32_t high = ordered_infinity) {
  while (low < high) {
    const std::uint32_t middle = low + (high - low) / 2;
    if (is_true(logit_of(std::uint64_t{middle} << 32))) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return logit_of(std::uint64_t{low} << 32);
}
/// The same, if it is about `near`: within a few floats, most of the time.
template <class IsTrue>
float least_logit_near(float near, IsTrue&& is_true) {
  constexpr std::uint32_t few = 4;
  const std::uint32_t at = std::clamp(ordered(near), ordered_minus_infinity + few, ordered_infinity - few);
  const auto is_true_of = [&](std::uint32_t value) { return is_true(logit_of(std::uint64_t{value} << 32)); };
  if (is_true_of(at - few) || !is_true_of(at + few)) return least_logit(is_true);
  return least_logit(is_true, at - few, at + few);
}

/// The least logit that has a mass: 40 powers of two below the unit one is left.
inline float least_with_mass(const typical_aim& aim) {
  return least_logit([&](float l) {
    const std::uint32_t t = exponent_bits(l, aim.c);
    return (t >> 31) == 0 && t >= aim.row_key - row_bits;
  });
}
/// The least logit, of those with a mass, that is at most so deep: by its rounded depth not half a unit more.
inline float least_within(const typical_aim& aim, std::int64_t deepest, float least) {
  const auto unit = static_cast<double>(static_cast<std::int32_t>(aim.row_key - exact::bits(magic)));
  const double octaves = unit - 0x1p-16 * (static_cast<double>(deepest) + 0.5);
  const auto near = static_cast<float>(std::clamp(octaves / static_cast<double>(aim.c), -0x1p127, 0x1p127));
  return std::max(least, least_logit_near(near, [&](float l) {
                    if (l < least) return false;
                    const auto above = static_cast<std::int32_t>(exponent_bits(l, aim.c) - aim.row_key);
                    return above > 0 || depth_of(l, aim.c, aim.row_key) <= deepest;
                  }));
}

/// The logits, from `low` on and below `high`, of the tokens with a mass that have at most a score.
struct typical_span {
  float low = exact::infinity;
  float high = exact::infinity;

  typical_span() = default;
  typical_span(const typical_aim& aim, std::int64_t score, float least) {
    if (score < 0) return;
    low = least_within(aim, aim.middle + score, least);
    high = least_within(aim, aim.middle - score - 1, least);
  }
  [[nodiscard]] bool has(float logit) const { return logit >= low && logit < high; }
  template <class L>
  [[nodiscard]] URN_INLINE std::uint32_t has(typename L::floats logits) const {
    return L::at_least(logits, L::set(low)) & L::above(L::set(high), logits);
  }
  /// The logits that it has, -inf in the other lanes.
  template <class L>
  [[nodiscard]] URN_INLINE typename L::floats part(typename L::floats logits) const {
    const auto inside = logits >= L::set(low) && logits < L::set(high);
    return xsimd::select(inside, logits, L::set(exact::minus_infinity));
  }
};

/// Scores of vectors of tokens with a mass, as floats: 2^23 + score.
template <class L>
struct typical_scores {
  typename L::floats c;
  typename L::words row_key;
  typename L::words middle;

  explicit typical_scores(const typical_aim& aim)
      : c(L::set(aim.c)),
        row_key(L::set(aim.row_key)),
        middle(L::set(static_cast<std::uint32_t>(aim.middle) + depth_offset)) {}

  [[nodiscard]] URN_INLINE typename L::floats operator()(typename L::floats logits) const {
    const auto off = depths_of<L>(logits, c, row_key) - middle;
    return L::of_bits(xsimd::min(off, L::set(0U) - off) | L::set(0x4B000000U));
  }
  [[nodiscard]] static typename L::floats of(std::uint32_t score) {
    return L::set(exact::float_of(0x4B000000U + score));
  }
};

}  // namespace urn::kernel::simd
