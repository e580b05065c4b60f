#include "urn/client/validate.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include "client/random_params.hpp"
#include "support/expect_error.hpp"

namespace {

using urn::sampling_params, urn::validate, urn::violation;
using violations = std::vector<violation>;

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float nan = std::numeric_limits<float>::quiet_NaN();

/// `change` breaks one rule, and is told so.
template <class Change>
violations after(Change&& change, const urn::request_limits& within = {}) {
  sampling_params p;
  change(p);
  return validate(p, within);
}

TEST(validate, finds_nothing_in_valid_parameters) {
  EXPECT_EQ(validate({}), violations{});
  rows::random_source r(1);
  for (int trial = 0; trial < 2000; ++trial) {
    const sampling_params p = random_params::make(r, 1000);
    ASSERT_EQ(validate(p, {1000, 4096, 100}), violations{}) << trial;
  }
}

TEST(validate, takes_the_ends_of_the_ranges) {
  sampling_params p;
  p.max_tokens = p.min_tokens = 1;
  p.temperature = 0;
  p.top_k = 1;
  p.top_p = std::numeric_limits<float>::denorm_min();
  p.min_p = 1;
  p.repetition_penalty = std::numeric_limits<float>::denorm_min();
  p.frequency_penalty = -2;
  p.presence_penalty = 2;
  p.logit_bias = {{0, -infinity}, {9, infinity}};
  p.allowed_token_ids = {{0, 9, 9}};
  p.logprobs = p.prompt_logprobs = 100;
  p.num_samples = 1024;
  p.deadline = std::chrono::milliseconds(1);
  EXPECT_EQ(validate(p, {.vocabulary_size = 10}), violations{}) << "greedy with several samples is allowed";
  p.temperature = std::numeric_limits<float>::max();
  p.top_k = std::numeric_limits<std::int32_t>::max();
  EXPECT_EQ(validate(p, {.vocabulary_size = 10}), violations{});
}

TEST(validate, temperature) {
  const auto of = [](float t) { return after([=](auto& p) { p.temperature = t; }); };
  const auto wrong = [](const char* value) {
    return violations{{"temperature", value, "finite and at least 0"}};
  };
  EXPECT_EQ(of(-0.5F), wrong("-0.5"));
  EXPECT_EQ(of(infinity), wrong("inf"));
  EXPECT_EQ(of(nan), wrong("nan"));
}

TEST(validate, top_k) {
  const auto of = [](std::int32_t k) { return after([=](auto& p) { p.top_k = k; }); };
  EXPECT_EQ(of(0), (violations{{"top_k", "0", "-1 or at least 1"}}));
  EXPECT_EQ(of(-2), (violations{{"top_k", "-2", "-1 or at least 1"}}));
}

TEST(validate, top_p_and_min_p) {
  const auto of_top = [](float x) { return after([=](auto& p) { p.top_p = x; }); };
  const auto of_min = [](float x) { return after([=](auto& p) { p.min_p = x; }); };
  EXPECT_EQ(of_top(0), (violations{{"top_p", "0", "in (0, 1]"}}));
  EXPECT_EQ(of_top(1.5F), (violations{{"top_p", "1.5", "in (0, 1]"}}));
  EXPECT_EQ(of_top(nan), (violations{{"top_p", "nan", "in (0, 1]"}}));
  EXPECT_EQ(of_min(-0.1F), (violations{{"min_p", "-0.1", "in [0, 1]"}}));
  EXPECT_EQ(of_min(1.01F), (violations{{"min_p", "1.01", "in [0, 1]"}}));
  EXPECT_EQ(of_min(nan), (violations{{"min_p", "nan", "in [0, 1]"}}));
}

TEST(validate, penalties) {
  const auto of = [](float sampling_params::*member, float x) {
    return after([=](auto& p) { p.*member = x; });
  };
  for (const float x : {0.0F, -1.0F, infinity, nan}) {
    EXPECT_EQ(of(&sampling_params::repetition_penalty, x).size(), 1U) << x;
  }
  for (const float x : {-2.1F, 2.1F, infinity, -infinity, nan}) {
    EXPECT_EQ(of(&sampling_params::frequency_penalty, x).size(), 1U) << x;
    EXPECT_EQ(of(&sampling_params::presence_penalty, x).size(), 1U) << x;
  }
  EXPECT_EQ(of(&sampling_params::repetition_penalty, 0),
            (violations{{"repetition_penalty", "0", "finite and greater than 0"}}));
  EXPECT_EQ(of(&sampling_params::frequency_penalty, 3),
            (violations{{"frequency_penalty", "3", "in [-2, 2]"}}));
  EXPECT_EQ(of(&sampling_params::presence_penalty, -3),
            (violations{{"presence_penalty", "-3", "in [-2, 2]"}}));
}

TEST(validate, counts) {
  EXPECT_EQ(after([](auto& p) { p.num_samples = 0; }), (violations{{"num_samples", "0", "from 1 to 1024"}}));
  EXPECT_EQ(after([](auto& p) { p.num_samples = 1025; }),
            (violations{{"num_samples", "1025", "from 1 to 1024"}}));
  EXPECT_EQ(after([](auto& p) { p.logprobs = 101; }), (violations{{"logprobs", "101", "at most 100"}}));
  EXPECT_EQ(after([](auto& p) { p.prompt_logprobs = 101; }),
            (violations{{"prompt_logprobs", "101", "at most 100"}}));
  EXPECT_EQ(after([](auto& p) { p.deadline = std::chrono::milliseconds(0); }),
            (violations{{"deadline", "0", "more than 0 ms"}}));
  EXPECT_EQ(after([](auto& p) { p.deadline = std::chrono::milliseconds(-7); }).size(), 1U);
}

TEST(validate, lengths) {
  EXPECT_EQ(after([](auto& p) { p.max_tokens = 0; }), (violations{{"max_tokens", "0", "at least 1"}}));
  EXPECT_EQ(after([](auto& p) {
              p.max_tokens = 4;
              p.min_tokens = 5;
            }),
            (violations{{"min_tokens", "5", "at most max_tokens, 4"}}));
  const auto asks_for = [](std::size_t least, std::size_t most) {
    return [=](sampling_params& p) {
      p.min_tokens = least;
      p.max_tokens = most;
    };
  };
  const urn::request_limits within{.context_size = 100, .prompt_size = 90};
  const std::string room = "at most 10, what the prompt leaves of the context of 100 tokens";
  EXPECT_EQ(after(asks_for(10, 10), within), violations{});
  EXPECT_EQ(after(asks_for(0, 11), within), (violations{{"max_tokens", "11", room}}));
  EXPECT_EQ(after([](auto& p) { p.min_tokens = 11; }, within), (violations{{"min_tokens", "11", room}}));
  EXPECT_EQ(after(asks_for(11, 11), {.context_size = 100}), violations{});
  EXPECT_EQ(after(asks_for(1, 1), {.context_size = 100, .prompt_size = 100}),
            (violations{{"prompt", "100 tokens", "shorter than the context of 100 tokens"}}));
}

TEST(validate, stops) {
  const auto of = [](urn::stop_condition stop) {
    return after([&](auto& p) { p.stop = stop; }, {.vocabulary_size = 10});
  };
  const std::string text = "a string of at least one character";
  EXPECT_EQ(of(std::string()), (violations{{"stop", R"("")", text}}));
  EXPECT_EQ(of(std::vector<std::string>{"a", "", "b"}), (violations{{"stop[1]", R"("")", text}}));
  EXPECT_EQ(of(std::vector<std::string>{}), (violations{{"stop", "[]", "a list of at least one string"}}));
  EXPECT_EQ(of(std::vector<urn::token_id>{}), (violations{{"stop", "[]", "a list of at least one token"}}));
  EXPECT_EQ(of(std::vector<urn::token_id>{9, 10, -1}),
            (violations{{"stop[1]", "10", "a token of the vocabulary of 10"},
                        {"stop[2]", "-1", "a token of the vocabulary of 10"}}));
}

TEST(validate, expressions) {
  EXPECT_EQ(after([](auto& p) {
              p.stop_regex = {"a+", "^a"};
            }),
            (violations{{"stop_regex[1]", "\"^a\"",
                         "an expression of stop_regex: " +
                             std::string(urn::describe(urn::stop_status::regex_anchor))}}));
}

TEST(validate, repetitions) {
  const auto of = [](const urn::repetition_limits& limits) {
    return after([&](auto& p) { p.repetition_detection = limits; });
  };
  EXPECT_EQ(of({3, 1, 2}), violations{});
  EXPECT_EQ(of({3, 4, 2}),
            (violations{{"repetition_detection.min_pattern_size", "4", "from 1 to max_pattern_size, 3"}}));
  EXPECT_EQ(of({3, 0, 1}),
            (violations{{"repetition_detection.min_pattern_size", "0", "from 1 to max_pattern_size, 3"},
                        {"repetition_detection.min_count", "1", "at least 2"}}));
}

TEST(validate, ids) {
  const auto of = [](std::vector<urn::token_id> ids, const urn::request_limits& within) {
    return after([&](auto& p) { p.allowed_token_ids = ids; }, within);
  };
  EXPECT_EQ(of({}, {}), (violations{{"allowed_token_ids", "[]", "a list of at least one token"}}));
  EXPECT_EQ(of({1 << 30}, {}), violations{}) << "without a vocabulary";
  EXPECT_EQ(of({-1}, {}), (violations{{"allowed_token_ids[0]", "-1", "a token, at least 0"}}));
  EXPECT_EQ(of({0, 1}, {.vocabulary_size = 1}),
            (violations{{"allowed_token_ids[1]", "1", "a token of the vocabulary of 1"}}));
}

TEST(validate, biases) {
  const auto of = [](std::vector<urn::token_bias> entries) {
    return after([&](auto& p) { p.logit_bias = entries; }, {.vocabulary_size = 10});
  };
  EXPECT_EQ(of({{10, 1}}), (violations{{"logit_bias[0].token", "10", "a token of the vocabulary of 10"}}));
  EXPECT_EQ(of({{1, nan}}), (violations{{"logit_bias[0].bias", "nan", "a number"}}));
  EXPECT_EQ(of({{1, 1}, {2, 1}, {1, 1}}), (violations{{"logit_bias[2].token", "1", "listed only once"}}));
}

TEST(validate, bad_words) {
  EXPECT_EQ(after([](auto& p) {
              p.bad_words = {"a", ""};
            }),
            (violations{{"bad_words[1]", R"("")", "a string of at least one character"}}));
}

TEST(validate, says_all_at_once) {
  sampling_params p;
  p.temperature = nan;
  p.top_p = 0;
  p.num_samples = 0;
  p.stop = std::string();
  p.bad_words = {""};
  EXPECT_EQ(validate(p).size(), 5U);
  urn::test::expect_error([&] { urn::require_valid(p); },
                          "temperature: nan is not finite and at least 0; top_p: 0 is not in (0, 1]; "
                          "num_samples: 0 is not from 1 "
                          "to 1024; stop: \"\" is not a string of at least one character; bad_words[0]: \"\" "
                          "is not a string of at "
                          "least one character");
}

TEST(validate, throws_a_request_error_that_is_no_use_to_retry) {
  sampling_params p;
  p.top_p = 2;
  try {
    urn::require_valid(p);
    FAIL() << "no error";
  } catch (const urn::request_error& refused) {
    EXPECT_EQ(refused.kind(), urn::failure::invalid);
    EXPECT_FALSE(refused.retryable());
  }
  EXPECT_NO_THROW(urn::require_valid({}));
}

TEST(validate, cuts_a_very_long_sentence) {
  sampling_params p;
  p.allowed_token_ids.emplace(1000, -1);
  EXPECT_EQ(validate(p).size(), 1000U);
  urn::test::expect_error_with([&] { urn::require_valid(p); }, "at least 0; and 980 more");
}

}  // namespace
