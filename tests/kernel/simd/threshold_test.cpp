#include "urn/kernel/simd/threshold.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "kernel/simd/some_lists.hpp"

namespace {

using namespace seen;

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

}  // namespace
