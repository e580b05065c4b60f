#include "urn/stop/any_stop.hpp"

#include <gtest/gtest.h>

#include <string_view>
#include <vector>

#include "stop/random_text.hpp"
#include "urn/stop/end_token.hpp"
#include "urn/stop/max_tokens.hpp"
#include "urn/stop/not_before.hpp"
#include "urn/stop/stop_text.hpp"
#include "urn/stop/token_sequence.hpp"

namespace {

static_assert(urn::stop_criterion<urn::any_stop>);
static_assert(urn::stop_criterion<urn::stop_list>);
static_assert(!std::is_convertible_v<int, urn::any_stop>);

TEST(any_stop, decides_as_what_it_holds) {
  const auto typed = urn::not_before{3, urn::end_token{2} | urn::stop_text{"ab", "aab"}} |
                     urn::token_sequence{{1, 1}} | urn::max_tokens{12};
  const urn::any_stop erased = typed;
  const urn::stop_list list{{urn::not_before{3, urn::end_token{2} | urn::stop_text{"ab", "aab"}},
                             urn::token_sequence{{1, 1}}, urn::max_tokens{12}}};
  EXPECT_EQ(erased.criteria_count(), 4U);
  EXPECT_EQ(list.criteria_count(), 4U);
  naive::random_source random{std::mt19937(3)};
  for (int trial = 0; trial < 300; ++trial) {
    auto a = typed.start();
    auto b = erased.start();
    auto c = list.start();
    for (int n = 0; n < 15; ++n) {
      const auto piece = naive::text(random, {"a", "b"}, random.below(3));
      const urn::stop_input input{.token = static_cast<urn::token_id>(random.below(6)), .text = piece};
      auto fork = b;  // NOLINT(performance-unnecessary-copy-initialization)
      const auto d = typed.update(a, input);
      ASSERT_EQ(erased.update(b, input), d);
      ASSERT_EQ(erased.update(fork, input), d);
      ASSERT_EQ(list.update(c, input), d);
    }
  }
}

TEST(any_stop, a_state_can_be_copied_and_rolled_back) {
  const urn::any_stop stop = urn::max_tokens{2};
  auto state = stop.start();
  const auto snapshot = state;
  stop.update(state, {});
  EXPECT_TRUE(stop.update(state, {}).stop());
  state = snapshot;
  EXPECT_FALSE(stop.update(state, {}).stop());
  auto moved = std::move(state);
  EXPECT_TRUE(stop.update(moved, {}).stop());
}

TEST(any_stop, a_state_outlives_its_criterion) {
  auto state = [] { return urn::any_stop(urn::stop_text{"ab"}).start(); }();
  const urn::any_stop other = urn::stop_text{"ab"};
  EXPECT_TRUE(other.update(state, {.text = "xab"}).stop());
}

TEST(stop_list, an_empty_list_never_stops) {
  const urn::stop_list list;
  auto state = list.start();
  EXPECT_TRUE(list.check());
  EXPECT_EQ(list.update(state, {.token = 1, .text = "a"}), urn::stop_decision{});
}

TEST(stop_list, grows_at_run_time_composes_and_names_the_first_fault) {
  urn::stop_list list;
  list.criteria.emplace_back(urn::end_token{1});
  list.criteria.emplace_back(urn::stop_text{"."});
  auto stop = list | urn::max_tokens{1};
  auto state = stop.start();
  EXPECT_EQ(stop.update(state, {.token = 0}).criterion, 2U);

  list.criteria.emplace_back(urn::end_token{2} | urn::stop_text{"a", "\xFF"});
  EXPECT_EQ(list.check(), (urn::stop_check{.status = urn::stop_status::not_utf8, .criterion = 3, .item = 1}));
  EXPECT_EQ((urn::max_tokens{1} | list).check().criterion, 4U);
}

}  // namespace
