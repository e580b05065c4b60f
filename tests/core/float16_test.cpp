#include "urn/core/float16.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

namespace {

using urn::bfloat16;
using urn::float16;

static_assert(std::is_trivially_copyable_v<bfloat16> && sizeof(bfloat16) == 2);
static_assert(std::is_trivially_copyable_v<float16> && sizeof(float16) == 2);
static_assert(urn::to_float(1.5F) == 1.5F);
static_assert(urn::to_float(bfloat16{0x3FC0}) == 1.5F);
static_assert(urn::to_float(float16{0x3E00}) == 1.5F);
static_assert(urn::to_bfloat16(1.5F).bits == 0x3FC0);
static_assert(urn::to_float16(1.5F).bits == 0x3E00);

/// A 16-bit format, and its values from the definition: sign, exponent and mantissa in doubles, which hold
/// them all.
struct format {
  int exponent_bits;
  int mantissa_bits;

  int bias() const { return (1 << (exponent_bits - 1)) - 1; }
  unsigned mantissa(unsigned pattern) const { return pattern & ((1U << mantissa_bits) - 1U); }
  unsigned exponent(unsigned pattern) const {
    return (pattern >> mantissa_bits) & ((1U << exponent_bits) - 1U);
  }
  bool is_special(unsigned pattern) const { return exponent(pattern) == (1U << exponent_bits) - 1U; }
  bool is_nan(unsigned pattern) const { return is_special(pattern) && mantissa(pattern) != 0; }

  double value(unsigned pattern) const {
    const double sign = (pattern & 0x8000U) != 0 ? -1.0 : 1.0;
    if (is_special(pattern)) return sign * std::numeric_limits<double>::infinity();
    const int power = static_cast<int>(exponent(pattern)) - bias() - mantissa_bits;
    if (exponent(pattern) == 0) return sign * std::ldexp(mantissa(pattern), power + 1);
    return sign * std::ldexp(mantissa(pattern) + (1U << mantissa_bits), power);
  }

  /// The pattern nearest to x >= 0, ties to even: by search among the values, infinity standing where the
  /// next value after the greatest would be.
  unsigned nearest(double x) const {
    const unsigned infinity = ((1U << exponent_bits) - 1U) << mantissa_bits;
    unsigned below = 0;
    unsigned above = infinity;
    while (above - below > 1) {
      const unsigned middle = (below + above) / 2;
      (value(middle) <= x ? below : above) = middle;
    }
    const double next = above == infinity ? std::ldexp(1.0, bias() + 1) : value(above);
    const double middle = (value(below) + next) / 2;
    if (x == middle) return below % 2 == 0 ? below : above;
    return x < middle ? below : above;
  }
};

constexpr format brain{8, 7};
constexpr format half{5, 10};

template <class T>
void expect_exact_values(const format& definition) {
  for (unsigned pattern = 0; pattern <= 0xFFFFU; ++pattern) {
    const float x = urn::to_float(T{static_cast<std::uint16_t>(pattern)});
    if (definition.is_nan(pattern)) {
      const unsigned payload = std::bit_cast<std::uint32_t>(x) & 0x007FFFFFU;
      ASSERT_TRUE(std::isnan(x)) << pattern;
      ASSERT_EQ(payload, definition.mantissa(pattern) << (23 - definition.mantissa_bits)) << pattern;
    } else {
      ASSERT_EQ(static_cast<double>(x), definition.value(pattern)) << pattern;
    }
    ASSERT_EQ(std::signbit(x), (pattern & 0x8000U) != 0) << pattern;
  }
}

TEST(float16, every_bfloat16_becomes_its_value) { expect_exact_values<bfloat16>(brain); }
TEST(float16, every_float16_becomes_its_value) { expect_exact_values<float16>(half); }

TEST(float16, every_pattern_comes_back) {
  for (unsigned pattern = 0; pattern <= 0xFFFFU; ++pattern) {
    const auto bits = static_cast<std::uint16_t>(pattern);
    const unsigned quiet_brain = brain.is_nan(pattern) ? pattern | 0x0040U : pattern;
    const unsigned quiet_half = half.is_nan(pattern) ? pattern | 0x0200U : pattern;
    ASSERT_EQ(urn::to_bfloat16(urn::to_float(bfloat16{bits})).bits, quiet_brain);
    ASSERT_EQ(urn::to_float16(urn::to_float(float16{bits})).bits, quiet_half);
  }
}

/// Floats around every value and every middle between two values of the format, both signs.
template <class Convert>
void expect_nearest(const format& definition, Convert convert) {
  const auto check = [&](float x) {
    ASSERT_EQ(convert(x).bits, definition.nearest(static_cast<double>(x))) << x;
    ASSERT_EQ(convert(-x).bits, definition.nearest(static_cast<double>(x)) | 0x8000U) << x;
  };
  const float infinity = std::numeric_limits<float>::infinity();
  for (unsigned pattern = 0; !definition.is_special(pattern); ++pattern) {
    const double value = definition.value(pattern);
    const bool is_last = definition.is_special(pattern + 1);
    const double next = is_last ? std::ldexp(1.0, definition.bias() + 1) : definition.value(pattern + 1);
    for (const double point : {value, value + (next - value) / 2}) {
      const auto x = static_cast<float>(point);
      ASSERT_EQ(static_cast<double>(x), point);
      check(x);
      check(std::nextafter(x, infinity));
      if (x > 0) check(std::nextafter(x, 0.0F));
    }
  }
  check(infinity);
  check(std::numeric_limits<float>::max());
}

TEST(float16, floats_round_to_the_nearest_bfloat16) { expect_nearest(brain, urn::to_bfloat16); }
TEST(float16, floats_round_to_the_nearest_float16) { expect_nearest(half, urn::to_float16); }

TEST(float16, floats_of_every_exponent_round_to_the_nearest) {
  std::uint32_t bits = 1;
  for (int i = 0; i < 200000; ++i) {
    bits = bits * 1664525U + 1013904223U;
    const float x = std::bit_cast<float>(bits & 0x7FFFFFFFU);
    if (std::isnan(x)) continue;
    ASSERT_EQ(urn::to_bfloat16(x).bits, brain.nearest(static_cast<double>(x))) << x;
    ASSERT_EQ(urn::to_float16(x).bits, half.nearest(static_cast<double>(x))) << x;
  }
}

TEST(float16, a_nan_stays_a_nan) {
  for (const std::uint32_t bits : {0x7F800001U, 0xFF800001U, 0x7FC00000U, 0x7FFFFFFFU, 0xFFBFFFFFU}) {
    const float x = std::bit_cast<float>(bits);
    EXPECT_TRUE(brain.is_nan(urn::to_bfloat16(x).bits)) << bits;
    EXPECT_TRUE(half.is_nan(urn::to_float16(x).bits)) << bits;
    EXPECT_EQ(urn::to_float16(x).bits >> 15, bits >> 31);
    EXPECT_EQ(urn::to_bfloat16(x).bits >> 15, bits >> 31);
  }
}

}  // namespace
