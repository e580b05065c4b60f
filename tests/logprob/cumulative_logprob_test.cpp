#include "urn/logprob/cumulative_logprob.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "support/rows.hpp"
#include "urn/urn.hpp"

namespace {

using urn::cumulative_logprob;

urn::draw drawn(float logprob, float raw) { return {.token = 1, .logprob = logprob, .raw_logprob = raw}; }

TEST(cumulative_logprob, sums_what_was_asked_for) {
  cumulative_logprob processed;
  cumulative_logprob raw(urn::logprob_kind::raw);
  for (const float l : {-0.5F, -1.25F, 0.0F}) {
    processed.accept(drawn(l, l - 1));
    raw.accept(drawn(l, l - 1));
  }
  EXPECT_EQ(processed.sum(), -1.75);
  EXPECT_EQ(raw.sum(), -4.75);
  EXPECT_EQ(raw.tokens(), 3U);
  EXPECT_NEAR(raw.score(), -4.75 / 3, 1e-15);
  EXPECT_EQ(raw.score(0), -4.75);
  EXPECT_NEAR(raw.score(.6F), -4.75 / std::pow(3, static_cast<double>(.6F)), 1e-14);
  raw.accept({});
  raw.accept(drawn(0, urn::exact::quiet_nan));
  EXPECT_EQ(raw.sum(), -4.75);
  EXPECT_EQ(raw.tokens(), 5U);
  EXPECT_EQ(cumulative_logprob().score(), 0);
}

TEST(cumulative_logprob, rollback_of_k_accepted_draws_is_never_having_accepted_them) {
  rows::random_source r(1);
  cumulative_logprob text;
  for (int n = 0; n < 60; ++n) {
    const std::vector<std::uint32_t> before = text.save();
    cumulative_logprob other = text;
    const std::size_t k = r.below(7);
    for (std::size_t i = 0; i < k; ++i) other.accept(drawn(-r.uniform(), 0));
    EXPECT_EQ(text.save(), before);
    other.rollback(k);
    EXPECT_EQ(other.save(), before);
    EXPECT_EQ(urn::exact::bits(other.sum()), urn::exact::bits(text.sum()));
    cumulative_logprob restored;
    ASSERT_TRUE(restored.restore(before));
    EXPECT_EQ(restored.sum(), text.sum());
    text.accept(drawn(-r.uniform(), 0));
  }
}

TEST(best_of, puts_the_largest_score_first) {
  std::vector<cumulative_logprob> texts(4);
  for (int i = 0; i < 4; ++i) texts[0].accept(drawn(-1, 0));  // sum -4, mean -1
  texts[1].accept(drawn(-2, 0));                              // sum -2, mean -2
  for (int i = 0; i < 2; ++i) texts[2].accept(drawn(-1, 0));  // sum -2, mean -1
  for (int i = 0; i < 9; ++i) texts[3].accept(drawn(-.5F, 0));
  EXPECT_EQ(urn::best_of(texts), (std::vector<std::size_t>{3, 0, 2, 1}));
  EXPECT_EQ(urn::best_of(texts, 0), (std::vector<std::size_t>{1, 2, 0, 3}));
  EXPECT_TRUE(urn::best_of({}).empty());
}

}  // namespace
