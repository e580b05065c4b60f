#include "urn/core/order_key.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "support/oracle.hpp"
#include "support/rows.hpp"

namespace {

constexpr std::int32_t largest_id = 0x7FFFFFFF;

// Every 4097th float, and where kinds of floats meet.
std::vector<float> floats() {
  std::vector<float> some{0.0F,    -0.0F,    FLT_MIN,        -FLT_MIN,        0x1p-149F, -0x1p-149F,
                          FLT_MAX, -FLT_MAX, rows::infinity, -rows::infinity, rows::nan, -rows::nan};
  for (std::uint64_t b = 0; b < (1ULL << 32); b += 4097) {
    some.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(b)));
  }
  return some;
}

TEST(ordered, sorts_as_floats_do) {
  std::vector<float> some = floats();
  std::erase_if(some, [](float x) { return std::isnan(x); });
  std::sort(some.begin(), some.end());
  for (std::size_t i = 1; i < some.size(); ++i) {
    ASSERT_EQ(urn::ordered(some[i - 1]) < urn::ordered(some[i]), some[i - 1] < some[i])
        << some[i - 1] << " " << some[i];
    ASSERT_LE(urn::ordered(some[i - 1]), urn::ordered(some[i]));
  }
}

TEST(ordered, puts_nan_below_all) {
  for (const std::uint32_t b :
       {0x7F800001U, 0x7FC00000U, 0x7FFFFFFFU, 0xFF800001U, 0xFFC00000U, 0xFFFFFFFFU}) {
    EXPECT_EQ(urn::ordered(std::bit_cast<float>(b)), 0U);
  }
  EXPECT_GT(urn::ordered_minus_infinity, 0U);
  EXPECT_EQ(urn::ordered(-rows::infinity), urn::ordered_minus_infinity);
  EXPECT_EQ(urn::ordered(rows::infinity), urn::ordered_infinity);
}

TEST(ordered, takes_the_zeros_for_equal) { EXPECT_EQ(urn::ordered(-0.0F), urn::ordered(0.0F)); }

TEST(survives, unless_nan_or_minus_infinity) {
  for (const float x : floats()) ASSERT_EQ(urn::survives(x), oracle::survives(x)) << x;
}

TEST(order_key, gives_back_its_parts) {
  for (const float x : floats()) {
    if (std::isnan(x)) continue;
    for (const urn::token_id id : {0, 1, 262143, largest_id}) {
      const std::uint64_t key = urn::order_key(x, id);
      ASSERT_EQ(urn::id_of(key), id);
      ASSERT_EQ(std::bit_cast<std::uint32_t>(urn::logit_of(key)), std::bit_cast<std::uint32_t>(x + 0.0F));
    }
  }
}

TEST(order_key, prefers_the_lower_id_among_equals) {
  EXPECT_GT(urn::order_key(1.5F, 0), urn::order_key(1.5F, 1));
  EXPECT_GT(urn::order_key(-0.0F, 7), urn::order_key(0.0F, 8));
  EXPECT_GT(urn::order_key(0.0F, 7), urn::order_key(-0.0F, 8));
  EXPECT_GT(urn::order_key(-rows::infinity, 3), urn::order_key(-rows::infinity, largest_id));
  EXPECT_GT(urn::order_key(1.5F, largest_id), urn::order_key(std::nextafter(1.5F, 0.0F), 0));
  EXPECT_GT(urn::order_key(-FLT_MAX, largest_id), urn::order_key(rows::nan, 0));
}

TEST(order_key, descends_in_the_order_of_candidates) {
  rows::for_each(rows::proper, 4096, [](const char* name, const rows::row& logits) {
    std::vector<std::uint64_t> keys;
    for (std::size_t i = 0; i < logits.size(); ++i) {
      if (urn::survives(logits[i])) keys.push_back(urn::order_key(logits[i], static_cast<urn::token_id>(i)));
    }
    std::sort(keys.rbegin(), keys.rend());
    oracle::ids ids;
    for (const std::uint64_t key : keys) ids.push_back(urn::id_of(key));
    EXPECT_EQ(ids, oracle::order(logits)) << name;
  });
}

}  // namespace
