#pragma once
/// \file
/// The total order of candidates: larger logit first, then smaller token id. Ties are never random.

#include <cstdint>

#include "urn/core/exact.hpp"
#include "urn/core/token.hpp"

namespace urn {

/// The float's place in the order of floats, as an integer: larger logit, larger value; -0 equals +0; NaN is
/// 0, below -inf. Integer comparisons decide alike under every compiler flag.
URN_HOST_DEVICE constexpr std::uint32_t ordered(float logit) {
  const std::uint32_t b = exact::bits(logit);
  if (exact::is_nan(logit)) return 0;
  if (b == 0x80000000U) return 0x80000000U;
  return (b >> 31) != 0 ? ~b : b | 0x80000000U;
}

/// The places of the infinities.
inline constexpr std::uint32_t ordered_minus_infinity = ordered(exact::minus_infinity);
inline constexpr std::uint32_t ordered_infinity = ordered(exact::infinity);

/// True unless the logit is -inf or NaN: such a token can be kept and, if its mass is not 0, drawn.
URN_HOST_DEVICE constexpr bool survives(float logit) { return ordered(logit) > ordered_minus_infinity; }

/// One 64-bit key whose descending order is the order of candidates: the ordered logit, then the inverted id.
URN_HOST_DEVICE constexpr std::uint64_t order_key(float logit, token_id id) {
  return (std::uint64_t{ordered(logit)} << 32) | static_cast<std::uint32_t>(~id);
}

/// The token id inside a key.
URN_HOST_DEVICE constexpr token_id id_of(std::uint64_t key) {
  return static_cast<token_id>(~static_cast<std::uint32_t>(key));
}

/// The logit inside a key (of -0, +0).
URN_HOST_DEVICE constexpr float logit_of(std::uint64_t key) {
  const auto o = static_cast<std::uint32_t>(key >> 32);
  return exact::float_of((o >> 31) != 0 ? o ^ 0x80000000U : ~o);
}

}  // namespace urn
