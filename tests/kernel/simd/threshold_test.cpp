#include "urn/kernel/simd/threshold.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "kernel/simd/seen_rows.hpp"

namespace {

namespace kernel = urn::kernel;
namespace vectors = urn::kernel::simd;
using L = seen::lanes;

/// Two rows for partitions.
struct room {
  std::vector<float> left, right;
  explicit room(std::size_t size)
      : left(size + urn::workspace::overrun), right(size + urn::workspace::overrun) {}
  vectors::partition_space space() { return {left, right}; }
};

rows::row sorted(std::span<const float> values) {
  rows::row best(values.begin(), values.end());
  std::ranges::sort(best, std::ranges::greater{});
  return best;
}

struct family {
  std::string name;
  rows::row values;
};

/// Lists without NaN, in orders and with ties that mislead a sample.
std::vector<family> lists(std::size_t size) {
  rows::random_source r(size);
  std::vector<family> all{
      {"normal", rows::normal(size, r, 3)},
      {"ascending", rows::ramp(size, -10, 10)},
      {"descending", rows::ramp(size, 10, -10)},
      {"equal", rows::row(size, -1.25F)},
      {"two values", rows::fill(size, [&] { return r.below(2) == 0 ? 1.0F : 2.0F; })},
      {"few above many", rows::with(rows::row(size, 0.0F), r, 1 + size / 100, 5.0F)},
      {"ties", rows::fill(size, [&] { return static_cast<float>(r.below(7)); })},
      {"zeros", rows::zeros(size, r)},
      {"subnormal", rows::subnormal(size, r)},
      {"wide", rows::normal(size, r, 1e6F)},
      {"masked", rows::with(rows::sprinkled(rows::normal(size, r, 2), r, 0.5F, -rows::infinity), r, 1, 3.0F)},
      {"lowest", rows::with(rows::row(size, -FLT_MAX), r, 1, 1.0F)},
      {"heads", rows::headed(size, 64, 20.0F)},
  };
  return all;
}

constexpr std::size_t lengths[] = {1,   2,    3,    4,    5,    7,    8,     9,     15,  16,
                                   17,  31,   32,   33,   63,   64,   65,    127,   128, 129,
                                   255, 1000, 1023, 1024, 1025, 2049, 10000, 262144};

template <class Use>
void for_each_list(Use&& use) {
  for (const std::size_t size : lengths) {
    for (const family& f : lists(size)) {
      if (!testing::Test::HasFailure()) use(f);
    }
  }
}

void expect_parts(const family& f, const vectors::parts& parts, float pivot) {
  rows::row above, below;
  for (const float l : f.values) {
    if (l > pivot) above.push_back(l);
    if (l < pivot) below.push_back(l);
  }
  ASSERT_TRUE(seen::same_bits(parts.above, above)) << f.name << " of " << f.values.size() << " at " << pivot;
  ASSERT_TRUE(seen::same_bits(parts.below, below)) << f.name << " of " << f.values.size() << " at " << pivot;
  ASSERT_EQ(parts.equals, f.values.size() - above.size() - below.size()) << f.name;
}

TEST(partition, splits_in_order_from_anywhere) {
  for_each_list([](const family& f) {
    const std::size_t size = f.values.size();
    room r(size);
    for (const float pivot : {f.values[0], f.values[size / 2], 0.3F, -rows::infinity, rows::infinity}) {
      expect_parts(f, vectors::partition<L>(f.values, pivot, r.space()), pivot);
      for (std::vector<float>* row : {&r.left, &r.right}) {
        std::ranges::copy(f.values, row->begin());
        expect_parts(f, vectors::partition<L>(std::span<const float>(*row).first(size), pivot, r.space()),
                     pivot);
      }
    }
  });
}

TEST(count, is_of_those_above_and_of_those_that_reach) {
  for_each_list([](const family& f) {
    for (const float value : {f.values.front(), f.values.back(), 0.3F, -rows::infinity, rows::infinity}) {
      const auto above = std::ranges::count_if(f.values, [=](float l) { return l > value; });
      const auto at_least = std::ranges::count_if(f.values, [=](float l) { return l >= value; });
      ASSERT_EQ(vectors::count_above<L>(f.values, value), static_cast<std::size_t>(above)) << f.name;
      ASSERT_EQ(vectors::count_at_least<L>(f.values, value), static_cast<std::size_t>(at_least)) << f.name;
    }
  });
}

TEST(few, takes_them_evenly_and_walks_down) {
  for_each_list([](const family& f) {
    const vectors::few<L> some(f.values);
    ASSERT_EQ(some.size(), std::min<std::size_t>(64, f.values.size()));
    for (std::size_t i = 0; i < some.size(); ++i)
      ASSERT_EQ(some.values()[i], f.values[i * f.values.size() / some.size()]) << f.name;
    rows::row best = sorted(some.values());
    best.erase(std::unique(best.begin(), best.end()), best.end());
    float last = rows::infinity;
    for (const float l : best) {
      last = some.next_below(last);
      ASSERT_EQ(last, l) << f.name;
    }
    ASSERT_EQ(some.next_below(last), -rows::infinity) << f.name;
  });
}

/// How many of `best`, which descend, the threshold keeps: the first ones.
std::size_t kept_by(const vectors::threshold& keep, const rows::row& best) {
  const auto above = std::ranges::lower_bound(best, keep.value, std::ranges::greater{});
  const auto equal = std::ranges::upper_bound(best, keep.value, std::ranges::greater{}) - above;
  return static_cast<std::size_t>(above - best.begin()) +
         std::min(keep.equals, static_cast<std::size_t>(equal));
}

void expect_kth(const family& f, const rows::row& best, std::size_t k, const vectors::threshold& found) {
  ASSERT_EQ(kept_by(found, best), k) << f.name << " of " << best.size();
}

TEST(kth_largest, is_the_sorts) {
  for_each_list([](const family& f) {
    const std::size_t size = f.values.size();
    const rows::row best = sorted(f.values);
    room r(size);
    rows::random_source random(size);
    for (const std::size_t k :
         {std::size_t{1}, std::size_t{2}, size / 2, size - 1, size, 1 + random.below(size),
          1 + random.below(size), std::min<std::size_t>(40, size)}) {
      if (k < 1 || k > size) continue;
      expect_kth(f, best, k, vectors::kth_largest<L>(f.values, k, r.space()));
      if (size <= 1025) expect_kth(f, best, k, vectors::kth_by_bits<L>(f.values, k));
    }
  });
}

TEST(kth_largest, takes_infinity_for_a_value) {
  rows::random_source random(1);
  for (const std::size_t size : {10U, 5000U}) {
    const family f{"infinite", rows::with(rows::normal(size, random, 1), random, size / 5, rows::infinity)};
    const rows::row best = sorted(f.values);
    room r(size);
    for (const std::size_t k : {std::size_t{1}, size / 10, size / 2})
      expect_kth(f, best, k, vectors::kth_largest<L>(f.values, k, r.space()));
  }
}

struct nucleus_case {
  const family& f;
  rows::row best;
  vectors::mass_unit unit;
  std::uint64_t total = 0;
  room space;

  nucleus_case(const family& of, float c)
      : f(of), best(sorted(of.values)), unit{c, kernel::block_key(best[0], c)}, space(best.size()) {
    for (const float l : best) total += unit.mass(l);
  }
  /// A prefix's mass at a random place, and what borders on it.
  std::uint64_t some_target(rows::random_source& random) const {
    const std::size_t n = 1 + random.below(best.size());
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < n; ++i) sum += unit.mass(best[i]);
    return sum - 1 + random.below(3);
  }
  void expect(std::uint64_t target, std::uint64_t about) {
    std::size_t kept = 0;
    std::uint64_t mass = 0;
    while (kept < best.size() && (kept == 0 || mass < target)) mass += unit.mass(best[kept++]);
    const vectors::threshold found = vectors::nucleus<L>(f.values, unit, target, about, space.space());
    ASSERT_EQ(kept_by(found, best), kept) << f.name << " of " << best.size() << ", target " << target;
    ASSERT_EQ(found.mass, mass) << f.name << " of " << best.size() << ", target " << target;
  }
};

TEST(nucleus, is_the_sorts) {
  for_each_list([](const family& f) {
    rows::random_source random(f.values.size());
    for (const float temperature : {1.0F, 0.5F, 1e-3F}) {
      nucleus_case c(f, kernel::mass_scale(temperature));
      if (!kernel::in_range(c.unit.row_key)) continue;
      for (const std::uint64_t target :
           {std::uint64_t{0}, std::uint64_t{1}, c.total / 10, c.total / 2, c.total - c.total / 1000,
            c.total - 1, c.total, c.total + 1, ~std::uint64_t{0}}) {
        c.expect(target, c.total);
      }
      for (int i = 0; i < 6; ++i) c.expect(c.some_target(random), c.total);
      if (c.best.size() > 20000) break;
      for (const std::uint64_t about : {std::uint64_t{0}, c.total / 3, 2 * c.total, ~std::uint64_t{0}})
        c.expect(c.some_target(random), about);
    }
  });
}

// Two values as far as a sample of 32 sees, and one token more.
TEST(nucleus, sees_what_a_sample_of_ties_does_not_show) {
  for (const float odd : {3.0F, 1.5F, 0.5F}) {
    rows::row values(4000);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = i % 3 == 0 ? 2.0F : 1.0F;
    values[1] = odd;
    const family f{"one odd", values};
    nucleus_case c(f, kernel::mass_scale(1.0F));
    for (std::uint64_t tenths = 0; tenths <= 10; ++tenths) c.expect(c.total / 10 * tenths, c.total);
    c.expect(c.total, c.total);
  }
}

TEST(equals_for, is_the_least_number_that_reaches) {
  EXPECT_EQ(vectors::equals_for(0, 5, 9), 1U);
  EXPECT_EQ(vectors::equals_for(5, 5, 9), 1U);
  EXPECT_EQ(vectors::equals_for(6, 5, 9), 2U);
  EXPECT_EQ(vectors::equals_for(1000, 5, 9), 9U);
  EXPECT_EQ(vectors::equals_for(7, 0, 9), 9U);
}

}  // namespace
