// Totals of what was counted and observed.

#include "urn/client/telemetry.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <thread>
#include <type_traits>
#include <vector>

#include "urn/client/clock.hpp"

namespace {

using urn::telemetry_log;

static_assert(urn::telemetry_sink<urn::no_telemetry>);
static_assert(urn::telemetry_sink<telemetry_log>);
static_assert(std::is_empty_v<urn::no_telemetry>);

TEST(telemetry_log, counts) {
  telemetry_log log;
  EXPECT_EQ(log.counted(urn::telemetry::requests), 0);
  log.count(urn::telemetry::requests);
  log.count(urn::telemetry::requests, 2.5);
  log.count(urn::telemetry::retries);
  EXPECT_EQ(log.counted("requests"), 3.5);
  EXPECT_EQ(log.counters(), (telemetry_log::by_name<double>{{"requests", 3.5}, {"retries", 1}}));
}

TEST(telemetry_log, observes) {
  telemetry_log log;
  EXPECT_EQ(log.observed("batch_size"), std::nullopt);
  for (const double value : {4.0, -1.0, 9.0, 8.0}) log.observe(urn::telemetry::batch_size, value);
  log.observe(urn::telemetry::batch_size, std::nan(""));
  const telemetry_log::summary expected{.count = 4, .min = -1, .mean = 5, .max = 9, .last = 8};
  EXPECT_EQ(log.observed("batch_size"), expected);
  EXPECT_EQ(log.summaries(), (telemetry_log::by_name<telemetry_log::summary>{{"batch_size", expected}}));
}

TEST(telemetry_log, from_many_threads) {
  telemetry_log log;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) {
        log.count("a");
        log.observe("b", 2);
      }
    });
  }
  for (std::thread& each : threads) each.join();
  EXPECT_EQ(log.counted("a"), 4000);
  EXPECT_EQ(log.observed("b")->count, 4000U);
}

}  // namespace
