#include "urn/core/thread_pool.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <numeric>
#include <set>
#include <thread>
#include <vector>

namespace {

static_assert(urn::executor<urn::thread_pool>);
static_assert(!urn::executor<int>);

TEST(thread_pool, does_each_part_once) {
  urn::thread_pool pool(4);
  EXPECT_EQ(pool.size(), 4U);
  for (std::size_t round = 0; round < 2000; ++round) {
    const std::size_t parts = round % 5;
    std::vector<int> done(4, 0);
    pool.run(parts, [&](std::size_t i) { ++done[i]; });
    for (std::size_t i = 0; i < done.size(); ++i) ASSERT_EQ(done[i], i < parts ? 1 : 0) << round;
  }
}

TEST(thread_pool, gives_each_part_a_thread_of_its_own) {
  urn::thread_pool pool(3);
  std::vector<std::thread::id> ids(3);
  pool.run(3, [&](std::size_t i) { ids[i] = std::this_thread::get_id(); });
  EXPECT_EQ(ids[0], std::this_thread::get_id());
  EXPECT_EQ(std::set<std::thread::id>(ids.begin(), ids.end()).size(), 3U);
}

TEST(thread_pool, shows_the_caller_what_was_written) {
  urn::thread_pool pool(3);
  std::vector<std::size_t> sums(3);
  for (std::size_t round = 1; round < 500; ++round) {
    pool.run(3, [&](std::size_t i) { sums[i] += round * i; });
    ASSERT_EQ(std::accumulate(sums.begin(), sums.end(), std::size_t{0}), 3 * round * (round + 1) / 2);
  }
}

TEST(thread_pool, takes_up_work_after_its_threads_slept) {
  urn::thread_pool pool(2);
  std::atomic<int> done = 0;
  const auto work = [&](std::size_t) { ++done; };
  pool.run(2, work);
  // Long enough to give up spinning: other threads get the processor.
  for (int i = 0; i < 20000; ++i) std::this_thread::yield();
  pool.run(2, work);
  EXPECT_EQ(done, 4);
}

TEST(thread_pool, of_one_runs_on_the_caller) {
  urn::thread_pool pool(1);
  std::thread::id ran;
  pool.run(1, [&](std::size_t) { ran = std::this_thread::get_id(); });
  EXPECT_EQ(ran, std::this_thread::get_id());
}

}  // namespace
