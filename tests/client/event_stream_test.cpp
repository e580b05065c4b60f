#include "urn/client/event_stream.hpp"

#include <gtest/gtest.h>

#include <iterator>
#include <ranges>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using urn::event_stream;
using urn::failure;
using urn::request_error;
using urn::stream_event;

static_assert(std::input_iterator<event_stream::iterator>);
static_assert(std::ranges::input_range<event_stream>);

std::vector<urn::token_id> tokens_of(event_stream& stream) {
  std::vector<urn::token_id> tokens;
  for (const stream_event& event : stream) tokens.push_back(event.token);
  return tokens;
}

TEST(event_stream, gives_the_events_and_then_the_response) {
  auto [stream, feed] = event_stream::open();
  for (const urn::token_id t : {3, 1, 4}) feed.event({.sequence = 0, .token = t});
  feed.done(urn::sample_response{.id = "pi"});
  EXPECT_EQ(tokens_of(stream), (std::vector<urn::token_id>{3, 1, 4}));
  EXPECT_EQ(stream.response().id, "pi");
  EXPECT_THROW(stream.response(), urn::error);
  EXPECT_THROW(stream.begin(), urn::error);
}

TEST(event_stream, waits_for_a_slow_backend_and_never_makes_it_wait) {
  auto [stream, feed] = event_stream::open();
  constexpr urn::token_id count = 5000;
  std::thread backend([feed = std::move(feed)]() mutable {
    for (urn::token_id t = 0; t < count; ++t) feed.event({.token = t});
    feed.done(urn::sample_response{});
  });
  const auto tokens = tokens_of(stream);
  backend.join();
  ASSERT_EQ(tokens.size(), static_cast<std::size_t>(count));
  for (urn::token_id t = 0; t < count; ++t) EXPECT_EQ(tokens[static_cast<std::size_t>(t)], t);
}

TEST(event_stream, throws_the_error_after_the_events) {
  auto [stream, feed] = event_stream::open();
  feed.event({.token = 7});
  feed.done(request_error(failure::model, "model", "broke"));
  auto at = stream.begin();
  EXPECT_EQ(at->token, 7);
  EXPECT_THROW(++at, request_error);
  EXPECT_THROW(stream.begin(), request_error);
  EXPECT_THROW(stream.response(), request_error);
}

TEST(event_stream, a_second_begin_goes_on) {
  auto [stream, feed] = event_stream::open();
  for (const urn::token_id t : {1, 2, 3}) feed.event({.token = t});
  feed.done(urn::sample_response{});
  EXPECT_EQ(stream.begin()->token, 1);
  EXPECT_EQ(tokens_of(stream), (std::vector<urn::token_id>{2, 3}));
  EXPECT_EQ(stream.begin(), stream.end());
}

TEST(event_stream, dropping_it_cancels) {
  std::stop_token token;
  urn::listener kept;
  {
    auto [stream, feed] = event_stream::open();
    token = stream.cancel_token();
    kept = std::move(feed);
    EXPECT_FALSE(token.stop_requested());
  }
  EXPECT_TRUE(token.stop_requested());
  kept.event({});  // nobody is there
  kept.done(urn::sample_response{});
}

TEST(event_stream, is_cancelled_by_hand_and_by_another_token) {
  auto [by_hand, first] = event_stream::open();
  by_hand.cancel();
  EXPECT_TRUE(by_hand.cancel_token().stop_requested());
  std::stop_source other;
  auto [by_token, second] = event_stream::open(other.get_token());
  other.request_stop();
  EXPECT_TRUE(by_token.cancel_token().stop_requested());
}

TEST(event_stream, a_listener_that_is_dropped_ends_it) {
  auto [stream, feed] = event_stream::open();
  feed = {};
  EXPECT_THROW(stream.begin(), request_error);
}

TEST(event_stream, moves) {
  auto [first, feed] = event_stream::open();
  event_stream second = std::move(first);
  feed.event({.token = 9});
  feed.done(urn::sample_response{});
  auto [third, other] = event_stream::open();
  third = std::move(second);
  EXPECT_EQ(tokens_of(third), std::vector<urn::token_id>{9});
}

}  // namespace
