#include "urn/kernel/simd/mass.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernel/simd/seen_rows.hpp"

namespace {

namespace kernel = urn::kernel;
using L = seen::lanes;
using seen::place, seen::simd;

/// The largest logit of each strip that survives, else -inf.
void expect_maxima(const place& at, const urn::any_row& row, std::span<const float> maxima) {
  ASSERT_EQ(maxima.size(), urn::strip_count(row.size())) << at;
  for (std::size_t s = 0; s < maxima.size(); ++s) {
    float largest = -rows::infinity;
    for (std::size_t i = s * urn::strip_size; i < std::min((s + 1) * urn::strip_size, row.size()); ++i) {
      const float l = row.at(i);
      if (l > largest) largest = l;
    }
    ASSERT_EQ(maxima[s], largest) << at << ", strip " << s;
  }
}

void expect_same(const place& at, const kernel::row_scan& a, const kernel::row_scan& b) {
  ASSERT_EQ(a.status, b.status) << at;
  if (urn::has(a.status, urn::status::empty)) return;
  ASSERT_EQ(a.largest, b.largest) << at;
}

TEST(scan, finds_the_scalar_kernels_largest_logit) {
  seen::each([](const place& at, const auto& row) {
    const urn::any_row any{row};
    const kernel::row_scan expected = kernel::scalar::scan(any);
    std::vector<float> maxima = seen::maxima_for(row.size());
    const kernel::row_scan found = simd.scan(row, maxima);
    expect_same(at, found, expected);
    ASSERT_EQ(found.maxima.data(), maxima.data());
    expect_maxima(at, any, found.maxima);
    const kernel::row_scan alone = simd.scan(row, {});
    expect_same(at, alone, expected);
    ASSERT_TRUE(alone.maxima.empty());
  });
  seen::each_kept([](const place& at, urn::candidate_list kept) {
    expect_same(at, simd.scan(kept, {}), kernel::scalar::scan(kept));
  });
}

/// Bans, raises above all others, lowers or makes NaN of what it touches.
struct upset {
  std::uint32_t kinds;
  float operator()(float l, std::uint32_t value) const {
    switch (value % kinds) {
      case 0: return -rows::infinity;
      case 1: return l - 3.0F;
      case 2: return l + 40.0F;
      case 3: return rows::infinity;
      default: return rows::nan;
    }
  }
};

// A row with few edits is looked at below them first: as if each block were edited, which any_row makes of
// it.
TEST(scan, of_a_row_with_few_edits_is_the_same) {
  const auto expect_as_edited = [](const place& at, const auto& row) {
    const urn::any_row any{row};
    std::vector<float> maxima = seen::maxima_for(row.size());
    const kernel::row_scan found = simd.scan(row, maxima);
    expect_same(at, found, kernel::scalar::scan(any));
    ASSERT_EQ(found.maxima.data(), maxima.data());
    expect_maxima(at, any, found.maxima);
  };
  for (const std::size_t size : {std::size_t{1}, std::size_t{300}, std::size_t{5000}}) {
    seen::families(size, [&](const char* family, const rows::row& logits) {
      const urn::row_view plain{logits};
      const auto best = static_cast<std::size_t>(std::ranges::max_element(logits) - logits.begin());
      const std::vector<urn::touched_token> touched[] = {
          {}, {{static_cast<urn::token_id>(best), 0}}, seen::touched_of(size)};
      for (const std::uint32_t kinds : {1U, 2U, 3U, 4U, 5U}) {
        const upset edit{kinds};
        for (const auto& inner : touched) {
          const urn::sparse_row once(plain, edit, inner, 1.0F);
          expect_as_edited({family, "sparse edit", size}, once);
          for (const auto& outer : touched) {
            expect_as_edited({family, "two sparse edits", size}, urn::sparse_row(once, edit, outer, 1.0F));
            expect_as_edited({family, "two at 0.7", size}, urn::sparse_row(once, edit, outer, 0.7F));
          }
        }
      }
    });
  }
}

// The sum of a block with infinities of both signs is NaN as well.
TEST(scan, tells_a_nan_from_infinities) {
  for (const std::size_t size : {std::size_t{700}, std::size_t{5000}}) {
    rows::random_source random(1);
    const rows::row finite = rows::normal(size, random, 2);
    for (const std::size_t place : {std::size_t{0}, std::size_t{255}, std::size_t{699}, size - 1}) {
      rows::row row = finite;
      row[size / 2] = -rows::infinity;
      row[size / 2 + 1] = rows::infinity;
      std::vector<urn::block_mass> blocks(urn::block_count(size));
      const auto has_nan = [&] {
        const urn::row_view<float> view(row);
        const bool seen = urn::has(simd.scan(view, {}).status, urn::status::nan);
        EXPECT_EQ(urn::has(simd.mass(view, 1.0F, blocks, {}).status, urn::status::nan), seen);
        return seen;
      };
      EXPECT_FALSE(has_nan()) << place;
      row[place] = -rows::nan;
      EXPECT_TRUE(has_nan()) << place;
      row = finite;
      row[place] = rows::nan;
      EXPECT_TRUE(has_nan()) << place;
    }
  }
}

TEST(max, is_the_scalar_kernels) {
  const auto expect = [](const place& at, const auto& row) {
    const kernel::row_max expected = kernel::scalar::max(urn::any_row{row});
    std::vector<float> maxima = seen::maxima_for(row.size());
    for (const kernel::row_scan& scanned : {simd.scan(row, maxima), simd.scan(row, {})}) {
      const kernel::row_max best = simd.max(row, scanned);
      ASSERT_EQ(best.key, expected.key) << at;
      ASSERT_EQ(best.status, expected.status) << at;
    }
  };
  seen::each(expect);
  seen::each_kept(expect);
}

void expect_same(const place& at, const kernel::row_mass& a, const kernel::row_mass& b) {
  ASSERT_EQ(a.status, b.status) << at;
  ASSERT_EQ(a.key, b.key) << at;
  ASSERT_EQ(a.total, b.total) << at;
  if (urn::has(a.status, urn::status::empty)) return;
  ASSERT_EQ(a.largest, b.largest) << at;
}

TEST(mass, is_the_scalar_kernels_block_by_block) {
  seen::each([](const place& at, const auto& row) {
    const urn::any_row any{row};
    std::vector<urn::block_mass> blocks(urn::block_count(row.size()));
    std::vector<urn::block_mass> expected_blocks(blocks.size());
    for (const float temperature : {1.0F, 0.6F, 1e-3F}) {
      const float c = kernel::mass_scale(temperature);
      const kernel::row_mass expected = kernel::scalar::mass(any, c, expected_blocks);
      std::vector<float> maxima = seen::maxima_for(row.size());
      const kernel::row_mass found = simd.mass(row, c, blocks, maxima);
      expect_same(at, found, expected);
      expect_maxima(at, any, found.maxima);
      expect_same(at, simd.mass(row, c, blocks, {}), expected);
      for (std::size_t b = 0; b < blocks.size(); ++b) {
        ASSERT_EQ(blocks[b].key, expected_blocks[b].key) << at << ", block " << b;
        ASSERT_EQ(blocks[b].mass, expected_blocks[b].mass) << at << ", block " << b;
      }
      if (row.size() > 20000) break;
    }
  });
}

TEST(mass_of_kept, is_the_scalar_kernels) {
  seen::each_kept([](const place& at, urn::candidate_list kept) {
    for (const float temperature : {1.0F, 0.6F, 1e-3F}) {
      const float c = kernel::mass_scale(temperature);
      expect_same(at, simd.mass_of_kept(kept, c, simd.scan(kept, {})), kernel::scalar::mass_of_kept(kept, c));
    }
  });
  const urn::candidate_list none{};
  EXPECT_EQ(simd.mass_of_kept(none, 1.0F, simd.scan(none, {})).status, urn::status::empty);
}

TEST(sum_in_row, adds_the_masses_of_single_tokens_in_any_unit) {
  rows::random_source random(1);
  for (std::size_t size = 0; size < 200; ++size) {
    rows::row logits = rows::normal(size, random, 8);
    if (size > 3) logits[1] = -rows::infinity, logits[2] = rows::nan, logits[3] = -1e30F;
    const float c = kernel::mass_scale(0.3F + random.uniform());
    const std::uint32_t key = kernel::block_key(24.0F + random.normal(8), c);
    std::uint64_t sum = 0;
    for (const float l : logits) sum += kernel::mass_in_row(l, c, key);
    ASSERT_EQ(kernel::simd::sum_in_row<L>(logits.data(), size, c, key), sum) << size;
  }
}

// Lanes of 32 bits hold the sum of a block of equal logits only by halves.
TEST(mass_of_block, has_room_for_a_block_of_the_largest_masses) {
  const float c = 1.0F;
  const float largest = 0.49999997F;
  const rows::row logits(urn::block_size, largest);
  const std::uint32_t key = kernel::block_key(largest, c);
  const std::uint64_t one = kernel::mass_in_block(largest, c, key);
  ASSERT_GT(one, 0xFFFF0000U);
  EXPECT_EQ(kernel::simd::mass_of_block<L>(logits.data(), c, key), urn::block_size * one);
}

// Their averages are rounded most where one of two upper halves is odd.
TEST(mass_of_block, is_exact_however_averages_are_rounded) {
  rows::random_source random(2);
  for (int round = 0; round < 200; ++round) {
    rows::row logits = rows::normal(urn::block_size, random, round % 2 == 0 ? 0.1F : 6.0F);
    if (round % 4 == 0) {
      for (std::size_t i = 0; i < logits.size(); ++i) logits[i] = logits[(i & 64U) != 0 ? 1 : 0];
    }
    const float c = kernel::mass_scale(0.7F);
    const std::uint32_t key = kernel::block_key(*std::ranges::max_element(logits), c);
    std::uint64_t sum = 0;
    for (const float l : logits) sum += kernel::mass_in_block(l, c, key);
    ASSERT_EQ(kernel::simd::mass_of_block<L>(logits.data(), c, key), sum) << round;
  }
}

}  // namespace
