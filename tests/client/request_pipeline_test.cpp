#include "urn/client/request_pipeline.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "client/random_params.hpp"
#include "model/tokenizer/tiny.hpp"
#include "support/expect_error.hpp"
#include "support/naive_pipeline.hpp"
#include "support/rows.hpp"
#include "urn/model/tokenizer.hpp"

namespace {

using urn::request_pipeline, urn::sampling_params, urn::status, urn::token_id;
using tokens = std::vector<token_id>;

constexpr std::size_t vocabulary = 300;
constexpr std::array<token_id, 2> ends{256, 299};

/// Byte tokens, "b" and " b" as words of their own, and a special token 256.
urn::tokenizer byte_words() {
  nlohmann::json said = tiny::bytes();
  said["added_tokens"] = nlohmann::json::array({tiny::added("<end>", 256, true)});
  return tiny::make(said);
}
token_id byte(const urn::tokenizer& words, char c) { return words.encode(std::string(1, c), false).at(0); }

urn::draw drawn(const request_pipeline& pipeline, const std::vector<float>& logits,
                const urn::draw_context& context) {
  urn::workspace scratch = request_pipeline::make_workspace(logits.size());
  return pipeline(urn::scalar, logits, context, scratch);
}

/// The tokens that can be drawn.
tokens kept(const request_pipeline& pipeline, const std::vector<float>& logits,
            urn::draw_context context = {}) {
  std::vector<urn::token_logprob> best(logits.size());
  context.top_logprobs = best;
  drawn(pipeline, logits, context);
  tokens ids;
  for (const urn::token_logprob& b : best) {
    if (b.token != urn::no_token) ids.push_back(b.token);
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

std::vector<float> some_logits(std::size_t size = vocabulary) {
  rows::random_source r(9);
  return rows::normal(size, r, 2.0F);
}

/// What the parameters mean, step by step on plain logits.
urn::draw expected(const sampling_params& p, const std::vector<float>& logits,
                   const urn::draw_context& context) {
  std::vector<float> edited = logits;
  const auto at = [&](token_id id) -> float& { return edited[static_cast<std::size_t>(id)]; };
  if (p.allowed_token_ids) {
    const std::set<token_id> allowed(p.allowed_token_ids->begin(), p.allowed_token_ids->end());
    for (token_id id = 0; id < static_cast<token_id>(vocabulary); ++id) {
      if (!allowed.contains(id)) at(id) = -naive::infinity;
    }
  }
  if (context.history.output.size() < p.min_tokens) {
    if (!p.ignore_eos) at(ends[0]) = at(ends[1]) = -naive::infinity;
    if (const auto* ids = std::get_if<tokens>(&p.stop)) {
      for (const token_id id : *ids) at(id) = -naive::infinity;
    }
  }
  naive::pipeline rest;
  rest.append(urn::logit_bias{p.logit_bias})
      .append(urn::penalties{p.repetition_penalty, p.frequency_penalty, p.presence_penalty})
      .append(urn::temperature{p.temperature})
      .append(urn::top_k{p.top_k})
      .append(urn::top_p{p.top_p})
      .append(urn::min_p{p.min_p})
      .append(urn::categorical{});
  return rest(edited, context);
}

TEST(request_pipeline, draws_as_the_definition_says) {
  rows::random_source r(2);
  std::size_t drew = 0;
  for (int trial = 0; trial < 1500; ++trial) {
    sampling_params p = random_params::make(r, vocabulary);
    p.bad_words.clear();
    const std::vector<float> logits = rows::normal(vocabulary, r, 4.0F);
    tokens history(8);
    for (token_id& id : history) id = static_cast<token_id>(r.below(vocabulary));
    const urn::draw_context context{
        .history = {std::span(history).first(4), std::span(history).subspan(4, r.below(5))},
        .seed = r.bits(),
        .sequence = r.below(3),
        .step = static_cast<std::uint32_t>(r.below(9))};
    const request_pipeline pipeline(p, vocabulary, ends, nullptr);
    const urn::draw is = drawn(pipeline, logits, context);
    const urn::draw should = expected(p, logits, context);
    ASSERT_EQ(is.token, should.token) << trial << ' ' << look::text(is) << ", not " << look::text(should);
    ASSERT_EQ(is.status, should.status) << trial;
    if (is.token == urn::no_token) continue;
    ++drew;
    ASSERT_EQ(is.kept, should.kept) << trial;
    ASSERT_FLOAT_EQ(is.logprob, should.logprob) << trial;
    urn::workspace scratch(vocabulary);
    const urn::draw raw = urn::score_token(urn::scalar, logits, is.token, scratch);
    ASSERT_EQ(is.raw_logprob, raw.raw_logprob) << trial;
    ASSERT_EQ(is.rank, raw.rank) << trial;
  }
  EXPECT_GT(drew, 1000U);
}

TEST(request_pipeline, of_the_defaults_is_a_plain_draw) {
  const request_pipeline pipeline({}, vocabulary, ends, nullptr);
  const std::vector<float> logits = some_logits();
  urn::workspace scratch(vocabulary);
  const auto plain = urn::categorical{} | urn::logprobs{};
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const urn::draw_context context{.seed = seed};
    EXPECT_TRUE(look::same(pipeline(urn::scalar, logits, context, scratch),
                           plain(urn::scalar, logits, context, scratch)));
  }
}

TEST(request_pipeline, greedy) {
  sampling_params p;
  p.temperature = 0;
  std::vector<float> logits = some_logits();
  logits[7] = logits[70] = 100;
  const urn::draw d = drawn(request_pipeline(p, vocabulary, ends, nullptr), logits, {.seed = 5});
  EXPECT_EQ(d.token, 7);
  EXPECT_EQ(d.logprob, 0.0F);
  EXPECT_EQ(d.rank, 1U);
  EXPECT_NEAR(d.raw_logprob, -0.6931472F, 1e-6F);
}

TEST(request_pipeline, needs_nothing_that_was_given_to_it) {
  const std::vector<float> logits = some_logits();
  const auto make = [] {
    const urn::tokenizer words = byte_words();
    sampling_params p;
    p.allowed_token_ids.emplace();
    for (token_id id = 0; id < 290; ++id) p.allowed_token_ids->push_back(id);
    p.bad_words = {"ab"};
    p.min_tokens = 9;
    p.stop = tokens{3};
    p.logit_bias = {{4, -naive::infinity}};
    const tokens temporary_ends{256};
    return request_pipeline(p, vocabulary, temporary_ends, &words);
  };
  const request_pipeline moved = make();
  const request_pipeline copied = moved;  // NOLINT(performance-unnecessary-copy-initialization)
  for (const request_pipeline* pipeline : {&moved, &copied}) {
    const tokens left = kept(*pipeline, logits);
    EXPECT_EQ(left.size(), 256U - 2);
    for (const token_id gone : {3, 4, 256, 257, 289, 290, 299}) {
      EXPECT_EQ(std::count(left.begin(), left.end(), gone), 0) << gone;
    }
  }
}

TEST(request_pipeline, bans_words_with_and_without_a_space) {
  const urn::tokenizer words = byte_words();
  const token_id a = byte(words, 'a');
  const token_id b = byte(words, 'b');
  const token_id space = byte(words, ' ');
  EXPECT_EQ(urn::token_sequences_of("ab", words), (std::vector<tokens>{{a, b}, {space, a, b}}));
  EXPECT_EQ(urn::token_sequences_of("  ab", words), urn::token_sequences_of("ab", words));
  EXPECT_EQ(urn::token_sequences_of(" ", words), (std::vector<tokens>{{space}, {space, space}}));
  EXPECT_EQ(urn::token_sequences_of("", words), (std::vector<tokens>{{space}}));
  EXPECT_EQ(urn::token_sequences_of("<end>", words), (std::vector<tokens>{{256}, {space, 256}}));

  sampling_params p;
  p.bad_words = {"ab", "<end>"};
  const request_pipeline pipeline(p, vocabulary, {}, &words);
  const auto can_follow = [&](const tokens& output, token_id id) {
    const tokens left = kept(pipeline, some_logits(), {.history = output});
    return std::count(left.begin(), left.end(), id) == 1;
  };
  EXPECT_TRUE(can_follow({}, b));
  EXPECT_FALSE(can_follow({a}, b));
  EXPECT_FALSE(can_follow({space, a}, b));
  EXPECT_TRUE(can_follow({a, space}, b));
  EXPECT_FALSE(can_follow({}, 256));
}

TEST(request_pipeline, never_draws_padding) {
  const urn::tokenizer words = byte_words();
  std::vector<float> logits = some_logits();
  for (std::size_t id = 257; id < vocabulary; ++id) logits[id] = 50;
  logits[299] = naive::infinity;
  sampling_params p;
  p.logit_bias = {{260, naive::infinity}, {3, 1.0F}};
  const request_pipeline pipeline(p, vocabulary, {}, &words);
  EXPECT_EQ(kept(pipeline, logits).size(), 257U);
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const urn::draw d = drawn(pipeline, logits, {.seed = seed});
    EXPECT_LT(d.token, 257);
    EXPECT_EQ(d.status, status::ok);
  }
  EXPECT_EQ(kept(request_pipeline({}, vocabulary, {}, nullptr), some_logits()).size(), vocabulary);
  p.allowed_token_ids = {{256, 257}};
  EXPECT_EQ(kept(request_pipeline(p, vocabulary, {}, &words), logits), tokens{256});
}

TEST(request_pipeline, min_tokens_holds_back_what_ends) {
  const std::vector<float> logits = some_logits();
  const auto left = [&](bool ignore_eos, urn::stop_condition stop, std::size_t drew) {
    sampling_params p;
    p.min_tokens = 2;
    p.ignore_eos = ignore_eos;
    p.stop = std::move(stop);
    const tokens output(drew, 0);
    return kept(request_pipeline(p, vocabulary, ends, nullptr), logits, {.history = output}).size();
  };
  EXPECT_EQ(left(false, {}, 1), vocabulary - 2);
  EXPECT_EQ(left(false, tokens{5, 256}, 1), vocabulary - 3);
  EXPECT_EQ(left(true, tokens{5}, 1), vocabulary - 1);
  EXPECT_EQ(left(true, std::string("x"), 1), vocabulary);
  EXPECT_EQ(left(false, tokens{5}, 2), vocabulary);
}

TEST(request_pipeline, has_room_for_the_edits_of_every_request) {
  std::vector<float> logits = some_logits();
  sampling_params p;
  p.min_tokens = 1000;
  tokens all(vocabulary);
  for (std::size_t id = 0; id < vocabulary; ++id) {
    all[id] = static_cast<token_id>(id);
    p.logit_bias.push_back({all[id], 0.5F});
  }
  p.stop = tokens(all.begin(), all.end() - 1);
  p.presence_penalty = 1;
  const request_pipeline pipeline(p, vocabulary, {}, nullptr);
  const urn::draw d = drawn(pipeline, logits, {.history = all});
  EXPECT_EQ(d.token, 299);
  EXPECT_EQ(d.status, status::ok);
}

TEST(request_pipeline, refuses_invalid_requests) {
  const auto refusal = [](const sampling_params& p, std::span<const token_id> end_tokens,
                          const urn::tokenizer* words, const char* expected) {
    urn::test::expect_error([&] { request_pipeline(p, vocabulary, end_tokens, words); }, expected);
    EXPECT_THROW(request_pipeline(p, vocabulary, end_tokens, words), urn::request_error);
  };
  const urn::tokenizer words = byte_words();
  sampling_params p;
  p.top_p = 0;
  p.stop = tokens{300};
  refusal(p, {}, nullptr, "top_p: 0 is not in (0, 1]; stop[0]: 300 is not a token of the vocabulary of 300");
  p = {};
  p.bad_words = {"x"};
  refusal(p, {}, nullptr,
          "bad_words: there is no tokenizer to encode them with; give the client one, or ban tokens by "
          "logit_bias");
  p = {};
  refusal(p, tokens{300}, nullptr,
          "end tokens: some are outside the model's vocabulary; its ids are less than 300");
  p.allowed_token_ids = {{257}};
  refusal(p, {}, &words,
          "allowed_token_ids: none of them is a token of the tokenizer; its ids are less than 257");
  p = {};
  p.bad_words = {"<end>"};
  urn::test::expect_error([&] { request_pipeline(p, 256, {}, &words); },
                          "bad_words: some are outside the model's vocabulary; its ids are less than 256");
}

}  // namespace
