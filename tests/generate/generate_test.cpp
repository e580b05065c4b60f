#include "urn/generate/generate.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "urn/model/archetype.hpp"
#include "urn/stop/any_of.hpp"
#include "urn/stop/end_token.hpp"
#include "urn/stop/max_tokens.hpp"
#include "urn/stop/stop_text.hpp"
#include "urn/urn.hpp"

namespace {

constexpr std::size_t vocabulary = 50;
constexpr std::size_t context = 64;
const std::vector<urn::token_id> prompt{3, 1, 4};
constexpr auto pipeline = urn::penalties{.repetition = 1.2F} | urn::temperature{0.9F} | urn::top_k{20} |
                          urn::top_p{0.95F} | urn::categorical{} | urn::logprobs{};

/// Token i is written as two letters, "aa" to "ez", so that stop strings can span tokens.
struct letters {
  static std::string push(urn::token_id token) {
    return {static_cast<char>('a' + token / 10), static_cast<char>('a' + token % 10)};
  }
  static std::string finish() { return "."; }
};

/// The definition: recompute everything at each step.
std::vector<urn::token_id> naive(std::uint64_t seed, std::uint64_t sequence, std::size_t count) {
  urn::workspace scratch{vocabulary};
  std::vector<urn::token_id> all = prompt;
  std::vector<urn::token_id> output;
  while (output.size() < count) {
    std::vector<float> logits(vocabulary);
    for (std::size_t i = 0; i < vocabulary; ++i) {
      logits[i] = urn::archetype_lm::logit(all, static_cast<urn::token_id>(i));
    }
    const urn::draw drawn = pipeline(urn::scalar, logits,
                                     {.history = {prompt, output},
                                      .seed = seed,
                                      .sequence = sequence,
                                      .step = static_cast<std::uint32_t>(output.size())},
                                     scratch);
    output.push_back(drawn.token);
    all.push_back(drawn.token);
  }
  return output;
}

template <class Events>
std::map<std::size_t, std::vector<urn::token_id>> collect(Events&& events) {
  std::map<std::size_t, std::vector<urn::token_id>> tokens;
  for (const urn::generate_event& event : events) tokens[event.sequence].push_back(event.drawn.token);
  return tokens;
}

TEST(generate, draws_what_the_definition_draws) {
  const urn::archetype_lm model(vocabulary, context);
  const auto got =
      collect(urn::generate(model, prompt, pipeline, urn::max_tokens{40}, urn::no_text{}, {.seed = 7}));
  EXPECT_EQ(got.at(0), naive(7, 0, 40));
}

TEST(generate, each_sample_depends_on_its_own_index_only) {
  const urn::archetype_lm model(vocabulary, context);
  const auto got = collect(urn::generate(model, prompt, pipeline, urn::max_tokens{25}, urn::no_text{},
                                         {.num_samples = 5, .seed = 9}));
  ASSERT_EQ(got.size(), 5U);
  for (const auto& [i, tokens] : got) EXPECT_EQ(tokens, naive(9, i, 25)) << "sample " << i;
}

TEST(generate, samples_that_stop_at_different_steps_do_not_disturb_the_others) {
  const urn::archetype_lm model(vocabulary, context);
  const urn::end_token end{5, 17, 23};
  const auto got = collect(urn::generate(model, prompt, pipeline, urn::max_tokens{40} | end, urn::no_text{},
                                         {.num_samples = 8, .seed = 2}));
  std::map<std::size_t, std::size_t> lengths;
  for (const auto& [i, tokens] : got) {
    std::vector<urn::token_id> expected = naive(2, i, 40);
    const auto last = std::find_if(expected.begin(), expected.end(),
                                   [](urn::token_id t) { return t == 5 || t == 17 || t == 23; });
    if (last != expected.end()) expected.erase(last + 1, expected.end());
    EXPECT_EQ(tokens, expected) << "sample " << i;
    ++lengths[tokens.size()];
  }
  EXPECT_GT(lengths.size(), 2U) << "the samples should end at different steps, or this test shows little";
}

TEST(generate, takes_a_pipeline_chosen_at_run_time) {
  const urn::archetype_lm model(vocabulary, context);
  urn::any_pipeline<> chosen;
  ASSERT_EQ(chosen.append(pipeline), urn::misplaced::no);
  EXPECT_EQ(
      collect(urn::generate(model, prompt, chosen, urn::max_tokens{10}, urn::no_text{}, {.seed = 7})).at(0),
      naive(7, 0, 10));
}

TEST(generate, text_never_shows_part_of_a_stop_string) {
  const urn::archetype_lm model(vocabulary, context);
  std::string whole;
  for (const urn::token_id t : naive(11, 0, 30)) whole += letters::push(t);
  const std::string stop = whole.substr(21, 5);  // begins inside a token and spans three
  const std::size_t first = whole.find(stop);
  std::string shown;
  urn::stop_decision last;
  for (const auto& event : urn::generate(model, prompt, pipeline, urn::max_tokens{30} | urn::stop_text{stop},
                                         letters{}, {.seed = 11})) {
    shown += event.text;
    EXPECT_EQ(whole.substr(0, shown.size()), shown);
    EXPECT_LE(shown.size(), first);
    last = event.stop;
  }
  EXPECT_EQ(shown, whole.substr(0, first));
  EXPECT_EQ(last.reason, urn::stop_reason::stop);
  EXPECT_EQ(last.criterion, 1U);
}

TEST(generate, the_decoders_rest_is_shown_when_nothing_is_cut_off) {
  const urn::archetype_lm model(vocabulary, context);
  std::string shown;
  for (const auto& e : urn::generate(model, prompt, pipeline, urn::max_tokens{3}, letters{})) shown += e.text;
  EXPECT_EQ(shown.size(), 7U);
  EXPECT_EQ(shown.back(), '.');
}

TEST(generate, a_full_context_ends_with_length) {
  const urn::archetype_lm model(vocabulary, 10);
  urn::stop_decision last;
  std::size_t tokens = 0;
  for (const auto& event : urn::generate(model, prompt, pipeline, urn::max_tokens{1000})) {
    last = event.stop;
    ++tokens;
  }
  EXPECT_EQ(tokens, 7U);
  EXPECT_EQ(last.reason, urn::stop_reason::length);
}

TEST(generate, a_row_without_a_token_ends_its_sample_with_abort) {
  const urn::archetype_lm model(vocabulary, context);
  const std::vector<std::int32_t> nothing(2, 0);
  std::size_t events = 0;
  for (const auto& event :
       urn::generate(model, prompt, urn::bitmask{nothing} | urn::categorical{}, urn::max_tokens{5})) {
    ++events;
    EXPECT_EQ(event.drawn.token, urn::no_token);
    EXPECT_TRUE(urn::has(event.drawn.status, urn::status::empty));
    EXPECT_EQ(event.stop.reason, urn::stop_reason::abort);
  }
  EXPECT_EQ(events, 1U);
}

TEST(generate, fills_as_many_top_logprobs_as_asked_for) {
  const urn::archetype_lm model(vocabulary, context);
  for (const auto& event : urn::generate(model, prompt, pipeline, urn::max_tokens{6}, urn::no_text{},
                                         {.num_samples = 2, .top_logprobs = 3, .raw_top_logprobs = 2})) {
    ASSERT_EQ(event.top_logprobs.size(), 3U);
    ASSERT_EQ(event.raw_top_logprobs.size(), 2U);
    EXPECT_GE(event.top_logprobs[0].logprob, event.top_logprobs[1].logprob);
    EXPECT_GE(event.top_logprobs[0].logprob, event.drawn.logprob);
    EXPECT_NE(event.raw_top_logprobs[1].token, urn::no_token);
    EXPECT_GT(event.drawn.rank, 0U);
  }
}

/// The message of the urn::error that `call` throws.
template <class Call>
std::string refusal(Call&& call) {
  try {
    call();
  } catch (const urn::error& e) {
    return e.what();
  }
  return "no error";
}

TEST(generate, refuses_bad_input_by_name) {
  const urn::archetype_lm model(vocabulary, 10);
  const std::vector<urn::token_id> none;
  const std::vector<urn::token_id> full(10, 1);
  const std::vector<urn::token_id> outside{1, 99};
  const auto with = [&](const std::vector<urn::token_id>& tokens, urn::generate_options options = {},
                        urn::max_tokens most = {4}) {
    return refusal([&] { urn::generate(model, tokens, pipeline, most, urn::no_text{}, options); });
  };
  EXPECT_EQ(with(none), "generate: prompt: it is empty; give at least one token");
  EXPECT_EQ(with(full), "generate: prompt: 10 tokens leave no room to generate; the context holds 10");
  EXPECT_NE(with(outside).find("token 99"), std::string::npos) << with(outside);
  EXPECT_EQ(with(prompt, {.num_samples = 0}), "generate: num_samples: it is 0; ask for at least 1");
  EXPECT_EQ(with(prompt, {}, {0}), "generate: stop criterion 0: max_tokens is 0; give at least 1");
}

}  // namespace
