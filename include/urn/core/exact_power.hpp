#pragma once
/// \file
/// Whole powers of a number, the same bits everywhere.

#include <cstdint>

#include "urn/core/exact.hpp"
#include "urn/core/platform.hpp"

namespace urn::exact {

/// The largest of base^0, ..., base^n that is at most 2^128 (the edge of float) for base >= 1; base^n for
/// 0 < base < 1. By squaring, each product rounded once: relative error below n * 2^-52. O(log n).
URN_HOST_DEVICE inline double power_within_float(double base, std::uint32_t n) {
  constexpr double largest = 0x1p128;
  double squares[32] = {base};
  int bit = 0;
  while (bit < 31 && (n >> (bit + 1)) != 0) {
    squares[bit + 1] = mul(squares[bit], squares[bit]);
    ++bit;
  }
  double power = 1.0;
  for (std::uint32_t used = 0; bit >= 0; --bit) {
    const std::uint32_t more = std::uint32_t{1} << bit;
    if (n - used < more) continue;
    const double next = mul(power, squares[bit]);
    if (bits(next) > bits(largest)) continue;
    power = next;
    used += more;
  }
  return power;
}

/// The nearest float; what no float reaches becomes the largest one of its sign.
URN_HOST_DEVICE inline float saturated(double x) {
  constexpr std::uint64_t sign = std::uint64_t{1} << 63;
  constexpr std::uint64_t largest = 0x47EFFFFFE0000000U;
  const std::uint64_t magnitude = bits(x) & ~sign;
  return narrowed(opaque(double_of((bits(x) & sign) | (magnitude > largest ? largest : magnitude))));
}

}  // namespace urn::exact
