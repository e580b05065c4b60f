#include "urn/kernel/scalar/moments.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "support/oracle.hpp"
#include "support/rows.hpp"

namespace {

namespace kernel = urn::kernel;
namespace definition = oracle::definition;
__extension__ using wide = __int128;

std::uint32_t key_of(const rows::row& logits, float c) {
  return definition::key_of(definition::largest(logits), c);
}

TEST(row_moments, sum_in_128_bits) {
  rows::random_source random(1);
  kernel::row_moments m;
  wide depth = 0;
  std::uint64_t mass = 0;
  for (int i = 0; i < 100000; ++i) {
    const std::uint64_t v = random.bits() >> 23;
    const auto d = static_cast<std::int64_t>(random.below(42 << 16)) - (1 << 15);
    m.add(v, d);
    mass += v;
    depth += static_cast<wide>(v) * d;
  }
  EXPECT_EQ(m.mass, mass);
  EXPECT_EQ(m.depth_low, static_cast<std::uint64_t>(depth));
  EXPECT_EQ(m.depth_high, static_cast<std::int64_t>(depth >> 64));
}

TEST(row_moments, may_be_negative) {
  kernel::row_moments m;
  m.add(3, -5);
  EXPECT_EQ(m.depth_low, 0ULL - 15);
  EXPECT_EQ(m.depth_high, -1);
  m.add(15, 1);
  EXPECT_EQ(m.depth_low, 0U);
  EXPECT_EQ(m.depth_high, 0);
}

TEST(depth_of, is_how_far_below_the_unit_in_2_to_the_minus_16_bits) {
  const std::uint32_t unit = kernel::magic_bits;
  EXPECT_EQ(kernel::depth_of(0.0F, 1.0F, unit), 0);
  EXPECT_EQ(kernel::depth_of(-1.0F, 1.0F, unit), 1 << 16);
  EXPECT_EQ(kernel::depth_of(0.25F, 1.0F, unit), -(1 << 14));
  EXPECT_EQ(kernel::depth_of(-20.75F, 1.0F, unit), (20 << 16) + (3 << 14));
  EXPECT_EQ(kernel::depth_of(5.0F, 1.0F, unit + 7), 2 << 16);
  rows::random_source random(2);
  for (int i = 0; i < 100000; ++i) {
    const float c = kernel::mass_scale(0.5F + random.uniform());
    const float l = random.normal(2);  // l * c < 40
    const double power = static_cast<double>(l) * static_cast<double>(c) * 65536;
    const auto depth = static_cast<double>(kernel::depth_of(l, c, unit + 40));
    ASSERT_LE(std::fabs(depth - (40.0 * 65536 - power)), 0.5 + 1e-2) << l;
  }
}

TEST(moments, are_the_sums_over_the_row) {
  for (const std::size_t size : rows::small_sizes) {
    rows::for_each(rows::proper, size, [](const char* name, const rows::row& logits) {
      const float c = kernel::mass_scale(0.8F);
      const std::uint32_t key = key_of(logits, c);
      const kernel::row_moments m = kernel::scalar::moments(urn::row_view{logits}, c, key);
      std::uint64_t mass = 0;
      wide depth = 0;
      for (const float l : logits) {
        const std::uint64_t v = definition::in_row(l, c, key);
        if (v == 0) continue;
        const definition::weight w = definition::weigh(l, c);
        const float f = std::fma(l, c, -(w.t - 12582912.0F));
        const auto n = static_cast<std::int64_t>(key) - std::bit_cast<std::uint32_t>(w.t);
        mass += v;
        depth += static_cast<wide>(v) * ((n << 16) - std::lrint(static_cast<double>(f) * 65536));
      }
      ASSERT_EQ(m.mass, mass) << name;
      ASSERT_EQ(m.depth_low, static_cast<std::uint64_t>(depth)) << name;
      ASSERT_EQ(m.depth_high, static_cast<std::int64_t>(depth >> 64)) << name;
    });
  }
}

void expect_entropy(const char* name, const rows::row& logits, float temperature) {
  const float c = kernel::mass_scale(temperature);
  const double h = kernel::entropy(kernel::scalar::moments(urn::row_view{logits}, c, key_of(logits, c)));
  EXPECT_NEAR(h, oracle::entropy(oracle::softmax(logits, temperature)), 1e-5)
      << name << " of " << logits.size();
}

TEST(entropy, is_the_oracles_within_1e_5) {
  for (const std::size_t size : rows::sizes) {
    for (const float temperature : {0.5F, 1.0F, 2.0F}) {
      const auto expect = [&](const char* name, const rows::row& logits) {
        expect_entropy(name, logits, temperature);
      };
      rows::for_each(rows::proper, size, expect);
      rows::for_each(rows::tails, size, expect);
    }
  }
}

// Where truncation takes most: a tail whose tokens are just under one unit, or two.
TEST(entropy, is_the_oracles_within_1e_5_for_long_tails) {
  for (float gap = 24; gap < 30; gap += 0.125F) {
    expect_entropy("tail", rows::headed(262144, 262144, gap), 1.0F);
  }
}

TEST(entropy, of_n_equal_tokens_is_ln_n) {
  for (const std::size_t n : {1U, 2U, 1000U, 262144U}) {
    const rows::row logits(n, 0.7F);
    const float c = kernel::mass_scale(1.0F);
    const double h = kernel::entropy(kernel::scalar::moments(urn::row_view{logits}, c, key_of(logits, c)));
    EXPECT_NEAR(h, std::log(static_cast<double>(n)), 1e-5);
    EXPECT_GE(h, 0.0);
  }
}

// As of masses, so of moments: those of parts add up.
TEST(moments, of_shards_add_up) {
  rows::random_source random(3);
  const rows::row logits = rows::normal(5000, random, 3);
  const float c = kernel::mass_scale(1.0F);
  const std::uint32_t key = key_of(logits, c);
  const kernel::row_moments whole = kernel::scalar::moments(urn::row_view{logits}, c, key);
  kernel::row_moments sum;
  for (std::size_t first = 0; first < 5000; first += 1250) {
    const auto part = kernel::scalar::moments(urn::row_view{std::span(logits).subspan(first, 1250)}, c, key);
    const wide depth = ((static_cast<wide>(sum.depth_high) << 64) | sum.depth_low) +
                       ((static_cast<wide>(part.depth_high) << 64) | part.depth_low);
    sum.mass += part.mass;
    sum.depth_low = static_cast<std::uint64_t>(depth);
    sum.depth_high = static_cast<std::int64_t>(depth >> 64);
  }
  EXPECT_EQ(sum.mass, whole.mass);
  EXPECT_EQ(sum.depth_low, whole.depth_low);
  EXPECT_EQ(sum.depth_high, whole.depth_high);
}

}  // namespace
