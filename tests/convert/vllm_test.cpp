#include "urn/convert/vllm.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "support/expect_error.hpp"
#include "support/params.hpp"

namespace {

using nlohmann::json;
using urn::from_vllm, urn::loss, urn::on_loss, urn::sampling_params, urn::to_vllm;
using urn::test::changed, urn::test::expect_error, urn::test::infinity, urn::test::strings, urn::test::tokens;
using losses = std::vector<loss>;

template <class Change>
urn::conversion converted(const Change& change) {
  return to_vllm(changed(change));
}
json arguments_of(const urn::conversion& made) { return made.arguments; }

TEST(to_vllm, says_the_defaults_where_vllm_has_others) {
  const urn::conversion made = to_vllm({});
  EXPECT_EQ(made.arguments.dump(),
            R"({"n":1,"temperature":1.0,"top_p":1.0,"top_k":0,"min_p":0.0,"repetition_penalty":1.0,)"
            R"("frequency_penalty":0.0,"presence_penalty":0.0,"max_tokens":null,"min_tokens":0,)"
            R"("ignore_eos":false,"include_stop_str_in_output":false})");
  EXPECT_EQ(made.losses, losses{});
  EXPECT_EQ(made.seed, std::nullopt);
}

TEST(to_vllm, names_every_field_as_vllm_does) {
  sampling_params p = urn::test::all_params();
  const urn::conversion made = to_vllm(p, on_loss::refuse);
  EXPECT_EQ(made.arguments.dump(),
            R"({"n":4,"temperature":0.7,"top_p":0.9,"top_k":40,"min_p":0.05,"repetition_penalty":1.1,)"
            R"("frequency_penalty":-0.5,"presence_penalty":2.0,"max_tokens":64,"min_tokens":3,)"
            R"("ignore_eos":true,"include_stop_str_in_output":true,"seed":42,"stop":["a","b"],)"
            R"("repetition_detection":{"max_pattern_size":8,"min_pattern_size":2,"min_count":3},)"
            R"("logit_bias":{"5":-100.0,"7":1.5},"allowed_token_ids":[7,5],"bad_words":["bad"," word"],)"
            R"("logprobs":5,"prompt_logprobs":0})");
  p.stop = tokens{1, 2};
  EXPECT_EQ(arguments_of(to_vllm(p))["stop_token_ids"], json({1, 2}));
  EXPECT_FALSE(to_vllm(p).arguments.contains("stop"));
}

TEST(to_vllm, greedy_is_zero) {
  for (const float t : {0.0F, 1e-6F, 9.9e-6F}) {
    const urn::conversion made = converted([=](auto& p) { p.temperature = t; });
    EXPECT_EQ(made.arguments["temperature"], 0.0) << t;
    EXPECT_EQ(made.losses, losses{}) << t;
  }
  const urn::conversion many = to_vllm(urn::test::greedy(3));
  EXPECT_EQ(many.arguments["n"], 1);
  EXPECT_EQ(many.losses,
            (losses{{"num_samples", "is 1: vLLM refuses more when greedy; all would be equal"}}));
}

TEST(to_vllm, temperatures_that_vllm_changes_or_refuses) {
  const urn::conversion low = converted([](auto& p) { p.temperature = 0.005F; });
  EXPECT_EQ(low.arguments["temperature"], 0.01);
  EXPECT_EQ(low.losses, (losses{{"temperature", "is 0.01, vLLM's least but 0"}}));
  const urn::conversion high = converted([](auto& p) { p.temperature = 2.5F; });
  EXPECT_EQ(high.arguments["temperature"], 2.0);
  EXPECT_EQ(high.losses, (losses{{"temperature", "is 2, vLLM's largest"}}));
  EXPECT_EQ(converted([](auto& p) { p.temperature = 0.01F; }).losses, losses{});
}

TEST(to_vllm, clamps_biases) {
  const urn::conversion made = converted([](auto& p) { p.logit_bias = {{1, -infinity}, {2, 101}, {3, 7}}; });
  EXPECT_EQ(made.arguments["logit_bias"].dump(), R"({"1":-100.0,"2":100.0,"3":7.0})");
  EXPECT_EQ(made.losses, (losses{{"logit_bias", "is clamped to [-100, 100]: what was banned may be drawn"}}));
}

TEST(to_vllm, other_losses) {
  const urn::conversion late = converted([](auto& p) { p.deadline = std::chrono::milliseconds(5); });
  EXPECT_EQ(late.losses, (losses{{"deadline", "is left out: vLLM has no time limit, so abort the request"}}));
  EXPECT_EQ(late.arguments, to_vllm({}).arguments);
  const urn::conversion seeded = converted([](auto& p) { p.seed = ~std::uint64_t{0}; });
  EXPECT_EQ(seeded.arguments["seed"], 9223372036854775807);
  EXPECT_EQ(seeded.losses, (losses{{"seed", "becomes another: vLLM's are at most 9223372036854775807"}}));
  const urn::conversion words = converted([](auto& p) { p.bad_words = {" x", "\ny", "  ", "\t"}; });
  EXPECT_EQ(words.arguments["bad_words"], (strings{" x", "\ny"}));
  ASSERT_EQ(words.losses.size(), 3U);
  EXPECT_EQ(words.losses[0], (loss{"bad_words", R"("\ny" loses the white space before it)"}));
}

TEST(to_vllm, strict_lists_every_loss) {
  sampling_params p;
  p.deadline = std::chrono::milliseconds(5);
  p.temperature = 3;
  expect_error([&] { to_vllm(p, on_loss::refuse); },
               "to_vllm: temperature: is 2, vLLM's largest; deadline: is left out: vLLM has no time "
               "limit, so abort the request");
  p.top_p = 0;
  EXPECT_THROW(to_vllm(p), urn::request_error);
}

TEST(from_vllm, has_vllms_defaults) {
  sampling_params p;
  p.max_tokens = 16;
  const urn::imported_params made = from_vllm(json::object(), on_loss::refuse);
  EXPECT_EQ(made.params, p);
  EXPECT_EQ(made.unknown, strings{});
  EXPECT_EQ(from_vllm({{"max_tokens", nullptr}}).params, sampling_params{});
}

TEST(from_vllm, makes_vllms_own_corrections) {
  const auto read = [](const char* text) { return from_vllm(json::parse(text), on_loss::refuse).params; };
  EXPECT_EQ(read(R"({"temperature": 0.000001})").temperature, 0.01F);
  EXPECT_EQ(read(R"({"temperature": 0})").temperature, 0.0F);
  EXPECT_EQ(read(R"({"top_k": 0})").top_k, -1);
  EXPECT_EQ(read(R"({"top_k": -1})").top_k, -1);
  EXPECT_EQ(read(R"({"seed": -1})").seed, std::nullopt);
  EXPECT_EQ(read(R"({"logit_bias": {"3": 1000, "2": "-Infinity"}})").logit_bias,
            (std::vector<urn::token_bias>{{2, -100}, {3, 100}}));
  EXPECT_EQ(read(R"({"repetition_detection": {"max_pattern_size": 0}})").repetition_detection, std::nullopt);
  EXPECT_EQ(
      read(R"({"repetition_detection": {"max_pattern_size": 4, "min_pattern_size": 0, "min_count": 3}})")
          .repetition_detection,
      (urn::repetition_limits{4, 1, 3}));
  EXPECT_EQ(read(R"({"logprobs": true})").logprobs, 1U);
  EXPECT_EQ(read(R"({"stop": [], "stop_token_ids": []})").stop, urn::stop_condition());
  EXPECT_EQ(read(R"({"stop": "x", "stop_token_ids": null})").stop, urn::stop_condition(std::string("x")));
}

TEST(from_vllm, reports_losses_and_unknown_names) {
  const urn::imported_params made =
      from_vllm(json::parse(R"({"stop": ["x"], "stop_token_ids": [1], "logprobs": -1, "prompt_logprobs": 500,
        "seed": -7, "structured_outputs": {"regex": "a"}, "detokenize": true, "skip_special_tokens": false,
        "output_kind": 2, "best_of": 2, "use_beam_search": false})"));
  EXPECT_EQ(made.params.stop, urn::stop_condition(strings{"x"}));
  EXPECT_EQ(made.params.logprobs, 100U);
  EXPECT_EQ(made.params.prompt_logprobs, 100U);
  EXPECT_EQ(made.params.seed, std::nullopt);
  EXPECT_EQ(made.unknown, (strings{"best_of", "use_beam_search"}));
  const auto gone = "is left out: urn has no such parameter";
  EXPECT_EQ(made.losses,
            (losses{{"seed", "is left out: urn's are not negative, so the seed is random"},
                    {"stop_token_ids", "is left out: urn stops at strings or at tokens, not at both"},
                    {"logprobs", "is 100, urn's largest"},
                    {"prompt_logprobs", "is 100, urn's largest"},
                    {"skip_special_tokens", gone},
                    {"structured_outputs", gone}}));
  expect_error(
      [] {
        from_vllm({{"watermarking", true}}, on_loss::refuse);
      },
      "from_vllm: watermarking: is left out: urn has no such parameter");
}

TEST(from_vllm, refuses_wrong_values) {
  const auto refusal = [](const json& said, const char* expected) {
    expect_error([&] { from_vllm(said); }, expected);
  };
  refusal({{"top_p", "x"}}, R"(top_p: "x" is not a number in the range of a float)");
  refusal({{"top_p", 0}}, "top_p: 0 is not in (0, 1]");
  refusal({{"min_tokens", 20}}, "min_tokens: 20 is not at most max_tokens, 16");
  refusal({{"logprobs", -2}}, "logprobs: -2 is not at least 0, or -1 for all");
  refusal(json(3), "SamplingParams: 3 is not an object");
}

}  // namespace
