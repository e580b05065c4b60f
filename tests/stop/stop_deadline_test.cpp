#include "urn/stop/stop_deadline.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <type_traits>

#include "urn/stop/any_of.hpp"
#include "urn/stop/max_tokens.hpp"
#include "urn/stop/not_before.hpp"

namespace {

using std::chrono::milliseconds, std::chrono::seconds;

// Stands still until a test moves it.
struct test_clock {
  using duration = milliseconds;
  using time_point = std::chrono::time_point<test_clock>;

  static inline time_point time{};
  static time_point now() { return time; }
};

using deadline = urn::stop_deadline<test_clock>;
static_assert(urn::stop_criterion<deadline> && std::is_aggregate_v<deadline>);
static_assert(std::is_empty_v<deadline::state>);
using coarse = std::chrono::time_point<std::chrono::steady_clock, seconds>;
static_assert(
    std::is_same_v<decltype(urn::stop_deadline{coarse{}}), urn::stop_deadline<std::chrono::steady_clock>>);

constexpr auto at(std::int64_t ms) { return test_clock::time_point(milliseconds(ms)); }

TEST(stop_deadline, stops_from_its_time_on_and_keeps_the_text) {
  const urn::stop_deadline stop{at(100)};
  auto state = stop.start();
  for (const std::int64_t ms : {0, 50, 99, 100, 101, 5000}) {
    test_clock::time = at(ms);
    const urn::stop_decision expected{.reason = ms < 100 ? urn::stop_reason::none : urn::stop_reason::abort};
    EXPECT_EQ(stop.update(state, {.token = 1, .text = "abc"}), expected) << ms;
  }
}

TEST(stop_deadline, one_that_has_passed_stops_at_the_first_token) {
  test_clock::time = at(7);
  const deadline stop{at(-1)};
  auto state = stop.start();
  EXPECT_TRUE(stop.update(state, {}).stop());
}

TEST(stop_deadline, a_clock_set_back_reopens_it) {
  const deadline stop{at(10)};
  auto state = stop.start();
  test_clock::time = at(10);
  EXPECT_TRUE(stop.update(state, {}).stop());
  test_clock::time = at(9);
  EXPECT_FALSE(stop.update(state, {}).stop());
}

TEST(stop_deadline, composes) {
  const auto stop = urn::not_before{1, urn::stop_deadline{at(10)}} | urn::max_tokens{3};
  EXPECT_TRUE(stop.check());
  auto state = stop.start();
  test_clock::time = at(20);
  EXPECT_FALSE(stop.update(state, {}).stop());
  EXPECT_EQ(stop.update(state, {}), urn::stop_decision{.reason = urn::stop_reason::abort});
  test_clock::time = at(0);
  EXPECT_EQ(stop.update(state, {}), (urn::stop_decision{.reason = urn::stop_reason::length, .criterion = 1}));
}

}  // namespace
