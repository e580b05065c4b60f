#include "urn/kernel/block_mass.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cfloat>
#include <cmath>
#include <cstdint>

#include "support/oracle.hpp"
#include "support/rows.hpp"

namespace {

namespace kernel = urn::kernel;
namespace definition = oracle::definition;

struct entry {
  std::uint32_t argument, result;
};

std::uint32_t bits(float x) { return std::bit_cast<std::uint32_t>(x); }

// Literal, so that no change of the definition goes unseen.
TEST(power_of_two, has_these_bits) {
  for (const entry& e :
       {entry{0x00000000U, 0x3FB504F4U}, entry{0x80000000U, 0x3FB504F4U}, entry{0x3F000000U, 0x3FFFFFFEU},
        entry{0xBF000000U, 0x3F800000U}, entry{0x3E800000U, 0x3FD744FCU}, entry{0xBE800000U, 0x3F9837F0U},
        entry{0x3EAAAAABU, 0x3FE411F0U}, entry{0xBEAAAAABU, 0x3F8FACD6U}, entry{0x3DCCCCCDU, 0x3FC20300U},
        entry{0xBDCCCCCDU, 0x3FA8E5A3U}, entry{0x3A83126FU, 0x3FB52516U}, entry{0xBA83126FU, 0x3FB4E4D8U},
        entry{0x00000001U, 0x3FB504F4U}, entry{0x3EFFFFFFU, 0x3FFFFFFEU}, entry{0xBEFFFFFFU, 0x3F800000U},
        entry{0x3E9A209BU, 0x3FDF0526U}, entry{0xBEE51C28U, 0x3F84BEDDU}}) {
    const auto f = std::bit_cast<float>(e.argument);
    EXPECT_EQ(bits(kernel::power_of_two(f)), e.result) << f;
    EXPECT_EQ(bits(definition::power(f)), e.result) << f;
  }
}

/// Relative errors of P over the floats whose bits are first, first + stride, ... up to last, of either sign.
struct error_range {
  double least = 0;
  double greatest = 0;
  bool inside = true;

  void add(float f) {
    const float p = kernel::power_of_two(f);
    const double relative = static_cast<double>(p) / std::exp2(static_cast<double>(f) + 0.5) - 1;
    least = std::min(least, relative);
    greatest = std::max(greatest, relative);
    inside = inside && p >= 1.0F && p < 2.0F;
  }
  void add_bits(std::uint32_t first, std::uint32_t last, std::uint32_t stride) {
    for (std::uint32_t b = first; b <= last; b += stride) {
      add(std::bit_cast<float>(b));
      add(std::bit_cast<float>(b | 0x80000000U));
    }
  }
};

// Over all 2^31 floats the errors lie in [-1.4484e-7, 1.6216e-7]: around their middle, a factor that cancels
// from every share, within 1.54e-7.
TEST(power_of_two, stays_near_2_to_the_f_plus_a_half) {
  error_range errors;
  errors.add_bits(0x3C000000U, 0x3F000000U, 101);   // binades from 2^-7 to 1/2: 500,000 floats each sign
  errors.add_bits(0x00000000U, 0x3C000000U, 8191);  // every binade below: 1000 each
  errors.add(0.5F);
  errors.add(-0.5F);
  EXPECT_TRUE(errors.inside);
  EXPECT_GE(errors.least, -1.45e-7);
  EXPECT_LE(errors.greatest, 1.622e-7);
  EXPECT_LE((errors.greatest - errors.least) / 2, 1.54e-7);
}

TEST(mass_scale, is_log2_e_over_t) {
  EXPECT_EQ(bits(kernel::mass_scale(1.0F)), 0x3FB8AA3BU);
  EXPECT_EQ(bits(kernel::unit_scale), 0x3FB8AA3BU);
  EXPECT_EQ(bits(kernel::mass_scale(0.5F)), 0x4038AA3BU);
  EXPECT_EQ(bits(kernel::mass_scale(0.7F)), bits(static_cast<float>(1.4426950408889634 / 0.7F)));
  EXPECT_EQ(kernel::mass_scale(rows::infinity), 0.0F);
  for (float t = 1e-5F; t < 1e5F; t *= 1.01F) ASSERT_EQ(kernel::mass_scale(t), definition::scale(t)) << t;
}

TEST(exponent_bits, is_the_rounded_power_in_the_low_bits) {
  for (float l = -200; l < 200; l += 0.37F) {
    const float c = kernel::mass_scale(0.9F);
    const auto n = static_cast<std::int32_t>(kernel::exponent_bits(l, c) - kernel::magic_bits);
    ASSERT_EQ(n, std::lrint(static_cast<double>(l) * static_cast<double>(c)));
  }
}

TEST(block_key, has_these_bits) {
  EXPECT_EQ(kernel::block_key(0.0F, 1.0F), 0x4B400000U);
  EXPECT_EQ(kernel::block_key(-0.0F, 1.0F), 0x4B400000U);
  EXPECT_EQ(kernel::block_key(0.5F, 1.0F), 0x4B400000U);  // ties to even
  EXPECT_EQ(kernel::block_key(1.5F, 1.0F), 0x4B400002U);
  EXPECT_EQ(kernel::block_key(-1.5F, 1.0F), 0x4B3FFFFEU);
  EXPECT_EQ(kernel::block_key(10.0F, kernel::mass_scale(1.0F)), 0x4B40000EU);
}

TEST(block_key, ends_at_2_to_the_22) {
  EXPECT_EQ(kernel::block_key(-0x1p22F, 1.0F), 0x4B000000U);
  EXPECT_EQ(kernel::block_key(-4194305.0F, 1.0F), kernel::no_mass_key);
  EXPECT_EQ(kernel::block_key(0x1p22F, 1.0F), kernel::unbounded_key);
  EXPECT_EQ(kernel::block_key(4194303.0F, 1.0F), 0x4B7FFFFFU);
  for (const float huge : {1e30F, FLT_MAX, rows::infinity}) {
    EXPECT_EQ(kernel::block_key(huge, 1.4F), kernel::unbounded_key);
    EXPECT_EQ(kernel::block_key(-huge, 1.4F), kernel::no_mass_key);
  }
  rows::random_source random(1);
  for (int i = 0; i < 100000; ++i) {
    const auto l = std::bit_cast<float>(static_cast<std::uint32_t>(random.bits()));
    if (std::isnan(l)) continue;
    ASSERT_EQ(kernel::block_key(l, 1.4F), definition::key_of(l, 1.4F)) << l;
  }
}

TEST(in_range, ends_at_2_to_the_21) {
  EXPECT_TRUE(kernel::in_range(kernel::magic_bits));
  EXPECT_TRUE(kernel::in_range(kernel::magic_bits + (1U << 21)));
  EXPECT_TRUE(kernel::in_range(kernel::magic_bits - (1U << 21)));
  EXPECT_FALSE(kernel::in_range(kernel::magic_bits + (1U << 21) + 1));
  EXPECT_FALSE(kernel::in_range(kernel::magic_bits - (1U << 21) - 1));
  EXPECT_FALSE(kernel::in_range(kernel::no_mass_key));
  EXPECT_FALSE(kernel::in_range(kernel::unbounded_key));
}

TEST(mass_in_block, of_the_largest_is_its_mantissa) {
  EXPECT_EQ(kernel::mass_in_block(0.0F, 1.0F, kernel::magic_bits), 0xB504F400U);
  EXPECT_EQ(kernel::mass_in_block(1.0F, 1.0F, kernel::magic_bits + 1), 0xB504F400U);
  EXPECT_EQ(kernel::mass_in_block(0.0F, 1.0F, kernel::magic_bits + 1), 0xB504F400U >> 1);
  EXPECT_EQ(kernel::mass_in_block(0.0F, 1.0F, kernel::magic_bits + 31), 1U);
  EXPECT_EQ(kernel::mass_in_block(0.0F, 1.0F, kernel::magic_bits + 32), 0U);
}

TEST(mass_in_row, has_nine_bits_more) {
  EXPECT_EQ(kernel::mass_in_row(0.0F, 1.0F, kernel::magic_bits), 0xB504F400ULL << 9);
  EXPECT_EQ(kernel::mass_in_row(0.0F, 1.0F, kernel::magic_bits + 9), 0xB504F400ULL);
  EXPECT_EQ(kernel::mass_in_row(0.0F, 1.0F, kernel::magic_bits + 40), 1U);
  EXPECT_EQ(kernel::mass_in_row(0.0F, 1.0F, kernel::magic_bits + 41), 0U);
}

TEST(block_in_row, shifts_by_the_distance_of_the_keys) {
  EXPECT_EQ(kernel::block_in_row(5, 100, 100), 5U << 9);
  EXPECT_EQ(kernel::block_in_row(5, 100, 109), 5U);
  EXPECT_EQ(kernel::block_in_row(5, 100, 111), 1U);
  EXPECT_EQ(kernel::block_in_row((1ULL << 42) - 1, 100, 100), ((1ULL << 42) - 1) << 9);
  EXPECT_EQ(kernel::block_in_row((1ULL << 42) - 1, 100, 150), 1U);
  EXPECT_EQ(kernel::block_in_row((1ULL << 42) - 1, 100, 164), 0U);
  EXPECT_EQ(kernel::block_in_row(~0ULL >> 22, 0, kernel::magic_bits), 0U);
}

// Any float under any key that can be a row's: masked, NaN, far too small or below the block's range.
TEST(masses, are_those_of_the_definition) {
  rows::random_source random(2);
  for (int i = 0; i < 300000; ++i) {
    const float c = kernel::mass_scale(0.3F + random.uniform());
    float l = random.normal(10);
    if (i % 4 == 0) l = std::bit_cast<float>(static_cast<std::uint32_t>(random.bits()));
    const float largest = random.normal(3) + (std::isfinite(l) && std::fabs(l) < 1e6F ? l : 0.0F) + 20.0F;
    if (largest < l) continue;  // a row's largest logit is not below another
    const std::uint32_t key = kernel::block_key(largest, c);
    ASSERT_EQ(kernel::mass_in_block(l, c, key), definition::in_block(l, c, key)) << l << " " << largest;
    ASSERT_EQ(kernel::mass_in_row(l, c, key), definition::in_row(l, c, key)) << l << " " << largest;
  }
}

}  // namespace
