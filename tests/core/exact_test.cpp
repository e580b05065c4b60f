#include "urn/core/exact.hpp"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cfloat>
#include <cmath>
#include <cstdint>
#include <limits>

#include "support/rows.hpp"

namespace {

namespace exact = urn::exact;

bool same(float a, float b) { return (std::isnan(a) && std::isnan(b)) || exact::bits(a) == exact::bits(b); }
bool same(double a, double b) { return (std::isnan(a) && std::isnan(b)) || exact::bits(a) == exact::bits(b); }

// The C library's is right: it uses the machine's instruction, or integers.
void expect_fma(float a, float b, float c) {
  const float expected = std::fma(a, b, c);
  ASSERT_TRUE(same(exact::fma_by_double(a, b, c), expected)) << a << " " << b << " " << c;
  ASSERT_TRUE(same(exact::fma(a, b, c), expected)) << a << " " << b << " " << c;
}

float any_float(rows::random_source& random) {
  return exact::float_of(static_cast<std::uint32_t>(random.bits()));
}

/// 1.xxx * 2^exponent with `bits` random fraction bits and a random sign.
float float_near(rows::random_source& random, int exponent, unsigned bits) {
  const auto fraction = static_cast<float>(random.below(std::size_t{1} << bits));
  const float magnitude = std::ldexp(1.0F + std::ldexp(fraction, -static_cast<int>(bits)), exponent);
  return (random.bits() & 1) != 0 ? -magnitude : magnitude;
}

constexpr std::array special{0.0F,
                             1.0F,
                             1.0F + FLT_EPSILON,
                             1.0F - FLT_EPSILON / 2,
                             1.5F,
                             3.0F,
                             1.0F / 3.0F,
                             12582912.0F,
                             8388608.0F,
                             8388607.5F,
                             16777215.0F,
                             16777216.0F,
                             FLT_MAX,
                             FLT_MAX / 2,
                             0x1.fffffep+63F,
                             0x1p+64F,
                             0x1p-64F,
                             0x1p-75F,
                             FLT_MIN,
                             FLT_MIN - 0x1p-149F,
                             FLT_MIN + 0x1p-149F,
                             0x1p-149F,
                             0x3p-149F,
                             0x1p-126F,
                             0x1.8p-148F,
                             1.4426950F,
                             rows::infinity,
                             rows::nan};

TEST(fma_by_double, of_all_special_triples) {
  for (const float a : special) {
    for (const float b : special) {
      for (const float c : special) {
        for (int signs = 0; signs < 8; ++signs) {
          expect_fma((signs & 1) != 0 ? -a : a, (signs & 2) != 0 ? -b : b, (signs & 4) != 0 ? -c : c);
        }
      }
    }
  }
}

TEST(fma_by_double, of_any_floats) {
  rows::random_source random(1);
  for (int i = 0; i < 1000000; ++i) expect_fma(any_float(random), any_float(random), any_float(random));
}

TEST(fma_by_double, where_the_addend_is_near_the_product) {
  rows::random_source random(2);
  for (int i = 0; i < 1000000; ++i) {
    const float a = float_near(random, static_cast<int>(random.below(60)) - 30, 23);
    const float b = float_near(random, static_cast<int>(random.below(60)) - 30, 23);
    const std::uint32_t near = exact::bits(a * b) + static_cast<std::uint32_t>(random.below(9)) - 4U;
    expect_fma(a, b, exact::float_of(near));
    expect_fma(a, b, -exact::float_of(near));
  }
}

// A product of few bits under an addend of all bits: ties, and what lies just beside them.
TEST(fma_by_double, at_ties) {
  rows::random_source random(3);
  for (int i = 0; i < 1000000; ++i) {
    const int exponent = static_cast<int>(random.below(40)) - 20;
    const int below = static_cast<int>(random.below(60));
    const float a = float_near(random, exponent, static_cast<unsigned>(random.below(4)));
    const float b = float_near(random, -below, (random.bits() & 1) != 0 ? 0U : 23U);
    expect_fma(a, b, float_near(random, exponent, 23));
  }
}

TEST(fma_by_double, where_the_result_is_subnormal) {
  rows::random_source random(4);
  int subnormal = 0;
  for (int i = 0; i < 1000000; ++i) {
    const int exponent = -150 + static_cast<int>(random.below(30));
    const int of_a = static_cast<int>(random.below(40)) - 20;
    const float a = float_near(random, of_a, 23);
    const float b = float_near(random, exponent - of_a > -126 ? exponent - of_a : -126, 23);
    const float c = (random.bits() & 1) != 0
                        ? float_near(random, -126 - static_cast<int>(random.below(23)), 0)
                        : float_near(random, exponent > -126 ? exponent : -126, 23);
    expect_fma(a, b, c);
    subnormal += std::fpclassify(std::fma(a, b, c)) == FP_SUBNORMAL ? 1 : 0;
  }
  EXPECT_GT(subnormal, 200000);
}

TEST(fma_by_double, where_the_result_overflows) {
  rows::random_source random(5);
  int infinite = 0;
  for (int i = 0; i < 200000; ++i) {
    const float a = float_near(random, 63, 23);
    const float b = float_near(random, 64, 23);
    const float c = float_near(random, 103 + static_cast<int>(random.below(24)), 23);
    expect_fma(a, b, c);
    infinite += std::isinf(std::fma(a, b, c)) ? 1 : 0;
  }
  EXPECT_GT(infinite, 50000);
  EXPECT_LT(infinite, 190000);
}

TEST(exact, double_operations_round_once) {
  rows::random_source random(6);
  for (int i = 0; i < 300000; ++i) {
    const auto a = std::bit_cast<double>(random.bits());
    const auto b = std::bit_cast<double>(random.bits());
    const auto near = std::bit_cast<double>(std::bit_cast<std::uint64_t>(a * b) + random.below(3) - 1);
    ASSERT_TRUE(same(exact::add(a, b), a + b));
    ASSERT_TRUE(same(exact::sub(a, b), a - b));
    ASSERT_TRUE(same(exact::mul(a, b), a * b));
    ASSERT_TRUE(same(exact::div(a, b), a / b));
    ASSERT_TRUE(same(exact::fma(a, b, -near), std::fma(a, b, -near)));
  }
}

TEST(exact, float_operations_round_once) {
  rows::random_source random(7);
  for (int i = 0; i < 300000; ++i) {
    const float a = any_float(random);
    const float b = any_float(random);
    ASSERT_TRUE(same(exact::add(a, b), static_cast<float>(static_cast<double>(a) + static_cast<double>(b))));
    ASSERT_TRUE(same(exact::sub(a, b), static_cast<float>(static_cast<double>(a) - static_cast<double>(b))));
    ASSERT_TRUE(same(exact::mul(a, b), static_cast<float>(static_cast<double>(a) * static_cast<double>(b))));
    ASSERT_TRUE(same(exact::div(a, b), static_cast<float>(static_cast<double>(a) / static_cast<double>(b))));
  }
}

TEST(exact, opaque_changes_nothing) {
  for (const float x : special) EXPECT_TRUE(same(exact::opaque(x), x));
  EXPECT_EQ(exact::bits(exact::opaque(-0.0F)), 0x80000000U);
  EXPECT_EQ(exact::bits(exact::opaque(-0.0)), 0x8000000000000000ULL);
}

TEST(exact, constants_are_what_they_say) {
  EXPECT_EQ(exact::infinity, std::numeric_limits<float>::infinity());
  EXPECT_EQ(exact::minus_infinity, -std::numeric_limits<float>::infinity());
  EXPECT_TRUE(std::isnan(exact::quiet_nan));
  EXPECT_EQ(exact::bits(1.0F), 0x3F800000U);
  EXPECT_EQ(exact::bits(-2.0), 0xC000000000000000ULL);
  EXPECT_EQ(exact::float_of(0x3F800000U), 1.0F);
  EXPECT_EQ(exact::double_of(0xC000000000000000ULL), -2.0);
}

TEST(exact, is_nan_of_every_kind) {
  for (const std::uint32_t sign : {0U, 0x80000000U}) {
    EXPECT_FALSE(exact::is_nan(exact::float_of(sign | 0x7F800000U)));
    EXPECT_FALSE(exact::is_nan(exact::float_of(sign | 0x7F7FFFFFU)));
    EXPECT_FALSE(exact::is_nan(exact::float_of(sign)));
    EXPECT_FALSE(exact::is_nan(exact::float_of(sign | 1U)));
    EXPECT_TRUE(exact::is_nan(exact::float_of(sign | 0x7F800001U)));  // signalling
    EXPECT_TRUE(exact::is_nan(exact::float_of(sign | 0x7FC00000U)));
    EXPECT_TRUE(exact::is_nan(exact::float_of(sign | 0x7FFFFFFFU)));
  }
}

/// By 32-bit halves, as one does on paper.
std::uint64_t high_on_paper(std::uint64_t a, std::uint64_t b) {
  const std::uint64_t a0 = a & 0xFFFFFFFFU, a1 = a >> 32, b0 = b & 0xFFFFFFFFU, b1 = b >> 32;
  const std::uint64_t carry = ((a0 * b0) >> 32) + ((a1 * b0) & 0xFFFFFFFFU) + ((a0 * b1) & 0xFFFFFFFFU);
  return a1 * b1 + ((a1 * b0) >> 32) + ((a0 * b1) >> 32) + (carry >> 32);
}

TEST(exact, multiply_high) {
  EXPECT_EQ(exact::multiply_high(~0ULL, ~0ULL), ~0ULL - 1);
  EXPECT_EQ(exact::multiply_high(~0ULL, 1), 0U);
  EXPECT_EQ(exact::multiply_high(1ULL << 32, 1ULL << 32), 1U);
  EXPECT_EQ(exact::multiply_high(1ULL << 63, 6), 3U);
  static_assert(exact::multiply_high(1ULL << 63, 2) == 1);
  rows::random_source random(8);
  for (int i = 0; i < 100000; ++i) {
    const std::uint64_t a = random.bits() >> random.below(64);
    const std::uint64_t b = random.bits() >> random.below(64);
    ASSERT_EQ(exact::multiply_high(a, b), high_on_paper(a, b));
  }
}

TEST(exact, highest_bit) {
  for (int n = 0; n < 64; ++n) {
    EXPECT_EQ(exact::highest_bit(1ULL << n), n);
    EXPECT_EQ(exact::highest_bit((1ULL << n) | 1), n);
    EXPECT_EQ(exact::highest_bit(~0ULL >> n), 63 - n);
  }
}

TEST(exact, shifts_by_the_width_and_more_give_0) {
  for (std::uint32_t n = 0; n < 32; ++n) EXPECT_EQ(exact::shift_right(~0U, n), ~0U >> n);
  const std::uint64_t ones = ~0ULL;
  for (std::uint32_t n = 0; n < 64; ++n) EXPECT_EQ(exact::shift_right(ones, n), ones >> n);
  for (const std::uint32_t n : {32U, 33U, 63U, 64U, 65U, 255U, 256U, 0x80000000U, 0xFFFFFFE0U, ~0U}) {
    EXPECT_EQ(exact::shift_right(~0U, n), 0U);
    EXPECT_EQ(exact::shift_right(ones, n), n < 64 ? ones >> n : 0U);
  }
}

TEST(sqrt, is_the_nearest_double) {
  rows::random_source random(11);
  for (int i = 0; i < 100000; ++i) {
    const double x =
        std::ldexp(static_cast<double>(random.uniform()), static_cast<int>(random.below(200)) - 100);
    const double root = exact::sqrt(x);
    const double spacing = std::nextafter(root, 1e300) - root;
    const long double off = std::sqrt(static_cast<long double>(x)) - static_cast<long double>(root);
    ASSERT_LE(std::fabs(off), 0.501L * static_cast<long double>(spacing)) << x;
  }
  EXPECT_EQ(exact::sqrt(0.0), 0.0);
  EXPECT_EQ(exact::sqrt(0x1p100), 0x1p50);
}

}  // namespace
