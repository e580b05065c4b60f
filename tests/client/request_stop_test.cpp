#include "urn/client/request_stop.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace {

using urn::finish_reason;
using urn::sampling_params;
using tokens = std::vector<urn::token_id>;

struct ended {
  std::size_t after = 0;  ///< tokens; 0: it goes on
  urn::sampled_sequence why{};
  std::size_t kept = 0;  ///< bytes
};

/// Feeds tokens with their texts.
ended run(const sampling_params& params, const std::vector<std::pair<urn::token_id, std::string>>& output) {
  const urn::stop_list stops = urn::stops_of(params, tokens{0, 1});
  auto state = stops.start();
  ended result;
  std::size_t size = 0;
  for (const auto& [token, text] : output) {
    const auto decision = stops.update(state, {.token = token, .text = text});
    ++result.after;
    size += text.size();
    if (!decision.stop()) continue;
    urn::explain_stop(decision, params, result.why);
    result.kept = decision.keep(size);
    return result;
  }
  return {};
}

TEST(request_stop, end_tokens) {
  const ended stopped = run({}, {{5, "a"}, {1, "END"}});
  EXPECT_EQ(stopped.after, 2U);
  EXPECT_EQ(stopped.why.reason, finish_reason::stop);
  EXPECT_EQ(stopped.why.matched_token, 1);
  EXPECT_EQ(stopped.kept, 1U);
  EXPECT_EQ(run({.ignore_eos = true}, {{5, "a"}, {1, "END"}}).after, 0U);
}

TEST(request_stop, stop_tokens_hold_with_ignore_eos) {
  const ended stopped = run({.stop = tokens{9, 8}, .ignore_eos = true}, {{0, "a"}, {8, "b"}});
  EXPECT_EQ(stopped.after, 2U);
  EXPECT_EQ(stopped.why.matched_token, 8);
  EXPECT_EQ(stopped.kept, 1U);
  EXPECT_EQ(run({.stop = tokens{9, 8}, .include_stop_in_output = true}, {{8, "b"}}).kept, 1U);
}

TEST(request_stop, stop_strings) {
  const ended one = run({.stop = "bc"}, {{5, "ab"}, {6, "cd"}});
  EXPECT_EQ(one.after, 2U);
  EXPECT_EQ(one.why.reason, finish_reason::stop);
  EXPECT_EQ(one.why.matched_text, "bc");
  EXPECT_FALSE(one.why.matched_token);
  EXPECT_EQ(one.kept, 1U);
  const ended several = run({.stop = std::vector<std::string>{"x", "c"}, .include_stop_in_output = true},
                            {{5, "ab"}, {6, "cd"}});
  EXPECT_EQ(several.why.matched_text, "c");
  EXPECT_EQ(several.kept, 3U);
}

TEST(request_stop, expressions) {
  const sampling_params params{.stop = "never", .stop_regex = {"[xy]z", "b+c"}};
  const ended one = run(params, {{5, "ab"}, {6, "bcd"}});
  EXPECT_EQ(one.after, 2U);
  EXPECT_EQ(one.why.reason, finish_reason::stop);
  EXPECT_EQ(one.why.matched_text, "b+c");
  EXPECT_EQ(one.kept, 1U);
  const ended alone = run({.stop_regex = {"b+c"}, .include_stop_in_output = true}, {{5, "abcd"}});
  EXPECT_EQ(alone.why.matched_text, "b+c");
  EXPECT_EQ(alone.kept, 3U);
  EXPECT_TRUE(urn::stops_at_text({.stop_regex = {"a"}}));
  EXPECT_FALSE(urn::stops_at_text({.stop = tokens{1}}));
}

TEST(request_stop, a_repetition_ends_and_keeps_all) {
  const sampling_params params{.stop_regex = {"x"}, .repetition_detection = {{4, 2, 2}}};
  const ended stopped = run(params, {{5, "a"}, {6, "b"}, {5, "a"}, {6, "b"}, {7, "c"}});
  EXPECT_EQ(stopped.after, 4U);
  EXPECT_EQ(stopped.why.reason, finish_reason::stop);
  EXPECT_FALSE(stopped.why.matched_text);
  EXPECT_FALSE(stopped.why.matched_token);
  EXPECT_EQ(stopped.kept, 4U);
}

TEST(request_stop, max_tokens_comes_last) {
  EXPECT_EQ(run({.max_tokens = 2}, {{5, "a"}, {6, "b"}}).why.reason, finish_reason::length);
  EXPECT_EQ(run({.max_tokens = 2}, {{5, "a"}, {1, ""}}).why.reason, finish_reason::stop);
}

TEST(request_stop, nothing_but_max_tokens_ends_the_first_min_tokens) {
  const sampling_params params{.max_tokens = 3, .stop = "b", .min_tokens = 2};
  EXPECT_EQ(run(params, {{5, "b"}, {1, "b"}, {5, "b"}}).after, 3U);
  EXPECT_EQ(run({.max_tokens = 1, .min_tokens = 1}, {{1, ""}}).why.reason, finish_reason::length);
}

}  // namespace
