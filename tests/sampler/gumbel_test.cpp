#include "urn/sampler/gumbel.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "support/naive_pipeline.hpp"
#include "support/rows.hpp"
#include "support/statistics.hpp"
#include "urn/urn.hpp"

namespace {

using urn::gumbel, urn::status, urn::token_id;

template <class Pipeline>
urn::draw draw(const Pipeline& p, const std::vector<float>& row, const urn::draw_context& who = {}) {
  urn::workspace scratch(row.size());
  return urn::draw_row(urn::scalar, p, row, who, scratch);
}

/// The 64 bits of a token: lanes of purpose 2, two tokens each.
std::uint64_t noise(const urn::draw_context& who, std::size_t token) {
  const auto word = [](std::uint64_t x, int i) { return static_cast<std::uint32_t>(x >> (32 * i)); };
  const auto lane = (2U << 24) | static_cast<std::uint32_t>(token / 2);
  const auto w = urn::philox4x32({who.step, lane, word(who.sequence, 0), word(who.sequence, 1)},
                                 {word(who.seed, 0), word(who.seed, 1)});
  const std::size_t at = token % 2 * 2;
  return w[at] | (std::uint64_t{w[at + 1]} << 32);
}

/// argmax of l / T - ln(-ln(1 - u)) in long double.
token_id by_definition(const std::vector<float>& row, double t, const urn::draw_context& who) {
  token_id best = urn::no_token;
  long double most = -1e30L;
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (!oracle::survives(row[i])) continue;
    const long double u = (static_cast<long double>(noise(who, i)) + 0.5L) * 0x1p-64L;
    const long double g =
        static_cast<long double>(row[i]) / static_cast<long double>(t) - std::log(-std::log1p(-u));
    if (g > most) best = static_cast<token_id>(i);
    most = std::fmax(most, g);
  }
  return best;
}

TEST(gumbel, is_the_token_with_the_largest_noisy_logit) {
  std::size_t compared = 0;
  const auto check = [&](const char* name, const std::vector<float>& row) {
    for (std::uint32_t step = 0; step < 4; ++step, ++compared) {
      const urn::draw_context who{.seed = 9, .sequence = row.size(), .step = step};
      const urn::draw d = draw(urn::temperature{.8F} | gumbel{}, row, who);
      const token_id expected = by_definition(row, static_cast<double>(.8F), who);
      if (row.size() == 1) continue;
      EXPECT_EQ(d.token, expected) << name << " V " << row.size();
    }
  };
  for (const std::size_t size : {1U, 2U, 33U, 1025U, 3000U}) rows::for_each(rows::proper, size, check);
  EXPECT_GT(compared, 350U);
}

template <class Pipeline>
std::vector<std::uint64_t> counts(const Pipeline& p, const std::vector<float>& row, std::uint32_t n) {
  std::vector<std::uint64_t> counts(row.size());
  urn::workspace scratch(row.size());
  for (std::uint32_t step = 0; step < n; ++step)
    ++counts[static_cast<std::size_t>(p(urn::scalar, row, {.seed = 42, .step = step}, scratch).token)];
  return counts;
}

TEST(gumbel, draws_with_the_tokens_probabilities) {
  const std::vector<float> row = look::logits_of({.5, .2, .125, .1, .05, .024, .001});
  for (const float t : {0.5F, 1.0F, 2.0F}) {
    const auto seen = counts(urn::temperature{t} | gumbel{}, row, 100000);
    EXPECT_GT(statistics::chi_square_test(seen, oracle::softmax(row, t).p), 1e-3) << t;
  }
}
TEST(gumbel, draws_over_many_blocks) {
  rows::random_source r(1);
  const std::vector<float> row = rows::normal(1500, r, 2.5F);
  EXPECT_GT(statistics::chi_square_test(counts(urn::temperature{} | gumbel{}, row, 8000),
                                        oracle::softmax(row, 1).p),
            1e-3);
}
TEST(gumbel, draws_from_what_a_cut_kept) {
  const std::vector<float> row = look::logits_of({.1, .4, .05, .3, .15});
  const std::vector<double> renormalised{0, .4 / .85, 0, .3 / .85, .15 / .85};
  EXPECT_GT(statistics::chi_square_test(counts(urn::top_k{3} | gumbel{}, row, 100000), renormalised), 1e-3);
}

// With 24-bit uniforms no token more than 16.64 nats behind is ever drawn. Only races whose head starts late
// are run: there the tail has more of a chance, and it is known how much.
TEST(gumbel, draws_the_far_tail_at_its_rate) {
  std::vector<float> logits(1024, -17.0F);
  logits[777] = 0;
  const urn::row_view row{logits};
  std::vector<urn::block_mass> blocks(1);
  const float c = urn::kernel::mass_scale(1.0F);
  const urn::kernel::row_mass mass = urn::scalar.mass(row, c, blocks, {});
  std::uint64_t tail = 0;
  double mean = 0;
  for (std::uint32_t step = 0; step < 1000000; ++step) {
    const urn::draw_key key{42, 0, step};
    const double head = urn::kernel::exponential(urn::token_bits(key, urn::lane_purpose::race, 777));
    if (head < 4) continue;
    tail += urn::scalar.race(row, c, blocks, mass, key) != 777 ? 1 : 0;
    mean += head * 1023 * std::exp(-17.0);
  }
  EXPECT_GT(tail, 0U);
  EXPECT_GT(statistics::poisson_test(tail, mean), 1e-3) << tail << " of " << mean;
}

TEST(gumbel, weights_do_not_end_where_masses_do) {
  const float c = urn::kernel::mass_scale(1.0F);
  const std::uint32_t key = urn::kernel::block_key(0.0F, c);
  const double head = urn::kernel::weight_in_row(0.0F, c, key);
  for (float gap = 0; gap < 69; gap += 0.37F) {
    const double w = urn::kernel::weight_in_row(-gap, c, key) / head;
    EXPECT_NEAR(w * std::exp(static_cast<double>(gap)), 1.0, 4e-6) << gap;
  }
  EXPECT_EQ(urn::kernel::weight_in_row(-71.0F, c, key), 0.0);
  for (const float l : {-naive::infinity, naive::nan, -naive::nan}) {
    EXPECT_EQ(urn::kernel::weight_in_row(l, c, key), 0.0);
  }
}

TEST(gumbel, a_token_wins_whatever_the_losers_are) {
  rows::random_source r(3);
  for (std::uint32_t step = 0; step < 200; ++step) {
    std::vector<float> row = rows::normal(300, r, 1.5F);
    const urn::draw_context who{.seed = 4, .step = step};
    const urn::draw d = draw(gumbel{}, row, who);
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (static_cast<token_id>(i) != d.token && r.below(3) == 0) row[i] -= r.uniform() * 9;
    }
    EXPECT_EQ(draw(gumbel{}, row, who).token, d.token);
    EXPECT_EQ(draw(urn::min_p{1e-9F} | gumbel{}, row, who).token, d.token);
    for (float& l : row) l += 3.25F;
    EXPECT_EQ(draw(urn::top_k{299} | gumbel{}, row, who).token, d.token);
  }
}

TEST(gumbel, says_what_categorical_says) {
  rows::for_each(rows::proper, 1500, [](const char* name, const std::vector<float>& row) {
    const urn::draw a = draw(urn::top_p{.9F} | gumbel{}, row, {.seed = 1});
    const urn::draw b = draw(urn::top_p{.9F} | urn::categorical{}, row, {.seed = 1});
    EXPECT_EQ(a.kept, b.kept) << name;
    EXPECT_EQ(a.mass, b.mass) << name;
    const oracle::distribution p = oracle::softmax(row, 1);
    const auto logprob = [&](token_id id) { return p.logprob(row[static_cast<std::size_t>(id)]); };
    const double expected = logprob(a.token) - logprob(b.token) + static_cast<double>(b.logprob);
    EXPECT_NEAR(a.logprob, expected, 1e-5 * (1 + std::fabs(expected))) << name;
  });
}

TEST(gumbel, refuses_what_has_no_distribution) {
  EXPECT_TRUE(look::refused(draw(gumbel{}, {-naive::infinity, naive::nan}), status::empty | status::nan));
  EXPECT_TRUE(look::refused(draw(gumbel{}, {3e6F, 1}), status::out_of_range));
  EXPECT_EQ(draw(gumbel{}, {1, naive::infinity, naive::infinity}).token, 1);
  EXPECT_EQ(draw(urn::temperature{0} | gumbel{}, {1, 3, 2}).token, 1);
}

}  // namespace
