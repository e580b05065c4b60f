// Who is told of pauses, and how often.

#include "urn/client/observer.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <vector>

#include "urn/client/clock.hpp"

namespace {

using namespace std::chrono_literals;
using urn::queue_state;

static_assert(urn::queue_state_observer<urn::no_observer>);
static_assert(std::is_empty_v<urn::no_observer>);

struct notes {
  std::vector<std::string> all;
  void on_queue_state_change(queue_state state, std::string_view reason) {
    all.push_back(std::string(name_of(state)).append(": ").append(reason));
  }
};

TEST(throttled, passes_changes_on_at_once) {
  notes told;
  urn::virtual_clock clock;
  urn::throttled observer(told, 60s, clock);
  static_assert(urn::queue_state_observer<decltype(observer)>);
  observer.on_queue_state_change(queue_state::active, "a");
  observer.on_queue_state_change(queue_state::paused_capacity, "b");
  observer.on_queue_state_change(queue_state::paused_rate_limit, "c");
  observer.on_queue_state_change(queue_state::active, "d");
  observer.on_queue_state_change(queue_state::active, "e");
  EXPECT_EQ(told.all, (std::vector<std::string>{"paused_capacity: b", "paused_rate_limit: c", "active: d"}));
}

TEST(throttled, repeats_a_pause_once_an_interval) {
  notes told;
  urn::virtual_clock clock;
  urn::throttled observer(told, 60s, clock);
  for (int second = 0; second <= 180; ++second) {
    observer.on_queue_state_change(queue_state::paused_capacity, std::to_string(second));
    clock.advance(1s);
  }
  EXPECT_EQ(told.all, (std::vector<std::string>{"paused_capacity: 0", "paused_capacity: 60",
                                                "paused_capacity: 120", "paused_capacity: 180"}));
  observer.on_queue_state_change(queue_state::active, "on");
  clock.advance(1h);
  observer.on_queue_state_change(queue_state::active, "still");
  EXPECT_EQ(told.all.back(), "active: on");
}

TEST(throttled, from_many_threads) {
  notes told;
  urn::throttled observer(told);
  static_assert(std::is_same_v<decltype(observer), urn::throttled<notes&>>);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) observer.on_queue_state_change(queue_state::paused_capacity, "x");
    });
  }
  for (std::thread& each : threads) each.join();
  EXPECT_EQ(told.all.size(), 1U);
}

}  // namespace
