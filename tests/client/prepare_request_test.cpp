#include "urn/client/prepare_request.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "support/caller.hpp"
#include "support/expect_error.hpp"
#include "urn/model/archetype.hpp"

namespace {

using urn::sample_request, urn::sampling_params;
using urn::test::caller, urn::test::expect_error, urn::test::request_of;
using tokens = std::vector<urn::token_id>;

const urn::archetype_lm model(50, 8);
const tokens ends{7, 11};

auto prepared(sample_request asked, caller& who) {
  return urn::prepare_request(std::move(asked), {who.ears(), {}}, model, nullptr, ends);
}
sample_request asking(tokens prompt, sampling_params params = {}) {
  sample_request asked = request_of("a");
  asked.prompt = std::move(prompt);
  asked.params = std::move(params);
  return asked;
}
void expect_refused(const sample_request& asked, const char* expected) {
  caller who;
  try {
    prepared(asked, who);
    ADD_FAILURE() << "no error; expected: " << expected;
  } catch (const urn::request_error& thrown) {
    EXPECT_EQ(thrown.kind(), urn::failure::invalid);
    EXPECT_STREQ(thrown.what(), expected);
  }
  EXPECT_TRUE(who.outcomes.empty()) << "who asks is told by who prepares";
}

TEST(prepare_request, makes_one_that_can_run) {
  caller who;
  sample_request asked = asking({1, 2}, {.max_tokens = 3, .seed = 5, .num_samples = 2});
  asked.params.deadline = std::chrono::milliseconds(10);
  const auto made = prepared(asked, who);
  EXPECT_EQ(made->request.prompt, asked.prompt);
  EXPECT_EQ(made->request.params, asked.params);
  EXPECT_EQ(made->answer.id, "a");
  EXPECT_EQ(made->answer.seed, 5U);
  EXPECT_EQ(made->answer.prompt_tokens, (tokens{1, 2}));
  EXPECT_EQ(made->deadline, made->submitted + std::chrono::milliseconds(10));
  EXPECT_EQ(made->stops.criteria.size(), 2U) << "the end tokens and max_tokens";
  EXPECT_EQ(made->unstarted(), 2U);
  EXPECT_FALSE(made->prefilled());
  ASSERT_EQ(made->followers.size(), 1U);
  made->followers[0].end(urn::sample_response{});
  EXPECT_TRUE(who.succeeded());
}

TEST(prepare_request, finds_a_seed_where_there_is_none) {
  caller who;
  const auto first = prepared(asking({1}), who);
  EXPECT_EQ(first->request.params.seed, std::nullopt);
  EXPECT_NE(first->answer.seed, prepared(asking({1}), who)->answer.seed);
}

TEST(prepare_request, refuses_prompts) {
  expect_refused(asking({}), "prompt: it is empty; give at least one token");
  expect_refused(asking(tokens(8, 1)), "prompt: 8 tokens are too many; the context leaves room for 7");
  expect_refused(asking({1, 50}), "prompt: token 50 is outside the vocabulary; ids are less than 50");
  expect_refused(asking({-1}), "prompt: token -1 is outside the vocabulary; ids are less than 50");
}

TEST(prepare_request, a_prompt_that_is_only_scored_may_fill_the_context) {
  caller who;
  sample_request asked = asking(tokens(8, 1));
  asked.score_only = true;
  EXPECT_EQ(prepared(asked, who)->unstarted(), 0U);
  asked.prompt.push_back(1);
  expect_refused(asked, "prompt: 9 tokens are too many; the context leaves room for 8");
}

TEST(prepare_request, refuses_stops_that_cannot_be_met) {
  expect_refused(asking({1}, {.stop = "x"}),
                 "stop: there is no tokenizer to find text with; give the scheduler one, or stop at tokens");
  expect_refused(asking({1}, {.stop = tokens{50}}), "stop[0]: 50 is not a token of the vocabulary of 50");
}

TEST(prepare_request, refuses_parameters) {
  expect_refused(asking({1}, {.top_p = 2, .num_samples = 0}),
                 "top_p: 2 is not in (0, 1]; num_samples: 0 is not from 1 to 1024");
}

}  // namespace
