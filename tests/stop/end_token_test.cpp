#include "urn/stop/end_token.hpp"

#include <gtest/gtest.h>

#include <type_traits>
#include <vector>

namespace {

static_assert(urn::stop_criterion<urn::end_token>);
static_assert(std::is_empty_v<urn::end_token::state>);

TEST(end_token, stops_at_its_id_and_drops_its_text) {
  const urn::end_token stop{2};
  auto state = stop.start();
  EXPECT_EQ(stop.update(state, {.token = 1, .text = "</s>"}), urn::stop_decision{});
  EXPECT_EQ(stop.update(state, {.token = 2, .text = "</s>"}),
            (urn::stop_decision{.reason = urn::stop_reason::stop, .token = 2, .drop = 4}));
}

TEST(end_token, keeps_its_text_with_include_stop) {
  const urn::end_token stop{{2}, {.include_stop = true}};
  auto state = stop.start();
  EXPECT_EQ(stop.update(state, {.token = 2, .text = "</s>"}),
            (urn::stop_decision{.reason = urn::stop_reason::stop, .token = 2}));
}

TEST(end_token, says_which_of_several_ids) {
  const std::vector<urn::token_id> ids{128001, 128009, 128009};
  for (const auto& stop : {urn::end_token{128001, 128009, 128009}, urn::end_token(ids)}) {
    EXPECT_EQ(stop.ids(), ids);
    auto state = stop.start();
    const auto d = stop.update(state, {.token = 128009});
    EXPECT_EQ(d.item, 1U);
    EXPECT_EQ(d.token, 128009);
  }
}

TEST(end_token, without_ids_never_stops) {
  const urn::end_token stop(std::vector<urn::token_id>{});
  auto state = stop.start();
  EXPECT_TRUE(stop.check());
  EXPECT_FALSE(stop.update(state, {.token = 0}).stop());
}

TEST(end_token, refuses_negative_ids_and_never_matches_them) {
  const urn::end_token stop{3, urn::no_token};
  EXPECT_EQ(stop.check(), (urn::stop_check{.status = urn::stop_status::token_out_of_range, .item = 1}));
  auto state = stop.start();
  EXPECT_FALSE(stop.update(state, {.token = urn::no_token}).stop());
}

}  // namespace
