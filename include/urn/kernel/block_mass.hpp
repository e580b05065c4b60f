#pragma once
/// \file
/// Block mass: a token's probability mass as an integer. Sums of integers are exact in any order, so every
/// backend, thread count and shard gets the same normaliser, the same cut and the same token.
///
/// For a logit l at temperature T, with c = mass_scale(T):
///
///     t(l) = fma(l, c, 1.5 * 2^23)     n = t - 1.5 * 2^23 = rint(l * c)     f = fma(l, c, -n), |f| <= 1/2
///     P(f) ~ 2^(f + 1/2) in [1, 2)     a degree-5 polynomial, relative error at most 1.63e-7 for every float
///     f
///
/// A block is 1024 tokens. Its key is bits(t) of its largest logit; a token's mass in its block has 31
/// fraction bits below that power of two, in the row 40 bits. Nothing is subtracted or clamped first: -inf
/// and NaN give mass 0 by their shift.

#include <cstdint>

#include "urn/core/exact.hpp"
#include "urn/core/row.hpp"

namespace urn::kernel {

inline constexpr float magic = 12582912.0F;  ///< 1.5 * 2^23: adding it rounds to an integer in the low bits
inline constexpr std::uint32_t magic_bits = exact::bits(magic);
inline constexpr std::uint32_t no_mass_key = 0;              ///< a block with nothing above 2^-22 of range
inline constexpr std::uint32_t unbounded_key = 0xFFFFFFFFU;  ///< a block with +inf, or a logit * c above 2^22
inline constexpr std::uint32_t row_bits = 40;                ///< fraction bits of a row's masses
inline constexpr std::uint32_t block_bits = 31;              ///< fraction bits of a block's masses
inline constexpr double ln2 = 0.6931471805599453;
inline constexpr float unit_scale = 0x1.715476p+0F;  ///< mass_scale(1): no division of doubles on the way

/// c = log2(e) / T, divided in double and rounded once to float.
URN_HOST_DEVICE inline float mass_scale(float temperature) {
  return exact::narrowed(exact::div(1.4426950408889634, exact::widened(temperature)));
}

/// Of the polynomial P, the highest power first: i from 0 to 5.
URN_HOST_DEVICE constexpr float power_coefficient(int i) {
  constexpr float all[] = {0x1.ec328p-10F, 0x1.c05f8ap-7F, 0x1.41878cp-4F,
                           0x1.5be0a6p-2F, 0x1.f5e45ep-1F, 0x1.6a09e8p+0F};
  return all[i];
}

/// 2^(f + 1/2) for |f| <= 1/2, in [1, 2) for every such float.
URN_HOST_DEVICE inline float power_of_two(float f) {
  float p = power_coefficient(0);
  for (int i = 1; i < 6; ++i) p = exact::fma(p, f, power_coefficient(i));
  return p;
}

/// bits(t(l)): the integer part of l * c, in a form that orders and subtracts as an integer.
URN_HOST_DEVICE inline std::uint32_t exponent_bits(float logit, float c) {
  return exact::bits(exact::fma(logit, c, magic));
}

/// The key of a block from its largest logit.
URN_HOST_DEVICE inline std::uint32_t block_key(float largest, float c) {
  const std::uint32_t t = exponent_bits(largest, c);
  if (t - 0x4B000000U < 0x00800000U) return t;  // t in [2^23, 2^24): |l * c| < 2^22
  return (t >> 31) == 0 && t >= 0x4B800000U ? unbounded_key : no_mass_key;
}

/// True if the row's largest key leaves room for exact masses: |log2 of its largest weight| <= 2^21.
URN_HOST_DEVICE constexpr bool in_range(std::uint32_t row_key) {
  return row_key != unbounded_key && row_key - magic_bits + (1U << 21) <= (1U << 22);
}

/// The parts of one token's weight: mantissa * 2^-31 * 2^n = P(f) * 2^n, with n inside `exponent`.
struct weight {
  std::uint32_t exponent;  ///< bits(t)
  std::uint32_t mantissa;  ///< P(f) * 2^31, in [2^31, 2^32)
};
URN_HOST_DEVICE inline weight weight_of(float logit, float c) {
  const float t = exact::fma(logit, c, magic);
  const float n = exact::sub(t, magic);
  return {exact::bits(t), exact::bits(power_of_two(exact::fma(logit, c, -n))) << 8};
}

/// w = floor(P(f) * 2^(31 + n - n_block)): a token's mass in its block.
URN_HOST_DEVICE inline std::uint32_t mass_in_block(float logit, float c, std::uint32_t block_key) {
  const weight w = weight_of(logit, c);
  return exact::shift_right(w.mantissa, block_key - w.exponent);
}

/// v = floor(P(f) * 2^(40 + n - n_row)): a candidate's mass in its row.
URN_HOST_DEVICE inline std::uint64_t mass_in_row(float logit, float c, std::uint32_t row_key) {
  const weight w = weight_of(logit, c);
  return exact::shift_right(std::uint64_t{w.mantissa} << 32, 63 - row_bits + row_key - w.exponent);
}

/// B = floor(M * 2^(9 + n_block - n_row)): a block's mass in its row.
URN_HOST_DEVICE constexpr std::uint64_t block_in_row(std::uint64_t mass, std::uint32_t block_key,
                                                     std::uint32_t row_key) {
  return exact::shift_right(mass << (row_bits - block_bits), row_key - block_key);
}

}  // namespace urn::kernel
