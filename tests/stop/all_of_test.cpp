#include "urn/stop/all_of.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <type_traits>
#include <vector>

#include "stop/random_text.hpp"
#include "urn/stop/any_stop.hpp"
#include "urn/stop/end_token.hpp"
#include "urn/stop/max_tokens.hpp"
#include "urn/stop/not_before.hpp"
#include "urn/stop/stop_text.hpp"
#include "urn/stop/text_release.hpp"

namespace {

using urn::all_of, urn::end_token, urn::max_tokens, urn::stop_text;
using urn::stop_decision, urn::stop_reason;

using mixed = all_of<max_tokens, end_token, stop_text>;
static_assert(urn::stop_criterion<mixed>);
static_assert(std::is_trivially_copy_constructible_v<mixed::state>);
static_assert(std::is_trivially_destructible_v<mixed::state>);

constexpr stop_decision after(std::size_t tokens) {
  constexpr all_of stop{max_tokens{2}, max_tokens{4}};
  auto state = stop.start();
  stop_decision d;
  while (tokens-- > 0) d = stop.update(state, {});
  return d;
}
static_assert(!after(3).stop());
static_assert(after(4) == stop_decision{.reason = stop_reason::length, .criterion = 1});
static_assert(after(9) == after(4));

TEST(all_of, stops_when_the_last_is_met_and_reports_it) {
  const all_of stop{end_token{8, 9}, stop_text{"x", "."}, max_tokens{2}};
  EXPECT_EQ(stop.criteria_count(), 3U);
  auto state = stop.start();
  EXPECT_EQ(stop.update(state, {.token = 9, .text = "ab"}), stop_decision{});
  auto fork = state;
  EXPECT_EQ(stop.update(state, {.token = 1, .text = "c.d"}),
            (stop_decision{.reason = stop_reason::stop, .criterion = 1, .item = 1, .drop = 2}));
  EXPECT_EQ(stop.update(fork, {.token = 1, .text = "c"}), stop_decision{});
  EXPECT_EQ(stop.update(fork, {.token = 9, .text = "dx"}),  // 9 is met, so its text is text
            (stop_decision{.reason = stop_reason::stop, .criterion = 1, .item = 0, .drop = 1}));
  EXPECT_EQ(stop.update(fork, {.token = 9, .text = "x"}),
            (stop_decision{.reason = stop_reason::stop, .criterion = 1, .item = 0}));
}

TEST(all_of, what_was_met_before_is_text_and_holds_nothing_back) {
  const all_of stop{stop_text{"END"}, max_tokens{4}};
  auto state = stop.start();
  EXPECT_EQ(stop.update(state, {.text = "aEN"}), stop_decision{.hold_back = 2});
  EXPECT_EQ(stop.update(state, {.text = "D"}), stop_decision{});
  EXPECT_EQ(stop.update(state, {.text = "EN"}), stop_decision{});
  EXPECT_EQ(stop.update(state, {.text = "D"}),
            (stop_decision{.reason = stop_reason::length, .criterion = 1}));
}

TEST(all_of, passes_on_the_first_fault_and_composes) {
  EXPECT_TRUE((mixed{max_tokens{1}, end_token{1}, stop_text{"a"}}.check()));
  EXPECT_EQ((all_of{max_tokens{1}, end_token{1} | stop_text{"a", ""}}.check()),
            (urn::stop_check{.status = urn::stop_status::empty_string, .criterion = 2, .item = 1}));
  const urn::any_stop stop =
      max_tokens{5} | urn::not_before{1, all_of{end_token{1}, all_of{end_token{2}, end_token{3}}}};
  EXPECT_EQ(stop.criteria_count(), 4U);
  auto state = stop.start();
  for (const urn::token_id token : {2, 3, 2}) EXPECT_FALSE(stop.update(state, {.token = token}).stop());
  EXPECT_EQ(stop.update(state, {.token = 1}),
            (stop_decision{.reason = stop_reason::stop, .criterion = 1, .token = 1}));
}

// The definition, from the members' own decisions: text that is shown is never dropped.
TEST(all_of, is_as_defined_on_random_tokens_and_takes_nothing_back) {
  naive::random_source random{std::mt19937(17)};
  int stops = 0;
  for (int trial = 0; trial < 2000; ++trial) {
    const max_tokens a{1 + random.below(12)};
    const stop_text b{naive::text(random, naive::alphabets[1], 1 + random.below(4))};
    const end_token c{static_cast<urn::token_id>(random.below(3))};
    const all_of stop{a, b, c};
    auto state = stop.start();
    const urn::stop_list members{{a, b, c}};
    auto states = members.start();
    std::vector<bool> met(3, false);
    urn::text_release release;
    std::string text, shown;
    for (int n = 0; n < 15; ++n) {
      const auto piece = naive::text(random, naive::alphabets[1], random.below(3));
      const urn::stop_input input{.token = static_cast<urn::token_id>(random.below(6)), .text = piece};
      text += piece;
      const auto d = stop.update(state, input);
      stop_decision expected;
      for (std::size_t i = 0; i < 3; ++i) {
        const auto m = members.criteria[i].update(states[i], input);
        if (met[i]) continue;
        met[i] = m.stop();
        expected.hold_back = std::max(expected.hold_back, m.stop() ? 0 : m.hold_back);
        expected.drop = std::max(expected.drop, m.drop);
        if (!m.stop() || expected.stop()) continue;
        expected.reason = m.reason;
        expected.criterion = i;
        expected.token = m.token;
      }
      if (!(met[0] && met[1] && met[2])) expected = {.hold_back = expected.hold_back};
      ASSERT_EQ(d, expected) << trial << " " << n;
      shown += release.push(piece, d);
      ASSERT_EQ(shown, text.substr(0, shown.size()));
      if (!d.stop()) continue;
      ASSERT_EQ(shown.size(), d.keep(text.size()));
      ++stops;
      break;
    }
  }
  EXPECT_GT(stops, 300);
  EXPECT_LT(stops, 1900);
}

}  // namespace
