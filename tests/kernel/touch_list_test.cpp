#include "urn/kernel/touch_list.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "support/rows.hpp"

namespace {

std::size_t zeros(const std::vector<std::uint32_t>& slots) {
  return static_cast<std::size_t>(std::count(slots.begin(), slots.end(), 0U));
}

TEST(touch_list, holds_the_ids_of_the_vocabulary) {
  std::vector<urn::touched_token> storage(4);
  std::vector<std::uint32_t> slots(10);
  const urn::touch_list list(storage, slots);
  EXPECT_TRUE(list.holds(0));
  EXPECT_TRUE(list.holds(9));
  EXPECT_FALSE(list.holds(10));
  EXPECT_FALSE(list.holds(-1));
  EXPECT_FALSE(list.holds(0x7FFFFFFF));
  EXPECT_FALSE(list.holds(-0x7FFFFFFF - 1));
}

TEST(touch_list, counts_as_a_map_does) {
  rows::random_source random(1);
  std::vector<urn::touched_token> storage(300);
  std::vector<std::uint32_t> slots(300);
  for (int round = 0; round < 200; ++round) {
    urn::touch_list list(storage, slots);
    std::map<urn::token_id, std::uint32_t> counts;
    for (std::size_t n = random.below(400); n > 0; --n) {
      const auto id = static_cast<urn::token_id>(random.below(1 + random.below(300)));
      ++list.touch(id);
      ++counts[id];
    }
    EXPECT_FALSE(list.overflowed());
    const auto touched = list.finish();
    ASSERT_EQ(touched.size(), counts.size());
    auto next = counts.begin();
    for (const urn::touched_token& t : touched) {
      EXPECT_EQ(t.id, next->first);
      EXPECT_EQ(t.value, next->second);
      ++next;
    }
    ASSERT_EQ(zeros(slots), slots.size());
  }
}

TEST(touch_list, touching_is_enough_to_be_listed) {
  std::vector<urn::touched_token> storage(4);
  std::vector<std::uint32_t> slots(10);
  urn::touch_list list(storage, slots);
  list.touch(7);
  list.touch(2);
  list.touch(7);
  const auto touched = list.finish();
  ASSERT_EQ(touched.size(), 2U);
  EXPECT_EQ(touched[0].id, 2);
  EXPECT_EQ(touched[1].id, 7);
  EXPECT_EQ(touched[1].value, 0U);
}

TEST(touch_list, says_when_its_storage_is_full) {
  std::vector<urn::touched_token> storage(2);
  std::vector<std::uint32_t> slots(10);
  urn::touch_list list(storage, slots);
  list.touch(3) = 5;
  list.touch(1) = 6;
  EXPECT_FALSE(list.overflowed());
  ++list.touch(3);
  EXPECT_FALSE(list.overflowed());
  list.touch(4) = 9;
  EXPECT_TRUE(list.overflowed());
  EXPECT_EQ(list.touch(5), 0U);
  const auto touched = list.finish();
  ASSERT_EQ(touched.size(), 2U);
  EXPECT_EQ(touched[0].value, 6U);
  EXPECT_EQ(touched[1].value, 6U);
  EXPECT_EQ(zeros(slots), slots.size());
}

TEST(touched_between, is_half_open) {
  const std::vector<urn::touched_token> touched{{2, 0}, {5, 0}, {6, 0}, {9, 0}};
  const auto count = [&](urn::token_id first, urn::token_id last) {
    return urn::touched_between(touched, first, last).size();
  };
  EXPECT_EQ(count(0, 100), 4U);
  EXPECT_EQ(count(0, 2), 0U);
  EXPECT_EQ(count(2, 3), 1U);
  EXPECT_EQ(count(5, 6), 1U);
  EXPECT_EQ(count(3, 9), 2U);
  EXPECT_EQ(count(3, 10), 3U);
  EXPECT_EQ(count(10, 20), 0U);
  EXPECT_EQ(urn::touched_between(touched, 5, 7).data(), touched.data() + 1);
  EXPECT_TRUE(urn::touched_between({}, 0, 10).empty());
}

}  // namespace
