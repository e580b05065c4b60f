#include "urn/client/request_ids.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "support/caller.hpp"

namespace {

using urn::failure, urn::sample_request;
using urn::test::caller, urn::test::request_of;
using tokens = std::vector<urn::token_id>;

/// As much of a request_state as ids need.
struct running {
  struct sample : urn::told_sequence {
    std::size_t index = 0;
    std::size_t told = 0;
  };
  sample_request request;
  urn::sample_response answer{};
  std::vector<urn::follower> followers{};
  std::vector<sample> samples{};
};

running asked_by(caller& who, sample_request request) {
  return {.request = std::move(request), .followers = {{who.ears(true), {}}}};
}

/// A request with two samples, of which one event is not told yet.
running with_tokens(caller& who, const std::string& id) {
  running r = asked_by(who, request_of(id));
  r.answer.seed = 9;
  for (std::size_t i = 0; i < 2; ++i) {
    auto& s = r.samples.emplace_back();
    s.index = i;
    const auto first = static_cast<urn::token_id>(10 * i);
    s.out = {.tokens = {first, first + 1},
             .text = "ab",
             .logprobs = {-1, -2},
             .sampling_logprobs = {-3, -4},
             .ranks = {1, 2}};
    s.shown = {1, 2};
    s.ended = true;
    s.told = 2 - i;
  }
  return r;
}

constexpr auto another = "id a: it names another request; give each request an id of its own, or none";

TEST(same_request, is_about_all_that_is_asked) {
  const sample_request asked = request_of("a");
  EXPECT_TRUE(same_request(asked, request_of("b")));
  const auto differs = [&](auto change) {
    sample_request other = asked;
    change(other);
    return !same_request(asked, other);
  };
  EXPECT_TRUE(differs([](auto& r) { r.prompt = {2}; }));
  EXPECT_TRUE(differs([](auto& r) { r.params.seed = 1; }));
  EXPECT_TRUE(differs([](auto& r) { r.include_prompt_logprobs = true; }));
  EXPECT_TRUE(differs([](auto& r) { r.topk_prompt_logprobs = 1; }));
  EXPECT_TRUE(differs([](auto& r) { r.score_only = true; }));
}

TEST(with_id, finds_a_request_by_the_id_that_it_has) {
  std::vector<std::unique_ptr<running>> list;
  EXPECT_EQ(urn::with_id(list, "a"), nullptr);
  for (const char* const id : {"", "a", "b"})
    list.push_back(std::make_unique<running>(running{.request = request_of(id)}));
  EXPECT_EQ(urn::with_id(list, "b"), list[2].get());
  EXPECT_EQ(urn::with_id(list, "c"), nullptr);
  EXPECT_EQ(urn::with_id(list, ""), nullptr) << "no id names no request";
}

TEST(join, tells_what_was_told_and_follows) {
  caller first;
  caller second;
  running runs = with_tokens(first, "a");
  urn::join(asked_by(second, request_of("a")), runs);
  EXPECT_EQ(second.tokens(0), (tokens{0, 1}));
  EXPECT_EQ(second.tokens(1), (tokens{10}));
  EXPECT_TRUE(second.outcomes.empty());
  ASSERT_EQ(runs.followers.size(), 2U);
  runs.followers[1].end(urn::sample_response{});
  EXPECT_TRUE(second.succeeded());
  EXPECT_TRUE(first.events.empty() && first.outcomes.empty()) << "who follows already hears nothing twice";
}

TEST(join, refuses_another_request) {
  caller first;
  caller second;
  running runs = with_tokens(first, "a");
  sample_request other = request_of("a");
  other.prompt = {2};
  urn::join(asked_by(second, other), runs);
  EXPECT_EQ(second.kind(), failure::invalid);
  EXPECT_EQ(second.what(), another);
  EXPECT_EQ(runs.followers.size(), 1U);
}

TEST(answered_requests, are_answered_again_event_by_event) {
  caller first;
  urn::answered_requests answered(1);
  running ended = with_tokens(first, "a");
  EXPECT_EQ(answered.remember(ended), std::nullopt);
  for (int time = 0; time < 2; ++time) {
    caller again;
    EXPECT_TRUE(answered.replay(asked_by(again, request_of("a"))));
    EXPECT_EQ(again.tokens(0), (tokens{0, 1}));
    EXPECT_EQ(again.tokens(1), (tokens{10, 11}));
    EXPECT_EQ(again.events[0].text, "a");
    EXPECT_EQ(again.events[0].logprob, -1);
    EXPECT_FALSE(again.events[0].finished);
    EXPECT_EQ(again.events[1].finished, urn::finish_reason::length);
    ASSERT_TRUE(again.succeeded());
    EXPECT_EQ(again.response().seed, 9U);
    ASSERT_EQ(again.response().sequences.size(), 2U);
    EXPECT_EQ(again.response().sequences[1].tokens, (tokens{10, 11}));
    EXPECT_EQ(again.response().sequences[1].text, "ab");
  }
}

TEST(answered_requests, refuse_another_request) {
  caller first;
  caller again;
  urn::answered_requests answered(1);
  running ended = with_tokens(first, "a");
  answered.remember(ended);
  sample_request other = request_of("a");
  other.score_only = true;
  EXPECT_TRUE(answered.replay(asked_by(again, other)));
  EXPECT_EQ(again.what(), another);
}

TEST(answered_requests, forget_the_oldest) {
  caller who;
  urn::answered_requests answered(2);
  const auto remember = [&](const char* id) {
    running ended = with_tokens(who, id);
    return answered.remember(ended);
  };
  const auto knows = [&](const char* id) { return answered.replay(asked_by(who, request_of(id))); };
  EXPECT_EQ(remember("a"), std::nullopt);
  EXPECT_EQ(remember("b"), std::nullopt);
  EXPECT_EQ(remember(""), std::nullopt) << "nobody can ask for it again";
  EXPECT_EQ(remember("c"), "a");
  EXPECT_FALSE(knows("a"));
  EXPECT_FALSE(knows(""));
  EXPECT_TRUE(knows("b"));
  who = {};
  EXPECT_TRUE(knows("c"));
}

TEST(answered_requests, without_room_forget_at_once) {
  caller first;
  urn::answered_requests answered(0);
  running ended = with_tokens(first, "a");
  EXPECT_EQ(answered.remember(ended), "a");
  EXPECT_FALSE(answered.replay(asked_by(first, request_of("a"))));
}

}  // namespace
