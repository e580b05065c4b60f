#include "urn/kernel/fraction.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <cstdint>
#include <limits>

#include "support/oracle.hpp"
#include "support/rows.hpp"

namespace {

namespace kernel = urn::kernel;
using wide = oracle::definition::wide;

/// ceil(floor(p * 2^63) * mass / 2^63).
std::uint64_t share_by_definition(std::uint64_t mass, float p) {
  const auto quantised = static_cast<std::uint64_t>(std::ldexp(static_cast<double>(p), 63));
  return static_cast<std::uint64_t>((wide{quantised} * mass + ((wide{1} << 63) - 1)) >> 63);
}

TEST(ceil_share, of_plain_shares) {
  EXPECT_EQ(kernel::ceil_share(100, 0.5F), 50U);
  EXPECT_EQ(kernel::ceil_share(101, 0.5F), 51U);
  EXPECT_EQ(kernel::ceil_share(100, 0.25F), 25U);
  EXPECT_EQ(kernel::ceil_share(10, 0.9F), 9U);  // the float is a little less than 0.9
  EXPECT_EQ(kernel::ceil_share(10, 0.1F), 2U);  // and this one a little more than 0.1
  EXPECT_EQ(kernel::ceil_share(0, 0.9F), 0U);
  EXPECT_EQ(kernel::ceil_share(~0ULL, 0.0F), 0U);
  EXPECT_EQ(kernel::ceil_share(~0ULL, 0.5F), 1ULL << 63);
  EXPECT_EQ(kernel::ceil_share(1, 0x1p-63F), 1U);
  EXPECT_EQ(kernel::ceil_share(~0ULL, 0x1p-64F), 0U);  // quantised down to 2^-63
  EXPECT_EQ(kernel::ceil_share(~0ULL, 0x1p-149F), 0U);
  EXPECT_EQ(kernel::ceil_share(1ULL << 40, 1.0F - 0x1p-24F), (1ULL << 40) - (1ULL << 16));
}

TEST(ceil_share, of_any_shares) {
  rows::random_source random(1);
  for (int i = 0; i < 300000; ++i) {
    const std::uint64_t mass = random.bits() >> random.below(64);
    const float p = std::ldexp(random.uniform(), -static_cast<int>(random.below(70)));
    const std::uint64_t share = kernel::ceil_share(mass, p);
    ASSERT_EQ(share, share_by_definition(mass, p)) << mass << " " << p;
    ASSERT_LE(share, mass);
  }
}

TEST(uniform_below, spreads_64_bits_evenly) {
  EXPECT_EQ(kernel::uniform_below(0, 1000), 0U);
  EXPECT_EQ(kernel::uniform_below(~0ULL, 1000), 999U);
  EXPECT_EQ(kernel::uniform_below(~0ULL, ~0ULL), ~0ULL - 1);
  EXPECT_EQ(kernel::uniform_below(1ULL << 63, 1000), 500U);
  EXPECT_EQ(kernel::uniform_below((1ULL << 63) - 1, 1000), 499U);
  EXPECT_EQ(kernel::uniform_below(~0ULL, 1), 0U);
}

void expect_log(std::uint64_t x) {
  const long double expected = std::log(static_cast<long double>(x));
  const long double error = static_cast<long double>(kernel::natural_log(x)) - expected;
  ASSERT_LE(std::fabs(error), 1e-15L * expected) << x;
}

TEST(natural_log, of_small_integers) {
  EXPECT_EQ(kernel::natural_log(1), 0.0);
  for (std::uint64_t x = 1; x <= 200000; ++x) expect_log(x);
}

TEST(natural_log, around_powers_of_two_and_where_the_reduction_turns) {
  for (int e = 1; e < 64; ++e) {
    const std::uint64_t power = 1ULL << e;
    for (std::uint64_t d = 0; d < 3 && d < power / 2; ++d) {
      expect_log(power + d);
      expect_log(power - d);
      const auto turn = static_cast<std::uint64_t>(std::ldexp(1.4142135623730951, e));
      expect_log(turn + d);
      expect_log(turn - d);
    }
  }
  expect_log(~0ULL);
}

TEST(natural_log, of_any_integers) {
  rows::random_source random(2);
  for (int i = 0; i < 100000; ++i) expect_log((random.bits() >> random.below(64)) | 1U);
}

TEST(natural_log, has_these_bits) {
  EXPECT_EQ(urn::exact::bits(kernel::natural_log(2)), 0x3FE62E42FEFA39EFULL);
  EXPECT_EQ(urn::exact::bits(kernel::natural_log(1ULL << 40)), 0x403BB9D3BEB8C86BULL);
  EXPECT_EQ(urn::exact::bits(kernel::natural_log(1000000007)), 0x4034B927F34A104DULL);
  EXPECT_EQ(urn::exact::bits(kernel::natural_log(~0ULL)), 0x40462E42FEFA39EFULL);
}

TEST(floor_share, is_what_ceil_share_rounds_up) {
  rows::random_source random(5);
  for (int i = 0; i < 100000; ++i) {
    const std::uint64_t mass = random.bits() >> (1 + random.below(62));
    const float p = std::ldexp(random.uniform(), -static_cast<int>(random.below(70)));
    const auto quantised = static_cast<std::uint64_t>(std::ldexp(static_cast<double>(p), 63));
    const auto expected = static_cast<std::uint64_t>(wide{quantised} * mass >> 63);
    ASSERT_EQ(kernel::floor_share(mass, p), expected) << mass << " " << p;
    ASSERT_LE(kernel::ceil_share(mass, p) - expected, 1U);
  }
}

TEST(ceil_ratio, rounds_up) {
  EXPECT_EQ(kernel::ceil_ratio(1ULL << 40, 1ULL << 40, 1ULL << 60), 1ULL << 20);
  EXPECT_EQ(kernel::ceil_ratio((1ULL << 40) + 1, 1ULL << 40, 1ULL << 60), (1ULL << 20) + 1);
  EXPECT_EQ(kernel::ceil_ratio(0, 5, 7), 0U);
  EXPECT_EQ(kernel::ceil_ratio(~0ULL, ~0ULL, ~0ULL), ~0ULL);
}

TEST(log_of, of_any_doubles) {
  rows::random_source random(3);
  for (int i = 0; i < 100000; ++i) {
    const double x =
        std::ldexp(1 + static_cast<double>(random.uniform()), static_cast<int>(random.below(300)) - 150);
    const long double expected = std::log(static_cast<long double>(x));
    const long double error = static_cast<long double>(kernel::natural_log_of(x)) - expected;
    ASSERT_LE(std::fabs(error), 1e-15L * std::max(1.0L, std::fabs(expected))) << x;
  }
  EXPECT_EQ(kernel::natural_log_of(1.0), 0.0);
}

TEST(exponential, of_any_exponents) {
  rows::random_source random(4);
  for (int i = 0; i < 100000; ++i) {
    const double x = static_cast<double>(random.normal(i % 2 == 0 ? 1 : 100));
    if (std::fabs(x) > 700) continue;
    const long double expected = std::exp(static_cast<long double>(x));
    ASSERT_LE(std::fabs(static_cast<long double>(kernel::natural_exp(x)) / expected - 1), 1e-15L) << x;
  }
}

TEST(exponential, at_its_ends) {
  EXPECT_EQ(kernel::natural_exp(0.0), 1.0);
  EXPECT_EQ(kernel::natural_exp(-701.0), 0.0);
  EXPECT_GT(kernel::natural_exp(-700.0), 0.0);
  EXPECT_EQ(kernel::natural_exp(701.0), std::numeric_limits<double>::infinity());
  EXPECT_LT(kernel::natural_exp(700.0), DBL_MAX);
}

constexpr std::uint32_t unit = kernel::magic_bits;  // of rows whose largest weight is about 1

TEST(log_share, of_a_token_with_all_of_the_mass_is_0) {
  for (const float l : {0.0F, 1.3F, -77.25F, 1e4F}) {
    const std::uint32_t key = kernel::block_key(l, 1.4F);
    EXPECT_EQ(urn::exact::bits(kernel::log_share(l, 1.4F, key, kernel::mass_in_row(l, 1.4F, key))), 0U);
  }
}

TEST(log_share, of_what_cannot_be_drawn_is_minus_infinity) {
  for (const float l : {-rows::infinity, rows::nan, -rows::nan}) {
    EXPECT_EQ(kernel::log_share(l, 1.4F, unit, 1ULL << 40), -rows::infinity);
  }
  EXPECT_EQ(kernel::log_share(-FLT_MAX, 2.8F, unit, 1ULL << 40), -rows::infinity);  // beyond the floats
}

TEST(log_share, of_masks_is_about_the_mask) {
  const float c = kernel::mass_scale(1.0F);
  EXPECT_NEAR(kernel::log_share(-1e30F, c, unit, 1ULL << 40), -1e30F, 1e23F);
}

TEST(log_share, is_never_above_0) {
  const float c = kernel::mass_scale(1.0F);
  const std::uint64_t mass = kernel::mass_in_row(0.25F, c, unit);
  for (std::uint64_t other = 0; other < 2000; ++other) {
    ASSERT_LE(kernel::log_share(0.25F, c, unit, mass + other), 0.0F);
  }
}

// n equal tokens: -ln n.
TEST(log_share, of_equal_tokens) {
  const float c = kernel::mass_scale(1.0F);
  for (std::uint64_t n = 2; n < 1000000; n = n * 3 / 2 + 1) {
    const std::uint64_t total = n * kernel::mass_in_row(0.0F, c, unit);
    ASSERT_NEAR(kernel::log_share(0.0F, c, unit, total), -std::log(static_cast<double>(n)),
                1e-6 + 1e-7 * std::log(static_cast<double>(n)));
  }
}

}  // namespace
