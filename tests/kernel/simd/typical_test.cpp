#include "urn/kernel/simd/typical.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

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
