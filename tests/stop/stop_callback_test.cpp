#include "urn/stop/stop_callback.hpp"

#include <gtest/gtest.h>

#include <array>
#include <type_traits>

#include "urn/stop/any_of.hpp"
#include "urn/stop/max_tokens.hpp"

namespace {

constexpr urn::stop_callback at_7{[](const urn::stop_input& input) { return input.token == 7; }};
static_assert(urn::stop_criterion<std::remove_const_t<decltype(at_7)>>);

constexpr urn::stop_decision decide(urn::token_id token) {
  auto state = at_7.start();
  return at_7.update(state, {.token = token, .text = "abc"});
}
static_assert(decide(7) == urn::stop_decision{.reason = urn::stop_reason::stop});
static_assert(!decide(6).stop());

TEST(stop_callback, sees_the_input_and_gives_its_reason) {
  const bool cancelled = true;
  const urn::stop_callback stop{
      [&](const urn::stop_input& input) { return cancelled && input.output.size() == 2; },
      urn::stop_reason::abort};
  const std::array<urn::token_id, 2> output{4, 5};
  auto state = stop.start();
  EXPECT_FALSE(stop.update(state, {.token = 4, .output = std::span(output).first(1)}).stop());
  EXPECT_EQ(stop.update(state, {.token = 5, .output = output}).reason, urn::stop_reason::abort);
}

bool whitespace(const urn::stop_input& input) { return input.text == " "; }

TEST(stop_callback, takes_a_plain_function_and_composes) {
  const auto stop = urn::stop_callback{&whitespace} | urn::max_tokens{2};
  auto state = stop.start();
  EXPECT_FALSE(stop.update(state, {.text = "a"}).stop());
  EXPECT_EQ(stop.update(state, {.text = " "}).reason, urn::stop_reason::stop);
}

}  // namespace
