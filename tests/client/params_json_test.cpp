#include "urn/client/params_json.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "client/random_params.hpp"
#include "support/expect_error.hpp"
#include "support/params.hpp"

namespace {

using urn::params_from_json, urn::parse_params, urn::sampling_params, urn::to_json;
using urn::test::expect_error, urn::test::expect_error_with;
using urn::test::infinity, urn::test::strings, urn::test::tokens;

TEST(params_json, of_the_defaults_is_empty) {
  EXPECT_EQ(to_json(sampling_params{}).dump(), "{}");
  EXPECT_EQ(parse_params("{}").params, sampling_params{});
}

sampling_params all_set() {
  sampling_params p = urn::test::all_params();
  p.seed = ~std::uint64_t{0};
  p.stop = strings{"\n\n", "é"};
  p.stop_regex = {R"(\d+)"};
  p.logit_bias = {{5, -infinity}, {7, 1.5F}, {50256, infinity}};
  p.deadline = std::chrono::milliseconds(1500);
  return p;
}
constexpr const char* all_set_text =
    R"({"max_tokens":64,"seed":18446744073709551615,"stop":["\n\n","é"],"stop_regex":["\\d+"],)"
    R"("repetition_detection":{"max_pattern_size":8,"min_pattern_size":2,"min_count":3},"temperature":0.7,"top_k":40,)"
    R"("top_p":0.9,"min_p":0.05,"repetition_penalty":1.1,"frequency_penalty":-0.5,"presence_penalty":2.0,)"
    R"("min_tokens":3,"logit_bias":{"5":"-Infinity","7":1.5,"50256":"Infinity"},"allowed_token_ids":[7,5],)"
    R"("bad_words":["bad"," word"],"logprobs":5,"prompt_logprobs":0,"num_samples":4,"ignore_eos":true,)"
    R"("include_stop_in_output":true,"deadline_ms":1500})";

TEST(params_json, has_every_field_in_order) { EXPECT_EQ(to_json(all_set()).dump(), all_set_text); }

TEST(params_json, reads_every_field) {
  const urn::parsed_params read = parse_params(all_set_text);
  EXPECT_EQ(read.params, all_set());
  EXPECT_EQ(read.unknown, strings{});
}

TEST(params_json, gives_back_what_it_took) {
  rows::random_source r(3);
  for (int trial = 0; trial < 5000; ++trial) {
    const sampling_params p = random_params::make(r, 100000);
    const nlohmann::ordered_json said = to_json(p);
    ASSERT_EQ(parse_params(said.dump()).params, p) << said;
    ASSERT_EQ(params_from_json(said).params, p) << said;
    ASSERT_EQ(to_json(params_from_json(said).params), said);
  }
}

TEST(params_json, floats_come_back_bit_for_bit) {
  rows::random_source r(4);
  for (int trial = 0; trial < 200000; ++trial) {
    const auto bits = static_cast<std::uint32_t>(r.bits());
    const float x = std::bit_cast<float>(bits);
    if (!std::isfinite(x)) continue;
    sampling_params p;
    p.temperature = x;
    const float back = parse_params(to_json(p).dump()).params.temperature;
    ASSERT_EQ(std::bit_cast<std::uint32_t>(back), bits) << to_json(p);
  }
}

TEST(params_json, stop_is_a_string_strings_or_tokens) {
  EXPECT_EQ(parse_params(R"({"stop": "x"})").params.stop, urn::stop_condition(std::string("x")));
  EXPECT_EQ(parse_params(R"({"stop": ["x", "y"]})").params.stop, urn::stop_condition(strings{"x", "y"}));
  EXPECT_EQ(parse_params(R"({"stop": [1, 2.0]})").params.stop, urn::stop_condition(tokens{1, 2}));
  EXPECT_EQ(parse_params(R"({"stop": []})").params.stop, urn::stop_condition(strings{}));
  EXPECT_EQ(parse_params(R"({"stop": null})").params.stop, urn::stop_condition());
  expect_error([] { parse_params(R"({"stop": 5})"); },
               "stop: 5 is not a string, a list of strings or a list of token ids");
  expect_error([] { parse_params(R"({"stop": ["x", 5]})"); }, "stop[1]: 5 is not a string");
  expect_error([] { parse_params(R"({"stop": [5, "x"]})"); },
               "stop[1]: \"x\" is not an integer from -2147483648 to 2147483647");
}

TEST(params_json, null_is_the_default) {
  const auto all = nlohmann::json::parse(all_set_text);
  for (const auto& [name, value] : all.items()) {
    EXPECT_EQ(params_from_json({{name, nullptr}}).params, sampling_params{}) << name;
    EXPECT_NE(params_from_json({{name, value}}).params, sampling_params{}) << name;
  }
}

TEST(params_json, whole_numbers_may_be_written_as_floats) {
  EXPECT_EQ(parse_params(R"({"max_tokens": 64.0, "top_k": -1.0, "seed": 1e3})").params.seed, 1000U);
  EXPECT_EQ(parse_params(R"({"temperature": 1})").params.temperature, 1.0F);
  EXPECT_EQ(parse_params(R"({"top_k": 2147483647.0})").params.top_k, 2147483647);
  EXPECT_EQ(parse_params(R"({"seed": 18446744073709549568.0})").params.seed, 18446744073709549568U);
}

void expect_refused(const std::string& field, const strings& values, const std::string& problem) {
  for (const std::string& wrong : values) {
    const std::string value = nlohmann::json::parse(wrong).dump();
    expect_error([&] { parse_params("{\"" + field + "\": " + wrong + "}"); },
                 field + ": " + value + " is not " + problem);
  }
}

TEST(params_json, refuses_what_a_field_cannot_hold) {
  expect_refused("max_tokens",
                 {"64.5", "-1", "-1.0", "18446744073709551616.0", "1e300", "true", "\"64\"", "[]", "{}"},
                 "an integer from 0 to 18446744073709551615");
  expect_refused("top_k", {"2147483648", "-2147483649", "2147483648.0", "-2147483649.0", "0.5", "false"},
                 "an integer from -2147483648 to 2147483647");
  expect_refused("top_p", {"1e39", "-1e39", "\"high\"", "\"NaN\"", "true", "[1]"},
                 "a number in the range of a float");
}

TEST(params_json, refuses_wrong_types_by_name) {
  const auto refusal = [](const char* text, const char* expected) {
    expect_error([&] { parse_params(text); }, expected);
  };
  refusal(R"({"stop_regex": "a"})", R"(stop_regex: "a" is not a list)");
  refusal(R"({"repetition_detection": 3})",
          "repetition_detection: 3 is not an object of max_pattern_size, min_pattern_size, min_count");
  refusal(R"({"repetition_detection": {"n": 3}})",
          R"(repetition_detection: "n" is not max_pattern_size, min_pattern_size or min_count)");
  refusal(R"({"repetition_detection": {"min_count": -3}})",
          "repetition_detection.min_count: -3 is not an integer from 0 to 18446744073709551615");
  refusal(R"({"ignore_eos": 1})", "ignore_eos: 1 is not true or false");
  refusal(R"({"bad_words": "x"})", R"(bad_words: "x" is not a list)");
  refusal(R"({"bad_words": ["x", null]})", "bad_words[1]: null is not a string");
  refusal(R"({"logit_bias": [[1, 2]]})",
          "logit_bias: [[1,2]] is not an object of token ids with a bias each");
  refusal(R"({"logit_bias": {"one": 2}})", R"(logit_bias: "one" is not a token id)");
  refusal(R"({"logit_bias": {"1.0": 2}})", R"(logit_bias: "1.0" is not a token id)");
  refusal(R"({"logit_bias": {"4294967296": 2}})", R"(logit_bias: "4294967296" is not a token id)");
  refusal(R"({"logit_bias": {"1": "x"}})", R"(logit_bias[1]: "x" is not a number in the range of a float)");
  refusal(R"({"allowed_token_ids": [1, "2"]})",
          R"(allowed_token_ids[1]: "2" is not an integer from -2147483648 to 2147483647)");
  expect_error_with([] { parse_params(R"({"deadline_ms": 0.5})"); },
                    "deadline_ms: 0.5 is not an integer from");
  expect_error([] { params_from_json(nlohmann::json::array({1})); }, "sampling_params: [1] is not an object");
}

TEST(params_json, is_a_request_error) { EXPECT_THROW(parse_params(R"({"top_k": "x"})"), urn::request_error); }

TEST(params_json, refuses_what_is_no_object_of_names) {
  expect_error_with([] { parse_params("[1]"); }, "sampling_params: is not a JSON object");
  expect_error_with([] { parse_params("{"); }, "sampling_params: is not JSON");
  expect_error_with([] { parse_params(R"({"top_k": 1, "top_k": 2})"); }, R"(has "top_k" twice)");
  expect_error_with([] { parse_params(R"({"temperature": 1e400})"); }, "sampling_params: is not JSON");
}

TEST(params_json, names_unknown_fields) {
  const urn::parsed_params read = parse_params(R"({"tokens": 1, "top_k": 3, "best_of": null})");
  EXPECT_EQ(read.unknown, (strings{"best_of", "tokens"}));
  EXPECT_EQ(read.params.top_k, 3);
}

TEST(params_json, does_not_judge) {
  EXPECT_EQ(parse_params(R"({"top_p": 7, "max_tokens": 0, "stop": ""})").params.top_p, 7.0F);
}

}  // namespace
