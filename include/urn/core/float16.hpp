#pragma once
/// \file
/// The two 16-bit floating-point formats of logits and weights, and their conversions.
///
/// Integers and exact products only: the same bits on every host and device, whatever the rounding mode and
/// whether or not subnormal floats are flushed to zero.

#include <cstdint>

#include "urn/core/exact.hpp"
#include "urn/core/platform.hpp"

namespace urn {

/// The upper half of a float: 1 sign, 8 exponent, 7 mantissa bits.
struct bfloat16 {
  std::uint16_t bits;
};

/// IEEE 754 binary16: 1 sign, 5 exponent, 10 mantissa bits.
struct float16 {
  std::uint16_t bits;
};

/// Every element type of a row has a to_float; a float's is itself.
URN_HOST_DEVICE constexpr float to_float(float x) { return x; }

/// Exact; NaN payloads are kept.
URN_HOST_DEVICE constexpr float to_float(bfloat16 x) {
  return exact::float_of(static_cast<std::uint32_t>(x.bits) << 16);
}

/// Exact; NaN payloads are kept.
URN_HOST_DEVICE constexpr float to_float(float16 x) {
  constexpr std::uint32_t rebias = (127U - 15U) << 23;
  const std::uint32_t sign = (x.bits & 0x8000U) << 16;
  const std::uint32_t magnitude = x.bits & 0x7FFFU;
  const std::uint32_t special = magnitude >= 0x7C00U ? rebias : 0U;  // exponent 31 becomes 255
  const std::uint32_t normal = (magnitude << 13) + rebias + special;
  const std::uint32_t subnormal = exact::bits(static_cast<float>(magnitude) * 0x1p-24F);
  return exact::float_of(sign | (magnitude < 0x0400U ? subnormal : normal));
}

/// The nearest bfloat16, ties to even; beyond the range infinity; a NaN stays a NaN, made quiet.
URN_HOST_DEVICE constexpr bfloat16 to_bfloat16(float x) {
  const std::uint32_t bits = exact::bits(x);
  const std::uint32_t upper = bits >> 16;
  if ((bits & 0x7FFFFFFFU) > 0x7F800000U) return {static_cast<std::uint16_t>(upper | 0x0040U)};
  return {static_cast<std::uint16_t>((bits + 0x7FFFU + (upper & 1U)) >> 16)};
}

namespace detail {

/// x / 2^shift to the nearest integer, ties to even; 1 <= shift <= 31, x < 2^31.
URN_HOST_DEVICE constexpr std::uint32_t shift_to_nearest(std::uint32_t x, std::uint32_t shift) {
  return (x + (1U << (shift - 1)) - 1U + ((x >> shift) & 1U)) >> shift;
}

}  // namespace detail

/// The nearest float16, ties to even; 65520 and above infinity; a NaN stays a NaN, made quiet.
URN_HOST_DEVICE constexpr float16 to_float16(float x) {
  constexpr std::uint32_t smallest_normal = 0x38800000U;  // 2^-14
  constexpr std::uint32_t above_range = 0x47800000U;      // 2^16
  constexpr std::uint32_t infinity = 0x7F800000U;
  const std::uint32_t bits = exact::bits(x);
  const std::uint32_t sign = (bits >> 16) & 0x8000U;
  const std::uint32_t magnitude = bits & 0x7FFFFFFFU;
  std::uint32_t result = 0;
  if (magnitude > infinity) {
    result = 0x7E00U | ((magnitude >> 13) & 0x03FFU);
  } else if (magnitude >= above_range) {
    result = 0x7C00U;
  } else if (magnitude >= smallest_normal) {
    result = detail::shift_to_nearest(magnitude - ((127U - 15U) << 23), 13);
  } else {
    const std::uint32_t mantissa = (magnitude & 0x007FFFFFU) | 0x00800000U;
    const std::uint32_t shift = 126U - (magnitude >> 23);  // to units of 2^-24
    result = detail::shift_to_nearest(mantissa, shift < 25U ? shift : 25U);
  }
  return {static_cast<std::uint16_t>(sign | result)};
}

}  // namespace urn
