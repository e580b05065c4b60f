#pragma once
/// \file
/// Powers of two and exponential variables, the same bits everywhere: what samplers decide by beyond masses.

#include <cstdint>

#include "urn/core/exact.hpp"
#include "urn/core/platform.hpp"
#include "urn/kernel/fraction.hpp"

namespace urn::kernel {

/// 2^x to within 4e-16 relative, exact at integers; x is taken as -1000 below it and as 1000 above. Not for
/// NaN.
URN_HOST_DEVICE URN_CALLED inline double exp2(double x) {
  const double bounded = x < -1000 ? -1000.0 : (x > 1000 ? 1000.0 : x);
  constexpr double rounding = 0x1.8p52;  // adding it rounds to an integer in the low bits
  const double shifted = exact::add(bounded, rounding);
  const double y = exact::mul(exact::sub(bounded, exact::sub(shifted, rounding)), ln2);
  double power = 1.0 / 6227020800;  // e^y by its series to y^13 / 13!, |y| <= ln(2) / 2
  constexpr double terms[] = {
      1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320, 1.0 / 5040, 1.0 / 720,
      1.0 / 120,       1.0 / 24,       1.0 / 6,       1.0 / 2,      1.0,         1.0};
  for (const double term : terms) power = exact::fma(power, y, term);
  return exact::double_of(exact::bits(power) + (exact::bits(shifted) << 52));
}

/// ceil(mass * 2^-bits) for mass > 0 and bits >= 0, 2^-bits rounded down to 63 fraction bits below its power
/// of two: the mass of a share whose surprise is `bits`.
URN_HOST_DEVICE inline std::uint64_t ceil_share_of_surprise(std::uint64_t mass, float bits) {
  if (!(bits < 64)) return 1;
  const int whole = static_cast<int>(bits);
  const double rest = exact::sub(static_cast<double>(bits), static_cast<double>(whole));
  const auto share = static_cast<std::uint64_t>(exact::mul(exp2(-rest), 0x1p63));
  __extension__ using wide = unsigned __int128;
  const wide below = (static_cast<wide>(1) << (63 + whole)) - 1;
  return static_cast<std::uint64_t>((static_cast<wide>(mass) * share + below) >> (63 + whole));
}

/// -ln(1 - u) for u = (bits + 1/2) / 2^64: an exponential variable, to within 1e-15 relative, and so small
/// ones as finely as large ones. At most 45.06, at least 2^-65.
URN_HOST_DEVICE inline double exponential(std::uint64_t bits) {
  if ((bits >> 62) == 0) {
    const double u = exact::mul(exact::add(static_cast<double>(bits), 0.5), 0x1p-64);
    return log_ratio(exact::div(u, exact::sub(2.0, u)));
  }
  const double left = exact::add(static_cast<double>(~bits), 0.5);
  return -natural_log_of(exact::mul(left, 0x1p-64));
}

}  // namespace urn::kernel
