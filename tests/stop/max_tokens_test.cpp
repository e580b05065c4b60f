#include "urn/stop/max_tokens.hpp"

#include <gtest/gtest.h>

#include <type_traits>

namespace {

static_assert(urn::stop_criterion<urn::max_tokens>);
static_assert(std::is_aggregate_v<urn::max_tokens> && std::is_trivially_copyable_v<urn::max_tokens>);
static_assert(std::is_trivially_copyable_v<urn::max_tokens::state>);

constexpr std::size_t tokens_until_stop(urn::max_tokens stop) {
  auto state = stop.start();
  std::size_t count = 1;
  while (!stop.update(state, {}).stop()) ++count;
  return count;
}
static_assert(tokens_until_stop({1}) == 1);
static_assert(tokens_until_stop({64}) == 64);

TEST(max_tokens, says_length_and_keeps_the_text) {
  const urn::max_tokens stop{2};
  auto state = stop.start();
  EXPECT_EQ(stop.update(state, {.token = 5, .text = "abc"}), urn::stop_decision{});
  EXPECT_EQ(stop.update(state, {.token = 5, .text = "abc"}),
            urn::stop_decision{.reason = urn::stop_reason::length});
}

TEST(max_tokens, refuses_0) {
  EXPECT_TRUE(urn::max_tokens{1}.check());
  EXPECT_EQ(urn::max_tokens{0}.check().status, urn::stop_status::zero_tokens);
}

TEST(max_tokens, a_copied_state_counts_on_its_own) {
  const urn::max_tokens stop{2};
  auto state = stop.start();
  stop.update(state, {});
  auto fork = state;
  EXPECT_TRUE(stop.update(state, {}).stop());
  EXPECT_TRUE(stop.update(fork, {}).stop());
  EXPECT_EQ(fork, state);
}

}  // namespace
