#include "urn/stop/any_of.hpp"

#include <gtest/gtest.h>

#include <string>
#include <type_traits>

#include "urn/stop/end_token.hpp"
#include "urn/stop/max_tokens.hpp"
#include "urn/stop/not_before.hpp"
#include "urn/stop/stop_callback.hpp"
#include "urn/stop/stop_text.hpp"
#include "urn/stop/token_sequence.hpp"

namespace {

using urn::stop_reason;

// The type says the order, and | is flat.
using urn::any_of, urn::end_token, urn::max_tokens, urn::stop_text;
template <class A, class B>
using either = decltype(std::declval<A>() | std::declval<B>());
static_assert(std::is_same_v<either<max_tokens, end_token>, any_of<max_tokens, end_token>>);
static_assert(std::is_same_v<either<any_of<max_tokens, end_token>, any_of<stop_text, max_tokens>>,
                             any_of<max_tokens, end_token, stop_text, max_tokens>>);
static_assert(urn::stop_criterion<any_of<max_tokens, end_token, stop_text>>);
static_assert(urn::stop_criterion<any_of<>>);
using mixed_state = urn::stop_state_t<any_of<max_tokens, end_token, stop_text>>;
static_assert(std::is_trivially_copy_constructible_v<mixed_state>);
static_assert(std::is_trivially_destructible_v<mixed_state>);
static_assert(sizeof(mixed_state) <= 2 * sizeof(std::size_t));

constexpr urn::stop_decision after(std::size_t tokens) {
  constexpr auto stop = max_tokens{5} | urn::not_before{2, max_tokens{1}};
  auto state = stop.start();
  urn::stop_decision d;
  while (tokens-- > 0) d = stop.update(state, {});
  return d;
}
static_assert(!after(2).stop());
static_assert(after(3) == urn::stop_decision{.reason = stop_reason::length, .criterion = 1});
static_assert(after(5) == urn::stop_decision{.reason = stop_reason::length, .criterion = 0});

TEST(any_of, reads_as_in_the_documentation) {
  const urn::token_id eos = 2, id = 17;
  const std::string piece = "\n\nTHE END";
  auto stop = urn::max_tokens{64} | urn::end_token{eos} | urn::stop_text{"\n\n", "THE END"};
  auto state = stop.start();
  urn::stop_decision d = stop.update(state, {.token = id, .text = piece});
  EXPECT_EQ(d, (urn::stop_decision{.reason = stop_reason::stop, .criterion = 2, .item = 0, .drop = 9}));
}

TEST(any_of, reports_who_stopped) {
  const auto stop =
      end_token{2, 3} | stop_text{"."} | urn::token_sequence{{7, 8}} |
      urn::stop_callback{[](const urn::stop_input& input) { return input.token == 9; }, stop_reason::abort} |
      max_tokens{4};
  const auto decide = [&](urn::token_id token, std::string_view text) {
    auto state = stop.start();
    stop.update(state, {.token = 7, .text = "a"});
    return stop.update(state, {.token = token, .text = text});
  };
  EXPECT_EQ(
      decide(3, "</s>"),
      (urn::stop_decision{.reason = stop_reason::stop, .criterion = 0, .item = 1, .token = 3, .drop = 4}));
  EXPECT_EQ(decide(4, "b.c"), (urn::stop_decision{.reason = stop_reason::stop, .criterion = 1, .drop = 2}));
  EXPECT_EQ(decide(8, "b"), (urn::stop_decision{.reason = stop_reason::stop, .criterion = 2, .drop = 2}));
  EXPECT_EQ(decide(9, "b"), (urn::stop_decision{.reason = stop_reason::abort, .criterion = 3}));
  EXPECT_EQ(decide(7, "b"), (urn::stop_decision{.hold_back = 1}));

  auto state = stop.start();
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(stop.update(state, {.token = 1}).stop());
  EXPECT_EQ(stop.update(state, {.token = 1}),
            (urn::stop_decision{.reason = stop_reason::length, .criterion = 4}));
}

TEST(any_of, at_one_token_the_first_written_is_reported_and_the_shortest_text_kept) {
  const urn::stop_input last{.token = 2, .text = "a.b"};
  const auto decide = [&](const auto& stop) {
    auto state = stop.start();
    return stop.update(state, last);
  };
  EXPECT_EQ(decide(max_tokens{1} | stop_text{"."}),
            (urn::stop_decision{.reason = stop_reason::length, .drop = 2}));
  EXPECT_EQ(decide(stop_text{"."} | max_tokens{1}),
            (urn::stop_decision{.reason = stop_reason::stop, .drop = 2}));
  EXPECT_EQ(decide(stop_text{"."} | end_token{2}),
            (urn::stop_decision{.reason = stop_reason::stop, .drop = 3}));
  EXPECT_EQ(decide(end_token{2} | stop_text{"."}),
            (urn::stop_decision{.reason = stop_reason::stop, .token = 2, .drop = 3}));
  EXPECT_EQ(decide(stop_text{"b"} | stop_text{"."}),
            (urn::stop_decision{.reason = stop_reason::stop, .drop = 2}));
}

TEST(any_of, holds_back_as_much_as_the_most_cautious) {
  for (const auto& stop : {stop_text{"abcd"} | stop_text{"bcx"}, stop_text{"bcx"} | stop_text{"abcd"}}) {
    auto state = stop.start();
    EXPECT_EQ(stop.update(state, {.text = "abc"}).hold_back, 3U);
    EXPECT_EQ(stop.update(state, {.text = "b"}).hold_back, 1U);
    EXPECT_EQ(stop.update(state, {.text = "z"}).hold_back, 0U);
  }
}

TEST(any_of, all_follow_past_an_ignored_stop) {
  const auto stop = end_token{2} | stop_text{"xy"} | max_tokens{3};
  auto state = stop.start();
  EXPECT_EQ(stop.update(state, {.token = 2, .text = "x"}).criterion, 0U);
  auto fork = state;
  EXPECT_EQ(stop.update(state, {.token = 1, .text = "y"}).criterion, 1U);
  EXPECT_FALSE(stop.update(fork, {.token = 1, .text = "z"}).stop());
  EXPECT_EQ(stop.update(fork, {.token = 1, .text = "z"}).reason, stop_reason::length);
}

TEST(any_of, numbers_criteria_through_nested_groups) {
  const auto stop =
      any_of{any_of{max_tokens{9}, end_token{1}}, end_token{2}, any_of{end_token{3}, end_token{4}}};
  EXPECT_EQ(stop.criteria_count(), 5U);
  for (urn::token_id token = 1; token <= 4; ++token) {
    auto state = stop.start();
    EXPECT_EQ(stop.update(state, {.token = token}).criterion, static_cast<std::size_t>(token));
  }
}

TEST(any_of, names_the_first_fault) {
  EXPECT_TRUE((max_tokens{1} | end_token{1} | stop_text{"a"}).check());
  EXPECT_EQ((max_tokens{1} | stop_text{"a", ""} | end_token{-5}).check(),
            (urn::stop_check{.status = urn::stop_status::empty_string, .criterion = 1, .item = 1}));
  EXPECT_EQ((max_tokens{0} | end_token{-5}).check(),
            (urn::stop_check{.status = urn::stop_status::zero_tokens}));
}

TEST(any_of, of_nothing_never_stops) {
  const any_of<> stop;
  auto state = stop.start();
  EXPECT_EQ(stop.update(state, {.token = 1, .text = "a"}), urn::stop_decision{});
}

}  // namespace
