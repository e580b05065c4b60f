#include "urn/client/response_json.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <optional>
#include <string>

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

TEST(response_json, of_a_bare_response) {
  urn::sample_response response{.id = "r1"};
  response.sequences.push_back({.tokens = {5, 2}, .text = "né", .logprobs = {-0.1F, -2}});
  response.sequences[0].sampling_logprobs = {0, -0.3F};
  response.sequences[0].ranks = {1, 7};
  response.prompt_tokens = {1, 2};
  response.seed = ~std::uint64_t{0};
  response.timing = {0.25, 0.5, 1.5};
  EXPECT_EQ(
      urn::to_json(response).dump(),
      R"({"id":"r1","sequences":[{"tokens":[5,2],"text":"né","logprobs":[-0.1,-2.0],)"
      R"("sampling_logprobs":[0.0,-0.3],"ranks":[1,7],"finish_reason":"length"}],"prompt_tokens":[1,2],)"
      R"("cached_prompt_tokens":0,"seed":18446744073709551615,)"
      R"("timing":{"queued":0.25,"first_token":0.5,"total":1.5}})");
}

TEST(response_json, of_all_there_is) {
  urn::sample_response response;
  urn::sampled_sequence text{.reason = urn::finish_reason::stop};
  text.top_logprobs = {{{4, -0.5F}, {7, -infinity}}, {{4, 0}, {}}};
  text.matched_text = "\n";
  urn::sampled_sequence token{.reason = urn::finish_reason::stop};
  token.matched_token = 0;
  urn::sampled_sequence failed{.reason = urn::finish_reason::error};
  failed.error = "no token is left";
  response.sequences = {text, token, failed, {.reason = urn::finish_reason::abort}};
  response.prompt_logprobs = {std::nullopt, -0.1F, std::numeric_limits<float>::quiet_NaN()};
  response.topk_prompt_logprobs = {{}, {{3, -0.1F}}};
  const nlohmann::json said = urn::to_json(response);
  EXPECT_EQ(
      said["sequences"][0]["top_logprobs"].dump(),
      R"([[{"logprob":-0.5,"token":4},{"logprob":"-Infinity","token":7}],[{"logprob":0.0,"token":4}]])");
  EXPECT_EQ(said["sequences"][0]["finish_reason"], "stop");
  EXPECT_EQ(said["sequences"][0]["matched_text"], "\n");
  EXPECT_FALSE(said["sequences"][0].contains("matched_token"));
  EXPECT_EQ(said["sequences"][1]["matched_token"], 0);
  EXPECT_EQ(said["sequences"][2]["finish_reason"], "error");
  EXPECT_EQ(said["sequences"][2]["error"], "no token is left");
  EXPECT_EQ(said["sequences"][3]["finish_reason"], "abort");
  EXPECT_EQ(said["prompt_logprobs"].dump(), R"([null,-0.1,"NaN"])");
  EXPECT_EQ(said["topk_prompt_logprobs"].dump(), R"([[],[{"logprob":-0.1,"token":3}]])");
}

}  // namespace
