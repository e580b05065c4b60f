#include "urn/processor/penalties.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <vector>

#include "support/naive_pipeline.hpp"
#include "support/rows.hpp"
#include "urn/urn.hpp"

namespace {

using urn::penalties, urn::status, urn::token_id;

//                               0     1      2     3      4         5     6      7
const std::vector<float> row{2.0F, -2.0F, 0.0F, -0.0F, 0.3F, -naive::infinity, 5.0F, -0.7F};

std::vector<float> after(const penalties& p, const urn::token_history& history) {
  return look::edited(p, row, {.history = history});
}

TEST(penalties, repetition_divides_the_positive_and_multiplies_the_rest) {
  const std::vector<token_id> seen{0, 1, 2, 3, 5, 7};
  for (const float r : {1.3F, 0.6F, 1e-3F, 7.0F}) {
    EXPECT_TRUE(look::same(after({.repetition = r}, seen),
                           std::vector<float>{2.0F / r, -2.0F * r, 0.0F * r, -0.0F * r, 0.3F,
                                              -naive::infinity, 5.0F, -0.7F * r}))
        << r;
  }
}

TEST(penalties, repetition_counts_a_token_once_in_prompt_or_output) {
  const std::vector<token_id> prompt{0, 0, 6};
  const std::vector<token_id> output{6, 6, 7};
  const std::vector<float> got = after({.repetition = 1.3F}, {prompt, output});
  EXPECT_EQ(got[0], 2.0F / 1.3F);
  EXPECT_EQ(got[6], 5.0F / 1.3F);
  EXPECT_EQ(got[7], -0.7F * 1.3F);
  EXPECT_EQ(got[1], -2.0F);
}

TEST(penalties, frequency_and_presence_look_at_the_output_alone) {
  const std::vector<token_id> prompt{0, 0, 1, 4};
  const std::vector<token_id> output{6, 4, 6, 6};
  const penalties p{.frequency = 0.3F, .presence = 0.45F};
  EXPECT_TRUE(look::same(after(p, {prompt, output}),
                         std::vector<float>{2.0F, -2.0F, 0.0F, -0.0F, std::fma(-1.0F, 0.3F, 0.3F) - 0.45F,
                                            -naive::infinity, std::fma(-3.0F, 0.3F, 5.0F) - 0.45F, -0.7F}));
  const penalties reward{.frequency = -0.3F, .presence = -0.45F};
  EXPECT_EQ(after(reward, output)[6], std::fma(3.0F, 0.3F, 5.0F) + 0.45F);
}

TEST(penalties, repetition_then_frequency_then_presence) {
  const std::vector<token_id> output{0, 1, 0};
  const std::vector<float> got = after({1.3F, 0.37F, 0.21F}, output);
  EXPECT_EQ(got[0], std::fma(-2.0F, 0.37F, 2.0F / 1.3F) - 0.21F);
  EXPECT_EQ(got[1], std::fma(-1.0F, 0.37F, -2.0F * 1.3F) - 0.21F);
}

TEST(penalties, the_window_counts_back_from_the_end) {
  const std::vector<token_id> prompt{0, 1, 4};
  const std::vector<token_id> output{6, 7, 6};
  const urn::token_history history{prompt, output};
  const auto touched = [&](std::size_t window) {
    std::vector<token_id> ids;
    const std::vector<float> got = after({1.5F, 0.25F, 0.0F, window}, history);
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (got[i] != row[i]) ids.push_back(static_cast<token_id>(i));
    }
    return ids;
  };
  EXPECT_EQ(touched(0), (std::vector<token_id>{}));
  EXPECT_EQ(touched(1), (std::vector<token_id>{6}));
  EXPECT_EQ(touched(2), (std::vector<token_id>{6, 7}));
  EXPECT_EQ(touched(3), (std::vector<token_id>{6, 7}));
  EXPECT_EQ(touched(4), (std::vector<token_id>{4, 6, 7}));
  EXPECT_EQ(touched(5), (std::vector<token_id>{1, 4, 6, 7}));
  for (const std::size_t all : {std::size_t{6}, std::size_t{7}, std::size_t{1000}, urn::whole_history}) {
    EXPECT_EQ(touched(all), (std::vector<token_id>{0, 1, 4, 6, 7})) << all;
  }
  EXPECT_EQ(after({1.0F, 0.25F, 0.0F, 1}, history)[6], std::fma(-1.0F, 0.25F, 5.0F));
  EXPECT_EQ(after({1.0F, 0.25F, 0.0F, 3}, history)[6], std::fma(-2.0F, 0.25F, 5.0F));
}

TEST(penalties, ids_outside_the_vocabulary_match_nothing) {
  const std::vector<token_id> strange{-1, 8, 1 << 30, -(1 << 30)};
  EXPECT_TRUE(look::same(after({1.3F, 0.5F, 0.5F}, {strange, strange}), row));
  const std::vector<token_id> mixed{-1, 0, 8};
  EXPECT_EQ(after({.repetition = 1.3F}, mixed)[0], 2.0F / 1.3F);
  EXPECT_EQ(look::drawn(penalties{1.3F}, row, {.history = mixed}).status, status::ok);
}

TEST(penalties, formulas_hold_on_random_histories) {
  rows::random_source r(4);
  for (int n = 0; n < 200; ++n) {
    const std::size_t size = 1 + r.below(4000);
    const std::vector<float> logits = rows::normal(size, r, 4);
    std::vector<token_id> prompt, output;
    for (std::size_t i = r.below(300); i > 0; --i)
      prompt.push_back(static_cast<token_id>(r.below(size + 2)) - 1);
    for (std::size_t i = r.below(300); i > 0; --i)
      output.push_back(static_cast<token_id>(r.below(size + 2)) - 1);
    const urn::draw_context context{.history = {prompt, output}};
    const penalties p{0.5F + r.uniform(), r.normal(1), r.normal(1), r.below(700)};
    naive::row expected(logits, context);
    naive::apply(expected, p);
    EXPECT_TRUE(look::same(look::edited(p, logits, context), expected.logits));
  }
}

TEST(penalties, the_neutral_change_no_bit) {
  const std::vector<token_id> output{0, 1, 1999, 1};
  rows::for_each(rows::proper, 2000, [&](const char* name, const std::vector<float>& some) {
    SCOPED_TRACE(name);
    const urn::draw_context context{.history = output, .seed = 7};
    const urn::draw plain = look::drawn(urn::temperature{}, some, context);
    const std::vector<penalties> neutral{{}, {1.0F, -0.0F, -0.0F}, {1.5F, 2.0F, 0.5F, 0}};
    for (const penalties& p : neutral) EXPECT_TRUE(look::same(look::drawn(p, some, context), plain));
    EXPECT_TRUE(look::same(look::drawn(penalties{1.5F, 2, 1}, some, {.seed = 7}), plain));  // no history
  });
}

TEST(penalties, the_neutral_leave_the_temperature_to_the_mass) {
  const std::vector<token_id> output{0, 1};
  const urn::draw_context context{.history = output, .seed = 7};
  const urn::draw plain = look::drawn(urn::temperature{0.7F}, row, context);
  EXPECT_TRUE(look::same(look::drawn(urn::temperature{0.7F} | penalties{}, row, context), plain));
  EXPECT_TRUE(look::same(look::drawn(urn::temperature{0.7F} | penalties{1.5F}, row, {.seed = 7}), plain));
}

TEST(penalties, after_a_cut_change_what_is_left_alone) {
  const std::vector<token_id> output{6, 1, 5};
  const std::vector<float> got =
      look::edited(urn::top_k{2} | penalties{2.0F, 0.0F, 1.0F}, row, {.history = output});
  EXPECT_EQ(got[0], 2.0F);
  EXPECT_EQ(got[6], 5.0F / 2.0F - 1.0F);
  for (const std::size_t gone : {1U, 2U, 3U, 4U, 5U, 7U}) EXPECT_TRUE(std::isnan(got[gone])) << gone;
}

TEST(penalties, refuses_what_has_no_meaning) {
  const auto is_refused = [](const penalties& p) {
    return look::refused(look::drawn(p, row), status::bad_argument);
  };
  for (const float wrong : {naive::nan, naive::infinity, -naive::infinity}) {
    EXPECT_TRUE(is_refused({.repetition = wrong})) << wrong;
    EXPECT_TRUE(is_refused({.frequency = wrong})) << wrong;
    EXPECT_TRUE(is_refused({.presence = wrong})) << wrong;
    EXPECT_TRUE(is_refused({.presence = wrong, .window = 0})) << wrong;
  }
  for (const float wrong : {0.0F, -0.0F, -1.0F}) EXPECT_TRUE(is_refused({.repetition = wrong})) << wrong;
  EXPECT_FALSE(is_refused({1e-40F, 3e38F, -3e38F}));
}

}  // namespace
