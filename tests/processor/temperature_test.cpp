#include "urn/processor/temperature.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstddef>
#include <vector>

#include "support/naive_pipeline.hpp"
#include "support/rows.hpp"
#include "urn/urn.hpp"

namespace {

using urn::status, urn::temperature, urn::token_id;

const std::vector<float> logits{1.25F, -0.5F, 3.0F, 2.75F, 0.0F, -7.0F};

TEST(temperature, divides_the_logits) {
  for (const float t : {0.01F, 0.3F, 1.0F, 1.7F, 50.0F}) {
    const oracle::distribution p = oracle::softmax(logits, t);
    for (const urn::token_logprob& token : look::ranked(temperature{t}, logits)) {
      const double expected = p.logprob(logits[static_cast<std::size_t>(token.token)]);
      EXPECT_NEAR(static_cast<double>(token.logprob), expected, 5e-7 + 2e-7 * std::fabs(expected)) << t;
    }
  }
}

TEST(temperature, one_changes_no_bit) {
  rows::random_source r(1);
  rows::for_each(rows::proper, 3000, [&](const char* name, const std::vector<float>& row) {
    SCOPED_TRACE(name);
    const urn::draw_context who{.seed = r.bits()};
    EXPECT_TRUE(look::same(look::drawn(temperature{1}, row, who), look::drawn(urn::top_k{0}, row, who)));
    EXPECT_TRUE(look::same(look::edited(temperature{1}, row), row));
  });
}

TEST(temperature, an_edit_sees_the_quotient_rounded_once) {
  for (const float t : {0.3F, 0.7F, 1e-5F, 123.0F}) {
    std::vector<float> quotients;
    for (const float l : logits) quotients.push_back(l / t);
    EXPECT_TRUE(look::same(look::edited(temperature{t}, logits), quotients)) << t;
  }
}

TEST(temperature, two_multiply) {
  const auto both = temperature{0.7F} | temperature{1.9F};
  EXPECT_TRUE(look::same(look::drawn(both, logits), look::drawn(temperature{0.7F * 1.9F}, logits)));
  EXPECT_TRUE(look::same(look::edited(both, logits), look::edited(temperature{0.7F * 1.9F}, logits)));
  EXPECT_EQ(look::kept(temperature{0} | temperature{5}, logits), (std::vector<token_id>{2}));
  EXPECT_EQ(look::kept(temperature{5} | temperature{0}, logits), (std::vector<token_id>{2}));
  EXPECT_EQ(look::kept(temperature{1e-30F} | temperature{1e30F}, logits), (std::vector<token_id>{2}));
}

TEST(temperature, nearly_zero_keeps_the_best) {
  const std::vector<float> tied{1, 2, 2, 0.5F};
  for (const float t : {0.0F, -0.0F, 1e-40F, 1e-6F, std::nextafter(1e-5F, 0.0F)}) {
    EXPECT_EQ(look::kept(temperature{t}, tied), (std::vector<token_id>{1})) << t;
    const urn::draw d = look::drawn(temperature{t}, tied, {.seed = 5});
    EXPECT_EQ(d.token, 1);
    EXPECT_EQ(d.kept, 1U);
    EXPECT_EQ(d.logprob, 0.0F);
  }
  EXPECT_EQ(look::kept(temperature{1e-5F}, tied).size(), 4U);  // greedy begins below
}

TEST(temperature, zero_is_greedy_on_every_row) {
  rows::random_source r(2);
  const auto agree = [&](const char* name, const std::vector<float>& row) {
    SCOPED_TRACE(name);
    urn::workspace scratch(row.size());
    const urn::draw cold = look::drawn(temperature{0}, row, {.seed = r.bits()});
    const urn::draw best = urn::draw_row(urn::scalar, urn::greedy{}, row, {}, scratch);
    EXPECT_EQ(cold.token, best.token);
    EXPECT_EQ(cold.status, best.status);
  };
  for (const std::size_t size : {2U, 1500U}) {
    rows::for_each(rows::proper, size, agree);
    rows::for_each(rows::improper, size, agree);
  }
}

TEST(temperature, zero_waits_for_masks_but_not_for_edits) {
  constexpr std::array<std::int32_t, 1> not_the_best{0b111011};
  const urn::bitmask mask{not_the_best};
  EXPECT_EQ(look::kept(temperature{0} | mask, logits), (std::vector<token_id>{3}));
  constexpr std::array lift{urn::token_bias{0, 10.0F}};
  const urn::logit_bias bias{lift};
  EXPECT_EQ(look::kept(temperature{0} | bias, logits), (std::vector<token_id>{2}));
  EXPECT_EQ(look::kept(bias | temperature{0}, logits), (std::vector<token_id>{0}));
}

TEST(temperature, extremes_have_a_distribution_or_a_status) {
  const urn::draw flat = look::drawn(temperature{3e38F}, logits);
  EXPECT_EQ(flat.status, status::ok);
  EXPECT_NEAR(flat.logprob, -std::log(6.0F), 1e-6F);
  const urn::draw sharp = look::drawn(temperature{1e-5F}, logits);  // 3 / 1e-5 is in range
  EXPECT_EQ(sharp.status, status::ok);
  EXPECT_EQ(sharp.token, 2);
  const std::vector<float> far{100.0F, 99.0F};  // 100 / 1e-5 is not
  EXPECT_TRUE(look::refused(look::drawn(temperature{1e-5F}, far), status::out_of_range));
}

TEST(temperature, refuses_what_is_none) {
  for (const float t : {-1.0F, -1e-45F, naive::infinity, -naive::infinity, naive::nan, -naive::nan}) {
    EXPECT_TRUE(look::refused(look::drawn(temperature{t}, logits), status::bad_argument)) << t;
  }
}

}  // namespace
