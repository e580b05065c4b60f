#include "urn/kernel/scalar/spread.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "support/oracle.hpp"
#include "support/rows.hpp"
#include "urn/kernel/policy.hpp"

namespace {

namespace kernel = urn::kernel;
__extension__ using wide = unsigned __int128;

TEST(row_spread, sums_squares_in_128_bits) {
  rows::random_source random(1);
  kernel::row_spread s, parts[2];
  wide squares = 0;
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < 100000; ++i) {
    const auto d = static_cast<std::uint32_t>(random.bits() & ((1U << 27) - 1));
    s.add(d);
    parts[i % 2].add(d);
    sum += d;
    squares += wide{d} * d;
  }
  parts[0].add(parts[1]);
  for (const kernel::row_spread& found : {s, parts[0]}) {
    EXPECT_EQ(found.count, 100000U);
    EXPECT_EQ(found.sum, sum);
    EXPECT_EQ(found.squares_low, static_cast<std::uint64_t>(squares));
    EXPECT_EQ(found.squares_high, static_cast<std::uint64_t>(squares >> 64));
  }
}

TEST(distance_of, counts_2_to_the_minus_16) {
  EXPECT_EQ(kernel::distance_of(3.0F, 3.0F), 0U);
  EXPECT_EQ(kernel::distance_of(2.0F, 3.0F), 1U << 16);
  EXPECT_EQ(kernel::distance_of(0.0F, 0x1p-16F), 1U);
  EXPECT_EQ(kernel::distance_of(0.0F, 0x1.8p-16F), 1U);
  EXPECT_EQ(kernel::distance_of(0.0F, 0x1p-17F), 0U);
  EXPECT_EQ(kernel::distance_of(-700.5F, 300.0F), 1000U << 16 | 1U << 15);
}

TEST(distance_of, what_is_far_is_1024_away) {
  for (const float l : {-1024.0F, -1025.0F, -1e30F, -3.4e38F}) {
    EXPECT_EQ(kernel::distance_of(l, 0.0F), 1U << 26) << l;
  }
  EXPECT_EQ(kernel::distance_of(0.0F, 0x1p34F), 1U << 26);
  EXPECT_EQ(kernel::distance_of(0.0F, 1e30F), 0U);  // whose neighbour is further than that
  for (int e = 0; e < 128; ++e) {
    for (const float mantissa : {1.0F, 1.25F, 2.0F - 0x1p-23F})
      ASSERT_LE(kernel::distance_of(-3e38F, std::ldexp(mantissa, e)), 1U << 27) << e;
  }
}

/// By dividing by their number, of the survivors, in double.
double deviation(const rows::row& logits) {
  const float largest = oracle::definition::largest(logits);
  long double n = 0, sum = 0, squares = 0;
  for (const float l : logits) {
    if (!oracle::survives(l)) continue;
    const auto d = std::min(1024.0L, static_cast<long double>(largest) - static_cast<long double>(l));
    n += 1;
    sum += d;
    squares += d * d;
  }
  return static_cast<double>(std::sqrt(std::max(0.0L, squares / n - sum / n * (sum / n))));
}

TEST(standard_deviation, is_the_oracles_to_2_to_the_minus_16) {
  for (const std::size_t size : rows::sizes) {
    rows::for_each(rows::proper, size, [&](const char* name, const rows::row& logits) {
      const urn::row_view row{logits};
      const kernel::row_spread s = urn::scalar.spread(row, urn::scalar.scan(row, {}));
      EXPECT_NEAR(kernel::standard_deviation(s), deviation(logits), 0x1p-16) << name << " of " << size;
    });
  }
}

TEST(standard_deviation, of_equal_logits_is_0) {
  for (const std::size_t size : {1U, 2U, 5000U}) {
    const rows::row logits(size, -7.3F);
    const urn::row_view row{logits};
    EXPECT_EQ(kernel::standard_deviation(urn::scalar.spread(row, urn::scalar.scan(row, {}))), 0.0);
  }
}

TEST(standard_deviation, of_the_most_tokens_as_far_away_as_they_can_be) {
  kernel::row_spread s;
  for (int i = 0; i < 1 << 22; ++i) {
    s.add(0);
    s.add(1U << 27);
  }
  EXPECT_EQ(kernel::standard_deviation(s), 1024.0);
}

}  // namespace
