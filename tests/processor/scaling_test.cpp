// What changes logits by the row's own shape: dynamic_temperature, smoothing, soft_cap; and renormalise,
// which does not.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "support/naive_pipeline.hpp"
#include "support/rows.hpp"
#include "urn/processor/dynamic_temperature.hpp"
#include "urn/processor/renormalise.hpp"
#include "urn/processor/smoothing.hpp"
#include "urn/processor/soft_cap.hpp"
#include "urn/urn.hpp"

namespace {

using urn::dynamic_temperature, urn::renormalise, urn::smoothing, urn::soft_cap, urn::status;

/// The logits after the stages, divided by whatever temperature was pending.
template <class Stages>
std::vector<float> at_temperature(const Stages& stages, const std::vector<float>& row) {
  return look::edited(urn::compose(stages, urn::soft_cap{1e30F}), row);
}

TEST(dynamic_temperature, is_between_its_ends_by_the_entropy) {
  rows::for_each(rows::proper, 1500, [](const char* name, const std::vector<float>& row) {
    const double h = oracle::entropy(oracle::softmax(row, 1)) / std::log(1500.0);
    for (const float exponent : {1.0F, 0.5F, 2.0F}) {
      const dynamic_temperature t{0.5F, 2.0F, exponent};
      const float expected = static_cast<float>(0.5 + 1.5 * std::pow(h, static_cast<double>(exponent)));
      const auto ranked = look::ranked(t, row);
      const auto by_hand = look::ranked(urn::temperature{expected}, row);
      ASSERT_EQ(ranked.size(), by_hand.size()) << name;
      for (std::size_t i = 0; i < std::min<std::size_t>(10, ranked.size()); ++i) {
        const float l = by_hand[i].logprob;
        if (std::isinf(l)) continue;
        EXPECT_NEAR(ranked[i].logprob, l, 1e-3F + 1e-3F * std::fabs(l)) << name << ", exponent " << exponent;
      }
    }
  });
}

TEST(dynamic_temperature, follows_its_formula) {
  const dynamic_temperature t{0.5F, 2.0F, 3.0F};
  for (double share = 0; share <= 1; share += 0.01)
    EXPECT_NEAR(t.at(share), 0.5 + 1.5 * share * share * share, 1e-7) << share;
  EXPECT_EQ(t.at(0.0), 0.5F);
  EXPECT_EQ(t.at(1.0), 2.0F);
  EXPECT_EQ(t.at(1.0 + 1e-9), 2.0F);
  EXPECT_EQ((dynamic_temperature{0.5F, 2.0F, 0.0F}.at(0.3)), 2.0F);
}

TEST(dynamic_temperature, counts_the_tokens_still_in) {
  const std::vector<float> row{1, 1, -9, -9, -9, -9};
  // Two equal tokens have all of the entropy there can be of two.
  EXPECT_EQ(look::ranked(urn::top_k{2} | dynamic_temperature{.5F, 2.0F}, row),
            look::ranked(urn::top_k{2} | urn::temperature{2.0F}, row));
  EXPECT_NE(look::ranked(dynamic_temperature{.5F, 2.0F}, row), look::ranked(urn::temperature{2.0F}, row));
}

TEST(dynamic_temperature, of_one_token_is_1_and_of_a_sure_row_the_least) {
  EXPECT_EQ(look::ranked(urn::top_k{1} | dynamic_temperature{.5F, 2.0F}, std::vector<float>{1, 2}),
            look::ranked(urn::top_k{1}, std::vector<float>{1, 2}));
  const std::vector<float> sure{90, 0, 1};
  EXPECT_NEAR(look::ranked(dynamic_temperature{.5F, 2.0F}, sure)[1].logprob, -178.0F, 0.01F);
  EXPECT_EQ(look::kept(dynamic_temperature{0.0F, 2.0F}, sure), (std::vector<urn::token_id>{0}));
}

TEST(dynamic_temperature, multiplies_with_a_temperature) {
  const auto at = at_temperature(urn::temperature{.5F} | dynamic_temperature{1.0F, 3.0F}, {3, 3});
  EXPECT_NEAR(at[0], 2.0F, 1e-5F);
}

TEST(smoothing, follows_its_formula) {
  rows::for_each(rows::proper, 1500, [](const char* name, const std::vector<float>& row) {
    const double largest = static_cast<double>(oracle::definition::largest(row));
    for (const float curve : {1.0F, 1.7F}) {
      const std::vector<float> smooth = look::edited(smoothing{0.3F, curve}, row);
      for (std::size_t i = 0; i < row.size(); ++i) {
        const float l = row[i];
        if (!oracle::survives(l)) {
          EXPECT_FALSE(oracle::survives(smooth[i])) << name;
          continue;
        }
        const double d = largest - static_cast<double>(l);
        const double k = (3 - static_cast<double>(curve)) / 2, s = (static_cast<double>(curve) - 1) / 2;
        const double f = static_cast<double>(0.3F);
        const auto expected = static_cast<float>(largest - k * f * d * d - s * f * d * d * d);
        EXPECT_LE(smooth[i], static_cast<float>(largest)) << name;
        if (std::isinf(expected)) {
          EXPECT_EQ(smooth[i], expected) << name;
        } else {
          EXPECT_NEAR(smooth[i], expected, 1e-6F * std::fabs(expected) + 1e-9F) << name << ", logit " << l;
        }
      }
    }
  });
}

TEST(smoothing, sees_the_row_at_its_temperature) {
  const std::vector<float> row{2, 1, 0};
  EXPECT_TRUE(look::same(look::edited(urn::temperature{.5F} | smoothing{.5F}, row), {4, 2, -4}));
  EXPECT_TRUE(look::same(at_temperature(smoothing{.5F} | urn::temperature{.5F}, row), {4, 3, 0}));
}

TEST(smoothing, goes_by_the_best_that_is_left) {
  const std::vector<float> row{9, 2, 1, 0};
  const std::vector<std::int32_t> words{0b1110};
  EXPECT_TRUE(
      look::same(look::edited(urn::bitmask{words} | smoothing{1.0F}, row), {-naive::infinity, 2, 1, -2}));
  EXPECT_TRUE(look::same(look::edited(urn::top_k{3} | smoothing{.125F}, row), {9, 2.875F, 1, naive::nan}));
}

TEST(soft_cap, follows_its_formula) {
  rows::for_each(rows::proper, 1500, [](const char* name, const std::vector<float>& row) {
    for (const float cap : {30.0F, 2.5F, 1e6F}) {
      const std::vector<float> capped = look::edited(soft_cap{cap}, row);
      for (std::size_t i = 0; i < row.size(); ++i) {
        if (!oracle::survives(row[i])) {
          EXPECT_FALSE(oracle::survives(capped[i])) << name;
          continue;
        }
        const double expected =
            static_cast<double>(cap) * std::tanh(static_cast<double>(row[i]) / static_cast<double>(cap));
        EXPECT_NEAR(static_cast<double>(capped[i]), expected, 1e-7 * std::fabs(expected)) << name;
      }
    }
  });
}

TEST(soft_cap, of_what_is_no_number) {
  const soft_cap cap{30.0F};
  EXPECT_EQ(cap(naive::infinity, 0), 30.0F);
  EXPECT_EQ(cap(-naive::infinity, 0), -naive::infinity);
  EXPECT_TRUE(std::isnan(cap(naive::nan, 0)));
  EXPECT_EQ(cap(-1e30F, 0), -30.0F);
}

TEST(scalings, neutral_parameters_change_no_bit) {
  rows::for_each(rows::proper, 2000, [](const char* name, const std::vector<float>& row) {
    const urn::draw plain = look::drawn(urn::temperature{.7F}, row, {.seed = 7});
    const auto same = [&](const auto& stage) {
      EXPECT_TRUE(look::same(look::drawn(urn::temperature{.7F} | stage, row, {.seed = 7}), plain)) << name;
    };
    same(dynamic_temperature{}), same(smoothing{}), same(smoothing{-1.0F, 2.0F}), same(soft_cap{});
    same(soft_cap{naive::infinity}), same(renormalise{});
  });
}

TEST(scalings, of_rows_without_a_distribution) {
  rows::for_each(rows::improper, 1500, [](const char* name, const std::vector<float>& row) {
    const urn::draw plain = look::drawn(urn::temperature{}, row);
    const urn::draw dynamic = look::drawn(dynamic_temperature{.5F, 2.0F}, row);
    EXPECT_EQ(dynamic.token, plain.token) << name;
    EXPECT_EQ(dynamic.status, plain.status) << name;
    const urn::draw smooth = look::drawn(smoothing{.5F}, row);
    EXPECT_EQ(smooth.status & (status::empty | status::nan | status::infinite),
              plain.status & (status::empty | status::nan | status::infinite))
        << name;
  });
}

TEST(scalings, refuse_wrong_parameters) {
  const std::vector<float> row{1, 2};
  const auto refused = [&](const auto& stage) {
    EXPECT_TRUE(look::refused(look::drawn(stage, row), status::bad_argument));
  };
  refused(dynamic_temperature{-.5F, 1.0F}), refused(dynamic_temperature{2.0F, 1.0F});
  refused(dynamic_temperature{.5F, naive::infinity}), refused(dynamic_temperature{.5F, 2.0F, -1.0F});
  refused(dynamic_temperature{naive::nan, 2.0F}), refused(smoothing{naive::nan}),
      refused(smoothing{.5F, .9F});
  refused(smoothing{naive::infinity, 1.0F}), refused(soft_cap{naive::nan});
}

TEST(dynamic_temperature, around_a_temperature) {
  const auto spread = dynamic_temperature::around(0.75F, 0.5F, 2.0F);
  EXPECT_EQ(spread.min, 0.25F);
  EXPECT_EQ(spread.max, 1.25F);
  EXPECT_EQ(spread.exponent, 2.0F);
  EXPECT_EQ(dynamic_temperature::around(0.25F, 0.5F).min, 0.0F);
  EXPECT_TRUE(dynamic_temperature::around(1.0F, 0.0F).neutral());
  const std::vector<float> row{2, 1, 0};
  const auto fixed = look::ranked(dynamic_temperature::around(0.5F, 0.0F), row);
  EXPECT_EQ(fixed, look::ranked(urn::temperature{0.5F}, row));
}

}  // namespace
