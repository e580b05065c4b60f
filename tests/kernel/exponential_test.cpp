#include "urn/kernel/exponential.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <set>

#include "support/oracle.hpp"
#include "support/rows.hpp"

namespace {

namespace kernel = urn::kernel;

long double relative_error(double value, long double expected) {
  return std::fabs(static_cast<long double>(value) - expected) / std::fabs(expected);
}

TEST(exp2, is_exact_at_integers) {
  for (int n = -1000; n <= 1000; ++n) {
    EXPECT_EQ(kernel::exp2(static_cast<double>(n)), std::ldexp(1.0, n));
  }
}

TEST(exp2, of_any_number) {
  rows::random_source random(1);
  for (int i = 0; i < 300000; ++i) {
    const double x = std::ldexp(static_cast<double>(random.bits() >> 11) * 0x1p-53 - 0.5,
                                static_cast<int>(random.below(20)) - 8);
    const double bounded = std::fmin(std::fmax(x, -1000.0), 1000.0);
    ASSERT_LT(relative_error(kernel::exp2(x), std::exp2(static_cast<long double>(bounded))), 4e-16L) << x;
  }
}

TEST(exp2, stops_at_its_bounds) {
  EXPECT_EQ(kernel::exp2(-1e30), 0x1p-1000);
  EXPECT_EQ(kernel::exp2(1e30), 0x1p1000);
}

TEST(natural_log_of, any_doubles) {
  rows::random_source random(2);
  for (int i = 0; i < 300000; ++i) {
    const double near_one = 1.0 + std::ldexp(static_cast<double>(random.bits() >> 11) * 0x1p-53 - 0.5,
                                             -static_cast<int>(random.below(40)));
    for (const double x : {near_one, std::ldexp(near_one, static_cast<int>(random.below(2000)) - 1000)}) {
      const long double expected = std::log(static_cast<long double>(x));
      if (expected == 0) continue;
      ASSERT_LT(relative_error(kernel::natural_log_of(x), expected), 1e-15L) << x;
    }
  }
}

TEST(exponential, is_minus_the_logarithm_of_a_uniform_number) {
  rows::random_source random(3);
  const auto check = [](std::uint64_t bits) {
    const long double u = (static_cast<long double>(bits >> 32) * 0x1p32L +
                           static_cast<long double>(bits & 0xFFFFFFFFU) + 0.5L) *
                          0x1p-64L;
    const long double expected = -std::log1p(-u);
    ASSERT_LT(relative_error(kernel::exponential(bits), expected), 1e-15L) << bits;
  };
  for (int i = 0; i < 300000; ++i) {
    const std::uint64_t small = random.bits() >> random.below(64);
    check(small);
    // long double has 64 bits: near 1 it no longer tells 1 - u.
    if (small < (1ULL << 63)) check(small + (1ULL << 62));
  }
}

TEST(exponential, at_its_ends) {
  EXPECT_EQ(kernel::exponential(0), 0x1p-65);
  EXPECT_NEAR(kernel::exponential(~0ULL), 65 * std::log(2.0), 1e-13);
  EXPECT_NEAR(kernel::exponential((1ULL << 62) - 1), kernel::exponential(1ULL << 62), 1e-15);
}

TEST(ceil_share_of_surprise, is_the_mass_of_that_surprise) {
  EXPECT_EQ(kernel::ceil_share_of_surprise(1000, 0.0F), 1000U);
  EXPECT_EQ(kernel::ceil_share_of_surprise(1000, 2.0F), 250U);
  EXPECT_EQ(kernel::ceil_share_of_surprise(1001, 2.0F), 251U);
  EXPECT_EQ(kernel::ceil_share_of_surprise(~0ULL, 0.0F), ~0ULL);
  EXPECT_EQ(kernel::ceil_share_of_surprise(~0ULL, 63.0F), 2U);
  EXPECT_EQ(kernel::ceil_share_of_surprise(~0ULL, 64.0F), 1U);
  EXPECT_EQ(kernel::ceil_share_of_surprise(~0ULL, rows::infinity), 1U);
  rows::random_source random(4);
  for (int i = 0; i < 100000; ++i) {
    const std::uint64_t mass = (random.bits() >> random.below(40)) | 1U;
    const float bits = random.uniform() * 40;
    const long double share = std::exp2(-static_cast<long double>(bits)) * static_cast<long double>(mass);
    const auto found = static_cast<long double>(kernel::ceil_share_of_surprise(mass, bits));
    ASSERT_GE(found, std::floor(share * (1 - 4e-16L)));
    ASSERT_LE(found, std::ceil(share * (1 + 4e-16L)));
  }
}

}  // namespace
