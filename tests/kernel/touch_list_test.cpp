#include "urn/kernel/touch_list.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "support/rows.hpp"

namespace {

std::size_t zeros(const std::vector<std::uint32_t>& slots) {
  return static_cast<std::size_t>(std::count(slots.begin(), slots.end(), 0U));
}

constexpr auto sum = [](std::uint32_t a, std::uint32_t b) { return a + b; };

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
      list.add({id, 1}, sum);
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
  for (const urn::token_id id : {7, 2, 7}) list.add({id, 0}, sum);
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
  list.add({3, 5}, sum);
  list.add({1, 6}, sum);
  EXPECT_FALSE(list.overflowed());
  list.add({3, 1}, sum);
  EXPECT_FALSE(list.overflowed());
  list.add({4, 9}, sum);
  EXPECT_TRUE(list.overflowed());
  list.add({5, 9}, sum);
  const auto touched = list.finish();
  ASSERT_EQ(touched.size(), 2U);
  EXPECT_EQ(touched[0].value, 6U);
  EXPECT_EQ(touched[1].value, 6U);
  EXPECT_EQ(zeros(slots), slots.size());
}

/// Tokens with values, as they come.
struct listed {
  std::vector<urn::touched_token> tokens;
  [[nodiscard]] std::size_t touches(const urn::draw_context&) const { return tokens.size(); }
  [[nodiscard]] urn::touched_token touch(const urn::draw_context&, std::size_t i) const { return tokens[i]; }
};
struct listed_and_merged : listed {
  static std::uint32_t merge(std::uint32_t a, std::uint32_t b) { return 10 * a + b; }
};

TEST(gather, merges_in_the_order_of_the_entries) {
  std::vector<urn::touched_token> storage(8);
  std::vector<std::uint32_t> slots(20);
  const listed first{{{5, 1}, {2, 2}, {5, 3}, {-1, 4}, {10, 4}, {5, 5}}};
  const auto values = [&](const auto& edit) {
    std::vector<std::pair<urn::token_id, std::uint32_t>> found;
    const auto gathered = urn::kernel::scalar::gather(edit, {}, 10, storage, slots);
    EXPECT_EQ(gathered.status, urn::status::ok);
    for (const urn::touched_token& t : gathered.touched) found.emplace_back(t.id, t.value);
    return found;
  };
  using pairs = std::vector<std::pair<urn::token_id, std::uint32_t>>;
  EXPECT_EQ(values(first), (pairs{{2, 2}, {5, 1}}));
  EXPECT_EQ(values(listed_and_merged{first}), (pairs{{2, 2}, {5, 135}}));
  EXPECT_EQ(zeros(slots), slots.size());
}

TEST(gather, says_when_there_is_no_space) {
  std::vector<urn::touched_token> storage(1);
  std::vector<std::uint32_t> slots(10);
  const listed two{{{5, 1}, {2, 2}}};
  EXPECT_EQ(urn::kernel::scalar::gather(two, {}, 10, storage, slots).status, urn::status::no_space);
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
