#include "urn/sampler/categorical.hpp"

#include <gtest/gtest.h>

#include <cfloat>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <set>
#include <vector>

#include "support/naive_pipeline.hpp"
#include "support/rows.hpp"
#include "support/statistics.hpp"
#include "urn/urn.hpp"

namespace {

using naive::infinity, naive::nan;
using urn::categorical, urn::status, urn::token_id;

urn::draw draw(const std::vector<float>& row, const urn::draw_context& who = {}) {
  urn::workspace scratch(row.size());
  return urn::draw_row(urn::scalar, categorical{}, row, who, scratch);
}

/// How often each token came in n draws by `p`.
template <class Pipeline>
std::vector<std::uint64_t> counts(const Pipeline& p, const std::vector<float>& row, std::uint32_t n) {
  std::vector<std::uint64_t> counts(row.size());
  urn::workspace scratch(row.size());
  for (std::uint32_t step = 0; step < n; ++step)
    ++counts[static_cast<std::size_t>(p(urn::scalar, row, {.seed = 42, .step = step}, scratch).token)];
  return counts;
}

constexpr double alpha = 1e-3;  // of each chi-square test; the seeds are fixed

TEST(categorical, draws_with_the_tokens_probabilities) {
  const std::vector<float> row = look::logits_of({.5, .2, .125, .1, .05, .024, .001});
  for (const float t : {0.5F, 1.0F, 2.0F}) {
    const auto seen = counts(urn::temperature{t} | categorical{}, row, 100000);
    EXPECT_GT(statistics::chi_square_test(seen, oracle::softmax(row, t).p), alpha) << t;
  }
}

TEST(categorical, draws_over_many_blocks) {
  rows::random_source r(1);
  const std::vector<float> row = rows::normal(1500, r, 2.5F);
  EXPECT_GT(statistics::chi_square_test(counts(urn::temperature{} | categorical{}, row, 10000),
                                        oracle::softmax(row, 1).p),
            alpha);
}

TEST(categorical, draws_from_what_a_cut_kept) {
  const std::vector<float> row = look::logits_of({.1, .4, .05, .3, .15});
  const std::vector<double> renormalised{0, .4 / .85, 0, .3 / .85, .15 / .85};
  EXPECT_GT(statistics::chi_square_test(counts(urn::top_k{3} | categorical{}, row, 100000), renormalised),
            alpha);
}

TEST(categorical, logprob_kept_and_mass_of_a_whole_row) {
  const auto check = [](const char* name, const std::vector<float>& row) {
    const urn::draw d = draw(row, {.seed = 11});
    ASSERT_NE(d.token, urn::no_token) << name;
    EXPECT_EQ(d.kept, row.size()) << name;
    const oracle::definition::row_mass m = oracle::definition::weigh_row(row, oracle::definition::scale(1));
    EXPECT_EQ(d.mass, row.size() == 1 ? d.mass : m.total) << name;
    const double lp = oracle::softmax(row, 1).logprob(row[static_cast<std::size_t>(d.token)]);
    EXPECT_NEAR(static_cast<double>(d.logprob), lp, 5e-7 + 2e-7 * std::fabs(lp)) << name;
    EXPECT_TRUE(std::isnan(d.raw_logprob));
    EXPECT_EQ(d.rank, 0U);
  };
  for (const std::size_t size : rows::small_sizes) rows::for_each(rows::proper, size, check);
}

TEST(categorical, logprob_kept_and_mass_after_a_cut) {
  const std::vector<float> row = look::logits_of({.1, .4, .05, .3, .15});
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    const urn::draw d = look::drawn(urn::top_k{3}, row, {.seed = seed});
    EXPECT_EQ(d.kept, 3U);
    EXPECT_NEAR(d.logprob, row[static_cast<std::size_t>(d.token)] - std::log(0.85F), 5e-7F);
    const float c = oracle::definition::scale(1);
    const std::uint32_t key = oracle::definition::key_of(row[1], c);
    std::uint64_t sum = 0;
    for (const std::size_t id : {1U, 3U, 4U}) sum += oracle::definition::in_row(row[id], c, key);
    EXPECT_EQ(d.mass, sum);
  }
}

TEST(categorical, the_same_key_the_same_draw) {
  rows::random_source r(2);
  const std::vector<float> row = rows::normal(2000, r, 1);
  const urn::draw_context who{.seed = 7, .sequence = 8, .step = 9};
  const urn::draw once = draw(row, who);
  for (int n = 0; n < 5; ++n) EXPECT_TRUE(look::same(draw(row, who), once));
  urn::workspace used(5000);
  (urn::penalties{2} | urn::top_k{7} | categorical{})(urn::scalar, rows::normal(5000, r, 2), who, used);
  EXPECT_TRUE(look::same(urn::draw_row(urn::scalar, categorical{}, row, who, used), once));
}

TEST(categorical, seed_sequence_and_step_each_matter) {
  const std::vector<float> row(4000, 0.0F);
  std::set<token_id> tokens;
  constexpr std::uint64_t high = std::uint64_t{1} << 32;
  tokens.insert(draw(row).token);
  for (const std::uint64_t x : {std::uint64_t{1}, std::uint64_t{2}, high, high + 1, ~std::uint64_t{0}}) {
    tokens.insert(draw(row, {.seed = x}).token);
    tokens.insert(draw(row, {.sequence = x}).token);
  }
  for (const std::uint32_t step : {1U, 2U, 0x80000000U, ~0U}) tokens.insert(draw(row, {.step = step}).token);
  EXPECT_GE(tokens.size(), 14U);  // 15 draws of 4000 equal tokens
}

TEST(categorical, after_a_cut_the_ids_do_not_matter_but_their_order) {
  const std::vector<float> short_row(63, 1.0F);
  std::vector<float> spread(64 * 40, 0.0F);
  for (std::size_t i = 0; i < 63; ++i) spread[40 * i + 7] = 1.0F;
  for (std::uint32_t step = 0; step < 50; ++step) {
    const urn::draw near = look::drawn(urn::min_p{0.9F}, short_row, {.step = step});
    const urn::draw far = look::drawn(urn::min_p{0.9F}, spread, {.step = step});
    EXPECT_EQ(far.token, 40 * near.token + 7);
    EXPECT_EQ(far.logprob, near.logprob);
    EXPECT_EQ(far.mass, near.mass);
  }
}

TEST(categorical, a_token_without_mass_is_never_drawn) {
  std::vector<float> row(3000, -100.0F);
  row[5] = 0;
  row[1030] = -infinity;
  row[2500] = nan;
  for (std::uint32_t step = 0; step < 300; ++step) ASSERT_EQ(draw(row, {.step = step}).token, 5);
}

TEST(categorical, one_survivor_is_certain) {
  std::vector<float> row(2000, -infinity);
  row[1500] = -3.5F;
  const urn::draw d = draw(row, {.seed = 3});
  EXPECT_EQ(d.token, 1500);
  EXPECT_EQ(d.logprob, 0.0F);
  EXPECT_EQ(d.status, status::ok);
  for (const float l : {0.0F, -1e6F, 1e30F, -FLT_MAX, infinity}) {
    const urn::draw alone = draw({l});
    EXPECT_EQ(alone.token, 0) << l;
    EXPECT_EQ(alone.logprob, 0.0F);
    EXPECT_EQ(alone.kept, 1U);
    EXPECT_EQ(alone.status, l == infinity ? status::infinite : status::ok);
    const urn::draw cut = look::drawn(urn::top_k{1}, std::vector<float>{-infinity, l});
    EXPECT_EQ(cut.token, 1) << l;
    EXPECT_EQ(cut.logprob, 0.0F);
    EXPECT_EQ(cut.status, alone.status);
  }
}

TEST(categorical, the_first_infinity_takes_all) {
  for (const std::vector<float>& row :
       {std::vector<float>{1, infinity, 2}, {1, infinity, infinity}, {1e30F, infinity, -1e30F}}) {
    for (std::uint32_t step = 0; step < 10; ++step) {
      const urn::draw d = draw(row, {.step = step});
      EXPECT_EQ(d.token, 1);
      EXPECT_EQ(d.logprob, 0.0F);
      EXPECT_EQ(d.kept, 1U);
      EXPECT_EQ(d.status, status::infinite);
    }
  }
  EXPECT_EQ(draw({nan, 2, infinity}).status, status::infinite | status::nan);
  EXPECT_EQ(draw({nan, 2, infinity}).token, 2);
}

TEST(categorical, nan_counts_as_minus_infinity) {
  for (std::uint32_t step = 0; step < 20; ++step) {
    const urn::draw d = draw({nan, 1, -nan, 2}, {.step = step});
    const urn::draw same = draw({-infinity, 1, -infinity, 2}, {.step = step});
    EXPECT_EQ(d.token, same.token);
    EXPECT_EQ(d.logprob, same.logprob);
    EXPECT_EQ(d.mass, same.mass);
    EXPECT_EQ(d.status, status::nan);
  }
}

TEST(categorical, no_distribution_no_token) {
  EXPECT_TRUE(look::refused(draw({-infinity, -infinity}), status::empty));
  EXPECT_TRUE(look::refused(draw({-infinity}), status::empty));
  EXPECT_TRUE(look::refused(draw({nan, nan}), status::empty | status::nan));
  EXPECT_TRUE(look::refused(draw({nan, -infinity}), status::empty | status::nan));
  EXPECT_TRUE(look::refused(draw({3e6F, 1}), status::out_of_range));
  EXPECT_TRUE(look::refused(draw({FLT_MAX, 1}), status::out_of_range));
  EXPECT_TRUE(look::refused(draw({-3e6F, -3e6F}), status::out_of_range));
  EXPECT_TRUE(look::refused(draw({-FLT_MAX, -FLT_MAX, nan}), status::out_of_range | status::nan));
}

TEST(categorical, the_range_ends_where_it_is_said_to_end) {
  const float bound = 0x1p21F / 1.442695F;  // |l| / T, of the best
  EXPECT_EQ(draw({bound - 1, 0}).status, status::ok);
  EXPECT_EQ(draw({bound + 1, 0}).status, status::out_of_range);
  EXPECT_EQ(draw({1 - bound, -infinity}).status, status::ok);
  EXPECT_EQ(draw({-1 - bound, -infinity}).status, status::out_of_range);
  EXPECT_EQ(look::drawn(urn::temperature{2}, std::vector<float>{bound + 1, 0}).status, status::ok);
}

}  // namespace
