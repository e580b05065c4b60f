#include "urn/sampler/mirostat.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "support/naive_pipeline.hpp"
#include "support/rows.hpp"
#include "urn/urn.hpp"

namespace {

using urn::mirostat_state, urn::mirostat_v1, urn::mirostat_v2, urn::status, urn::token_id;

template <class Pipeline>
urn::draw draw(const Pipeline& p, const std::vector<float>& row, const urn::draw_context& who = {}) {
  urn::workspace scratch(row.size());
  return urn::draw_row(urn::scalar, p, row, who, scratch);
}

/// Logits k * ln 2, k <= 0: probabilities whose masses are powers of two of each other.
std::vector<float> powers_of_half(std::initializer_list<int> exponents) {
  std::vector<float> l;
  for (const int k : exponents) l.push_back(static_cast<float>(k * std::log(2.0)));
  return l;
}

TEST(mirostat_v2, vector_m1) {
  const std::vector<float> row = powers_of_half({-1, -2, -3, -3});
  mirostat_state state({.tau = 1, .eta = 0.1F});
  mirostat_state whole({.tau = 1, .eta = 0.1F, .of = urn::surprise::whole});
  EXPECT_EQ(state.mu(), 2.0F);
  urn::draw d;
  for (std::uint32_t step = 0; d.token != 0; ++step) {
    d = draw(mirostat_v2{state.mu()}, row, {.step = step});
    ASSERT_EQ(d.kept, 2U);
  }
  EXPECT_NEAR(d.logprob, std::log(2.0 / 3), 1e-7);
  EXPECT_NEAR(d.prior_logprob, std::log(.5), 1e-7);
  state.accept(d);
  whole.accept(d);
  EXPECT_NEAR(state.mu(), 2.041504, 1e-6);
  EXPECT_NEAR(whole.mu(), 2.0, 1e-6);
}

TEST(mirostat_v2, keeps_what_is_not_too_surprising) {
  std::size_t compared = 0;
  const auto check = [&](const char* name, const std::vector<float>& row) {
    const oracle::distribution p = oracle::softmax(row, 1);
    for (const float mu : {-1.0F, 0.0F, 0.5F, 2.0F, 5.0F, 10.0F, 17.5F}) {
      std::size_t kept = 0;
      double margin = 1;
      double mass = 0;
      for (const double q : p.p) {
        if (q == 0) continue;
        const bool in = -std::log2(q) <= static_cast<double>(mu);
        margin = std::min(margin, std::fabs(-std::log2(q) - static_cast<double>(mu)));
        kept += in ? 1 : 0;
        mass += in ? q : 0;
      }
      if (margin < 1e-5) continue;
      const urn::draw d = draw(mirostat_v2{mu}, row, {.seed = 3});
      EXPECT_EQ(d.kept, std::max<std::size_t>(kept, 1)) << name << " mu " << mu << " V " << row.size();
      const double prior = p.logprob(row[static_cast<std::size_t>(d.token)]);
      EXPECT_NEAR(d.prior_logprob, prior, 2e-6 * (1 + std::fabs(prior))) << name << " mu " << mu;
      const double logprob = kept > 1 ? prior - std::log(mass) : 0.0;
      EXPECT_NEAR(d.logprob, logprob, 2e-6 * (1 + std::fabs(prior))) << name << " mu " << mu;
      ++compared;
    }
  };
  for (const std::size_t size : {2U, 33U, 1500U}) rows::for_each(rows::proper, size, check);
  EXPECT_GT(compared, 250U);
}

TEST(mirostat_v2, the_best_token_is_left) {
  const std::vector<float> row{1, 3, 3, 2};
  for (const float mu : {-naive::infinity, -5.0F, 0.0F, 0.9F}) {
    const urn::draw d = draw(mirostat_v2{mu}, row);
    EXPECT_EQ(d.token, 1) << mu;
    EXPECT_EQ(d.kept, 1U);
    EXPECT_EQ(d.logprob, 0.0F);
    EXPECT_NEAR(d.prior_logprob, oracle::softmax(row, 1).logprob(3), 1e-6);
  }
  EXPECT_EQ(draw(mirostat_v2{naive::infinity}, row).kept, 4U);
}

TEST(mirostat_v2, stands_after_cuts_and_temperature) {
  const std::vector<float> row = look::logits_of({.4, .3, .2, .1});
  EXPECT_EQ(draw(urn::top_k{3} | mirostat_v2{1.6F}, row).kept, 2U);          // of 4/9, 3/9, 2/9
  EXPECT_EQ(draw(urn::temperature{.5F} | mirostat_v2{1.0F}, row).kept, 1U);  // of 16/30, 9/30, ...
  EXPECT_EQ(draw(urn::temperature{0} | mirostat_v2{9}, row).token, 0);
  EXPECT_EQ(draw(urn::temperature{0} | mirostat_v2{9}, row).prior_logprob, 0.0F);
}

/// k by the published formula, in long double; not where floor is a matter of rounding.
double count_by_formula(const std::vector<float>& row, double t, double mu, std::size_t sample) {
  const oracle::ids best = oracle::order(row);
  long double products = 0;
  long double squares = 0;
  for (std::size_t i = 0; i + 1 < std::min(sample, best.size()); ++i) {
    const auto l = [&](std::size_t at) {
      return static_cast<long double>(row[static_cast<std::size_t>(best[at])]);
    };
    const long double b = (l(i) - l(i + 1)) / static_cast<long double>(t);
    const long double weight = std::log(static_cast<long double>(i + 2) / static_cast<long double>(i + 1));
    products += weight * b;
    squares += weight * weight;
  }
  const long double s = products / squares;
  const long double e = s - 1;
  const auto v = static_cast<long double>(row.size());
  return static_cast<double>(
      std::pow(e * std::exp2(static_cast<long double>(mu)) / (1 - std::pow(v, -e)), 1 / s));
}

TEST(mirostat_v1, keeps_as_many_as_zipfs_law_says) {
  std::size_t compared = 0;
  rows::random_source random(1);
  for (int i = 0; i < 400; ++i) {
    const std::size_t size = 2 + random.below(1500);
    const std::vector<float> row =
        i % 2 == 0 ? rows::zipf(size, random, 0.3F + random.uniform() * 2) : rows::normal(size, random, 3);
    const float mu = random.uniform() * 12;
    const float t = 0.5F + random.uniform();
    const double k = count_by_formula(row, static_cast<double>(t), static_cast<double>(mu), 100);
    if (std::isnan(k) || std::fabs(k - std::round(k)) < 1e-9 * k) continue;
    const double expected = std::fmin(std::fmax(std::floor(k), 1.0), static_cast<double>(size));
    const urn::draw d = draw(urn::temperature{t} | mirostat_v1{mu}, row);
    EXPECT_EQ(static_cast<double>(d.kept), expected) << size << " mu " << mu << " k " << k;
    ++compared;
  }
  EXPECT_GT(compared, 350U);
}

TEST(mirostat_v1, of_equal_tokens_all_or_one) {
  const std::vector<float> row(100, 1.5F);  // e = -1: 2^mu / 99 to the power of infinity
  EXPECT_EQ(draw(mirostat_v1{6.6F}, row).kept, 1U);
  EXPECT_EQ(draw(mirostat_v1{6.7F}, row).kept, 100U);
}

TEST(mirostat_v1, has_a_limit_where_the_exponent_is_one) {
  EXPECT_EQ(mirostat_v1{1.0F}.count(1.0, 2), 2U);     // 2 / ln 2 = 2.9, of 2
  EXPECT_EQ(mirostat_v1{3.0F}.count(1.0, 1000), 1U);  // 8 / ln 1000 = 1.16
  EXPECT_EQ(mirostat_v1{3.0F}.count(1.0 + 1e-9, 1000), 1U);
  EXPECT_EQ(mirostat_v1{8.0F}.count(1.0, 1000), 37U);  // 37.06
  EXPECT_EQ(mirostat_v1{8.0F}.count(1.0 + 1e-9, 1000), 37U);
}

TEST(mirostat_v1, renormalises_what_it_draws_from) {
  const std::vector<float> row = look::logits_of({.4, .3, .2, .1});
  for (std::uint32_t step = 0; step < 20; ++step) {
    const urn::draw d = draw(mirostat_v1{1.5F}, row, {.step = step});
    ASSERT_EQ(d.kept, 2U);
    EXPECT_NEAR(d.logprob, row[static_cast<std::size_t>(d.token)] - std::log(.7F), 1e-6F);
    EXPECT_NEAR(d.prior_logprob, row[static_cast<std::size_t>(d.token)], 1e-6F);
  }
}

template <class Sampler>
void expect_refusals() {
  EXPECT_TRUE(look::refused(draw(Sampler{naive::nan}, {1, 2}), status::bad_argument));
  EXPECT_TRUE(look::refused(draw(Sampler{5}, {-naive::infinity, naive::nan}), status::empty | status::nan));
  EXPECT_TRUE(look::refused(draw(Sampler{5}, {3e6F, 1}), status::out_of_range));
  const urn::draw first = draw(Sampler{5}, {1, naive::infinity, naive::infinity});
  EXPECT_EQ(first.token, 1);
  EXPECT_EQ(first.prior_logprob, 0.0F);
  EXPECT_EQ(first.status, status::infinite);
}
TEST(mirostat, refuses_what_has_no_distribution) {
  expect_refusals<mirostat_v1>();
  expect_refusals<mirostat_v2>();
  EXPECT_TRUE(look::refused(draw(mirostat_v1{.sample = 1}, {1, 2}), status::bad_argument));
}

TEST(mirostat, keeps_the_mean_surprise_at_tau) {
  rows::random_source random(5);
  const std::vector<float> row = rows::zipf(1000, random, 1.0F);
  for (const float tau : {2.0F, 4.0F}) {
    mirostat_state state({.tau = tau, .eta = 0.1F});
    double bits = 0;
    constexpr int n = 4000;
    for (int step = 0; step < n; ++step) {
      const urn::draw d = draw(mirostat_v2{state.mu()}, row, {.step = static_cast<std::uint32_t>(step)});
      bits -= static_cast<double>(d.logprob) / std::log(2.0);
      state.accept(d);
    }
    // mu moves by eta * (sum of surprises - n tau) in all, and stays within a few bits.
    EXPECT_NEAR(bits / n, static_cast<double>(tau), 0.05);
  }
}

/// Some draws to accept, one of them without a token.
std::vector<urn::draw> some_draws(std::uint64_t seed, std::size_t n) {
  rows::random_source random(seed);
  std::vector<urn::draw> draws(n);
  for (urn::draw& d : draws) {
    if (random.below(9) == 0) continue;
    d.token = 1;
    d.logprob = -random.uniform() * 9;
    d.prior_logprob = d.logprob - random.uniform();
  }
  return draws;
}

TEST(mirostat_state, rollback_of_k_accepted_draws_is_never_having_accepted_them) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    mirostat_state state(
        {.tau = 3, .eta = 0.2F, .of = seed % 2 == 0 ? urn::surprise::kept : urn::surprise::whole});
    for (const urn::draw& d : some_draws(seed, seed)) state.accept(d);
    mirostat_state other = state;  // which must not notice
    const std::vector<std::uint32_t> before = state.save();
    const std::vector<urn::draw> more = some_draws(seed + 1000, 1 + seed % 7);
    for (const urn::draw& d : more) other.accept(d);
    EXPECT_EQ(state.save(), before);
    other.rollback(more.size());
    EXPECT_EQ(other.save(), before);
    EXPECT_EQ(other.mu(), state.mu());
    other.rollback(1000);
    EXPECT_EQ(other.mu(), 6.0F);
  }
}

TEST(mirostat_state, is_restored_from_what_it_saved) {
  mirostat_state state({.tau = 3});
  for (const urn::draw& d : some_draws(7, 20)) state.accept(d);
  mirostat_state copy({.tau = 3});
  ASSERT_TRUE(copy.restore(state.save()));
  for (std::size_t back = 0; back <= 20; ++back, state.rollback(1), copy.rollback(1)) {
    EXPECT_EQ(copy.mu(), state.mu());
  }
  EXPECT_FALSE(copy.restore({}));
  EXPECT_EQ(copy.mu(), 6.0F);
}

}  // namespace
