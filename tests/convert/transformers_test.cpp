#include "urn/convert/transformers.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "client/random_params.hpp"
#include "model/tokenizer/tiny.hpp"
#include "support/expect_error.hpp"
#include "support/params.hpp"
#include "urn/client/params_json.hpp"
#include "urn/model/tokenizer.hpp"

namespace {

using nlohmann::json;
using urn::from_transformers, urn::loss, urn::on_loss, urn::sampling_params, urn::to_transformers;
using urn::test::changed, urn::test::expect_error, urn::test::infinity, urn::test::strings, urn::test::tokens;
using losses = std::vector<loss>;

urn::tokenizer byte_words() {
  nlohmann::json said = tiny::bytes();
  said["added_tokens"] = json::array({tiny::added("<end>", 256, true)});
  return tiny::make(said);
}
/// All that there is to know.
urn::transformers_setting known(const urn::tokenizer* words = nullptr) {
  return {.vocabulary_size = 300, .context_size = 2048, .end_tokens = {256, 299}, .words = words};
}

template <class Change>
urn::conversion converted(const Change& change, const urn::transformers_setting& setting = known()) {
  return to_transformers(changed(change), setting);
}

TEST(to_transformers, says_the_defaults_where_generate_has_others) {
  const urn::conversion made = to_transformers({}, known(), on_loss::refuse);
  EXPECT_EQ(
      made.arguments.dump(),
      R"({"do_sample":true,"temperature":1.0,"top_k":0,"top_p":1.0,"min_p":0.0,"repetition_penalty":1.0,)"
      R"("max_length":2048,"num_return_sequences":1,"eos_token_id":[256,299],"pad_token_id":256})");
}

TEST(to_transformers, names_every_field_as_generate_does) {
  const urn::tokenizer words = byte_words();
  sampling_params p = urn::test::common_params();
  p.logit_bias = {{5, -infinity}, {7, 1.5F}};
  p.bad_words = {"\x01", "<end>"};
  p.deadline = std::chrono::milliseconds(1500);
  const urn::conversion made = to_transformers(p, known(&words), on_loss::refuse);
  const auto one = words.encode("\x01", false).at(0);
  const auto space = words.encode(" ", false).at(0);
  EXPECT_EQ(made.seed, 42U);
  EXPECT_EQ(json(made.arguments), json({{"do_sample", true},
                                        {"temperature", 0.7},
                                        {"top_k", 40},
                                        {"top_p", 0.9},
                                        {"min_p", 0.05},
                                        {"repetition_penalty", 1.1},
                                        {"max_new_tokens", 64},
                                        {"min_new_tokens", 3},
                                        {"num_return_sequences", 4},
                                        {"stop_strings", {"a", "b"}},
                                        {"eos_token_id", {256, 299}},
                                        {"pad_token_id", 256},
                                        {"sequence_bias", json::array({json::array({{7}, 1.5})})},
                                        {"suppress_tokens", {5, 256}},
                                        {"bad_words_ids", {json::array({one}), {space, one}, {space, 256}}},
                                        {"max_time", 1.5}}))
      << made.arguments;
}

TEST(to_transformers, greedy_does_not_sample) {
  for (const float t : {0.0F, 1e-6F}) {
    const urn::conversion made = converted([=](auto& p) {
      p.temperature = t;
      p.top_p = 0.5F;
    });
    EXPECT_EQ(made.arguments["do_sample"], false);
    for (const char* name : {"temperature", "top_k", "top_p", "min_p"})
      EXPECT_FALSE(made.arguments.contains(name));
    EXPECT_EQ(made.losses, losses{});
  }
  const urn::conversion many = to_transformers(urn::test::greedy(2), known());
  EXPECT_EQ(many.arguments["num_return_sequences"], 1);
  ASSERT_EQ(many.losses.size(), 1U);
  EXPECT_EQ(many.losses[0].field, "num_samples");
}

TEST(to_transformers, end_tokens) {
  const auto ends = [](const urn::transformers_setting& setting, bool ignore_eos, urn::stop_condition stop) {
    const urn::conversion made = converted(
        [&](auto& p) {
          p.max_tokens = 1;
          p.ignore_eos = ignore_eos;
          p.stop = stop;
        },
        setting);
    return made.arguments.value("eos_token_id", nlohmann::ordered_json("model's")).dump() +
           (made.losses.empty() ? "" : " " + made.losses[0].field);
  };
  EXPECT_EQ(ends(known(), false, {}), "[256,299]");
  EXPECT_EQ(ends(known(), false, tokens{5}), "[256,299,5]");
  EXPECT_EQ(ends(known(), true, tokens{5}), "[5]");
  EXPECT_EQ(ends(known(), true, {}), "null");
  EXPECT_EQ(ends({}, false, {}), R"("model's")");
  EXPECT_EQ(ends({}, true, {}), "null");
  EXPECT_EQ(ends({}, true, tokens{5}), "[5]");
  EXPECT_EQ(ends({}, false, tokens{5}), "[5] stop");
  EXPECT_EQ(ends(known(), false, std::string("stop")), "[256,299] include_stop_in_output")
      << "no token of a stop string is an end token";
  urn::transformers_setting padded = known();
  padded.pad_token = 0;
  EXPECT_EQ(to_transformers({}, padded).arguments["pad_token_id"], 0);
}

TEST(to_transformers, losses) {
  const auto of = [](auto change, const urn::transformers_setting& setting = known()) {
    strings fields;
    for (const loss& l : converted(change, setting).losses) fields.push_back(l.field);
    return fields;
  };
  EXPECT_EQ(of([](auto& p) { p.frequency_penalty = 0.5F; }), strings{"frequency_penalty"});
  EXPECT_EQ(of([](auto& p) { p.presence_penalty = 0.5F; }), strings{"presence_penalty"});
  EXPECT_EQ(of([](auto& p) { p.logprobs = 0; }), strings{"logprobs"});
  EXPECT_EQ(of([](auto& p) { p.prompt_logprobs = 0; }), strings{"prompt_logprobs"});
  EXPECT_EQ(of([](auto& p) { p.logit_bias = {{1, infinity}}; }), strings{"logit_bias"});
  EXPECT_EQ(of([](auto& p) { p.bad_words = {"x"}; }), strings{"bad_words"});
  EXPECT_EQ(of([](auto&) {}, {}), strings{"max_tokens"});
  EXPECT_EQ(of([](auto& p) { p.allowed_token_ids = {{1}}; }, {.context_size = 9}),
            strings{"allowed_token_ids"});
  EXPECT_EQ(of([](auto& p) { p.seed = 1; }), strings{});
}

TEST(to_transformers, strict_lists_every_loss) {
  sampling_params p;
  p.frequency_penalty = p.presence_penalty = 1;
  expect_error([&] { to_transformers(p, known(), on_loss::refuse); },
               "to_transformers: frequency_penalty: is left out: transformers has no such penalty; "
               "presence_penalty: is left out: transformers has no such penalty");
  p.stop = tokens{300};
  EXPECT_THROW(to_transformers(p, known()), urn::request_error);
}

TEST(to_transformers, suppresses_all_but_the_allowed) {
  const urn::conversion made = converted([](auto& p) {
    p.allowed_token_ids = {{2, 4, 299}};
    p.logit_bias = {{4, -infinity}};
  });
  const auto suppressed = made.arguments["suppress_tokens"].get<tokens>();
  EXPECT_EQ(suppressed.size(), 298U);
  EXPECT_EQ(std::count(suppressed.begin(), suppressed.end(), 2), 0);
  EXPECT_EQ(std::count(suppressed.begin(), suppressed.end(), 299), 0);
  EXPECT_EQ(made.losses, losses{});
}

TEST(from_transformers, has_generates_defaults) {
  const urn::imported_params made = from_transformers(json::object());
  sampling_params p;
  p.temperature = 0;
  EXPECT_EQ(made.params, p);
  EXPECT_EQ(made.losses, (losses{{"max_length", "20 with the prompt is no limit: give max_new_tokens"}}));
  const urn::imported_params sampled = from_transformers({{"do_sample", true}, {"max_new_tokens", 5}});
  EXPECT_EQ(sampled.params.temperature, 1.0F);
  EXPECT_EQ(sampled.params.top_k, 50);
  EXPECT_EQ(sampled.params.max_tokens, 5U);
  EXPECT_EQ(sampled.losses, losses{});
  EXPECT_EQ(from_transformers({{"do_sample", true}, {"top_k", nullptr}}).params.top_k, -1);
}

TEST(from_transformers, reads_ends_and_biases) {
  const auto read = [](const char* text, const urn::transformers_setting& setting = known()) {
    return from_transformers(json::parse(text), setting);
  };
  EXPECT_EQ(read(R"({"eos_token_id": 5})").params.stop, urn::stop_condition(tokens{5}));
  EXPECT_TRUE(read(R"({"eos_token_id": 5})").params.ignore_eos);
  EXPECT_TRUE(read(R"({"eos_token_id": null})").params.ignore_eos);
  EXPECT_FALSE(read(R"({})").params.ignore_eos);
  EXPECT_EQ(read(R"({"eos_token_id": [256, 5, 299]})").params.stop, urn::stop_condition(tokens{5}));
  EXPECT_FALSE(read(R"({"eos_token_id": [256, 5, 299]})").params.ignore_eos);
  EXPECT_EQ(read(R"({"eos_token_id": 256, "max_new_tokens": 1})").losses[0].field, "eos_token_id");
  const urn::imported_params both = read(R"({"stop_strings": "x", "eos_token_id": [256, 299, 5]})");
  EXPECT_EQ(both.params.stop, urn::stop_condition(std::string("x")));
  EXPECT_TRUE(both.params.include_stop_in_output);
  EXPECT_EQ(both.losses.at(1).field, "eos_token_id");
  const urn::imported_params biased =
      read(R"({"sequence_bias": [[[7], 1.5], [[1, 2], 3.0], [[3], 1]], "suppress_tokens": [9, 3]})");
  EXPECT_EQ(biased.params.logit_bias,
            (std::vector<urn::token_bias>{{3, -infinity}, {7, 1.5F}, {9, -infinity}}));
  EXPECT_EQ(biased.losses.at(1),
            (loss{"sequence_bias", "[1,2] is left out: urn's biases are of single tokens"}));
}

TEST(from_transformers, reads_bad_words) {
  const urn::tokenizer words = byte_words();
  const auto a = words.encode("a", false).at(0);
  const auto b = words.encode("b", false).at(0);
  const auto space = words.encode(" ", false).at(0);
  const json said{{"max_new_tokens", 1},
                  {"bad_words_ids", {{a, b}, {space, a, b}, {a, a}, json::array({b})}}};
  const urn::imported_params made = from_transformers(said, known(&words));
  EXPECT_EQ(made.params.bad_words, strings{"ab"});
  EXPECT_EQ(made.params.logit_bias, (std::vector<urn::token_bias>{{b, -infinity}}));
  ASSERT_EQ(made.losses.size(), 1U);
  EXPECT_EQ(made.losses[0].field, "bad_words_ids");
  EXPECT_EQ(from_transformers(said).losses.size(), 3U) << "without a tokenizer";
}

TEST(from_transformers, reports_losses_and_unknown_names) {
  const urn::imported_params made = from_transformers(
      json::parse(R"({"max_new_tokens": 1, "num_beams": 4, "typical_p": 1, "no_repeat_ngram_size": 3,
        "use_cache": false, "penalty_alfa": 1, "guidance_scale": null})"));
  const auto gone = "is left out: urn has no such parameter";
  EXPECT_EQ(made.losses, (losses{{"num_beams", gone}, {"no_repeat_ngram_size", gone}}));
  EXPECT_EQ(made.unknown, strings{"penalty_alfa"});
  expect_error(
      [] {
        from_transformers({{"max_new_tokens", 1}, {"num_beams", 2}}, {}, on_loss::refuse);
      },
      "from_transformers: num_beams: is left out: urn has no such parameter");
}

TEST(from_transformers, refuses_wrong_values) {
  const auto refusal = [](const json& said, const char* expected) {
    expect_error([&] { from_transformers(said); }, expected);
  };
  refusal({{"do_sample", 1}}, "do_sample: 1 is not true or false");
  refusal({{"do_sample", true}, {"top_p", 0}}, "top_p: 0 is not in (0, 1]");
  refusal({{"max_time", 0}}, "max_time: 0 is not a time in seconds, more than 0");
  refusal({{"max_time", "x"}}, "max_time: \"x\" is not a time in seconds, more than 0");
  refusal({{"sequence_bias", {{1, 2}}}}, "sequence_bias[0][0]: 1 is not a list");
  refusal({{"sequence_bias", {1}}}, "sequence_bias[0]: 1 is not [[token, ...], bias]");
  refusal({{"suppress_tokens", {-1}}}, "logit_bias[0].token: -1 is not a token, at least 0");
  refusal(json(3), "generate: 3 is not an object");
}

/// The parameters as transformers can say them, with equal draws.
sampling_params as_transformers_says(sampling_params p, const urn::conversion& made) {
  for (const loss& l : made.losses) {
    if (l.field == "frequency_penalty") p.frequency_penalty = 0;
    if (l.field == "presence_penalty") p.presence_penalty = 0;
    if (l.field == "stop_regex") p.stop_regex.clear();
    if (l.field == "repetition_detection") p.repetition_detection.reset();
    if (l.field == "logprobs") p.logprobs.reset();
    if (l.field == "prompt_logprobs") p.prompt_logprobs.reset();
    if (l.field == "num_samples") p.num_samples = 1;
    if (l.field == "logit_bias") {
      for (auto& b : p.logit_bias) b.bias = b.bias == infinity ? 1e9F : b.bias;
    }
  }
  if (p.temperature < 1e-5F) {
    p.temperature = p.min_p = 0;
    p.top_p = 1;
    p.top_k = -1;
  }
  const bool stops_at_text =
      std::holds_alternative<std::string>(p.stop) || std::holds_alternative<strings>(p.stop);
  p.include_stop_in_output = stops_at_text;
  return p;
}

TEST(from_transformers, gives_back_what_to_transformers_took) {
  rows::random_source r(6);
  std::size_t lossless = 0;
  for (int trial = 0; trial < 5000; ++trial) {
    sampling_params p = random_params::make(r, 256);
    p.allowed_token_ids.reset();  // biases after it: below
    p.bad_words.clear();
    const urn::conversion made = to_transformers(p, known());
    const urn::imported_params back = from_transformers(json::parse(made.arguments.dump()), known());
    ASSERT_EQ(back.unknown, strings{}) << made.arguments;
    for (const loss& l : back.losses) ASSERT_EQ(l.field, "output_logits") << made.arguments;
    lossless += made.losses.empty() ? 1 : 0;
    sampling_params kept = back.params;
    kept.seed = made.seed;
    ASSERT_EQ(urn::to_json(kept), urn::to_json(as_transformers_says(p, made))) << made.arguments;
  }
  EXPECT_GT(lossless, 20U);
}

TEST(from_transformers, gives_back_words_and_bans_for_allowed_tokens) {
  const urn::tokenizer words = byte_words();
  sampling_params p;
  p.max_tokens = 1;
  p.bad_words = {"stop", "\n", "é", "<end>x"};
  const auto round = [&] {
    const urn::conversion made = to_transformers(p, known(&words), on_loss::refuse);
    return from_transformers(made.arguments, known(&words), on_loss::refuse).params;
  };
  EXPECT_EQ(round(), p);
  p.allowed_token_ids = {{3, 5}};
  const sampling_params back = round();
  EXPECT_EQ(back.logit_bias.size(), 298U);
  EXPECT_TRUE(std::all_of(back.logit_bias.begin(), back.logit_bias.end(),
                          [](const auto& b) { return b.bias == -infinity && b.token != 3 && b.token != 5; }));
}

}  // namespace
