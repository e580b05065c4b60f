#include "urn/stop/not_before.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <type_traits>

#include "urn/stop/any_of.hpp"
#include "urn/stop/end_token.hpp"
#include "urn/stop/max_tokens.hpp"
#include "urn/stop/stop_text.hpp"

namespace {

using text_state = urn::not_before<urn::stop_text>::state;
static_assert(std::is_aggregate_v<urn::not_before<urn::stop_text>>);
static_assert(std::is_trivially_copyable_v<text_state> && sizeof(text_state) <= 2 * sizeof(std::size_t));

constexpr bool ignores_two_tokens() {
  const urn::not_before stop{2, urn::max_tokens{1}};
  auto state = stop.start();
  return !stop.update(state, {}).stop() && !stop.update(state, {}).stop() && stop.update(state, {}).stop();
}
static_assert(ignores_two_tokens());

// The kept text of one-byte tokens, "" where nothing stops.
template <class Stop>
std::string kept(const Stop& stop, std::string_view text) {
  auto state = stop.start();
  for (std::size_t n = 1; n <= text.size(); ++n) {
    const auto d = stop.update(state, {.token = 0, .text = text.substr(n - 1, 1)});
    if (d.stop()) return std::string(text.substr(0, d.keep(n)));
  }
  return "";
}

TEST(not_before, ignores_matches_completed_in_the_first_tokens) {
  const std::string text = " is Lee, and I'm a student";
  EXPECT_EQ(kept(urn::not_before{0, urn::stop_text{"e"}}, text), " is L");
  EXPECT_EQ(kept(urn::not_before{6, urn::stop_text{"e"}}, text), " is Le");
  EXPECT_EQ(kept(urn::not_before{7, urn::stop_text{"e"}}, text), " is Lee, and I'm a stud");
}

TEST(not_before, follows_a_match_that_begins_in_ignored_text) {
  EXPECT_EQ(kept(urn::not_before{3, urn::stop_text{"END"}}, "xxEND"), "xx");
  EXPECT_EQ(kept(urn::not_before{4, urn::stop_text{"END"}}, "xxEND"), "xx");
  EXPECT_EQ(kept(urn::not_before{5, urn::stop_text{"END"}}, "xxEND"), "");
  EXPECT_EQ(kept(urn::not_before{2, urn::stop_text{"ab", "abc"}}, "abc"), std::string());
  EXPECT_EQ(kept(urn::not_before{3, urn::stop_text{"aaa"}}, "aaaa"), "a");
}

TEST(not_before, holds_back_while_it_ignores) {
  const urn::not_before stop{9, urn::stop_text{"END"}};
  auto state = stop.start();
  EXPECT_EQ(stop.update(state, {.text = "xEN"}), urn::stop_decision{.hold_back = 2});
  EXPECT_EQ(stop.update(state, {.text = "DE"}), urn::stop_decision{.hold_back = 1});
}

TEST(not_before, wraps_a_group_and_passes_its_check_on) {
  const auto stop = urn::not_before{1, urn::end_token{2} | urn::stop_text{"."}} | urn::max_tokens{3};
  EXPECT_TRUE(stop.check());
  auto state = stop.start();
  EXPECT_FALSE(stop.update(state, {.token = 2, .text = "."}).stop());
  const auto d = stop.update(state, {.token = 1, .text = "."});
  EXPECT_EQ(d.criterion, 1U);
  EXPECT_EQ(d.drop, 1U);
  EXPECT_EQ(stop.update(state, {.token = 1, .text = "x"}).criterion, 2U);

  const auto bad = urn::max_tokens{3} | urn::not_before{1, urn::end_token{2} | urn::stop_text{".", ""}};
  EXPECT_EQ(bad.check(),
            (urn::stop_check{.status = urn::stop_status::empty_string, .criterion = 2, .item = 1}));
}

}  // namespace
