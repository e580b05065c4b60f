#include "urn/sampler/contrastive.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include "support/rows.hpp"
#include "urn/urn.hpp"

namespace {

/// transformers' _ranking_fast, in double.
std::vector<double> scores(std::span<const urn::token_logprob> best, const std::vector<float>& states,
                           const std::vector<float>& past, std::size_t width, double alpha) {
  const auto cosine = [&](const float* a, const float* b) {
    double ab = 0, aa = 0, bb = 0;
    for (std::size_t i = 0; i < width; ++i) {
      const double x = static_cast<double>(a[i]), y = static_cast<double>(b[i]);
      ab += x * y;
      aa += x * x;
      bb += y * y;
    }
    return ab / std::sqrt(aa) / std::sqrt(bb);
  };
  std::vector<double> result;
  for (std::size_t i = 0; i < best.size(); ++i) {
    double closest = -1;
    for (std::size_t j = 0; j < past.size(); j += width)
      closest = std::fmax(closest, cosine(&states[i * width], &past[j]));
    result.push_back((1 - alpha) * std::exp(static_cast<double>(best[i].logprob)) - alpha * closest);
  }
  return result;
}

TEST(contrastive, chooses_what_is_likely_and_unlike_the_past) {
  rows::random_source r(1);
  std::size_t moved = 0;
  for (int n = 0; n < 300; ++n) {
    const std::size_t width = 1 + r.below(40);
    const std::size_t k = 1 + r.below(6);
    const float alpha = r.uniform();
    const std::vector<float> row = rows::normal(20, r, 1);
    const std::vector<float> states = rows::normal(k * width, r, 2);
    const std::vector<float> past = rows::normal(width * (1 + r.below(12)), r, 3);
    std::vector<urn::token_logprob> best(k);
    urn::workspace scratch(20);
    (urn::greedy{} | urn::logprobs{})(urn::scalar, row, {.top_logprobs = best}, scratch);
    const std::vector<double> expected = scores(best, states, past, width, static_cast<double>(alpha));
    const std::size_t choice = urn::contrastive_choice(best, {states, width}, {past, width}, alpha);
    ASSERT_LT(choice, k);
    for (std::size_t i = 0; i < k; ++i) {
      ASSERT_NEAR(
          urn::contrastive_score(best[i].logprob, urn::hidden_states{states, width}[i], {past, width}, alpha),
          expected[i], 1e-12);
      ASSERT_GE(expected[choice], expected[i] - 1e-12);
    }
    moved += choice != 0 ? 1 : 0;
  }
  EXPECT_GT(moved, 50U);
}

TEST(contrastive, with_alpha_0_is_greedy_and_ties_go_to_the_likelier) {
  const std::array<urn::token_logprob, 3> best{{{4, -1}, {2, -1}, {}}};
  const std::vector<float> states{1, 0, 1, 0, 0, 0};
  const std::vector<float> past{1, 0, 0, 0};  // the null vector is like nothing
  EXPECT_EQ(urn::contrastive_choice(best, {states, 2}, {past, 2}, 0), 0U);
  EXPECT_EQ(urn::contrastive_choice(best, {states, 2}, {past, 2}, 1), 0U);
  EXPECT_NEAR(urn::contrastive_score(-1, std::span(states).first(2), {past, 2}, 1), -1, 1e-15);
  EXPECT_NEAR(urn::contrastive_score(-1, std::span(states).first(2), {}, .5F), std::exp(-1) / 2, 1e-15);
  EXPECT_EQ(urn::contrastive_choice({}, {}, {}, .5F), 0U);
}

}  // namespace
