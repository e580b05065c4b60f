#include "urn/kernel/simd/spread.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <vector>

#include "kernel/simd/seen_rows.hpp"

namespace {

namespace kernel = urn::kernel;
using seen::place, seen::simd;

void expect_same_spread(const place& at, const kernel::row_spread& a, const kernel::row_spread& b) {
  ASSERT_EQ(a.count, b.count) << at;
  ASSERT_EQ(a.sum, b.sum) << at;
  ASSERT_EQ(a.squares_low, b.squares_low) << at;
  ASSERT_EQ(a.squares_high, b.squares_high) << at;
}

TEST(simd_spread, is_that_of_scalar) {
  const auto expect = [](const place& at, const auto& row) {
    const kernel::row_scan scanned = urn::scalar.scan(row, {});
    if (has(scanned.status, urn::status::empty | urn::status::infinite)) return;
    expect_same_spread(at, simd.spread(row, scanned), urn::scalar.spread(row, scanned));
  };
  seen::each(expect);
  seen::each_kept(expect);
}

TEST(simd_select_reaching, keeps_what_the_scalar_kernel_keeps) {
  const auto expect = [](const place& at, const auto& row) {
    urn::workspace vectors{row.size(), 0}, plain{row.size(), 0};
    auto maxima = seen::maxima_for(row.size());
    for (const float least : {-rows::infinity, row.at(row.size() / 2), 14.0F}) {
      if (urn::exact::is_nan(least)) continue;
      const auto expected = urn::scalar.select_reaching(row, least, {}, plain);
      for (const auto& scanned : {simd.scan(row, maxima), simd.scan(row, {})}) {
        const auto found = simd.select_reaching(row, least, scanned, vectors);
        ASSERT_TRUE(std::ranges::equal(found.kept.ids, expected.kept.ids)) << at << ", " << least;
        ASSERT_TRUE(seen::same_bits(found.kept.logits, expected.kept.logits)) << at << ", " << least;
        ASSERT_EQ(found.status, expected.status) << at << ", " << least;
      }
    }
  };
  seen::each(expect);
  seen::each_kept(expect);
}

}  // namespace
