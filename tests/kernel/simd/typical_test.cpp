#include "urn/kernel/simd/typical.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernel/simd/seen_rows.hpp"
#include "urn/kernel/fraction.hpp"

namespace {

namespace kernel = urn::kernel;
using seen::place, seen::simd;

template <class Row>
void expect_same_typical(const place& at, const Row& row, const kernel::typical_aim& aim) {
  urn::workspace vectors{row.size(), 0}, plain{row.size(), 0};
  auto maxima = seen::maxima_for(row.size());
  const kernel::selection expected = urn::scalar.select_typical(row, aim, {}, plain);
  for (const kernel::row_scan& scanned : {simd.scan(row, maxima), simd.scan(row, {})}) {
    const kernel::selection found = simd.select_typical(row, aim, scanned, vectors);
    ASSERT_EQ(found.kept.size(), expected.kept.size())
        << at << ", target " << aim.target << " of " << aim.total;
    ASSERT_TRUE(std::ranges::equal(found.kept.ids, expected.kept.ids)) << at;
    ASSERT_TRUE(seen::same_bits(found.kept.logits, expected.kept.logits)) << at;
    ASSERT_EQ(found.status, expected.status) << at;
    if (found.mass == 0) continue;
    const kernel::row_mass kept = kernel::scalar::mass_of_kept(expected.kept, aim.c);
    ASSERT_EQ(found.mass, kept.total) << at;
    ASSERT_EQ(found.largest, kept.largest) << at;
  }
}

TEST(simd_select_typical, keeps_what_the_scalar_kernel_keeps) {
  std::size_t count = 0;
  const auto expect = [&](const place& at, const auto& row) {
    const float c = kernel::mass_scale(0.8F);
    const kernel::row_mass mass = kernel::scalar::mass_of_kept(row, c);
    if (!seen::has_distribution(mass)) return;
    const kernel::row_moments m = simd.moments(row, c, mass.key);
    for (const float p : {0.95F, 0.2F, 1.0F - 0x1p-24F}) {
      if (row.size() > 8000 && p != 0.95F) continue;
      const std::uint64_t target = kernel::ceil_share(m.mass, p);
      expect_same_typical(at, row, {c, mass.key, kernel::mean_depth(m), target, m.mass});
      ++count;
    }
  };
  seen::each(expect);
  EXPECT_GT(count, 3000U);
}

TEST(simd_select_typical, of_a_kept_set) {
  seen::each_kept([](const place& at, const urn::candidate_list& kept) {
    const float c = kernel::mass_scale(0.8F);
    const kernel::row_mass mass = kernel::scalar::mass_of_kept(kept, c);
    if (!seen::has_distribution(mass)) return;
    const kernel::row_moments m = urn::scalar.moments(kept, c, mass.key);
    for (const float p : {0.9F, 0.3F}) {
      const std::uint64_t target = kernel::ceil_share(m.mass, p);
      expect_same_typical(at, kept, {c, mass.key, kernel::mean_depth(m), target, m.mass});
    }
  });
}

/// What a range of totals and means does not change is what the true ones give; elsewhere it says nothing.
TEST(simd_select_typical, surely_keeps_what_the_scalar_kernel_keeps) {
  const float c = kernel::mass_scale(0.9F);
  rows::random_source random(3);
  std::size_t sure_of_flat = 0, sure_of_peaky = 0, unsure = 0, without_best = 0;
  for (std::size_t i = 0; i < 240; ++i) {
    const bool peaky = i % 2 == 0;
    rows::row logits = rows::normal(8192 + random.below(12000), random, 0.2F + 3 * random.uniform());
    for (std::size_t j = 0; peaky && j < 12; ++j)
      logits[random.below(logits.size())] = 9 + 5 * random.uniform();
    if (i % 5 == 0)
      std::ranges::transform(logits, logits.begin(), [](float l) { return std::round(l * 8) / 8; });
    const urn::row_view row{logits};
    std::vector<urn::block_mass> blocks(urn::block_count(row.size()));
    auto maxima = seen::maxima_for(row.size());
    const kernel::row_mass mass = simd.mass(row, c, blocks, maxima);
    kernel::mass_range range = kernel::range_of(mass, blocks, row.size());
    const kernel::row_moments m = simd.moments(row, c, mass.key);
    ASSERT_LE(range.least, m.mass);
    ASSERT_GE(range.most, m.mass);
    if (i / 2 % 3 == 1) range.least -= m.mass >> 9;  // true as well, and a mean beside the true one
    if (i / 2 % 3 == 2) range.most += m.mass >> (peaky ? 5 : 12);
    const float p = !peaky || i % 3 == 0 ? 0.95F : random.uniform();
    const auto aim = [&](std::uint64_t total, std::int64_t middle) {
      return kernel::typical_aim{c, mass.key, middle, kernel::ceil_share(total, p), total, i % 7 == 0};
    };
    const kernel::typical_doubt doubt{aim(range.most, 0), range.least, p};
    urn::workspace vectors{row.size(), 0}, plain{row.size(), 0};
    const auto found = simd.select_typical_surely(row, doubt, kernel::scan_of(mass), vectors);
    ++(!found ? unsure : peaky ? sure_of_peaky : sure_of_flat);
    if (!found) continue;
    without_best += !peaky && found->largest == 0 ? 1U : 0U;
    const auto expected = urn::scalar.select_typical(row, aim(m.mass, kernel::mean_depth(m)), {}, plain);
    ASSERT_TRUE(std::ranges::equal(found->kept.ids, expected.kept.ids)) << i;
    ASSERT_TRUE(seen::same_bits(found->kept.logits, expected.kept.logits)) << i;
    const kernel::row_mass kept = kernel::scalar::mass_of_kept(expected.kept, c);
    ASSERT_TRUE(found->mass == 0 || found->mass == kept.total) << i;
    ASSERT_TRUE(found->largest == 0 || found->largest == kept.largest) << i;
  }
  EXPECT_GT(sure_of_flat, 5U);
  EXPECT_GT(without_best, 5U);
  EXPECT_GT(sure_of_peaky, 20U);
  EXPECT_GT(unsure, 40U);
}

/// A sample takes the first 64 of every 512, which here are unlike the others.
TEST(simd_select_typical, where_a_sample_misleads) {
  const float c = kernel::mass_scale(1.0F);
  rows::random_source random(2);
  for (const float lead : {-8.0F, -1.0F, 0.0F, 1.0F, 8.0F}) {
    rows::row logits = rows::normal(30000, random, 2.0F);
    for (std::size_t i = 0; i < logits.size(); ++i) logits[i] += i % 512 < 64 ? lead : 0.0F;
    const urn::row_view row{logits};
    const kernel::row_mass mass = kernel::scalar::mass_of_kept(row, c);
    const kernel::row_moments m = simd.moments(row, c, mass.key);
    for (const float p : {0.05F, 0.5F, 0.95F, 0.9999F}) {
      const std::uint64_t target = kernel::ceil_share(m.mass, p);
      expect_same_typical({"misleading", "floats", row.size()}, row,
                          {c, mass.key, kernel::mean_depth(m), target, m.mass});
    }
  }
}

/// Any middle, so that tokens on both sides have one score; some rows are long enough for a sample.
/// The logit that is found is within, and the float below it is not, unless that has no mass.
TEST(simd_select_typical, the_least_logit_within_a_depth) {
  std::size_t at_the_end = 0, inside = 0;
  for (const float temperature : {1e-3F, 0.7F, 1.0F, 3.0F, 1e4F}) {
    for (const float largest : {-300.0F, -1.5F, 0.0F, 14.25F, 1e4F}) {
      kernel::typical_aim aim{};
      aim.c = kernel::mass_scale(temperature);
      aim.row_key = kernel::exponent_bits(largest, aim.c);
      const float least = kernel::simd::least_with_mass(aim);
      for (std::int64_t deepest = -70'000; deepest < std::int64_t{42} << 16; deepest += 33'333) {
        const auto is_within = [&](float l) {
          const auto above = static_cast<std::int32_t>(kernel::exponent_bits(l, aim.c) - aim.row_key);
          return above > 0 || kernel::depth_of(l, aim.c, aim.row_key) <= deepest;
        };
        const float found = kernel::simd::least_within(aim, deepest, least);
        ASSERT_GE(found, least);
        ASSERT_TRUE(is_within(found)) << temperature << ", " << largest << ", " << deepest;
        const bool is_end = urn::exact::bits(found) == urn::exact::bits(least);
        (is_end ? at_the_end : inside) += 1;
        if (is_end) continue;
        const float before = std::nextafter(found, urn::exact::minus_infinity);
        ASSERT_FALSE(is_within(before)) << temperature << ", " << largest << ", " << deepest;
      }
    }
  }
  EXPECT_GT(inside, 1'000U);
  EXPECT_GT(at_the_end, 10U);
}

TEST(simd_select_typical, of_ties_on_both_sides) {
  rows::random_source random(1);
  const float c = kernel::mass_scale(1.0F);
  for (int i = 0; i < 300; ++i) {
    rows::row logits(1 + random.below(i % 15 == 0 ? 30000 : 3000));
    for (float& l : logits) l = static_cast<float>(random.below(9)) * 0.6931472F;
    const urn::row_view row{logits};
    const kernel::row_mass mass = kernel::scalar::mass_of_kept(row, c);
    const kernel::row_moments m = urn::scalar.moments(row, c, mass.key);
    const std::int64_t middle = static_cast<std::int64_t>(random.below(17)) << 15;
    const std::uint64_t target = kernel::ceil_share(m.mass, random.uniform());
    for (const bool ties : {false, true}) {
      expect_same_typical({"ties", "floats", logits.size()}, row,
                          {c, mass.key, middle, target, m.mass, ties});
    }
  }
}

}  // namespace
