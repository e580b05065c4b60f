#include "urn/logprob/kept_set.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "support/naive_pipeline.hpp"
#include "support/random_pipelines.hpp"
#include "support/rows.hpp"
#include "urn/urn.hpp"

namespace {

using urn::categorical, urn::kept_set, urn::kept_summary, urn::token_id, urn::token_logprob;

struct seen {
  urn::draw drawn;
  std::vector<token_logprob> list;
  kept_summary summary;
};
template <class Stages>
seen look_at(const Stages& stages, const std::vector<float>& row, urn::draw_context who = {}) {
  seen s{{}, std::vector<token_logprob>(row.size() + 2, {77, 0.5F}), {}};
  urn::workspace scratch(row.size());
  who.kept_set = s.list;
  who.summary = &s.summary;
  s.drawn = (stages | kept_set{})(urn::scalar, row, who, scratch);
  return s;
}

TEST(kept_set, lists_the_kept_tokens_by_ids_with_their_logprobs) {
  const std::vector<float> row = look::logits_of({.1, .4, .05, .3, .15});
  const seen s = look_at(urn::top_k{3} | categorical{}, row);
  ASSERT_EQ(s.drawn.kept, 3U);
  const std::vector<token_id> ids{1, 3, 4};
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(s.list[i].token, ids[i]);
    EXPECT_NEAR(s.list[i].logprob, row[static_cast<std::size_t>(ids[i])] - std::log(.85F), 1e-6);
  }
  for (std::size_t i = 3; i < s.list.size(); ++i) EXPECT_EQ(s.list[i], token_logprob{});
  EXPECT_NEAR(s.summary.mass, .85, 1e-6);
  const double h = -(.4 * std::log(.4 / .85) + .3 * std::log(.3 / .85) + .15 * std::log(.15 / .85)) / .85;
  EXPECT_NEAR(s.summary.entropy, h, 1e-5);
}

// logp_processed(x) = logp_T(x) - ln(sum over the kept of p_T), and the entropy is that of the list.
TEST(kept_set, keeps_the_identity_of_kept_mass) {
  std::size_t cut = 0;
  for (std::uint64_t seed = 0; seed < 700; ++seed) {
    random_pipelines::random_case c(seed, 11.0F);
    const std::vector<float> row = random_pipelines::random_row(c.r, c.size);
    const auto edits = c.logit_bias() | urn::temperature{0.3F + c.r.uniform()};
    const std::size_t order = c.r.below(3);
    const urn::top_k k{static_cast<std::int32_t>(1 + c.r.below(50))};
    const auto all = [&](const auto&... cuts) {
      return look_at((edits | ... | cuts) | categorical{}, row, c.context);
    };
    const seen s =
        order == 0 ? all(k, c.top_p()) : (order == 1 ? all(c.min_p(), k) : all(c.top_p(), c.min_p()));
    if (s.drawn.token == urn::no_token || urn::has(s.drawn.status, urn::status::infinite)) continue;
    std::vector<token_logprob> whole(row.size());
    for (std::size_t i = 0; i < row.size(); ++i) whole[i].token = static_cast<token_id>(i);
    urn::draw_context who = c.context;
    who.given_logprobs = whole;
    urn::workspace scratch(row.size());
    (edits | categorical{} | urn::logprobs{})(urn::scalar, row, who, scratch);
    double mass = 0;
    double h = 0;
    for (std::size_t i = 0; i < s.drawn.kept; ++i) {
      const auto logprob = static_cast<double>(s.list[i].logprob);
      mass += std::exp(static_cast<double>(whole[static_cast<std::size_t>(s.list[i].token)].logprob));
      h -= logprob > -80 ? std::exp(logprob) * logprob : 0.0;
    }
    ASSERT_NEAR(s.summary.mass, mass, 4e-6) << seed;
    ASSERT_NEAR(s.summary.entropy, h, 4e-5 + 1e-5 * h) << seed;
    const float before = whole[static_cast<std::size_t>(s.drawn.token)].logprob;
    ASSERT_NEAR(s.drawn.logprob, static_cast<double>(before) - std::log(static_cast<double>(s.summary.mass)),
                4e-6 * (1 + std::fabs(static_cast<double>(before))));
    cut += s.drawn.kept < row.size() ? 1 : 0;
  }
  EXPECT_GT(cut, 300U);
}

TEST(kept_set, of_an_uncut_row_and_of_one_token) {
  const std::vector<float> row = look::logits_of({.5, .25, .125, .125});
  const seen all = look_at(categorical{}, row);
  EXPECT_EQ(all.list[3].token, 3);
  EXPECT_EQ(all.list[4], token_logprob{});
  EXPECT_EQ(all.summary.mass, 1.0F);
  EXPECT_NEAR(all.summary.entropy, 1.2130076, 1e-5);
  const seen one = look_at(urn::temperature{0} | categorical{}, row);
  EXPECT_EQ(one.list[0], (token_logprob{0, 0.0F}));
  EXPECT_EQ(one.list[1], token_logprob{});
  EXPECT_NEAR(one.summary.mass, .5, 1e-6);
  EXPECT_EQ(one.summary.entropy, 0.0F);
  const seen infinite = look_at(categorical{}, {1, naive::infinity});
  EXPECT_EQ(infinite.list[0], (token_logprob{1, 0.0F}));
  EXPECT_EQ(infinite.summary.mass, 1.0F);
}

TEST(kept_set, measures_mass_before_the_first_cut) {
  const std::vector<float> row = look::logits_of({.4, .3, .2, .1});
  const seen s = look_at(urn::top_k{2} | urn::temperature{.5F} | urn::top_k{1} | categorical{}, row);
  EXPECT_NEAR(s.summary.mass, .4, 1e-6);
}

TEST(kept_set, does_not_count_what_a_mask_took_after_the_cut) {
  const std::vector<float> row = look::logits_of({.4, .3, .2, .1});
  const seen s = look_at(urn::top_k{3} | random_pipelines::ban_multiples{2} | categorical{}, row);
  EXPECT_NEAR(s.summary.mass, .3, 1e-6);
  EXPECT_NEAR(s.summary.entropy, 0, 1e-5);
}

TEST(kept_set, changes_nothing_else) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    random_pipelines::random_case c(seed, 11.0F);
    const std::vector<float> row = random_pipelines::random_row(c.r, c.size);
    const auto stages =
        c.penalties() | c.temperature() | c.top_k() | c.top_p() | c.cap() | c.min_p() | categorical{};
    urn::workspace scratch(row.size());
    const urn::draw plain = (stages | urn::logprobs{})(urn::scalar, row, c.context, scratch);
    const seen s = look_at(stages | urn::logprobs{}, row, c.context);
    ASSERT_TRUE(look::same(s.drawn, plain)) << look::text(s.drawn) << "\n" << look::text(plain);
  }
}

TEST(kept_rows, are_compressed) {
  const std::vector<std::vector<float>> logits{
      {1, 2, 3, 4}, {-naive::infinity, naive::nan}, {4, 1, 3, 2}, {1, 5, 1, 1}};
  std::vector<urn::draw> draws(4);
  std::vector<urn::draw_context> contexts(4);
  std::vector<token_logprob> lists(4 * 3);
  for (std::size_t r = 0; r < 4; ++r) {
    urn::workspace scratch(4);
    contexts[r] = {.step = 1, .kept_set = std::span(lists).subspan(3 * r, 3)};
    const std::int32_t k = r == 2 ? 4 : static_cast<std::int32_t>(r + 1);
    draws[r] = (urn::top_k{k == 4 ? 0 : k} | categorical{} | kept_set{})(urn::scalar, logits[r], contexts[r],
                                                                         scratch);
  }
  contexts[3].kept_set = contexts[3].kept_set.first(2);
  const urn::kept_rows rows = urn::compressed(draws, contexts);
  EXPECT_EQ(rows.offsets, (std::vector<std::size_t>{0, 1, 1, 4, 6}));
  EXPECT_EQ(rows.token_ids, (std::vector<token_id>{3, 0, 1, 2, 0, 1}));
  EXPECT_EQ(rows.logprobs.size(), rows.token_ids.size());
  EXPECT_EQ(rows.logprobs[0], 0.0F);
}

}  // namespace
