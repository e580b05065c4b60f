// Asking again: the schedule, the order, streams, cancellation, and backends that fail at random.

#include "urn/client/retry.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "support/caller.hpp"
#include "support/expect_error.hpp"
#include "support/faulty_backends.hpp"
#include "support/scripted_backend.hpp"

namespace {

using namespace std::chrono_literals;
using urn::failure;
using urn::listener;
using urn::outcome;
using urn::request_error;
using urn::retry_config;
using urn::sample_request;
using urn::sample_response;
using urn::stream_event;
using urn::virtual_clock;
using urn::test::caller;
using urn::test::chaotic_backend;
using urn::test::request_due;
using urn::test::request_of;
using urn::test::scripted_backend;
using urn::test::threaded_backend;
using urn::test::token_at;
using tokens = std::vector<urn::token_id>;
using strings = std::vector<std::string>;
using duration = retry_config::duration;
using time_point = std::chrono::steady_clock::time_point;

struct retry : testing::Test {
  virtual_clock clock;
  scripted_backend backend{clock};
  caller told;
  retry_config config{.max_concurrent = 2, .max_attempts = 3, .progress_timeout = 100s};

  /// "0", "1", ...
  static void submit_all(auto& asking, std::vector<caller>& callers) {
    for (std::size_t i = 0; i < callers.size(); ++i) {
      asking.submit(request_of(std::to_string(i)), callers[i].ears());
    }
  }
};

static_assert(urn::sampling_backend<urn::retrying<scripted_backend&, virtual_clock&>>);

TEST(retry_delay, doubles_up_to_the_greatest) {
  retry_config config{.jitter = 0};
  std::vector<duration> delays;
  for (std::size_t failed = 1; failed <= 8; ++failed) delays.push_back(retry_delay(config, "id", failed));
  EXPECT_EQ(delays, (std::vector<duration>{500ms, 1s, 2s, 4s, 8s, 10s, 10s, 10s}));
  EXPECT_EQ(retry_delay(config, "id", std::numeric_limits<std::size_t>::max()), 10s);
  config.base_delay = 0s;
  EXPECT_EQ(retry_delay(config, "id", std::numeric_limits<std::size_t>::max()), 0s);
}

TEST(retry_delay, jitter_follows_from_seed_id_and_attempt) {
  const retry_config config;
  const retry_config other{.seed = 1};
  double least = 1;
  double most = -1;
  double sum = 0;
  std::set<duration> all;
  for (int i = 0; i < 1000; ++i) {
    const std::string id = std::to_string(i);
    const auto delay = retry_delay(config, id, 2);
    const double u = (std::chrono::duration<double>(delay).count() - 1) / 0.25;
    least = std::min(least, u);
    most = std::max(most, u);
    sum += u;
    all.insert(delay);
    EXPECT_EQ(delay, retry_delay(config, id, 2));
    EXPECT_NE(delay, retry_delay(other, id, 2));
    EXPECT_NE(delay, 2 * retry_delay(config, id, 1));
  }
  EXPECT_GE(least, -1);
  EXPECT_LT(most, 1);
  EXPECT_LT(least, -0.97);
  EXPECT_GT(most, 0.97);
  EXPECT_NEAR(sum / 1000, 0, 0.08);  // four standard errors of uniform numbers
  EXPECT_EQ(all.size(), 1000U);
  EXPECT_EQ(retry_delay(config, "a", 1).count(), 431234653);  // the schedule is the same everywhere
}

TEST_F(retry, configurations_that_are_refused) {
  const auto refused = [&](retry_config bad) {
    EXPECT_THROW(urn::retrying(backend, bad, clock), urn::error);
  };
  refused({.max_concurrent = 0});
  refused({.max_attempts = 0});
  refused({.base_delay = -1s});
  refused({.base_delay = 2s, .max_delay = 1s});
  refused({.max_delay = duration::max()});
  refused({.jitter = -0.1});
  refused({.jitter = 1.1});
  refused({.jitter = std::nan("")});
  refused({.progress_timeout = 0s});
  urn::test::expect_error([&] { urn::retrying(backend, {.max_attempts = 0}, clock); },
                          "retry_config: max_attempts: is 0; give at least 1, or retry_config::unlimited");
}

TEST_F(retry, an_answer_is_passed_on) {
  urn::retrying asking(backend, config, clock);
  asking.submit(request_of("a"), told.ears());
  ASSERT_EQ(backend.attempts.size(), 1U);
  EXPECT_EQ(backend.attempts[0].request.prompt, (tokens{1}));
  backend.attempts[0].succeed();
  EXPECT_TRUE(told.succeeded());
  EXPECT_EQ(clock.until_next(), std::nullopt);
  backend.attempts[0].succeed();  // once is enough
  EXPECT_TRUE(told.succeeded());
}

TEST_F(retry, the_schedule_the_id_and_the_seed) {
  config.max_attempts = 5;
  urn::retrying asking(backend, config, clock);
  backend.on_submit = [](const scripted_backend::attempt& each) { each.fail(failure::unavailable); };
  const auto start = clock.now();
  asking.submit(request_of("a"), told.ears());
  clock.advance(1h);
  ASSERT_EQ(backend.attempts.size(), 5U);
  auto due = start;
  for (std::size_t i = 0; i < 5; ++i) {
    if (i > 0) due += retry_delay(config, "a", i);
    EXPECT_EQ(backend.attempts[i].when, due) << i;
    EXPECT_EQ(backend.attempts[i].request.id, "a");
    ASSERT_TRUE(backend.attempts[i].request.params.seed);
    EXPECT_EQ(backend.attempts[i].request.params.seed, backend.attempts[0].request.params.seed);
  }
  EXPECT_EQ(told.kind(), failure::unavailable);
  EXPECT_EQ(told.what(), "backend: no (attempts: 5)");
}

TEST_F(retry, a_seed_is_kept_and_an_id_is_made) {
  urn::retrying asking(backend, config, clock);
  auto request = request_of("");
  request.params.seed = 7;
  asking.submit(request, told.ears());
  asking.submit(request, told.ears());
  EXPECT_EQ(backend.attempts[0].request.params.seed, 7U);
  EXPECT_NE(backend.attempts[0].request.id, "");
  EXPECT_NE(backend.attempts[0].request.id, backend.attempts[1].request.id);
}

TEST_F(retry, what_cannot_help_is_not_tried_again) {
  urn::retrying asking(backend, config, clock);
  for (const failure kind :
       {failure::invalid, failure::cancelled, failure::deadline, failure::model, failure::shut_down}) {
    caller one;
    asking.submit(request_of("a"), one.ears());
    backend.attempts.back().fail(kind);
    EXPECT_EQ(one.kind(), kind);
    EXPECT_EQ(one.what(), "backend: no");
  }
  asking.submit(request_of("a"), told.ears());
  backend.attempts.back().fail(failure::overloaded);
  clock.advance(1s);
  backend.attempts.back().fail(failure::invalid);
  EXPECT_EQ(told.what(), "backend: no (attempts: 2)");
}

TEST_F(retry, the_predicate_decides) {
  config.retry_on = [](const request_error& problem) { return problem.kind() == failure::model; };
  urn::retrying asking(backend, config, clock);
  asking.submit(request_of("a"), told.ears());
  backend.attempts.back().fail(failure::model);
  clock.advance(1s);
  ASSERT_EQ(backend.attempts.size(), 2U);
  backend.attempts.back().fail(failure::overloaded);
  EXPECT_EQ(told.kind(), failure::overloaded);
}

TEST_F(retry, no_more_at_once_and_in_order) {
  urn::retrying asking(backend, config, clock);
  std::vector<caller> callers(5);
  submit_all(asking, callers);
  EXPECT_EQ(backend.ids(), (strings{"0", "1"}));
  backend.attempts[1].fail(failure::overloaded);  // its place is free while it rests
  EXPECT_EQ(backend.ids(), (strings{"0", "1", "2"}));
  clock.advance(10s);  // 1 is ready, but there is no place
  EXPECT_EQ(backend.attempts.size(), 3U);
  backend.attempts[0].succeed();
  backend.attempts[2].succeed();
  EXPECT_EQ(backend.ids(), (strings{"0", "1", "2", "1", "3"}));
  backend.attempts[3].succeed();
  backend.attempts[4].succeed();
  backend.attempts[5].succeed();
  for (const caller& each : callers) EXPECT_TRUE(each.succeeded());
}

TEST_F(retry, many_that_answer_at_once_do_not_nest) {
  backend.on_submit = [](const scripted_backend::attempt& each) { each.succeed(); };
  config.max_concurrent = 1;
  urn::retrying asking(backend, config, clock);
  std::size_t done = 0;
  listener who{.done =
                   [&](const outcome&) {
                     if (++done < 50'000) asking.submit(request_of("a"), {.done = who.done, .event = {}});
                   },
               .event = {}};
  asking.submit(request_of("a"), who);
  EXPECT_EQ(done, 50'000U);
}

TEST_F(retry, a_backend_that_throws) {
  int number = 0;
  backend.on_submit = [&](const scripted_backend::attempt&) {
    switch (++number) {
      case 1: throw std::runtime_error("lost the connection");
      case 2: throw 3;  // NOLINT: anything may be thrown
      default: throw request_error(failure::invalid, "top_p", "is 2");
    }
  };
  urn::retrying asking(backend, config, clock);
  asking.submit(request_of("a"), told.ears());
  clock.advance(10s);
  EXPECT_EQ(number, 3);
  EXPECT_EQ(told.what(), "top_p: is 2 (attempts: 3)");
}

TEST_F(retry, one_that_answers_and_throws_has_answered) {
  backend.on_submit = [](const scripted_backend::attempt& each) {
    each.succeed();
    throw std::runtime_error("late");
  };
  urn::retrying asking(backend, config, clock);
  asking.submit(request_of("a"), told.ears());
  clock.advance(1h);
  EXPECT_TRUE(told.succeeded());
  EXPECT_EQ(backend.attempts.size(), 1U);
}

TEST_F(retry, a_backend_that_is_stuck) {
  config.max_attempts = 2;
  urn::retrying asking(backend, config, clock);
  asking.submit(request_of("a"), told.ears(true));
  clock.advance(99s);
  backend.attempts[0].say(5);  // progress
  clock.advance(99s);
  EXPECT_FALSE(backend.attempts[0].stopped());
  clock.advance(1s);
  EXPECT_TRUE(backend.attempts[0].stopped());
  clock.advance(1s);
  ASSERT_EQ(backend.attempts.size(), 2U);
  EXPECT_FALSE(backend.attempts[1].stopped());
  backend.attempts[0].say(6);     // too late
  backend.attempts[0].succeed();  // too late
  EXPECT_TRUE(told.outcomes.empty());
  clock.advance(100s);
  EXPECT_EQ(told.kind(), failure::stuck);
  EXPECT_EQ(told.what(), "request a: no progress for 100.000000 s (attempts: 2)");
  EXPECT_EQ(told.tokens(), (tokens{5}));
}

TEST_F(retry, timers_that_are_cancelled_too_late) {
  struct late_clock {
    virtual_clock& real;
    time_point now() const { return real.now(); }
    urn::timer_key call_after(duration wait, std::function<void()> call) {
      return real.call_after(wait, std::move(call));
    }
    void cancel(const urn::timer_key&) {}  // it is being called already
  } late{clock};
  config.max_concurrent = 1;
  urn::retrying asking(backend, config, late);
  caller other;
  asking.submit(request_of("b"), other.ears());
  asking.submit(request_due("a", 150s), told.ears());  // waits: a timer for its deadline
  backend.attempts[0].succeed();                       // runs: a timer for its progress
  backend.attempts[1].fail(failure::overloaded);
  clock.advance(90s);  // runs since its delay was over
  ASSERT_EQ(backend.attempts.size(), 3U);
  caller third;
  asking.submit(request_of("c"), third.ears());  // waits
  backend.attempts[2].say(1);
  clock.advance(61s);  // past the timers of the first attempt and, in the backend, of the deadline
  EXPECT_EQ(backend.attempts.size(), 3U);
  EXPECT_FALSE(backend.attempts[2].stopped());
  backend.attempts[2].succeed();
  EXPECT_TRUE(told.succeeded());
  ASSERT_EQ(backend.attempts.size(), 4U);
  backend.attempts[3].succeed();
  clock.advance(1h);
  EXPECT_EQ(backend.attempts.size(), 4U);
  for (const caller& each : {other, told, third}) EXPECT_TRUE(each.succeeded());
}

TEST_F(retry, events_are_delivered_once) {
  urn::retrying asking(backend, config, clock);
  auto request = request_of("a");
  request.params.num_samples = 2;
  asking.submit(request, told.ears(true));
  backend.attempts[0].say({{0, 10}, {1, 20}, {0, 11}});
  backend.attempts[0].fail(failure::unavailable);
  clock.advance(10s);
  backend.attempts[1].say({{1, 20}, {1, 21}, {0, 10}, {0, 11}, {0, 12}});  // another order between the two
  backend.attempts[1].succeed();
  EXPECT_EQ(told.tokens(0), (tokens{10, 11, 12}));
  EXPECT_EQ(told.tokens(1), (tokens{20, 21}));
  EXPECT_TRUE(told.succeeded());
}

TEST_F(retry, events_that_contradict_each_other_end_it) {
  urn::retrying asking(backend, config, clock);
  asking.submit(request_of("a"), told.ears(true));
  backend.attempts[0].say(10);
  backend.attempts[0].fail(failure::unavailable);
  clock.advance(10s);
  backend.attempts[1].say(11);
  EXPECT_TRUE(backend.attempts[1].stopped());
  EXPECT_EQ(told.kind(), failure::unavailable);
  EXPECT_EQ(
      told.what(),
      "request a: attempt 2 drew token 11 where an earlier one drew 10; stream from a backend whose draws "
      "follow from the seed");
  EXPECT_EQ(told.tokens(), (tokens{10}));
}

TEST_F(retry, cancelled_before_while_waiting_running_and_resting) {
  config.max_concurrent = 1;
  urn::retrying asking(backend, config, clock);
  std::vector<caller> callers(3);
  std::vector<std::stop_source> stops(3);
  const auto submit = [&](std::size_t i) {
    asking.submit(request_of(std::to_string(i), stops[i].get_token()), callers[i].ears());
  };
  stops[2].request_stop();
  submit(2);  // before it began
  EXPECT_EQ(callers[2].kind(), failure::cancelled);
  submit(0);
  submit(1);
  EXPECT_EQ(backend.attempts.size(), 1U);
  stops[1].request_stop();  // while it waits
  EXPECT_EQ(callers[1].kind(), failure::cancelled);
  EXPECT_EQ(callers[1].what(), "request 1: was cancelled (attempts: 0)");
  backend.attempts[0].fail(failure::overloaded);
  stops[0].request_stop();  // while it rests
  EXPECT_EQ(callers[0].kind(), failure::cancelled);
  EXPECT_EQ(clock.until_next(), std::nullopt);
  asking.submit(request_of("x"), told.ears());  // the place is free
  EXPECT_EQ(backend.attempts.size(), 2U);
}

TEST_F(retry, cancelled_in_the_backend_it_ends_as_the_backend_says) {
  urn::retrying asking(backend, config, clock);
  std::stop_source stop;
  asking.submit(request_of("a", stop.get_token()), told.ears());
  stop.request_stop();
  EXPECT_TRUE(backend.attempts[0].stopped());
  EXPECT_TRUE(told.outcomes.empty());
  backend.attempts[0].succeed();  // with what there is
  EXPECT_TRUE(told.succeeded());

  caller other;
  asking.submit(request_of("a", stop.get_token()), other.ears());  // cancelled already
  EXPECT_EQ(other.kind(), failure::cancelled);
}

TEST_F(retry, a_backend_that_does_not_hear_of_cancellation_is_not_asked_again) {
  urn::retrying asking(backend, config, clock);
  std::stop_source stop;
  asking.submit(request_of("a", stop.get_token()), told.ears());
  stop.request_stop();
  clock.advance(100s);
  EXPECT_EQ(told.kind(), failure::cancelled);
  EXPECT_EQ(backend.attempts.size(), 1U);
}

TEST_F(retry, deadlines) {
  config.max_concurrent = 1;
  config.jitter = 0;
  urn::retrying asking(backend, config, clock);
  std::vector<caller> callers(4);
  const auto submit = [&](std::size_t i, std::chrono::milliseconds deadline) {
    asking.submit(request_due(std::to_string(i), deadline), callers[i].ears());
  };
  submit(0, 3s);
  submit(1, 2s);
  submit(2, 0s);
  EXPECT_EQ(callers[2].outcomes.size(), 0U);  // it is not its turn
  clock.advance(0s);
  EXPECT_EQ(callers[2].kind(), failure::deadline);
  EXPECT_EQ(backend.attempts[0].request.params.deadline, 3s);
  clock.advance(2s);
  EXPECT_EQ(callers[1].kind(), failure::deadline);
  EXPECT_EQ(callers[1].what(), "request 1: the deadline has passed (attempts: 0)");
  backend.attempts[0].fail(failure::overloaded);
  clock.advance(500ms);
  ASSERT_EQ(backend.attempts.size(), 2U);
  EXPECT_EQ(backend.attempts[1].request.params.deadline, 500ms);  // what is left
  backend.attempts[1].fail(failure::overloaded);                  // and 1 s is too long to wait
  EXPECT_EQ(callers[0].kind(), failure::deadline);
  EXPECT_EQ(callers[0].what(), "no time before the deadline to ask again: backend: no (attempts: 2)");
  submit(3, std::chrono::milliseconds::max());
  backend.attempts[2].succeed();
  EXPECT_TRUE(callers[3].succeeded());
}

TEST_F(retry, many_that_missed_their_deadline_do_not_nest) {
  config.max_concurrent = 1;
  urn::retrying asking(backend, config, clock);
  asking.submit(request_of("a"), told.ears());
  std::size_t ended = 0;
  for (int i = 0; i < 50'000; ++i) {
    asking.submit(request_due("b", 1s), {.done = [&](const outcome&) { ++ended; }, .event = {}});
  }
  clock.advance(1s);
  EXPECT_EQ(ended, 50'000U);
}

TEST_F(retry, observers_and_telemetry_are_told) {
  struct notes {
    std::vector<std::string> all;
    void on_queue_state_change(urn::queue_state state, std::string_view reason) {
      all.push_back(std::string(name_of(state)).append(": ").append(reason));
    }
  } observer;
  urn::telemetry_log log;
  urn::retrying asking(backend, config, clock, observer, log);
  asking.submit(request_of("a"), told.ears());
  asking.submit(request_of("b"), told.ears());
  backend.attempts[0].fail(failure::overloaded, "full");
  backend.attempts[1].fail(failure::unavailable);
  clock.advance(10s);
  backend.attempts[2].fail(failure::overloaded, "full");
  backend.attempts[3].succeed();
  clock.advance(10s);
  backend.attempts[4].succeed();
  EXPECT_EQ(observer.all, (strings{"paused_capacity: backend: full", "paused_capacity: backend: full",
                                   "active: the backend answers"}));
  asking.submit(request_of("c"), told.ears());
  backend.attempts.back().fail(failure::invalid);
  EXPECT_EQ(log.counters(), (urn::telemetry_log::by_name<double>{{"failures", 1}, {"retries", 3}}));
}

TEST_F(retry, destroyed_while_requests_wait_run_and_rest) {
  std::vector<caller> callers(4);
  {
    urn::retrying asking(backend, config, clock);
    submit_all(asking, callers);
    backend.attempts[0].fail(failure::overloaded);
    EXPECT_EQ(backend.attempts.size(), 3U);
  }
  for (const caller& each : callers) EXPECT_EQ(each.kind(), failure::shut_down);
  EXPECT_EQ(callers[3].what(), "request 3: the client is gone");
  EXPECT_TRUE(backend.attempts[1].stopped());
  EXPECT_EQ(clock.until_next(), std::nullopt);
  backend.attempts[1].succeed();  // to nobody
  clock.advance(1h);
  EXPECT_EQ(backend.attempts.size(), 3U);
  for (const caller& each : callers) EXPECT_EQ(each.outcomes.size(), 1U);
}

TEST_F(retry, destroyed_before_a_backend_that_answers_cancellation_at_once) {
  struct obliging {
    std::vector<std::unique_ptr<std::stop_callback<std::function<void()>>>> callbacks;
    void submit(sample_request request, listener who) {
      callbacks.push_back(std::make_unique<std::stop_callback<std::function<void()>>>(
          request.cancel, [who] { who.done(request_error(failure::cancelled, "backend", "stopped")); }));
    }
  } other;
  {
    urn::retrying asking(other, config, clock);
    asking.submit(request_of("a"), told.ears());
  }
  EXPECT_EQ(told.kind(), failure::shut_down);
}

TEST_F(retry, destroyed_while_a_request_is_on_its_way_to_the_backend) {
  std::promise<void> entered;
  std::promise<void> released;
  backend.on_submit = [&](const scripted_backend::attempt&) {
    entered.set_value();  // once only: a second request would throw
    released.get_future().wait();
  };
  caller other;
  std::optional<urn::retrying<scripted_backend&, virtual_clock&>> asking(std::in_place, backend, config,
                                                                         clock);
  std::thread first([&] { asking->submit(request_of("a"), told.ears()); });
  entered.get_future().wait();
  asking->submit(request_of("b"), {.done =
                                       [&](outcome result) {
                                         other.outcomes.push_back(std::move(result));
                                         released.set_value();  // now that `asking` is closing
                                       },
                                   .event = {}});
  asking.reset();
  first.join();
  EXPECT_EQ(backend.ids(), (strings{"a"}));
  EXPECT_EQ(told.kind(), failure::shut_down);
  EXPECT_EQ(other.kind(), failure::shut_down);
}

TEST_F(retry, what_the_caller_gave_is_let_go_with_its_end) {
  const auto held = std::make_shared<int>(0);
  urn::retrying asking(backend, config, clock);
  asking.submit(request_of("a"),
                {.done = [held](const outcome&) {}, .event = [held](const stream_event&) {}});
  EXPECT_GT(held.use_count(), 1);
  backend.attempts[0].succeed();  // which the backend keeps the listener of
  EXPECT_EQ(held.use_count(), 1);
}

TEST_F(retry, it_can_own_its_parts) {
  struct echo {
    void submit(const sample_request& request, const listener& who) {
      who.done(sample_response{.id = request.id});
    }
  };
  urn::retrying asking(echo{});
  static_assert(std::is_same_v<decltype(asking), urn::retrying<echo>>);
  asking.submit(request_of("a"), told.ears());
  EXPECT_TRUE(told.succeeded());
}

// ---------------------------------------------------------------------------------------------------------

TEST(retry_under_faults, a_thousand_runs_lose_no_request) {
  std::map<std::string, int> ends;
  int retries = 0;
  for (unsigned run = 0; run < 1000; ++run) {
    SCOPED_TRACE(run);
    virtual_clock clock;
    const bool crowded = run % 2 == 1;
    const retry_config config{.max_concurrent = crowded ? 2U : 100U,
                              .max_attempts = 1 + run % 5,
                              .progress_timeout = 20s,
                              .seed = run};
    chaotic_backend backend(clock, run, config.progress_timeout);
    std::mt19937 random(run + 5000);
    std::vector<caller> callers(6);
    std::vector<std::stop_source> stops(6);
    std::vector<bool> disturbed(6);
    urn::retrying asking(backend, config, clock);
    for (std::size_t i = 0; i < 6; ++i) {
      auto request = request_of("r" + std::to_string(i), stops[i].get_token());
      request.params.seed = run * 10 + i;
      request.params.num_samples = 1 + i % 2;
      if (random() % 8 == 0) request.params.deadline = std::chrono::milliseconds(random() % 4000);
      if (random() % 8 == 0) {
        clock.call_after(std::chrono::milliseconds(random() % 4000),
                         [&stops, i] { stops[i].request_stop(); });
        disturbed[i] = true;
      }
      asking.submit(request, callers[i].ears(true));
      clock.advance(std::chrono::milliseconds(random() % 300));
    }
    while (const auto next = clock.until_next()) clock.advance(*next);

    for (std::size_t i = 0; i < 6; ++i) {
      SCOPED_TRACE(i);
      const std::string id = "r" + std::to_string(i);
      ASSERT_EQ(callers[i].outcomes.size(), 1U);
      ++ends[callers[i].succeeded() ? "answered" : std::string(name_of(*callers[i].kind()))];
      for (std::size_t s = 0; s < 2; ++s) {  // each token once and in order
        const tokens told = callers[i].tokens(s);
        for (std::size_t k = 0; k < told.size(); ++k) ASSERT_EQ(told[k], token_at(run * 10 + i, s, k));
        if (callers[i].succeeded() && s <= i % 2) {
          ASSERT_EQ(told, callers[i].response().sequences.at(s).tokens);
        }
      }
      const auto& attempts = backend.notes[id];
      ASSERT_LE(attempts.size(), config.max_attempts);
      for (std::size_t k = 1; k < attempts.size(); ++k) {
        ++retries;
        ASSERT_TRUE(attempts[k - 1].failed);
        const auto due = *attempts[k - 1].failed + retry_delay(config, id, k);
        if (crowded) {
          ASSERT_GE(attempts[k].began, due);
        } else {
          ASSERT_EQ(attempts[k].began, due);
        }
      }
    }
    if (crowded) {
      ASSERT_LE(backend.most_running, 2);
    }
  }
  for (const char* const each :
       {"answered", "unavailable", "overloaded", "stuck", "model", "cancelled", "deadline"}) {
    EXPECT_GT(ends[each], 20) << each;
  }
  EXPECT_EQ(ends.size(), 7U);
  EXPECT_GT(retries, 2000);
}

TEST(retry_with_threads, every_future_ends) {
  threaded_backend backend;
  std::vector<std::promise<bool>> promises(200);
  std::vector<tokens> told(200);
  std::vector<std::stop_source> stops(200);
  urn::telemetry_log log;
  {
    urn::steady_timer timer;
    urn::no_observer nobody;
    urn::retrying asking(
        backend,
        retry_config{.max_concurrent = 8, .base_delay = 100us, .max_delay = 1ms, .progress_timeout = 5ms},
        timer, nobody, log);
    std::vector<std::thread> callers;
    for (std::size_t t = 0; t < 4; ++t) {
      callers.emplace_back([&, t] {
        for (std::size_t i = t; i < 200; i += 4) {
          asking.submit(request_of(std::to_string(i), stops[i].get_token()),
                        {.done =
                             [&, i](const outcome& result) {
                               promises[i].set_value(std::holds_alternative<sample_response>(result));
                             },
                         .event = [&, i](const stream_event& event) { told[i].push_back(event.token); }});
          if (i % 10 == 3) stops[i].request_stop();
        }
      });
    }
    for (std::thread& each : callers) each.join();
    for (std::size_t i = 0; i < 100; ++i) {
      const bool answered = promises[i].get_future().get();
      if (i % 10 != 3 && answered) {
        EXPECT_EQ(told[i], (tokens{0, 1, 2}));
      }
    }
  }  // the others may be in flight
  for (std::size_t i = 100; i < 200; ++i) {
    EXPECT_EQ(promises[i].get_future().wait_for(0s), std::future_status::ready);
  }
  EXPECT_GT(log.counted(urn::telemetry::retries), 0);
}

}  // namespace
