#include "urn/convert/stages_json.hpp"

#include <gtest/gtest.h>

#include <string_view>
#include <vector>

#include "support/expect_error.hpp"
#include "urn/profile/written_stage.hpp"

namespace {

using urn::profile::stages_of, urn::profile::written_stage;

std::vector<written_stage> parsed(std::string_view text) {
  return urn::stages_from_json(nlohmann::ordered_json::parse(text));
}

TEST(stages_from_json, are_those_of_the_text) {
  EXPECT_EQ(parsed(R"({"top_k": 40, "top_p": 0.5, "greedy": null})"), stages_of("top_k=40;top_p=0.5;greedy"));
  EXPECT_EQ(parsed(R"(["greedy", {"logprobs": {"raw": false, "of": "uncut"}}])"),
            stages_of("greedy;logprobs(raw=false,of=uncut)"));
  EXPECT_EQ(
      parsed(
          R"({"penalties": {"repetition": 1.5, "window": 64}, "dry": {"multiplier": 0.5, "breakers": [[1, 2], [3]]}})"),
      stages_of("penalties(repetition=1.5,window=64);dry(multiplier=0.5,breakers=1 2|3)"));
  EXPECT_EQ(
      parsed(
          R"({"suppressed_tokens": [5, 7], "bad_words": [[1, 2], [3]], "logit_bias": {"5": -1.5, "7": "-inf"}})"),
      stages_of("suppressed_tokens=5 7;bad_words=1 2|3;logit_bias=5:-1.5 7:-inf"));
  EXPECT_EQ(parsed(R"([{"temperature": 0.5}, {"top_p": 0.5}, {"temperature": 2}])"),
            stages_of("temperature=0.5;top_p=0.5;temperature=2"));
  EXPECT_EQ(parsed(R"({"synthid": {"keys": [654, -400], "ngram": 3}})"),
            stages_of("synthid(keys=654 -400,ngram=3)"));
  EXPECT_EQ(parsed("{}"), std::vector<written_stage>{});
}

TEST(stages_from_json, says_what_is_wrong) {
  const auto refused = [](std::string_view text, std::string_view why) {
    urn::test::expect_error([&] { (void)parsed(text); }, why);
  };
  refused("3", "stages: 3 is not a list of stages; write an object or an array");
  refused("[3]", "stages: 3 is not a stage; write a name or an object");
  refused(R"({"top_p": {"p": null}})", "top_p.p: null is not a value; write a number, a string or a list");
}

}  // namespace
