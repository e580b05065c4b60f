#include "urn/core/count_below.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <vector>

namespace {

TEST(count_below, says_how_many_come_first) {
  for (std::size_t size = 0; size < 200; ++size) {
    for (std::size_t below = 0; below <= size; ++below) {
      EXPECT_EQ(urn::count_below(size, [=](std::size_t i) { return i < below; }), below);
    }
  }
}

TEST(count_below, is_the_lower_bound_of_sorted_values) {
  const std::vector<int> values{-4, -1, -1, 0, 2, 2, 2, 7, 11};
  for (int value = -6; value < 14; ++value) {
    const auto expected = std::ranges::lower_bound(values, value) - values.begin();
    const std::size_t below =
        urn::count_below(values.size(), [&](std::size_t i) { return values[i] < value; });
    EXPECT_EQ(below, static_cast<std::size_t>(expected)) << value;
  }
}

TEST(count_below, asks_inside_alone_and_seldom) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{5}, std::size_t{1000}}) {
    std::size_t asked = 0;
    (void)urn::count_below(size, [&](std::size_t i) {
      EXPECT_LT(i, size);
      ++asked;
      return false;
    });
    EXPECT_LE(asked, 10U);
  }
}

static_assert(urn::count_below(3, [](std::size_t i) { return i < 2; }) == 2);

}  // namespace
