#pragma once
/// \file
/// Fractions and logarithms of integer masses.

#include <cstdint>

#include "urn/core/exact.hpp"
#include "urn/core/order_key.hpp"
#include "urn/kernel/block_mass.hpp"

namespace urn::kernel {

/// floor(p * mass) for p in [0, 1), p quantised down to 2^-63.
URN_HOST_DEVICE inline std::uint64_t floor_share(std::uint64_t mass, double p) {
  const auto quantised = static_cast<std::uint64_t>(exact::mul(p, 0x1p63));
  return (exact::multiply_high(mass, quantised) << 1) | (mass * quantised >> 63);
}

/// ceil(p * mass) for p in [0, 1), p quantised down to 2^-63: the mass that a share of p asks for.
URN_HOST_DEVICE inline std::uint64_t ceil_share(std::uint64_t mass, double p) {
  const auto quantised = static_cast<std::uint64_t>(exact::mul(p, 0x1p63));
  const std::uint64_t high = exact::multiply_high(mass, quantised);
  const std::uint64_t low = mass * quantised;
  return ((high << 1) | (low >> 63)) + ((low << 1) != 0 ? 1 : 0);
}

/// ceil(a * b / c), c > 0; the quotient fits.
URN_HOST_DEVICE constexpr std::uint64_t ceil_ratio(std::uint64_t a, std::uint64_t b, std::uint64_t c) {
  __extension__ using wide = unsigned __int128;
  return static_cast<std::uint64_t>((static_cast<wide>(a) * b + (c - 1)) / c);
}

/// A uniform integer in [0, mass) from 64 random bits: floor(bits * mass / 2^64).
URN_HOST_DEVICE constexpr std::uint64_t uniform_below(std::uint64_t bits, std::uint64_t mass) {
  return exact::multiply_high(bits, mass);
}

/// ln((1 + s) / (1 - s)) for |s| <= 0.1716: 2 artanh s by ten terms of its series.
URN_HOST_DEVICE inline double log_ratio(double s) {
  const double q = exact::mul(s, s);
  constexpr double terms[] = {2.0 / 19, 2.0 / 17, 2.0 / 15, 2.0 / 13, 2.0 / 11,
                              2.0 / 9,  2.0 / 7,  2.0 / 5,  2.0 / 3,  2.0};
  double series = terms[0];
  for (int i = 1; i < 10; ++i) series = exact::fma(series, q, terms[i]);
  return exact::mul(s, series);
}

/// ln(2^exponent * 1.fraction), the fraction as the low 52 bits of a double: z = 1.fraction in [sqrt(1/2),
/// sqrt(2)] once the exponent took what is above, and ln z = ln((1 + s) / (1 - s)) with s = (z - 1) / (z +
/// 1).
URN_HOST_DEVICE URN_CALLED inline double log_of_parts(int exponent, std::uint64_t fraction) {
  const bool halve = fraction > 0x6A09E667F3BCDULL;
  const double z = exact::double_of((halve ? 0x3FE0000000000000ULL : 0x3FF0000000000000ULL) | fraction);
  const double s = exact::div(exact::sub(z, 1.0), exact::add(z, 1.0));
  return exact::fma(static_cast<double>(exponent + (halve ? 1 : 0)), ln2, log_ratio(s));
}

/// ln(x) of an integer x > 0 to within 1e-15 relative (of the integer's first 53 bits).
URN_HOST_DEVICE inline double natural_log(std::uint64_t x) {
  const int top = exact::highest_bit(x);
  const std::uint64_t mantissa = top >= 52 ? x >> (top - 52) : x << (52 - top);
  return log_of_parts(top, mantissa & 0xFFFFFFFFFFFFFULL);
}

/// ln(x) of a normal double x > 0, to within 1e-15 relative.
URN_HOST_DEVICE inline double natural_log_of(double x) {
  const std::uint64_t b = exact::bits(x);
  return log_of_parts(static_cast<int>(b >> 52) - 1023, b & 0xFFFFFFFFFFFFFULL);
}

/// e^x to within 1e-15 relative; 0 below -700, +inf above 700: x = n ln2 + r with |r| <= ln2 / 2, and e^r by
/// fourteen terms of its series.
URN_HOST_DEVICE URN_CALLED inline double natural_exp(double x) {
  constexpr double round = 0x1.8p52;  // adding it rounds to an integer in the low bits
  if (x < -700) return 0;
  if (x > 700) return exact::double_of(0x7FF0000000000000ULL);
  const double shifted = exact::fma(x, 1.4426950408889634, round);
  const double n = exact::sub(shifted, round);
  const double r = exact::fma(-n, 0x1.abc9e3b39803fp-56, exact::fma(-n, ln2, x));
  constexpr double terms[] = {
      1.0 / 6227020800, 1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320, 1.0 / 5040,
      1.0 / 720,        1.0 / 120,       1.0 / 24,       1.0 / 6,       1.0 / 2,      1.0,         1.0};
  double series = terms[0];
  for (int i = 1; i < 14; ++i) series = exact::fma(series, r, terms[i]);
  return exact::double_of(exact::bits(series) + ((exact::bits(shifted) - exact::bits(round)) << 52));
}

/// ln(weight of the token / total): ln2 * (l * c - n_row) - (ln total - 40.5 ln2) in double, rounded once to
/// float and never above 0. A token that has all of the mass gets 0, one at -inf or NaN -inf. `total` in row
/// units, > 0.
URN_HOST_DEVICE URN_CALLED inline float log_share(float logit, float c, std::uint32_t row_key,
                                                  std::uint64_t total) {
  if (!survives(logit)) return exact::minus_infinity;
  const auto n = static_cast<double>(static_cast<std::int32_t>(row_key - magic_bits));
  const double power = exact::fma(exact::widened(logit), exact::widened(c), -n);
  const double share = exact::fma(exact::add(power, row_bits + 0.5), ln2, -natural_log(total));
  if (share > -1e-6 && mass_in_row(logit, c, row_key) == total) return 0.0F;  // P's error is 1.63e-7
  return share < 0 ? exact::narrowed(share) : 0.0F;
}

}  // namespace urn::kernel
