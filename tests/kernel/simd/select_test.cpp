#include "urn/kernel/simd/select.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernel/simd/seen_rows.hpp"
#include "urn/kernel/fraction.hpp"

namespace {

namespace kernel = urn::kernel;
using seen::place, seen::simd;
using urn::status;

/// What it says of the kept set's largest logit is so.
void expect_largest(const place& at, const kernel::selection& s) {
  if (s.largest == 0) return;
  ASSERT_EQ(s.largest, kernel::scalar::scan(s.kept).largest) << at;
}
void expect_mass(const place& at, const kernel::selection& s, float c, std::uint32_t key) {
  std::uint64_t sum = 0;
  for (const float l : s.kept.logits) sum += kernel::mass_in_row(l, c, key);
  if (s.mass == 0) return;
  ASSERT_EQ(s.mass, sum) << at;
}
void expect_same(const place& at, const kernel::selection& a, const kernel::selection& b) {
  ASSERT_TRUE(std::ranges::equal(a.kept.ids, b.kept.ids))
      << at << ": " << a.kept.size() << ", not " << b.kept.size();
  ASSERT_TRUE(seen::same_bits(a.kept.logits, b.kept.logits)) << at;
  ASSERT_EQ(a.status, b.status) << at;
  expect_largest(at, a);
}

/// A row for both kinds of kernels, each with memory of its own.
template <class Row>
struct row_for_both {
  place at;
  const Row& row;
  urn::any_row any{row};
  std::vector<float> maxima = seen::maxima_for(row.size());
  urn::workspace vectors{row.size(), 0};
  urn::workspace plain{row.size(), 0};

  /// With the maxima of the strips known, and without.
  template <class Use>
  void scans(Use&& use) {
    use(simd.scan(row, maxima));
    use(simd.scan(row, {}));
  }
  void expect_k(std::size_t k) {
    const kernel::selection expected = kernel::scalar::select_k(any, k, urn::room_in(plain), plain.ranked());
    scans([&](const kernel::row_scan& scanned) {
      expect_same(at, simd.select_k(row, k, scanned, vectors), expected);
    });
  }
  void expect_mass_of(float c, const kernel::row_mass& mass, std::uint64_t target) {
    const kernel::selection expected =
        kernel::scalar::select_mass(any, c, mass.key, target, urn::room_in(plain), plain.ranked());
    scans([&](const kernel::row_scan& scanned) {
      const kernel::selection found = simd.select_mass(row, c, mass, target, scanned, vectors);
      expect_same(at, found, expected);
      expect_mass(at, found, c, mass.key);
    });
  }
  void expect_above(float c, std::uint32_t key, std::uint64_t least) {
    const kernel::selection expected = kernel::scalar::select_above(any, c, key, least, urn::room_in(plain));
    scans([&](const kernel::row_scan& scanned) {
      const kernel::selection found = simd.select_above(row, c, key, least, scanned, vectors);
      expect_same(at, found, expected);
      expect_mass(at, found, c, key);
    });
  }
};

/// Calls use(row_for_both) for all rows.
template <class Use>
void for_both(Use&& use) {
  seen::each([&](const place& at, const auto& row) {
    row_for_both<std::remove_cvref_t<decltype(row)>> both{at, row};
    use(both);
  });
}

/// The same with c and the mass of each row that has a distribution, at two temperatures.
template <class Use>
void weighed(Use&& use) {
  std::size_t count = 0;
  for_both([&](auto& both) {
    for (const float temperature : {1.0F, 0.3F}) {
      const float c = kernel::mass_scale(temperature);
      const kernel::row_mass mass = kernel::scalar::mass(both.any, c, both.plain.blocks());
      if (!seen::has_distribution(mass) || (both.row.size() > 8000 && temperature != 1.0F)) continue;
      use(both, c, mass);
      ++count;
    }
  });
  EXPECT_GT(count, 5000U);
}

TEST(select_k, keeps_what_the_scalar_kernel_keeps) {
  for_both([](auto& both) {
    const std::size_t size = both.row.size();
    for (const std::size_t k :
         {std::size_t{1}, std::size_t{2}, std::size_t{40}, size / 100 + 1, size / 2 + 1, size, size + 7}) {
      if (size > 20000 && k != 40 && k != size / 2 + 1) continue;
      both.expect_k(k);
    }
  });
}

TEST(select_mass, keeps_what_the_scalar_kernel_keeps) {
  weighed([](auto& both, float c, const kernel::row_mass& mass) {
    for (const float p : {0.9F, 0.3F, 0.01F, 0.9999F, 1.0F - 0x1p-24F}) {
      if (both.row.size() > 8000 && p < 0.5F) continue;
      both.expect_mass_of(c, mass, kernel::ceil_share(mass.total, p));
    }
    if (both.row.size() > 3000) return;
    for (const std::uint64_t target :
         {std::uint64_t{0}, std::uint64_t{1}, mass.total, mass.total + 1, ~std::uint64_t{0}})
      both.expect_mass_of(c, mass, target);
  });
}

TEST(select_above, keeps_what_the_scalar_kernel_keeps) {
  weighed([](auto& both, float c, const kernel::row_mass& mass) {
    const std::uint64_t top =
        kernel::mass_in_row(urn::logit_of(std::uint64_t{mass.largest} << 32), c, mass.key);
    const float middle = both.any.at(both.row.size() / 2);
    const std::uint64_t somebodys = kernel::mass_in_row(middle, c, mass.key);
    both.expect_above(c, mass.key, kernel::ceil_share(top, 0.05F));
    both.expect_above(c, mass.key, somebodys);
    if (both.row.size() > 20000) return;
    for (const std::uint64_t least :
         {kernel::ceil_share(top, 0.7F), top, top + 1, somebodys + 1, std::uint64_t{0}, std::uint64_t{1}})
      both.expect_above(c, mass.key, least);
  });
}

// A row of logits a few units in the last place apart: the bounds by double arithmetic leave all of them in
// doubt.
TEST(select_above, decides_by_integers_near_the_bound) {
  for (const float from : {3.0F, -20.0F, 1000.0F}) {
    rows::row logits(2000);
    logits[0] = from + 1.0F;
    for (std::size_t i = 1; i < logits.size(); ++i)
      logits[i] = urn::exact::float_of(urn::exact::bits(from) + static_cast<std::uint32_t>(i * 7919 % 1999));
    const urn::row_view row{logits};
    row_for_both<urn::row_view<float>> both{{"close", "floats", 2000}, row};
    const float c = kernel::mass_scale(0.8F);
    const std::uint32_t key = kernel::block_key(from + 1.0F, c);
    for (const std::size_t i : {1U, 500U, 1000U, 1999U}) {
      const std::uint64_t mass = kernel::mass_in_row(logits[i], c, key);
      both.expect_above(c, key, mass);
      both.expect_above(c, key, mass + 1);
    }
  }
}

/// A kept set in the memory of both, where later cuts write over it.
struct kept_by_both {
  place at;
  urn::workspace vectors;
  urn::workspace plain;
  kernel::selection a, b;

  kept_by_both(const place& where, urn::candidate_list kept)
      : at(where), vectors(kept.size(), 0), plain(kept.size(), 0) {
    a.kept = copied(kept, vectors);
    b.kept = copied(kept, plain);
  }
  static urn::candidate_list copied(urn::candidate_list kept, urn::workspace& to) {
    std::ranges::copy(kept.ids, to.ids().begin());
    std::ranges::copy(kept.logits, to.logits().begin());
    return urn::room_in(to);
  }
  void k(std::size_t count) {
    const kernel::row_scan scanned = simd.scan(a.kept, {});
    a = simd.select_k(a.kept, count, scanned, vectors);
    b = kernel::scalar::select_k(b.kept, count, urn::room_in(plain), plain.ranked());
    expect_same(at, a, b);
  }
  void mass(float p, float c) {
    const kernel::row_mass all = kernel::scalar::mass_of_kept(b.kept, c);
    if (!seen::has_distribution(all)) return;
    const std::uint64_t target = kernel::ceil_share(all.total, p);
    const kernel::row_scan scanned = simd.scan(a.kept, {});
    a = simd.select_mass(a.kept, c, all, target, scanned, vectors);
    b = kernel::scalar::select_mass(b.kept, c, all.key, target, urn::room_in(plain), plain.ranked());
    expect_same(at, a, b);
    expect_mass(at, a, c, all.key);
  }
  void above(float share, float c) {
    const kernel::row_mass all = kernel::scalar::mass_of_kept(b.kept, c);
    if (!seen::has_distribution(all)) return;
    const auto least = static_cast<std::uint64_t>(share * 0x1p40F);
    a = simd.select_above(a.kept, c, all.key, least, simd.scan(a.kept, {}), vectors);
    b = kernel::scalar::select_above(b.kept, c, all.key, least, urn::room_in(plain));
    expect_same(at, a, b);
  }
  /// As an edit of a kept set may leave it.
  void edit(float every_fifth) {
    for (const urn::candidate_list& kept : {a.kept, b.kept}) {
      for (std::size_t i = 0; i < kept.size(); i += 5) kept.logits[i] = every_fifth;
    }
  }
};

TEST(cuts, narrow_a_kept_set_in_place) {
  const float c = kernel::mass_scale(0.9F);
  seen::each_kept([&](const place& at, urn::candidate_list kept) {
    kept_by_both by_count(at, kept);
    by_count.k(kept.size() - kept.size() / 4);
    by_count.mass(0.95F, c);
    by_count.above(0.01F, c);
    by_count.k(3);
    kept_by_both by_mass(at, kept);
    by_mass.mass(0.999F, c);
    by_mass.edit(-rows::infinity);
    by_mass.above(1e-4F, c);
    by_mass.mass(0.9F, c);
    by_mass.edit(rows::nan);
    by_mass.k(1000);
    kept_by_both by_share(at, kept);
    by_share.above(1e-6F, c);
    by_share.k(kept.size());
    by_share.mass(0.5F, c);
  });
}

TEST(top_n, lists_what_the_scalar_kernel_lists) {
  const auto expect = [](const place& at, const auto& row) {
    row_for_both<std::remove_cvref_t<decltype(row)>> both{at, row};
    for (const std::size_t n :
         {std::size_t{0}, std::size_t{1}, std::size_t{5}, std::size_t{64}, row.size() + 1}) {
      if (row.size() > 20000 && n > 64) continue;
      const auto expected = kernel::scalar::top_n(both.any, n, both.plain.ranked());
      both.scans([&](const kernel::row_scan& scanned) {
        const auto found = simd.top_n(row, n, scanned, both.vectors);
        ASSERT_TRUE(std::ranges::equal(found, expected, {}, &urn::ranked_mass::key, &urn::ranked_mass::key))
            << at;
      });
    }
  };
  seen::each(expect);
  seen::each_kept(expect);
}

TEST(count_before, is_the_scalar_kernels) {
  for_both([](auto& both) {
    const std::size_t size = both.row.size();
    for (const std::size_t i : {std::size_t{0}, size / 3, size / 2, size - 1}) {
      const std::uint64_t key = urn::order_key(both.any.at(i), static_cast<urn::token_id>(i));
      const std::size_t expected = kernel::scalar::count_before(both.any, key);
      both.scans([&](const kernel::row_scan& scanned) {
        ASSERT_EQ(simd.count_before(both.row, key, scanned), expected) << both.at << ", token " << i;
      });
    }
  });
}

}  // namespace
