#include "urn/sampler/adaptive_p.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <istream>
#include <sstream>
#include <string>
#include <vector>

#include "support/naive_pipeline.hpp"
#include "support/rows.hpp"
#include "support/statistics.hpp"
#include "urn/urn.hpp"

namespace {

using urn::adaptive_p, urn::adaptive_p_state, urn::status;

/// A mask that may follow a cut.
struct ban_2 {
  using stage = urn::elementwise_edit;
  static constexpr bool only_masks = true;
  float operator()(float logit, urn::token_id id) const { return id == 2 ? -naive::infinity : logit; }
};

template <class Pipeline>
urn::draw draw(const Pipeline& p, const std::vector<float>& row, const urn::draw_context& who = {}) {
  urn::workspace scratch(row.size());
  return urn::draw_row(urn::scalar, p, row, who, scratch);
}

/// softmax(l') of probabilities, in double.
std::vector<double> reshaped(const std::vector<double>& p, double target) {
  std::vector<double> q;
  double sum = 0;
  for (const double x : p) {
    const double d = std::fabs(x - target) / 0.3;
    q.push_back(std::exp(5 - 10 * d * d / (1 + d)));
    sum += q.back();
  }
  for (double& x : q) x /= sum;
  return q;
}

TEST(adaptive_p, vector_a1) {
  const std::vector<float> row = look::logits_of({.5, .3, .2});
  EXPECT_NEAR(adaptive_p{.3F}.reshaped(.5F), 2.3333, 1e-4);
  EXPECT_NEAR(adaptive_p{.3F}.reshaped(.3F), 5, 1e-6);
  EXPECT_NEAR(adaptive_p{.3F}.reshaped(.2F), 4.1667, 1e-4);
  const std::vector<double> q{.0462, .6649, .2889};
  for (std::uint32_t step = 0; step < 30; ++step) {
    const urn::draw d = draw(adaptive_p{.3F}, row, {.step = step});
    EXPECT_NEAR(std::exp(d.logprob), q[static_cast<std::size_t>(d.token)], 1e-4);
    EXPECT_NEAR(d.prior_logprob, row[static_cast<std::size_t>(d.token)], 1e-6);
    EXPECT_EQ(d.kept, 3U);
  }
}

TEST(adaptive_p, draws_by_the_reshaped_distribution) {
  const std::vector<double> p{.35, .05, .25, .3, .03, .02};
  std::vector<float> row;
  for (const double x : p) row.push_back(static_cast<float>(std::log(x) * 2));
  std::vector<std::uint64_t> counts(p.size());
  urn::workspace scratch(row.size());
  for (std::uint32_t step = 0; step < 100000; ++step) {
    const urn::draw d = (urn::temperature{2} | adaptive_p{.25F})(urn::scalar, row, {.step = step}, scratch);
    ++counts[static_cast<std::size_t>(d.token)];
  }
  EXPECT_GT(statistics::chi_square_test(counts, reshaped(p, static_cast<double>(.25F))), 1e-3);
}

TEST(adaptive_p, says_how_likely_the_token_was_before_and_after) {
  std::size_t compared = 0;
  const auto check = [&](const char* name, const std::vector<float>& row) {
    const oracle::distribution p = oracle::softmax(row, 1);
    std::vector<double> left;
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (oracle::survives(row[i])) left.push_back(p.p[i]);
    }
    for (const float target : {0.0F, 0.2F, 0.7F, 1.0F}) {
      const std::vector<double> q = reshaped(left, static_cast<double>(target));
      const urn::draw d = draw(adaptive_p{target} | urn::logprobs{}, row, {.seed = 5});
      ASSERT_NE(d.token, urn::no_token) << name;
      EXPECT_EQ(d.kept, left.size()) << name;
      std::size_t place = 0;
      for (std::size_t i = 0; i < static_cast<std::size_t>(d.token); ++i)
        place += oracle::survives(row[i]) ? 1 : 0;
      EXPECT_NEAR(d.logprob, std::log(q[place]), 1e-5 * (1 + std::fabs(std::log(q[place])))) << name;
      const double prior = p.logprob(row[static_cast<std::size_t>(d.token)]);
      EXPECT_NEAR(d.prior_logprob, prior, 2e-6 + 1e-6 * std::fabs(prior)) << name;
      ++compared;
    }
  };
  for (const std::size_t size : {1U, 33U, 1500U}) rows::for_each(rows::proper, size, check);
  EXPECT_GT(compared, 150U);
}

TEST(adaptive_p, does_not_bring_back_what_an_edit_took_after_a_cut) {
  const std::vector<float> row{1, 2, 3, 4};
  for (std::uint32_t step = 0; step < 50; ++step) {
    const auto ban = urn::top_k{3} | ban_2{} | adaptive_p{0};
    EXPECT_NE(draw(ban, row, {.step = step}).token, 2);
  }
}

TEST(adaptive_p, a_negative_target_changes_no_bit) {
  rows::for_each(rows::proper, 1500, [](const char* name, const std::vector<float>& row) {
    const urn::draw plain = draw(urn::top_p{.9F} | urn::categorical{}, row, {.seed = 8});
    const urn::draw d = draw(urn::top_p{.9F} | adaptive_p{}, row, {.seed = 8});
    EXPECT_TRUE(look::same(d, plain)) << name;
    EXPECT_EQ(d.prior_logprob, plain.logprob) << name;
  });
}

TEST(adaptive_p, refuses_what_has_no_distribution) {
  EXPECT_TRUE(look::refused(draw(adaptive_p{naive::nan}, {1, 2}), status::bad_argument));
  EXPECT_TRUE(look::refused(draw(adaptive_p{.5F}, {-naive::infinity}), status::empty));
  EXPECT_TRUE(look::refused(draw(adaptive_p{.5F}, {3e6F, 1}), status::out_of_range));
  EXPECT_EQ(draw(adaptive_p{.5F}, {1, naive::infinity}).token, 1);
  EXPECT_EQ(draw(adaptive_p{.5F}, {1, naive::infinity}).prior_logprob, 0.0F);
}

/// A draw whose token had the probability p.
urn::draw drawn_with(float p) { return {.token = 1, .prior_logprob = std::log(p)}; }

TEST(adaptive_p_state, starts_at_the_target_and_leans_against_the_draws) {
  adaptive_p_state state({.target = .4F, .decay = .9F});
  EXPECT_NEAR(state.target(), .4, 1e-6);
  double s = .4 / .1;
  double w = 1 / .1;
  for (const float p : {.9F, .8F, .05F, 1.0F, .3F}) {
    state.accept(drawn_with(p));
    s = static_cast<double>(p) + .9 * s;
    w = 1 + .9 * w;
    EXPECT_NEAR(state.target(), std::fmin(std::fmax(.8 - s / w, 0.0), 1.0), 2e-6);
  }
  for (int i = 0; i < 100; ++i) state.accept(drawn_with(1.0F));
  EXPECT_EQ(state.target(), 0.0F);
  EXPECT_NEAR((adaptive_p_state({.target = .3F, .decay = 5}).target()), .3, 1e-5);  // decay is 0.99
}

TEST(adaptive_p_state, rollback_of_k_accepted_draws_is_never_having_accepted_them) {
  rows::random_source random(1);
  for (std::size_t before = 0; before < 30; ++before) {
    adaptive_p_state state({.target = .6F});
    for (std::size_t i = 0; i < before; ++i) state.accept(drawn_with(random.uniform() + 0x1p-24F));
    adaptive_p_state other = state;
    const std::vector<std::uint32_t> saved = state.save();
    const std::size_t more = 1 + random.below(6);
    for (std::size_t i = 0; i < more; ++i) other.accept(i == 2 ? urn::draw{} : drawn_with(.5F));
    EXPECT_EQ(state.save(), saved);
    other.rollback(more);
    EXPECT_EQ(other.save(), saved);
    adaptive_p_state restored({.target = .6F});
    ASSERT_TRUE(restored.restore(saved));
    EXPECT_EQ(restored.target(), state.target());
    EXPECT_FALSE(restored.restore(std::vector<std::uint32_t>{1}));
  }
}

TEST(adaptive_p_state, leaves_a_negative_target_alone) {
  adaptive_p_state state({.target = -1});
  state.accept(drawn_with(.5F));
  EXPECT_EQ(state.target(), -1.0F);
}

/// The row of token `step` in the cases of fixtures/adaptive.
std::vector<float> row_of(std::uint64_t seed, std::uint64_t step, std::size_t size) {
  rows::random_source random(seed * 16 + step);
  return rows::normal(size, random, 0.5F + 0.25F * static_cast<float>(seed % 9));
}

/// The next token of a case: the sampler keeps as many, and gives the token as much, as llama.cpp's does;
/// then the state accepts it.
template <class Sampler, class State>
void follow(std::istream& line, const std::vector<float>& row, const Sampler& sampler, State& state) {
  std::size_t kept = 0;
  std::vector<urn::token_logprob> of_token(1);
  double p = 0;
  line >> kept >> of_token[0].token >> p;
  urn::draw d = draw(sampler | urn::logprobs{.raw = false}, row, {.given_logprobs = of_token});
  ASSERT_EQ(d.kept, kept);
  ASSERT_NEAR(of_token[0].logprob, std::log(p), 2e-4 * (1 - std::log(p)));
  d.token = of_token[0].token;
  d.logprob = of_token[0].logprob;
  d.prior_logprob =
      static_cast<float>(oracle::softmax(row, 1).logprob(row[static_cast<std::size_t>(d.token)]));
  state.accept(d);
}

TEST(adaptive, samplers_and_states_follow_those_of_llama_cpp) {
  std::ifstream file(URN_TEST_FIXTURES "/adaptive/cases.txt");
  std::size_t cases = 0;
  for (std::string text; std::getline(file, text); ++cases) {
    SCOPED_TRACE(text);
    std::istringstream line(text);
    int kind = 0;
    std::uint64_t seed = 0;
    std::size_t size = 0;
    float a = 0;
    float b = 0;
    line >> kind >> seed >> size >> a >> b;
    urn::mirostat_state mirostat({.tau = a, .eta = b});
    adaptive_p_state adaptive({.target = a, .decay = b});
    for (std::uint64_t step = 0; step < 3; ++step) {
      const std::vector<float> row = row_of(seed, step, size);
      if (kind == 1) follow(line, row, urn::mirostat_v1{mirostat.mu()}, mirostat);
      if (kind == 2) follow(line, row, urn::mirostat_v2{mirostat.mu()}, mirostat);
      if (kind == 3) follow(line, row, adaptive_p{adaptive.target()}, adaptive);
      if (testing::Test::HasFatalFailure()) return;
    }
  }
  EXPECT_EQ(cases, 660U);
}

}  // namespace
