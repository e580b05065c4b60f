#include "urn/stop/repetition_stop.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <type_traits>
#include <vector>

#include "stop/random_text.hpp"
#include "urn/stop/any_stop.hpp"
#include "urn/stop/max_tokens.hpp"

namespace {

using urn::repetition_stop;
using ids = std::vector<urn::token_id>;

static_assert(urn::stop_criterion<repetition_stop> && std::is_aggregate_v<repetition_stop>);

// The definition: the smallest pattern that ends the tokens min_count times in a row.
std::optional<std::size_t> repeated(const ids& tokens, const repetition_stop& stop) {
  for (std::size_t size = stop.min_pattern_size; size <= stop.max_pattern_size; ++size) {
    if (size * stop.min_count > tokens.size()) return std::nullopt;
    bool all = true;
    for (std::size_t back = 1; back <= size * (stop.min_count - 1); ++back) {
      all = all && tokens[tokens.size() - back] == tokens[tokens.size() - back - size];
    }
    if (all) return size;
  }
  return std::nullopt;
}

TEST(repetition_stop, is_as_defined_on_random_tokens) {
  naive::random_source random{std::mt19937(99)};
  int stops = 0;
  for (int trial = 0; trial < 3000; ++trial) {
    const auto max = 1 + random.below(6);
    const repetition_stop stop{max, 1 + random.below(max), 2 + random.below(4)};
    ASSERT_TRUE(stop.check());
    const std::size_t kinds = 1 + random.below(3);
    auto state = stop.start();
    ids tokens;
    for (int n = 0; n < 40; ++n) {
      // Half of the time the past is repeated.
      const auto back = 1 + random.below(6);
      const bool again = back <= tokens.size() && random.below(8) != 0;
      tokens.push_back(again ? tokens[tokens.size() - back]
                             : static_cast<urn::token_id>(random.below(kinds)));
      urn::stop_decision expected;
      if (const auto size = repeated(tokens, stop)) {
        expected = {.reason = urn::stop_reason::stop, .item = *size - stop.min_pattern_size};
        ++stops;
      }
      auto fork = state;
      ASSERT_EQ(stop.update(state, {.token = tokens.back(), .text = "x"}), expected) << trial << " " << n;
      ASSERT_EQ(stop.update(fork, {.token = tokens.back()}), expected);
      ASSERT_EQ(fork, state);
    }
  }
  EXPECT_GT(stops, 10000);
  EXPECT_LT(stops, 110000);
}

// The number of tokens at which it stops first, 0 if it does not.
std::size_t stops_after(const repetition_stop& stop, const ids& tokens) {
  auto state = stop.start();
  for (std::size_t n = 1; n <= tokens.size(); ++n) {
    if (stop.update(state, {.token = tokens[n - 1]}).stop()) return n;
  }
  return 0;
}

TEST(repetition_stop, sizes_and_counts_are_kept_to) {
  EXPECT_EQ(stops_after({1, 1, 3}, {5, 4, 4, 5, 5, 5, 5}), 6U);
  EXPECT_EQ(stops_after({2, 2, 3}, {1, 2, 1, 2, 1, 2}), 6U);
  EXPECT_EQ(stops_after({2, 2, 3}, {9, 1, 2, 1, 2, 1, 3}), 0U);
  EXPECT_EQ(stops_after({1, 1, 2}, {1, 2, 1, 2, 1, 2}), 0U);
  EXPECT_EQ(stops_after({2, 2, 2}, {7, 7, 7, 7}), 4U);  // 7 7 is a pattern of two as well
  EXPECT_EQ(stops_after({9, 3, 2}, {1, 2, 3, 4, 1, 2, 3, 4}), 8U);
}

TEST(repetition_stop, sizes_without_bound_cost_as_much_as_there_are_tokens) {
  const repetition_stop stop{SIZE_MAX, 1, SIZE_MAX};
  EXPECT_TRUE(stop.check());
  auto state = stop.start();
  for (int n = 0; n < 100; ++n) ASSERT_FALSE(stop.update(state, {.token = 3}).stop());
  EXPECT_EQ(state.last.size(), 100U);
}

TEST(repetition_stop, refuses_what_is_no_repetition) {
  using urn::stop_status;
  for (const auto& [stop, status] :
       std::vector<std::pair<repetition_stop, stop_status>>{{{0, 0, 2}, stop_status::bad_pattern_size},
                                                            {{4, 0, 2}, stop_status::bad_pattern_size},
                                                            {{4, 5, 2}, stop_status::bad_pattern_size},
                                                            {{4, 1, 1}, stop_status::bad_repeat_count},
                                                            {{4, 1, 0}, stop_status::bad_repeat_count},
                                                            {{4, 4, 2}, stop_status::ok}}) {
    EXPECT_EQ(stop.check().status, status);
    EXPECT_EQ(stops_after(stop, ids(20, 1)), stop.check() ? 8U : 0U);
  }
}

TEST(repetition_stop, composes_and_rolls_back_with_its_type_erased) {
  const urn::any_stop stop = urn::max_tokens{9} | repetition_stop{2, 1, 2};
  auto state = stop.start();
  stop.update(state, {.token = 1});
  const auto snapshot = state;
  EXPECT_EQ(stop.update(state, {.token = 1}),
            (urn::stop_decision{.reason = urn::stop_reason::stop, .criterion = 1}));
  state = snapshot;
  EXPECT_FALSE(stop.update(state, {.token = 2}).stop());
}

}  // namespace
