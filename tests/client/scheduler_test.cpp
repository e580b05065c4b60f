#include "urn/client/scheduler.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <coroutine>
#include <cstddef>
#include <exception>
#include <future>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "client/scheduler_fixture.hpp"
#include "urn/client/event_stream.hpp"
#include "urn/client/future.hpp"
#include "urn/client/telemetry.hpp"
#include "urn/model/archetype.hpp"
#include "urn/model/tokenizer.hpp"

namespace {

using urn::archetype_lm;
using urn::failure;
using urn::finish_reason;
using urn::sample_request;
using urn::sample_response;
using urn::scheduler_options;
using urn_test::alone;
using urn_test::ask;
using urn_test::gate;
using urn_test::random_requests;
using watched = urn_test::watched<archetype_lm>;
using tokens = std::vector<urn::token_id>;

constexpr std::size_t vocabulary = 50;
const archetype_lm model(vocabulary, 600);
const tokens ends{7, 11};

static_assert(urn::causal_lm<watched>);
static_assert(urn::sampling_backend<urn::scheduler<archetype_lm>>);

sample_request request(tokens prompt, urn::sampling_params params) {
  return {.id = {}, .prompt = std::move(prompt), .params = std::move(params)};
}
tokens counting(std::size_t n) {
  tokens result(n);
  for (std::size_t i = 0; i < n; ++i) result[i] = static_cast<urn::token_id>(i * i % vocabulary);
  return result;
}

std::optional<failure> failure_of(urn::future<sample_response>& answer) {
  try {
    answer.get();
  } catch (const urn::request_error& thrown) {
    return thrown.kind();
  }
  return {};
}

void expect_alone(const sample_response& got, const sample_request& asked) {
  EXPECT_TRUE(urn_test::same(got.sequences, alone(model, asked, ends)));
  EXPECT_EQ(got.seed, asked.params.seed);
  EXPECT_EQ(got.prompt_tokens, asked.prompt);
}

/// The options that nothing may depend on.
std::vector<scheduler_options> all_options() {
  return {{.end_tokens = ends},
          {.max_batch_tokens = 1, .threads = 1, .end_tokens = ends},
          {.max_batch_sequences = 2, .max_batch_tokens = 7, .threads = 3, .end_tokens = ends},
          {.max_batch_sequences = 5, .prefix_cache_tokens = 0, .threads = 2, .end_tokens = ends},
          {.max_batch_tokens = 1000, .prefix_cache_tokens = 50, .end_tokens = ends}};
}

TEST(scheduler, gives_what_generate_gives_whatever_its_options) {
  for (const scheduler_options& options : all_options()) {
    urn::scheduler<archetype_lm> backend(model, {}, options);
    random_requests next(5, vocabulary, 60, 30);
    std::vector<sample_request> asked;
    std::vector<urn::future<sample_response>> answers;
    for (int i = 0; i < 80; ++i) answers.push_back(ask(backend, asked.emplace_back(next.next())));
    for (std::size_t i = 0; i < asked.size(); ++i) expect_alone(answers[i].get(), asked[i]);
  }
}

TEST(scheduler, one_request_after_another_gives_the_same) {
  urn::scheduler<archetype_lm> backend(model, {}, {.end_tokens = ends});
  random_requests next(6, vocabulary, 60, 30);
  for (int i = 0; i < 40; ++i) {
    const sample_request asked = next.next();
    expect_alone(ask(backend, asked).get(), asked);
  }
}

TEST(scheduler, scores_prompts_exactly) {
  for (const scheduler_options& options : all_options()) {
    urn::scheduler<archetype_lm> backend(model, {}, options);
    for (const bool score_only : {false, true}) {
      sample_request asked = request(counting(40), {.max_tokens = 3, .seed = 4, .prompt_logprobs = 2});
      asked.score_only = score_only;
      ask(backend, request(counting(40), {.max_tokens = 1})).get();  // now its prompt is known
      const sample_response got = ask(backend, asked).get();
      EXPECT_EQ(got.cached_prompt_tokens, 0U);
      EXPECT_EQ(got.sequences.size(), score_only ? 0U : 1U);
      if (!score_only) expect_alone(got, asked);
      ASSERT_EQ(got.prompt_logprobs.size(), 40U);
      ASSERT_EQ(got.topk_prompt_logprobs.size(), 40U);
      EXPECT_FALSE(got.prompt_logprobs[0]);
      urn::workspace scratch{vocabulary};
      for (std::size_t i = 1; i < 40; ++i) {
        std::vector<float> row(vocabulary);
        for (std::size_t t = 0; t < vocabulary; ++t) {
          row[t] = archetype_lm::logit(std::span(asked.prompt).first(i), static_cast<urn::token_id>(t));
        }
        std::vector<urn::token_logprob> best(2);
        const auto scored = urn::score_token(urn::scalar, row, asked.prompt[i], scratch, best);
        EXPECT_EQ(got.prompt_logprobs[i], scored.raw_logprob);
        EXPECT_EQ(got.topk_prompt_logprobs[i], best);
      }
    }
  }
}

TEST(scheduler, prompts_that_fill_the_context_may_be_scored_but_not_continued) {
  urn::scheduler<archetype_lm> backend(model);
  sample_request asked = request(counting(600), {});
  auto refused = ask(backend, asked);
  EXPECT_EQ(failure_of(refused), failure::invalid);
  asked.score_only = true;
  EXPECT_EQ(ask(backend, asked).get().prompt_logprobs.size(), 600U);
  const sample_response last = ask(backend, request(counting(597), {.seed = 1})).get();
  EXPECT_EQ(last.sequences[0].tokens.size(), 3U);
  EXPECT_EQ(last.sequences[0].reason, finish_reason::length);
}

TEST(scheduler, says_why_a_sequence_ended) {
  urn::scheduler<archetype_lm> backend(model, {}, {.end_tokens = ends});
  const auto free = ask(backend, request({1}, {.max_tokens = 50, .seed = 3, .ignore_eos = true})).get();
  const tokens& drawn = free.sequences[0].tokens;
  EXPECT_EQ(free.sequences[0].reason, finish_reason::length);
  const auto stopped =
      ask(backend, request({1}, {.max_tokens = 50, .seed = 3, .stop = tokens{drawn[9]}, .ignore_eos = true}))
          .get();
  EXPECT_EQ(stopped.sequences[0].reason, finish_reason::stop);
  EXPECT_EQ(stopped.sequences[0].matched_token, drawn[9]);
  EXPECT_EQ(stopped.sequences[0].tokens.back(), drawn[9]);
  const auto later =
      ask(backend,
          request(
              {1},
              {.max_tokens = 50, .seed = 3, .stop = tokens{drawn[9]}, .min_tokens = 12, .ignore_eos = true}))
          .get();
  EXPECT_GT(later.sequences[0].tokens.size(), 12U);
}

TEST(scheduler, a_random_seed_is_told_and_gives_the_same_again) {
  urn::scheduler<archetype_lm> backend(model);
  const sample_response first = ask(backend, request({1, 2}, {.max_tokens = 20})).get();
  const sample_response second = ask(backend, request({1, 2}, {.max_tokens = 20})).get();
  EXPECT_NE(first.seed, second.seed);
  const auto again = ask(backend, request({1, 2}, {.max_tokens = 20, .seed = first.seed})).get();
  EXPECT_EQ(again.sequences[0].tokens, first.sequences[0].tokens);
}

TEST(scheduler, eight_samples_cost_one_prefill) {
  const watched counted(model);
  urn::scheduler<watched> backend(counted, {}, {.end_tokens = {}});
  const auto got = ask(backend, request(counting(400), {.max_tokens = 5, .seed = 1, .num_samples = 8})).get();
  EXPECT_EQ(got.sequences.size(), 8U);
  EXPECT_EQ(counted.tokens, 400U + 8 * 4);
}

TEST(scheduler, more_samples_than_places_take_turns) {
  std::size_t widest = 0;
  watched wide(model);
  gate start;
  wide.before = [&](watched::batch_view batch) {
    start.pass();
    widest = std::max(widest, batch.size());
  };
  urn::scheduler<watched> backend(wide, {}, {.max_batch_sequences = 4, .threads = 1, .end_tokens = {}});
  const auto many = request(counting(20), {.max_tokens = 6, .seed = 1, .num_samples = 100});
  auto answer = ask(backend, many);
  start.await_arrival();
  const auto one = request(counting(5), {.max_tokens = 6, .seed = 2});
  std::promise<sample_response> quick;
  backend.submit(one, {.done =
                           [&](urn::outcome got) {
                             EXPECT_FALSE(answer.ready()) << "one sample need not wait for a hundred";
                             quick.set_value(std::get<sample_response>(std::move(got)));
                           },
                       .event = {}});
  start.open();
  EXPECT_TRUE(urn_test::same(quick.get_future().get().sequences, alone(model, one)));
  EXPECT_TRUE(urn_test::same(answer.get().sequences, alone(model, many)));
  EXPECT_LE(widest, 5U);  // and a prompt
}

TEST(scheduler, prompts_that_begin_alike_are_computed_once) {
  const watched counted(model);
  urn::scheduler<watched> backend(counted, {}, {.end_tokens = {}});
  const auto asked = request(counting(100), {.max_tokens = 1, .seed = 1});
  EXPECT_EQ(ask(backend, asked).get().cached_prompt_tokens, 0U);
  const auto again = ask(backend, asked).get();
  EXPECT_EQ(again.cached_prompt_tokens, 99U);
  EXPECT_EQ(counted.tokens, 101U);
  EXPECT_TRUE(urn_test::same(again.sequences, alone(model, asked)));
  auto longer = asked;
  longer.prompt.resize(80);
  longer.prompt.resize(120, 1);
  const auto part = ask(backend, longer).get();
  EXPECT_EQ(part.cached_prompt_tokens, 80U);
  EXPECT_TRUE(urn_test::same(part.sequences, alone(model, longer)));
}

TEST(scheduler, prompts_that_begin_alike_and_come_together_are_computed_once) {
  const watched counted(model);
  urn::scheduler<watched> backend(counted, {}, {.max_batch_tokens = 10, .end_tokens = {}});
  std::vector<urn::future<sample_response>> answers;
  for (urn::token_id i = 0; i < 10; ++i) {
    tokens prompt = counting(200);
    prompt.push_back(i);
    answers.push_back(ask(backend, request(prompt, {.max_tokens = 1, .seed = 1})));
  }
  for (auto& answer : answers) answer.get();
  EXPECT_EQ(counted.tokens, 200U + 10U);
}

TEST(scheduler, a_long_prompt_delays_nobody_by_more_than_its_chunk) {
  watched observed(model);
  std::atomic<std::size_t> decoding = 0;
  std::atomic<bool> starved = false;
  gate start;
  observed.before = [&](watched::batch_view batch) {
    start.pass();
    std::size_t prompt = 0;
    std::size_t single = 0;
    for (const auto& item : batch)
      (item.wanted == urn::logits_wanted::none ? prompt : single) += item.tokens.size();
    if (prompt > 16) starved = true;
    if (prompt > 0 && single > 0) decoding += single;
  };
  urn::scheduler<watched> backend(observed, {}, {.max_batch_tokens = 16, .threads = 1, .end_tokens = {}});
  auto short_one = ask(backend, request({1}, {.max_tokens = 20, .seed = 1}));
  start.await_arrival();
  auto long_one = ask(backend, request(counting(400), {.max_tokens = 2, .seed = 1}));
  start.open();
  short_one.get();
  long_one.get();
  EXPECT_FALSE(starved);
  EXPECT_EQ(decoding, 19U) << "every token after the first came together with a piece of the long prompt";
}

TEST(scheduler, prompts_share_the_budget) {
  watched observed(model);
  gate start;
  observed.before = [&](watched::batch_view) { start.pass(); };
  urn::scheduler<watched> backend(observed, {}, {.max_batch_tokens = 8, .threads = 1, .end_tokens = {}});
  auto long_one = ask(backend, request(counting(500), {.max_tokens = 1, .seed = 1}));
  start.await_arrival();
  std::promise<std::size_t> calls;
  backend.submit(request({3, 4, 5, 6, 7, 8, 9, 1}, {.max_tokens = 1, .seed = 1}),
                 {.done = [&](const urn::outcome&) { calls.set_value(observed.calls); }, .event = {}});
  start.open();
  EXPECT_EQ(calls.get_future().get(), 3U) << "the long prompt's first, and two that both share";
}

TEST(scheduler, a_model_that_throws_harms_only_the_request_to_blame) {
  for (const bool after : {false, true}) {
    watched bad(model);
    const auto check = [](watched::batch_view batch) {
      for (const auto& item : batch) {
        if (std::ranges::count(item.tokens, 13) > 0) throw std::runtime_error("thirteen");
      }
    };
    if (after) {
      bad.after = [=](watched::batch_view batch, urn::logits_buffer&) { check(batch); };
    } else {
      bad.before = check;
    }
    urn::scheduler<watched> backend(bad, {}, {.max_batch_tokens = 20, .threads = 2, .end_tokens = ends});
    random_requests next(9, vocabulary, 15, 20);
    std::vector<sample_request> asked;
    std::vector<urn::future<sample_response>> answers;
    for (int i = 0; i < 60; ++i) answers.push_back(ask(backend, asked.emplace_back(next.next())));
    std::size_t failed = 0;
    for (std::size_t i = 0; i < asked.size(); ++i) {
      const auto expected = alone(model, asked[i], ends);
      const bool to_blame =
          std::ranges::count(asked[i].prompt, 13) > 0 || std::ranges::any_of(expected, [](const auto& s) {
            return std::ranges::count(std::span(s.tokens).first(s.tokens.size() - 1), 13) > 0;
          });
      failed += to_blame ? 1 : 0;
      if (to_blame) {
        EXPECT_EQ(failure_of(answers[i]), failure::model);
      } else {
        EXPECT_TRUE(urn_test::same(answers[i].get().sequences, expected));
      }
    }
    EXPECT_GT(failed, 2U);
    EXPECT_LT(failed, 55U);
  }
}

TEST(scheduler, a_row_without_a_token_ends_its_sequence_with_error) {
  watched broken(model);
  broken.after = [](watched::batch_view batch, urn::logits_buffer& out) {
    if (batch.front().sequence->size() >= 4)
      std::ranges::fill(out.values(), -std::numeric_limits<float>::infinity());
  };
  urn::scheduler<watched> backend(broken, {}, {.end_tokens = {}});
  auto [stream, feed] = urn::event_stream::open();
  backend.submit(request({1, 2}, {.max_tokens = 9, .seed = 1}), std::move(feed));
  std::vector<urn::stream_event> events;
  for (const auto& e : stream) events.push_back(e);
  const auto got = stream.response();
  EXPECT_EQ(got.sequences[0].tokens.size(), 2U);
  EXPECT_EQ(got.sequences[0].reason, finish_reason::error);
  EXPECT_EQ(got.sequences[0].error, "no token is left: every logit is -inf or NaN");
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(events[2].token, urn::no_token);
  EXPECT_EQ(events[2].finished, finish_reason::error);
}

TEST(scheduler, refuses_what_is_invalid_at_once) {
  urn::scheduler<archetype_lm> backend(model);
  const auto refused = [&](const sample_request& asked) {
    auto answer = ask(backend, asked);
    return answer.ready() && failure_of(answer) == failure::invalid;
  };
  EXPECT_TRUE(refused(request({}, {})));
  EXPECT_TRUE(refused(request({1, 50}, {})));
  EXPECT_TRUE(refused(request({-1}, {})));
  EXPECT_TRUE(refused(request({1}, {.top_p = 2})));
  EXPECT_TRUE(refused(request({1}, {.max_tokens = 0})));
  EXPECT_TRUE(refused(request({1}, {.stop = tokens{50}})));
  EXPECT_TRUE(refused(request({1}, {.stop = "no tokenizer"})));
  EXPECT_TRUE(refused(request({1}, {.num_samples = 0})));
}

TEST(scheduler, refuses_options_that_cannot_work) {
  EXPECT_THROW(urn::scheduler<archetype_lm>(model, {}, {.max_queue = 0, .end_tokens = {}}), urn::error);
  EXPECT_THROW(urn::scheduler<archetype_lm>(model, {}, {.max_batch_sequences = 0, .end_tokens = {}}),
               urn::error);
  EXPECT_THROW(urn::scheduler<archetype_lm>(model, {}, {.max_batch_tokens = 0, .end_tokens = {}}),
               urn::error);
  EXPECT_THROW(urn::scheduler<archetype_lm>(model, {}, {.threads = 0, .end_tokens = {}}), urn::error);
  EXPECT_THROW(urn::scheduler<archetype_lm>(model, {}, {.end_tokens = {50}}), urn::error);
}

/// A scheduler whose model waits until it is let go.
struct held_up {
  gate door;
  watched slow{model};
  std::vector<std::pair<urn::queue_state, std::string>> states;
  struct observer {
    held_up* to;
    void on_queue_state_change(urn::queue_state state, std::string_view reason) const {
      to->states.emplace_back(state, reason);
    }
  };
  urn::scheduler<watched, urn::request_pipeline, observer> backend;

  explicit held_up(scheduler_options options)
      : backend((
                    slow.before = [this](watched::batch_view) { door.pass(); }, slow),
                {}, std::move(options), observer{this}) {}
};

TEST(scheduler, a_full_queue_refuses_at_once_and_tells_the_observer) {
  std::optional<held_up> test(std::in_place,
                              scheduler_options{.max_queue = 3, .max_batch_sequences = 1, .end_tokens = {}});
  const auto asked = request({1}, {.max_tokens = 2, .seed = 1});
  std::vector<urn::future<sample_response>> answers;
  answers.push_back(ask(test->backend, asked));
  test->door.await_arrival();
  for (int i = 0; i < 3; ++i) answers.push_back(ask(test->backend, asked));
  auto refused = ask(test->backend, asked);
  EXPECT_TRUE(refused.ready());
  EXPECT_EQ(failure_of(refused), failure::overloaded);
  test->door.open();
  for (auto& answer : answers) EXPECT_EQ(answer.get().sequences.size(), 1U);
  EXPECT_EQ(ask(test->backend, asked).get().sequences.size(), 1U);
  using state = std::pair<urn::queue_state, std::string>;
  EXPECT_EQ(test->states, (std::vector<state>{{urn::queue_state::paused_capacity, "the queue is full"},
                                              {urn::queue_state::active, "the queue has room"}}));
}

TEST(scheduler, cancels_what_waits_and_what_runs) {
  held_up test({.max_batch_sequences = 1, .end_tokens = {}});
  std::stop_source stop;
  sample_request asked = request({1}, {.max_tokens = 300, .seed = 1});
  asked.cancel = stop.get_token();
  auto running = ask(test.backend, asked);
  test.door.await_arrival();
  auto waiting = ask(test.backend, asked);
  auto other = ask(test.backend, request({2}, {.max_tokens = 3, .seed = 1}));
  stop.request_stop();
  test.door.open();
  EXPECT_EQ(failure_of(running), failure::cancelled);
  EXPECT_EQ(failure_of(waiting), failure::cancelled);
  EXPECT_EQ(other.get().sequences[0].tokens.size(), 3U);
  EXPECT_LT(test.slow.tokens, 10U);
}

TEST(scheduler, dropping_the_future_or_the_stream_ends_the_request) {
  held_up test({.threads = 1, .end_tokens = {}});
  auto dropped = std::optional(ask(test.backend, request({1}, {.max_tokens = 500, .seed = 1})));
  test.door.await_arrival();
  {
    auto [stream, feed] = urn::event_stream::open();
    auto asked = request({2}, {.max_tokens = 500, .seed = 1});
    asked.cancel = stream.cancel_token();
    test.backend.submit(asked, std::move(feed));
  }
  dropped.reset();
  test.door.open();
  ask(test.backend, request({2}, {.max_tokens = 20, .seed = 1})).get();
  EXPECT_LT(test.slow.tokens, 30U);
}

TEST(scheduler, a_deadline_before_the_first_token_fails) {
  held_up test({.max_batch_sequences = 1, .end_tokens = {}});
  auto first = ask(test.backend, request({1}, {.max_tokens = 2, .seed = 1}));
  test.door.await_arrival();
  auto late =
      ask(test.backend, request({1}, {.max_tokens = 2, .seed = 1, .deadline = std::chrono::milliseconds(1)}));
  std::this_thread::sleep_for(std::chrono::milliseconds(3));
  test.door.open();
  EXPECT_EQ(failure_of(late), failure::deadline);
  EXPECT_EQ(first.get().sequences[0].tokens.size(), 2U);
}

TEST(scheduler, a_deadline_after_the_first_token_ends_with_what_there_is) {
  watched slow(model);
  slow.before = [](watched::batch_view) { std::this_thread::sleep_for(std::chrono::milliseconds(2)); };
  urn::scheduler<watched> backend(slow, {}, {.max_batch_sequences = 2, .threads = 1, .end_tokens = {}});
  auto asked = request({1}, {.max_tokens = 500, .seed = 1, .num_samples = 3});
  asked.params.deadline = std::chrono::milliseconds(400);
  auto [stream, feed] = urn::event_stream::open();
  backend.submit(asked, std::move(feed));
  std::map<std::size_t, std::optional<finish_reason>> last;
  for (const auto& e : stream) last[e.sequence] = e.finished;
  const auto got = stream.response();
  asked.params.deadline.reset();
  const auto whole = alone(model, asked);
  ASSERT_EQ(got.sequences.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    const auto& s = got.sequences[i];
    EXPECT_EQ(s.reason, finish_reason::abort);
    EXPECT_EQ(last[i], finish_reason::abort);
    EXPECT_LT(s.tokens.size(), 500U);
    EXPECT_TRUE(std::ranges::equal(s.tokens, std::span(whole[i].tokens).first(s.tokens.size())));
  }
  EXPECT_GT(got.sequences[0].tokens.size(), 0U);
  EXPECT_TRUE(got.sequences[2].tokens.empty()) << "there were two places";
}

TEST(scheduler, destruction_ends_everything_in_flight) {
  watched slow(model);
  slow.before = [](watched::batch_view) { std::this_thread::sleep_for(std::chrono::microseconds(50)); };
  std::size_t shut_down = 0;
  for (int round = 0; round < 20; ++round) {
    std::vector<urn::future<sample_response>> answers;
    std::atomic<int> told = 0;
    {
      urn::scheduler<watched> backend(slow, {}, {.max_batch_sequences = 8, .end_tokens = {}});
      for (urn::token_id i = 0; i < 30; ++i) {
        answers.push_back(ask(backend, request({i, 1, 2}, {.max_tokens = 200, .seed = 1, .num_samples = 3})));
        backend.submit(request({i}, {.seed = 1}),
                       {.done = [&](const urn::outcome&) { ++told; }, .event = {}});
      }
      std::this_thread::sleep_for(std::chrono::microseconds(300 * round));
    }
    EXPECT_EQ(told, 30);
    for (auto& answer : answers) {
      ASSERT_TRUE(answer.ready());
      const auto failed = failure_of(answer);
      EXPECT_TRUE(!failed || failed == failure::shut_down);
      shut_down += failed ? 1 : 0;
    }
  }
  EXPECT_GT(shut_down, 0U);
}

TEST(scheduler, who_asks_again_while_it_ends_is_told) {
  std::optional<failure> told;
  const auto asked = request({1}, {.max_tokens = 500, .seed = 1});
  {
    held_up test({.threads = 1, .end_tokens = {}});
    test.backend.submit(asked, {.done =
                                    [&](const urn::outcome&) {
                                      auto again = ask(test.backend, asked);
                                      told = failure_of(again);
                                    },
                                .event =
                                    [](const urn::stream_event&) {
                                      std::this_thread::sleep_for(std::chrono::milliseconds(1));
                                    }});
    test.door.open();
  }
  EXPECT_EQ(told, failure::shut_down);
}

TEST(scheduler, streams_what_it_answers) {
  urn::scheduler<archetype_lm> backend(model, {}, {.end_tokens = ends});
  random_requests next(12, vocabulary, 30, 30);
  for (int i = 0; i < 40; ++i) {
    const auto asked = next.next();
    auto [stream, feed] = urn::event_stream::open();
    backend.submit(asked, std::move(feed));
    std::vector<urn::sampled_sequence> seen(asked.params.num_samples);
    for (const auto& e : stream) {
      auto& s = seen[e.sequence];
      s.tokens.push_back(e.token);
      s.logprobs.push_back(e.logprob);
      s.sampling_logprobs.push_back(e.sampling_logprob);
      s.ranks.push_back(e.rank);
      if (asked.params.logprobs) s.top_logprobs.push_back(e.top_logprobs);
      s.text += e.text;
      if (e.finished) s.reason = *e.finished;
    }
    EXPECT_TRUE(urn_test::same(seen, stream.response().sequences));
    EXPECT_TRUE(urn_test::same(seen, alone(model, asked, ends)));
  }
}

TEST(scheduler, an_id_in_progress_is_followed_from_the_first_event_on) {
  held_up test({.threads = 1, .end_tokens = {}});
  auto asked = request({1, 2}, {.max_tokens = 50, .seed = 1});
  asked.id = "a";
  auto first = ask(test.backend, asked);
  test.door.await_arrival();
  auto [stream, feed] = urn::event_stream::open();
  test.backend.submit(asked, std::move(feed));
  auto wrong = asked;
  wrong.prompt = {3};
  auto refused = ask(test.backend, wrong);
  test.door.open();
  EXPECT_EQ(failure_of(refused), failure::invalid);
  tokens seen;
  for (const auto& e : stream) seen.push_back(e.token);
  EXPECT_EQ(seen, first.get().sequences[0].tokens);
  EXPECT_EQ(test.slow.tokens, 2U + 49U);
}

TEST(scheduler, an_id_goes_on_while_somebody_follows) {
  held_up test({.threads = 1, .end_tokens = {}});
  auto asked = request({1, 2}, {.max_tokens = 50, .seed = 1});
  asked.id = "a";
  auto first = ask(test.backend, asked);
  test.door.await_arrival();
  auto second = ask(test.backend, asked);
  first.cancel();
  test.door.open();
  EXPECT_EQ(second.get().sequences[0].tokens.size(), 50U);
  EXPECT_EQ(failure_of(first), failure::cancelled);
  EXPECT_EQ(test.slow.tokens, 2U + 49U);
}

TEST(scheduler, an_id_is_answered_again_as_before) {
  const watched counted(model);
  urn::scheduler<watched> backend(counted, {}, {.remembered_requests = 2, .end_tokens = {}});
  auto asked = request({1, 2}, {.max_tokens = 10, .num_samples = 2});
  asked.id = "a";
  const auto first = ask(backend, asked).get();
  const std::size_t computed = counted.tokens;
  auto [stream, feed] = urn::event_stream::open();
  backend.submit(asked, std::move(feed));
  std::vector<tokens> seen(2);
  for (const auto& e : stream) seen[e.sequence].push_back(e.token);
  const auto second = stream.response();
  EXPECT_EQ(counted.tokens, computed);
  EXPECT_EQ(second.seed, first.seed);
  EXPECT_EQ(second.id, "a");
  EXPECT_TRUE(urn_test::same(second.sequences, first.sequences));
  for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(seen[i], first.sequences[i].tokens);
  for (const char* const id : {"b", "c"}) {  // of which there is room for two
    asked.id = id;
    ask(backend, asked).get();
  }
  asked.id = "a";
  EXPECT_NE(ask(backend, asked).get().seed, first.seed);
}

TEST(scheduler, an_id_in_progress_is_followed_though_the_queue_is_full) {
  held_up test({.max_queue = 1, .max_batch_sequences = 1, .end_tokens = {}});
  auto asked = request({1}, {.max_tokens = 3, .seed = 1});
  asked.id = "a";
  auto first = ask(test.backend, asked);
  test.door.await_arrival();
  auto waiting = ask(test.backend, request({1}, {.max_tokens = 3, .seed = 1}));
  auto again = ask(test.backend, asked);
  auto refused = ask(test.backend, request({1}, {.max_tokens = 3, .seed = 1}));
  EXPECT_EQ(failure_of(refused), failure::overloaded);
  test.door.open();
  EXPECT_EQ(first.get().sequences[0].tokens, again.get().sequences[0].tokens);
  waiting.get();
}

TEST(scheduler, a_failed_id_may_be_asked_for_again) {
  watched flaky(model);
  std::atomic<int> bad = 2;  // the step, and the item alone
  flaky.before = [&](watched::batch_view) {
    if (bad-- > 0) throw std::runtime_error("not now");
  };
  urn::scheduler<watched> backend(flaky, {}, {.end_tokens = {}});
  auto asked = request({1}, {.max_tokens = 3, .seed = 1});
  asked.id = "a";
  auto first = ask(backend, asked);
  EXPECT_EQ(failure_of(first), failure::model);
  EXPECT_EQ(ask(backend, asked).get().sequences[0].tokens.size(), 3U);
}

TEST(scheduler, listeners_may_submit_and_even_throw) {
  urn::scheduler<archetype_lm> backend(model, {}, {.end_tokens = {}});
  const urn::promise<sample_response> answer;
  auto response = answer.get_future();
  const auto asked = request({1}, {.max_tokens = 3, .seed = 1});
  backend.submit(asked, {.done =
                             [&](const urn::outcome&) {
                               backend.submit(asked, urn::keeps(answer));
                               throw std::runtime_error("careless");
                             },
                         .event = [](const urn::stream_event&) { throw 1; }});
  EXPECT_EQ(response.get().sequences[0].tokens.size(), 3U);
}

struct task {
  struct promise_type {
    static task get_return_object() { return {}; }
    static std::suspend_never initial_suspend() noexcept { return {}; }
    static std::suspend_never final_suspend() noexcept { return {}; }
    static void return_void() {}
    static void unhandled_exception() { std::terminate(); }
  };
};

template <class Backend>
task converse(Backend& backend, std::promise<tokens>& result) {
  tokens prompt{1, 2};
  for (int turn = 0; turn < 3; ++turn) {
    const auto got = co_await urn::awaitable(ask(backend, request(prompt, {.max_tokens = 4, .seed = 1})));
    prompt.insert(prompt.end(), got.sequences[0].tokens.begin(), got.sequences[0].tokens.end());
  }
  result.set_value(prompt);
}

TEST(scheduler, coroutines_may_ask_one_thing_after_another) {
  urn::scheduler<archetype_lm> backend(model, {}, {.end_tokens = {}});
  std::promise<tokens> result;
  converse(backend, result);
  tokens expected{1, 2};
  for (int turn = 0; turn < 3; ++turn) {
    const auto more = alone(model, request(expected, {.max_tokens = 4, .seed = 1}))[0].tokens;
    expected.insert(expected.end(), more.begin(), more.end());
  }
  EXPECT_EQ(result.get_future().get(), expected);
}

struct shared_log {
  urn::telemetry_log* log;
  void count(std::string_view name, double by = 1) const { log->count(name, by); }
  void observe(std::string_view name, double value) const { log->observe(name, value); }
};

TEST(scheduler, tells_its_numbers) {
  urn::telemetry_log log;
  {
    urn::scheduler<archetype_lm, urn::request_pipeline, urn::no_observer, shared_log> backend(
        model, {}, {.end_tokens = {}}, {}, shared_log{&log});
    for (int i = 0; i < 2; ++i) {
      const auto got = ask(backend, request(counting(30), {.max_tokens = 5, .seed = 1})).get();
      EXPECT_GE(got.timing.queued, 0);
      EXPECT_GE(got.timing.first_token, got.timing.queued);
      EXPECT_GE(got.timing.total, got.timing.first_token);
    }
    auto refused = ask(backend, request({}, {}));
    EXPECT_EQ(failure_of(refused), failure::invalid);
  }
  EXPECT_EQ(log.counted(urn::telemetry::requests), 2);
  EXPECT_EQ(log.counted(urn::telemetry::failures), 1);
  EXPECT_EQ(log.counted(urn::telemetry::cached_tokens), 29);
  EXPECT_EQ(log.observed(urn::telemetry::queue_time)->count, 2U);
  EXPECT_EQ(log.observed(urn::telemetry::time_to_first_token)->count, 2U);
  EXPECT_EQ(log.observed(urn::telemetry::tokens_per_second)->count, 2U);
  EXPECT_EQ(log.observed(urn::telemetry::batch_size)->max, 30);
}

}  // namespace
