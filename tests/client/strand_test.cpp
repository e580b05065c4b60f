// Calls in order.

#include "urn/client/strand.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "urn/client/clock.hpp"

namespace {

using urn::detail::strand;

TEST(strand, a_call_that_pushes_and_drains_is_not_nested) {
  strand line;
  std::vector<int> calls;
  line.push([&] {
    line.push([&] { calls.push_back(2); });
    line.drain();
    calls.push_back(1);
  });
  EXPECT_TRUE(calls.empty());
  line.drain();
  EXPECT_EQ(calls, (std::vector<int>{1, 2}));
}

TEST(strand, one_at_a_time_from_many_threads) {
  strand line;
  long long sum = 0;  // not atomic: the strand keeps the calls apart
  std::vector<int> last(4, -1);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 2000; ++i) {
        line.push([&, t, i] {
          ++sum;
          EXPECT_EQ(last[t], i - 1);
          last[t] = i;
        });
        line.drain();
      }
    });
  }
  for (std::thread& each : threads) each.join();
  line.drain();
  EXPECT_EQ(sum, 8000);
}

}  // namespace
