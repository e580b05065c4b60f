#include "urn/kernel/simd/nucleus.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>

#include "kernel/simd/some_lists.hpp"
#include "urn/kernel/block_mass.hpp"

namespace {

namespace kernel = urn::kernel;
using namespace seen;

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
