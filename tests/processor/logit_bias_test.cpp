#include "urn/processor/logit_bias.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <vector>

#include "support/naive_pipeline.hpp"
#include "support/rows.hpp"
#include "urn/urn.hpp"

namespace {

using urn::logit_bias, urn::status, urn::token_bias, urn::token_id;

const std::vector<float> row{1.5F, -2.25F, 0.1F, 3.0F};

TEST(logit_bias, adds_to_the_listed) {
  constexpr std::array list{token_bias{3, 0.7F}, token_bias{0, -1.25F}, token_bias{1, 100.0F}};
  EXPECT_TRUE(look::same(look::edited(logit_bias{list}, row),
                         std::vector<float>{1.5F - 1.25F, -2.25F + 100.0F, 0.1F, 3.0F + 0.7F}));
}

TEST(logit_bias, of_a_token_listed_twice_the_sum) {
  constexpr std::array list{token_bias{2, 0.7F}, token_bias{0, 1.0F}, token_bias{2, 0.1F},
                            token_bias{2, -0.3F}};
  const float sum = (0.7F + 0.1F) + -0.3F;
  EXPECT_TRUE(
      look::same(look::edited(logit_bias{list}, row), std::vector<float>{2.5F, -2.25F, 0.1F + sum, 3.0F}));
  constexpr std::array banned{token_bias{2, 50.0F}, token_bias{2, -naive::infinity}};
  EXPECT_EQ(look::kept(logit_bias{banned}, row), (std::vector<token_id>{0, 1, 3}));
}

TEST(logit_bias, minus_infinity_bans) {
  constexpr std::array list{token_bias{3, -naive::infinity}, token_bias{0, -naive::infinity}};
  EXPECT_EQ(look::kept(logit_bias{list}, row), (std::vector<token_id>{1, 2}));
  EXPECT_EQ(look::drawn(logit_bias{list}, row).status, status::ok);
}

TEST(logit_bias, infinity_forces) {
  constexpr std::array list{token_bias{1, naive::infinity}};
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const urn::draw d = look::drawn(logit_bias{list}, row, {.seed = seed});
    EXPECT_EQ(d.token, 1);
    EXPECT_EQ(d.status, status::infinite);
    EXPECT_EQ(d.logprob, 0.0F);
    EXPECT_EQ(d.kept, 1U);
  }
}

TEST(logit_bias, minus_infinity_stays_whatever_is_added) {
  const std::vector<float> banned{-naive::infinity, 1.0F, -naive::infinity};
  constexpr std::array list{token_bias{0, naive::infinity}, token_bias{2, 100.0F}};
  EXPECT_TRUE(look::same(look::edited(logit_bias{list}, banned), banned));
  EXPECT_EQ(look::drawn(logit_bias{list}, banned).status, status::ok);
  EXPECT_EQ(look::drawn(logit_bias{list}, banned).token, 1);
}

TEST(logit_bias, reaches_every_block) {
  std::vector<float> large(5000, 0.0F);
  std::vector<token_bias> list;
  std::vector<float> expected = large;
  rows::random_source r(3);
  for (int n = 0; n < 300; ++n) {
    const std::size_t i = r.below(large.size());
    const float bias = r.normal(2);
    list.push_back({static_cast<token_id>(i), bias});
    expected[i] += bias;  // onto 0: the sum of the biases
  }
  EXPECT_EQ(look::edited(logit_bias{list}, large), expected);
}

TEST(logit_bias, after_a_temperature_adds_to_quotients) {
  constexpr std::array list{token_bias{0, 1.0F}};
  const float t = 0.7F;
  EXPECT_TRUE(look::same(look::edited(urn::temperature{t} | logit_bias{list}, row),
                         std::vector<float>{1.5F / t + 1.0F, -2.25F / t, 0.1F / t, 3.0F / t}));
}

TEST(logit_bias, no_entries_and_zeros_change_no_bit) {
  constexpr std::array zeros{token_bias{0, 0.0F}, token_bias{1999, 0.0F}};
  rows::for_each(rows::proper, 2000, [&](const char* name, const std::vector<float>& some) {
    SCOPED_TRACE(name);
    const urn::draw plain = look::drawn(urn::temperature{}, some, {.seed = 7});
    EXPECT_TRUE(look::same(look::drawn(logit_bias{}, some, {.seed = 7}), plain));
    EXPECT_TRUE(look::same(look::drawn(logit_bias{zeros}, some, {.seed = 7}), plain));
  });
}

TEST(logit_bias, refuses_unknown_tokens_and_nan) {
  const auto is_refused = [](token_bias wrong) {
    const std::array list{token_bias{1, 2.0F}, wrong};
    return look::refused(look::drawn(logit_bias{list}, row), status::bad_argument);
  };
  EXPECT_TRUE(is_refused({-1, 1.0F}));
  EXPECT_TRUE(is_refused({4, 1.0F}));
  EXPECT_TRUE(is_refused({1 << 30, 1.0F}));
  EXPECT_TRUE(is_refused({}));
  EXPECT_TRUE(is_refused({2, naive::nan}));
  EXPECT_TRUE(is_refused({2, -naive::nan}));
  EXPECT_FALSE(is_refused({3, 1.0F}));
}

TEST(logit_bias, a_ban_beats_everything_and_leaves_no_nan) {
  const std::vector<float> some{1.0F, naive::infinity, 2.0F};
  constexpr std::array list{token_bias{1, -naive::infinity}, token_bias{2, naive::infinity},
                            token_bias{2, -naive::infinity}};
  const urn::draw d = look::drawn(logit_bias{list}, some);
  EXPECT_EQ(d.token, 0);
  EXPECT_EQ(d.status, status::ok);
}

}  // namespace
