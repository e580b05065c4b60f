// Clocks that call back.

#include "urn/client/clock.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <optional>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using urn::steady_timer;
using urn::virtual_clock;

static_assert(urn::timer_clock<steady_timer>);
static_assert(urn::timer_clock<virtual_clock>);

TEST(virtual_clock, calls_in_the_order_of_their_times) {
  virtual_clock clock;
  std::vector<int> calls;
  clock.call_after(2s, [&] { calls.push_back(2); });
  clock.call_after(1s, [&] { calls.push_back(1); });
  clock.call_after(2s, [&] { calls.push_back(3); });
  clock.call_after(-1s, [&] { calls.push_back(0); });
  EXPECT_TRUE(calls.empty());
  clock.advance(0s);
  EXPECT_EQ(calls, (std::vector<int>{0}));
  clock.advance(1999ms);
  EXPECT_EQ(calls, (std::vector<int>{0, 1}));
  clock.advance(1ms);
  EXPECT_EQ(calls, (std::vector<int>{0, 1, 2, 3}));
  EXPECT_EQ(clock.until_next(), std::nullopt);
}

TEST(virtual_clock, each_call_at_its_time) {
  virtual_clock clock;
  const auto start = clock.now();
  std::vector<std::chrono::steady_clock::duration> times;
  const auto note = [&] { times.push_back(clock.now() - start); };
  clock.call_after(3s, [&] {
    note();
    clock.call_after(1s, note);
    clock.call_after(10s, note);
  });
  EXPECT_EQ(clock.until_next(), 3s);
  clock.advance(5s);
  EXPECT_EQ(times, (std::vector<std::chrono::steady_clock::duration>{3s, 4s}));
  EXPECT_EQ(clock.now() - start, 5s);
  EXPECT_EQ(clock.until_next(), 8s);
}

TEST(virtual_clock, cancelled_calls_are_not_made) {
  virtual_clock clock;
  bool called = false;
  const auto first = clock.call_after(1s, [&] { called = true; });
  clock.cancel(first);
  clock.cancel(first);
  const auto second = clock.call_after(1s, [&] { called = true; });
  clock.call_after(500ms, [&] { clock.cancel(second); });
  clock.advance(10s);
  EXPECT_FALSE(called);
}

TEST(virtual_clock, waits_too_long_to_count) {
  virtual_clock clock;
  clock.advance(1h);
  clock.call_after(std::chrono::steady_clock::duration::max(), [] { FAIL(); });
  clock.advance(24h * 365 * 100);
  EXPECT_GT(clock.until_next(), 24h * 365 * 100);
}

TEST(steady_timer, calls_in_order_and_no_earlier) {
  steady_timer timer;
  const auto start = timer.now();
  std::promise<std::vector<int>> done;
  std::vector<int> calls;
  timer.call_after(20ms, [&] {
    calls.push_back(2);
    done.set_value(calls);
  });
  timer.call_after(10ms, [&] { calls.push_back(1); });
  timer.call_after(0ms, [&] { calls.push_back(0); });
  EXPECT_EQ(done.get_future().get(), (std::vector<int>{0, 1, 2}));
  EXPECT_GE(timer.now() - start, 20ms);
}

TEST(steady_timer, a_call_may_ask_for_another_and_cancel) {
  steady_timer timer;
  std::promise<std::thread::id> done;
  timer.call_after(0ms, [&] {
    const auto never = timer.call_after(0ms, [] { FAIL(); });
    timer.cancel(never);
    timer.call_after(0ms, [&] { done.set_value(std::this_thread::get_id()); });
  });
  EXPECT_NE(done.get_future().get(), std::this_thread::get_id());
}

TEST(steady_timer, drops_what_is_not_due) {
  { const steady_timer never_used; }
  steady_timer timer;
  timer.call_after(1h, [] { FAIL(); });
  timer.call_after(steady_timer::duration::max(), [] { FAIL(); });
}

}  // namespace
