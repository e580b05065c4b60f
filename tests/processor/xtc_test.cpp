#include "urn/processor/xtc.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "support/naive_pipeline.hpp"
#include "support/rows.hpp"
#include "urn/urn.hpp"

namespace {

using ids = std::vector<urn::token_id>;
using urn::expected_xtc, urn::status, urn::xtc;

const std::vector<float> falling = look::logits_of({.4, .3, .2, .1});

TEST(xtc, vector_x1_keeps_the_least_likely_of_the_top) {
  EXPECT_EQ(look::kept(xtc{.15F, 1.0F}, falling), (ids{2, 3}));
  EXPECT_EQ(look::kept(xtc{.05F, 1.0F}, falling), (ids{3}));
}

TEST(xtc, vector_x2_one_top_choice_stays) {
  EXPECT_EQ(look::kept(xtc{.35F, 1.0F}, falling), (ids{0, 1, 2, 3}));
}

TEST(xtc, vector_x3_a_threshold_above_a_half_changes_no_bit) {
  const urn::draw plain = look::drawn(urn::temperature{}, falling, {.seed = 3});
  for (const xtc& off :
       {xtc{.51F, 1.0F}, xtc{.1F, 0.0F}, xtc{.1F, -1.0F}, xtc{.35F, 1.0F}, xtc{0.1F, 1e-12F}})
    EXPECT_TRUE(look::same(look::drawn(off, falling, {.seed = 3}), plain));
}

TEST(xtc, the_threshold_itself_is_enough) {
  const std::vector<float> four(4, 0.25F);
  EXPECT_EQ(look::kept(xtc{.25F, 1.0F}, four), (ids{3}));
  EXPECT_EQ(look::kept(xtc{std::nextafter(.25F, 1.0F), 1.0F}, four), (ids{0, 1, 2, 3}));
}

TEST(xtc, of_zero_leaves_one) {
  rows::for_each(rows::proper, 300, [](const char* name, const std::vector<float>& row) {
    const ids kept = look::kept(xtc{0.0F, 1.0F}, row);
    const oracle::distribution d = oracle::softmax(row, 1);
    EXPECT_GE(std::count_if(kept.begin(), kept.end(),
                            [&](auto id) { return d.p[static_cast<std::size_t>(id)] > 1e-11; }),
              0)
        << name;
    EXPECT_FALSE(kept.empty()) << name;
  });
}

TEST(xtc, spares_what_it_is_told_to) {
  const ids end{0, 9};
  EXPECT_EQ(look::kept(xtc{.15F, 1.0F, end}, falling), (ids{0, 2, 3}));
  const ids last{2};
  EXPECT_EQ(look::kept(xtc{.15F, 1.0F, last}, falling), (ids{2, 3}));
}

TEST(xtc, measures_what_came_before) {
  EXPECT_EQ(look::kept(urn::top_k{3} | xtc{.3F, 1.0F}, falling), (ids{1, 2}));  // .44, .33, .22
  EXPECT_EQ(look::kept(xtc{.29F, 1.0F} | urn::top_k{3}, falling), (ids{1, 2, 3}));
  EXPECT_EQ(look::kept(urn::temperature{3.0F} | xtc{.25F, 1.0F}, falling), (ids{1, 2, 3}));
  EXPECT_EQ(look::kept(xtc{.25F, 1.0F} | urn::bitmask{}, falling), (ids{1, 2, 3}));  // the row is still whole
}

TEST(xtc, leaves_the_temperature_pending) {
  const auto plain = look::ranked(urn::temperature{.5F}, look::logits_of({0, .3, .2, .1}));
  EXPECT_EQ(look::ranked(urn::temperature{.5F} | xtc{.29F, 1.0F}, falling), plain);
  EXPECT_EQ(look::ranked(xtc{.29F, 1.0F} | urn::temperature{.5F}, falling), plain);
}

TEST(xtc, acts_as_often_as_it_should) {
  for (const float probability : {0.5F, 0.03F}) {
    const xtc often{.15F, probability};
    int n = 0;
    for (std::uint32_t step = 0; step < 100000; ++step) n += often.acts({42, 0, step}) ? 1 : 0;
    const double expected = 100000.0 * static_cast<double>(probability);
    EXPECT_NEAR(n, expected, 4 * std::sqrt(expected));
  }
}

TEST(xtc, rolls_apart_from_the_draw) {
  // Tokens 2 and 3 are left in half of the draws, where one has two thirds.
  int acted = 0, two = 0;
  for (std::uint32_t step = 0; step < 20000; ++step) {
    const urn::draw d = look::drawn(xtc{.15F, .5F}, falling, {.seed = 5, .step = step});
    const bool did = xtc{.15F, .5F}.acts({5, 0, step});
    acted += did ? 1 : 0;
    two += did && d.token == 2 ? 1 : 0;
    if (did) {
      ASSERT_GE(d.token, 2);
    }
  }
  EXPECT_NEAR(two, acted * 2.0 / 3.0, 4 * std::sqrt(acted * 2.0 / 9.0));
}

TEST(expected_xtc, takes_the_roll_by_its_share) {
  const auto ranked = look::ranked(expected_xtc{.15F, .25F}, falling);
  // .4 * .75, .3 * .75, .2, .1 of .825.
  const std::vector<double> p{.3 / .825, .225 / .825, .2 / .825, .1 / .825};
  ASSERT_EQ(ranked.size(), 4U);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(ranked[i].token, static_cast<urn::token_id>(i));
    EXPECT_NEAR(static_cast<double>(ranked[i].logprob), std::log(p[i]), 1e-6);
  }
}

TEST(expected_xtc, of_one_is_the_roll_that_always_acts) {
  for (const float t : {1.0F, 0.5F}) {
    EXPECT_EQ(look::ranked(urn::temperature{t} | expected_xtc{.15F, 1.0F}, falling),
              look::ranked(urn::temperature{t} | xtc{.15F, 1.0F}, falling));
  }
}

TEST(expected_xtc, sees_the_row_at_its_temperature) {
  // Squares, of their sum: .533, .3, .133, .033.
  const auto ranked = look::ranked(urn::temperature{.5F} | expected_xtc{.29F, .5F}, falling);
  const std::vector<double> p{.09 / .22, .08 / .22, .04 / .22, .01 / .22};
  ASSERT_EQ(ranked.size(), 4U);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(ranked[i].token, static_cast<urn::token_id>(i < 2 ? 1 - i : i));
    EXPECT_NEAR(static_cast<double>(ranked[i].logprob), std::log(p[i]), 1e-6);
  }
  const auto neutral = look::ranked(urn::temperature{.5F} | expected_xtc{.31F, .5F}, falling);
  EXPECT_EQ(neutral, look::ranked(urn::temperature{.5F}, falling));
}

TEST(expected_xtc, neutral_parameters_change_no_bit) {
  const urn::draw plain = look::drawn(urn::temperature{}, falling, {.seed = 3});
  EXPECT_TRUE(look::same(look::drawn(expected_xtc{.51F, 1.0F}, falling, {.seed = 3}), plain));
  EXPECT_TRUE(look::same(look::drawn(expected_xtc{.1F, 0.0F}, falling, {.seed = 3}), plain));
}

TEST(xtc, of_rows_without_a_distribution) {
  rows::for_each(rows::improper, 1500, [](const char* name, const std::vector<float>& row) {
    const urn::draw plain = look::drawn(urn::temperature{}, row);
    for (const urn::draw& d : {look::drawn(xtc{.1F, 1.0F}, row), look::drawn(expected_xtc{.1F, .5F}, row)}) {
      EXPECT_EQ(d.token, plain.token) << name;
      EXPECT_EQ(d.status, plain.status) << name;
    }
  });
}

TEST(xtc, leaves_enough_or_all) {
  const auto kept = [](std::size_t min_keep) {  // two of four stay, by itself
    return look::kept(xtc{.threshold = .15F, .probability = 1.0F, .min_keep = min_keep}, falling).size();
  };
  EXPECT_EQ(kept(0), 2U);
  EXPECT_EQ(kept(2), 2U);
  EXPECT_EQ(kept(3), 4U);
  EXPECT_EQ(kept(9), 4U);
}

TEST(xtc, needs_room_for_what_it_touches) {
  urn::workspace scratch(4, 1);
  const auto draw = [&](float threshold) {
    return (xtc{threshold, 1.0F} | urn::categorical{})(urn::scalar, falling, {}, scratch);
  };
  EXPECT_EQ(draw(.25F).status, status::ok);
  EXPECT_EQ(draw(.15F).status, status::no_space);
}

TEST(xtc, refuses_wrong_parameters) {
  for (const xtc& wrong : {xtc{naive::nan, .5F}, xtc{-.1F, .5F}, xtc{.1F, naive::nan}})
    EXPECT_TRUE(look::refused(look::drawn(wrong, falling), status::bad_argument));
  EXPECT_TRUE(look::refused(look::drawn(expected_xtc{-.1F, .5F}, falling), status::bad_argument));
}

}  // namespace
