// The same request gives the same in any crowd: with text, on the default model, and for a thousand requests
// at a time, some of which are cancelled or late.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <mutex>
#include <span>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "client/scheduler_fixture.hpp"
#include "urn/client/future.hpp"
#include "urn/client/scheduler.hpp"
#include "urn/model/archetype.hpp"
#include "urn/model/tokenizer.hpp"
#include "urn/model/transformer.hpp"

namespace {

using urn::failure;
using urn::sample_request;
using urn::sample_response;
using urn_test::alone;
using urn_test::ask;
using urn_test::random_requests;
using tokens = std::vector<urn::token_id>;

const std::filesystem::path directory =
    std::filesystem::path(URN_TEST_FIXTURES) / "../../examples/default_model";

struct default_model {
  urn::transformer model = urn::transformer::load(directory);
  urn::tokenizer words = urn::tokenizer::from_file(directory / "tokenizer.json");
  tokens ends = model.config().eos_token_ids;
};

// Under the thread sanitizer the transformer is some hundred times slower.
#ifdef __SANITIZE_THREAD__
constexpr int text_requests = 8;
#else
constexpr int text_requests = 30;
#endif

const default_model& loaded() {
  static const default_model one;
  return one;
}

/// A request about text: stop strings, bad words and all the rest.
sample_request next_text(random_requests& next) {
  constexpr const char* beginnings[] = {"Once upon a time",   "The king said",          "And",
                                        "It was the best of", "\"Well\", said she, \"", "Chapter 1. "};
  constexpr const char* stops[] = {".", " the", "and ", "\n", "e", "said"};
  sample_request asked = next.next();
  asked.prompt = loaded().words.encode(beginnings[next.below(6)]);
  if (next.chance(2))
    asked.params.stop = std::vector<std::string>{stops[next.below(6)], stops[next.below(6)]};
  asked.params.include_stop_in_output = next.chance(3);
  if (next.chance(4)) asked.params.bad_words = {"the"};
  return asked;
}

TEST(scheduler_crowd, gives_the_text_of_generate) {
  const auto& [model, words, ends] = loaded();
  for (const std::size_t threads : {1U, 3U}) {
    urn::scheduler<urn::transformer> backend(
        model, words, {.max_batch_tokens = threads == 1 ? 3U : 64U, .threads = threads, .end_tokens = ends});
    random_requests next(21, model.vocabulary_size(), 20, 24);
    std::vector<sample_request> asked;
    std::vector<urn::future<sample_response>> answers;
    for (int i = 0; i < text_requests; ++i)
      answers.push_back(ask(backend, asked.emplace_back(next_text(next))));
    int stopped = 0;
    for (std::size_t i = 0; i < asked.size(); ++i) {
      const sample_response got = answers[i].get();
      EXPECT_TRUE(urn_test::same(got.sequences, alone(model, asked[i], ends, &words)));
      for (const auto& s : got.sequences) {
        if (!s.matched_text) continue;
        ++stopped;
        EXPECT_EQ(s.text.find(*s.matched_text) != std::string::npos, asked[i].params.include_stop_in_output);
      }
    }
    EXPECT_GT(stopped, text_requests / 10);
  }
}

TEST(scheduler_crowd, eight_samples_of_the_default_model_share_a_prefill) {
  using watched = urn_test::watched<urn::transformer>;
  const auto& [model, words, ends] = loaded();
  const watched counted(model);
  urn::scheduler<watched> backend(counted, words, {.end_tokens = ends});
  std::string text;
  while (words.encode(text).size() < 400) text += "It was the best of times, it was the worst of times. ";
  tokens prompt = words.encode(text);
  prompt.resize(400);
  const sample_request asked{.id = {},
                             .prompt = prompt,
                             .params = {.max_tokens = 3, .seed = 1, .num_samples = 8, .ignore_eos = true}};
  EXPECT_TRUE(urn_test::same(ask(backend, asked).get().sequences, alone(model, asked, ends, &words)));
  EXPECT_EQ(counted.tokens, 400U + 8 * 2);
}

/// A thousand requests from eight threads; `disturb` may change one or give a way to end it early.
template <class Disturb>
void crowd(unsigned seed, const Disturb& disturb, std::size_t least_finished) {
  constexpr std::size_t threads = 8;
  constexpr std::size_t each = 125;
  const urn::archetype_lm model(300, 300);
  const tokens ends{3};
  urn::scheduler<urn::archetype_lm> backend(model, {}, {.threads = 2, .end_tokens = ends});
  std::atomic<std::size_t> finished = 0;
  std::vector<std::jthread> clients;
  for (std::size_t t = 0; t < threads; ++t) {
    clients.emplace_back([&, t] {
      random_requests next(seed + static_cast<unsigned>(t), 300, t == 0 ? 250 : 40, 10);
      std::vector<sample_request> asked;
      std::vector<urn::future<sample_response>> answers;
      for (std::size_t i = 0; i < each; ++i) {
        sample_request one = next.next();
        asked.push_back(one);
        disturb(next, one);
        answers.push_back(ask(backend, one));
        if (next.chance(20)) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
      for (std::size_t i = 0; i < each; ++i) {
        try {
          const sample_response got = answers[i].get();
          const auto expected = alone(model, asked[i], ends);
          bool aborted = false;
          for (std::size_t s = 0; s < expected.size(); ++s) {
            const auto& sequence = got.sequences[s];
            const bool cut = sequence.reason == urn::finish_reason::abort;
            aborted |= cut;
            EXPECT_TRUE(cut ? std::ranges::equal(sequence.tokens,
                                                 std::span(expected[s].tokens).first(sequence.tokens.size()))
                            : urn_test::same(sequence, expected[s]));
          }
          if (!aborted) ++finished;
        } catch (const urn::request_error& thrown) {
          EXPECT_TRUE(thrown.kind() == failure::cancelled || thrown.kind() == failure::deadline)
              << thrown.what();
        }
      }
    });
  }
  clients.clear();
  EXPECT_GE(finished, least_finished);
}

TEST(scheduler_crowd, a_thousand_requests_give_each_what_it_gives_alone) {
  crowd(
      100, [](random_requests&, sample_request&) {}, 1000);
}

TEST(scheduler_crowd, cancelled_and_late_requests_disturb_nobody) {
  std::mutex mutex;
  std::vector<std::stop_source> sources;
  std::jthread canceller([&](const std::stop_token& over) {
    while (!over.stop_requested()) {
      std::this_thread::sleep_for(std::chrono::microseconds(200));
      const std::lock_guard lock(mutex);
      if (sources.empty()) continue;
      sources.back().request_stop();
      sources.pop_back();
    }
  });
  crowd(
      200,
      [&](random_requests& next, sample_request& one) {
        if (next.chance(5)) one.params.deadline = std::chrono::milliseconds(1 + next.below(200));
        if (!next.chance(5)) return;
        const std::lock_guard lock(mutex);
        one.cancel = sources.emplace_back().get_token();
      },
      500);
}

}  // namespace
