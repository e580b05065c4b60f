#include "urn/core/exact_power.hpp"

#include <gtest/gtest.h>

#include <cfloat>
#include <cmath>
#include <cstdint>
#include <limits>

#include "support/rows.hpp"

namespace {

using urn::exact::power_within_float, urn::exact::saturated;

TEST(exact_power, is_the_power_within_its_bound) {
  rows::random_source r(1);
  for (int trial = 0; trial < 20000; ++trial) {
    const double base = 0.5 + static_cast<double>(r.uniform()) * 1.5;
    const auto n = static_cast<std::uint32_t>(r.below(trial % 2 == 0 ? 20 : 120));
    const long double expected = std::pow(static_cast<long double>(base), n);
    const long double error = static_cast<long double>(power_within_float(base, n)) / expected - 1;
    ASSERT_LE(std::fabs(error), static_cast<long double>(n) * 0x1p-52L) << base << " ^ " << n;
  }
}

TEST(exact_power, of_small_whole_numbers_is_exact) {
  for (std::uint32_t n = 0; n <= 33; ++n) {
    EXPECT_EQ(power_within_float(2, n), std::ldexp(1.0, static_cast<int>(n)));
    EXPECT_EQ(power_within_float(3, n), static_cast<double>(std::pow(3.0L, n))) << n;
    EXPECT_EQ(power_within_float(1, n * 100'000'000U), 1.0);
    EXPECT_EQ(power_within_float(0.5, n), std::ldexp(1.0, -static_cast<int>(n)));
  }
}

TEST(exact_power, stops_at_the_edge_of_float) {
  EXPECT_EQ(power_within_float(2, 128), 0x1p128);
  EXPECT_EQ(power_within_float(2, 129), 0x1p128);
  EXPECT_EQ(power_within_float(4, 0xFFFFFFFFU), 0x1p128);
  EXPECT_EQ(power_within_float(DBL_MAX, 7), 1.0);
  EXPECT_EQ(power_within_float(0.25, 0xFFFFFFFFU), 0.0);
  for (const double base : {1.0001, 1.1, 1.75, 3.3, 1e5}) {
    const double power = power_within_float(base, 0xFFFFFFFFU);
    const double exponent = std::floor(128 * std::log(2.0) / std::log(base));
    EXPECT_NEAR(std::log(power) / std::log(base), exponent, 1e-6) << base;
    EXPECT_EQ(power, power_within_float(base, static_cast<std::uint32_t>(exponent)));
  }
}

TEST(exact_power, saturated_is_the_nearest_finite_float) {
  EXPECT_EQ(saturated(0.1), 0.1F);
  EXPECT_EQ(saturated(-1e-60), 0.0F);
  EXPECT_EQ(saturated(1e39), FLT_MAX);
  EXPECT_EQ(saturated(-std::numeric_limits<double>::infinity()), -FLT_MAX);
  EXPECT_EQ(saturated(static_cast<double>(FLT_MAX)), FLT_MAX);
}

}  // namespace
