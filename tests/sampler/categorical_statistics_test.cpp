// Draws in bulk against the probabilities of the oracle. Every test has alpha = 1e-3 and fixed seeds.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

#include "support/oracle.hpp"
#include "support/rows.hpp"
#include "support/statistics.hpp"
#include "urn/core/workspace.hpp"
#include "urn/kernel/policy.hpp"
#include "urn/pipeline/pipeline.hpp"
#include "urn/processor/min_p.hpp"
#include "urn/processor/penalties.hpp"
#include "urn/processor/temperature.hpp"
#include "urn/processor/top_k.hpp"
#include "urn/processor/top_p.hpp"
#include "urn/sampler/categorical.hpp"

namespace {

namespace kernel = urn::kernel;
using counts = std::vector<std::uint64_t>;

constexpr double alpha = 1e-3;
#ifdef __cpp_exceptions
constexpr std::uint32_t draws = 1000000;
#else  // the preset scalar-only: half of those that the default one draws
constexpr std::uint32_t draws = 500000;
#endif

rows::row small_row() {
  rows::random_source random(77);
  return rows::normal(20, random, 1.5F);
}

/// Counts of tokens over draws whose contexts are context(0), context(1), ...
template <class Pipeline, class Context>
counts count(const Pipeline& pipeline, const rows::row& logits, Context&& context) {
  urn::workspace scratch(logits.size());
  counts of(logits.size());
  for (std::uint32_t i = 0; i < draws; ++i) {
    const urn::draw d = urn::draw_row(urn::scalar, pipeline, logits, context(i), scratch);
    if (d.status != urn::status::ok) return {};
    ++of[static_cast<std::size_t>(d.token)];
  }
  return of;
}

urn::draw_context at_step(std::uint32_t step) { return {.seed = 1, .step = step}; }

/// p over the kept ids only.
std::vector<double> kept_only(const std::vector<double>& p, const oracle::ids& kept) {
  std::vector<double> q(p.size());
  double sum = 0;
  for (const std::int32_t id : kept) sum += p[static_cast<std::size_t>(id)];
  for (const std::int32_t id : kept) q[static_cast<std::size_t>(id)] = p[static_cast<std::size_t>(id)] / sum;
  return q;
}

void expect_drawn_with(const counts& of, const std::vector<double>& p) {
  ASSERT_EQ(of.size(), p.size());
  EXPECT_GT(statistics::chi_square_test(of, p), alpha);
}

TEST(categorical_statistics, steps_draw_with_the_probabilities) {
  expect_drawn_with(count(urn::categorical{}, small_row(), at_step), oracle::softmax(small_row(), 1).p);
}

TEST(categorical_statistics, seeds_draw_with_the_probabilities) {
  const auto context = [](std::uint32_t i) { return urn::draw_context{.seed = i, .step = 5}; };
  expect_drawn_with(count(urn::categorical{}, small_row(), context), oracle::softmax(small_row(), 1).p);
}

TEST(categorical_statistics, sequences_draw_with_the_probabilities) {
  const auto context = [](std::uint32_t i) { return urn::draw_context{.seed = 1, .sequence = i, .step = 5}; };
  expect_drawn_with(count(urn::categorical{}, small_row(), context), oracle::softmax(small_row(), 1).p);
}

// What the tests of this file are worth: they notice a temperature that is 1% off, and a tail that is cut.
TEST(categorical_statistics, tests_notice_a_wrong_distribution) {
  const counts of = count(urn::categorical{}, small_row(), at_step);
  EXPECT_LT(statistics::chi_square_test(of, oracle::softmax(small_row(), 1.01F).p), alpha);
  const oracle::distribution d = oracle::softmax(small_row(), 1);
  EXPECT_LT(statistics::chi_square_test(of, kept_only(d.p, oracle::top_k(small_row(), 19))), alpha);
}

TEST(categorical_statistics, temperature) {
  expect_drawn_with(count(urn::temperature{0.6F} | urn::categorical{}, small_row(), at_step),
                    oracle::softmax(small_row(), 0.6F).p);
}

TEST(categorical_statistics, top_k) {
  const rows::row logits = small_row();
  expect_drawn_with(count(urn::top_k{7} | urn::categorical{}, logits, at_step),
                    kept_only(oracle::softmax(logits, 1).p, oracle::top_k(logits, 7)));
}

TEST(categorical_statistics, top_p) {
  const rows::row logits = small_row();
  const oracle::distribution d = oracle::softmax(logits, 1);
  const oracle::cut cut = oracle::top_p(oracle::order(logits), d, 0.8);
  ASSERT_GT(cut.kept.size(), 3U);
  expect_drawn_with(count(urn::top_p{0.8F} | urn::categorical{}, logits, at_step), kept_only(d.p, cut.kept));
}

TEST(categorical_statistics, min_p) {
  const rows::row logits = small_row();
  const oracle::distribution d = oracle::softmax(logits, 1);
  const oracle::cut cut = oracle::min_p(d, 0.1);
  ASSERT_GT(cut.kept.size(), 3U);
  expect_drawn_with(count(urn::min_p{0.1F} | urn::categorical{}, logits, at_step), kept_only(d.p, cut.kept));
}

/// Repetition, then frequency, then presence, by the formulas of CTRL and OpenAI.
rows::row penalised(rows::row logits, const std::vector<urn::token_id>& seen) {
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const auto n = std::count(seen.begin(), seen.end(), static_cast<urn::token_id>(i));
    if (n == 0) continue;
    logits[i] = logits[i] > 0 ? logits[i] / 1.2F : logits[i] * 1.2F;
    logits[i] -= 0.3F * static_cast<float>(n) + 0.4F;
  }
  return logits;
}

TEST(categorical_statistics, penalties_temperature_top_k_top_p) {
  rows::random_source random(78);
  const rows::row logits = rows::normal(40, random, 1.0F);
  const oracle::ids order = oracle::order(logits);
  const std::vector<urn::token_id> seen{order[0], order[2], order[2], order[39],
                                        order[0], order[0], 1000,     -1};
  const rows::row edited = penalised(logits, seen);
  const oracle::distribution d = oracle::softmax(edited, 0.9F);
  const oracle::distribution of_k{kept_only(d.p, oracle::top_k(edited, 20)), 0, 0, 1};
  const oracle::cut cut = oracle::top_p(oracle::order(edited), of_k, static_cast<double>(0.85F));
  ASSERT_GT(cut.margin, 1e-5);
  ASSERT_NE(cut.kept, oracle::top_k(logits, cut.kept.size()));
  const auto pipeline = urn::penalties{.repetition = 1.2F, .frequency = 0.3F, .presence = 0.4F} |
                        urn::temperature{0.9F} | urn::top_k{20} | urn::top_p{0.85F} | urn::categorical{};
  const auto context = [&](std::uint32_t i) {
    return urn::draw_context{.history = seen, .seed = i % 7, .sequence = i % 11, .step = i};
  };
  expect_drawn_with(count(pipeline, logits, context), kept_only(of_k.p, cut.kept));
}

/// Pairs (draw of i, draw of i + 1): independent if they come from the product distribution.
template <class Context>
void expect_independent_neighbours(Context&& context) {
  const rows::row logits{0.3F, -0.4F, 1.1F, 0.0F, -1.2F, 0.8F, 0.2F, -0.1F};
  const std::vector<double> p = oracle::softmax(logits, 1).p;
  urn::workspace scratch(logits.size());
  const auto token = [&](std::uint32_t i) {
    return static_cast<std::size_t>(
        urn::draw_row(urn::scalar, urn::categorical{}, logits, context(i), scratch).token);
  };
  counts pairs(64);
  std::vector<double> expected;
  for (const double first : p) {
    for (const double second : p) expected.push_back(first * second);
  }
  for (std::uint32_t i = 0; i < draws; i += 2) ++pairs[token(i) * 8 + token(i + 1)];
  expect_drawn_with(pairs, expected);
}

TEST(categorical_statistics, neighbouring_steps_are_independent) { expect_independent_neighbours(at_step); }

TEST(categorical_statistics, neighbouring_seeds_are_independent) {
  expect_independent_neighbours([](std::uint32_t i) { return urn::draw_context{.seed = i, .step = 9}; });
}

TEST(categorical_statistics, neighbouring_sequences_are_independent) {
  expect_independent_neighbours([](std::uint32_t i) { return urn::draw_context{.sequence = i, .step = 9}; });
}

// The same number as seed, as sequence and as step.
TEST(categorical_statistics, seed_sequence_and_step_are_not_interchangeable) {
  expect_independent_neighbours([](std::uint32_t i) {
    const std::uint32_t n = i / 2;
    return i % 2 == 0 ? urn::draw_context{.seed = n, .sequence = 1, .step = 2}
                      : urn::draw_context{.seed = 1, .sequence = n, .step = 2};
  });
  expect_independent_neighbours([](std::uint32_t i) {
    const std::uint32_t n = i / 2;
    return i % 2 == 0 ? urn::draw_context{.seed = 3, .sequence = n, .step = 2}
                      : urn::draw_context{.seed = 3, .sequence = 2, .step = n};
  });
}

/// A row weighed once and drawn from many times: what `categorical` does, without weighing again.
struct weighed_row {
  const rows::row& logits;
  float c;
  std::vector<urn::block_mass> blocks;
  kernel::row_mass mass;

  explicit weighed_row(const rows::row& row)
      : logits(row), c(kernel::mass_scale(1.0F)), blocks(urn::block_count(row.size())) {
    mass = urn::scalar.mass(urn::row_view{row}, c, blocks, {});
  }
  [[nodiscard]] std::size_t pick(std::uint32_t step) const {
    return urn::scalar.pick(urn::row_view{logits}, c, blocks, mass, {1, 0, step});
  }
};

void expect_full_draw(const rows::row& logits, std::uint32_t step, std::size_t token,
                      urn::workspace& scratch) {
  const urn::draw d = urn::draw_row(urn::scalar, urn::categorical{}, logits, at_step(step), scratch);
  ASSERT_EQ(d.status, urn::status::ok);
  ASSERT_EQ(static_cast<std::size_t>(d.token), token) << step;
}

// Four blocks of unequal mass; the likely tokens stand first in each, so that walks are short.
TEST(categorical_statistics, rows_of_several_blocks) {
  rows::random_source random(79);
  rows::row logits(4000);
  for (std::size_t i = 0; i < logits.size(); ++i) {
    logits[i] = random.normal(0.5F) - 0.12F * static_cast<float>(i % 1024) +
                0.7F * std::floor(static_cast<float>(i) / 1024.0F);
  }
  const weighed_row row(logits);
  counts of(logits.size());
  for (std::uint32_t step = 0; step < draws; ++step) ++of[row.pick(step)];
  expect_drawn_with(of, oracle::softmax(logits, 1).p);
  urn::workspace scratch(logits.size());
  for (std::uint32_t step = 0; step < 300; ++step) expect_full_draw(logits, step, row.pick(step), scratch);
}

TEST(categorical_statistics, rows_of_several_blocks_in_any_order) {
  rows::random_source random(80);
  const rows::row logits = rows::normal(5000, random, 2);
  const weighed_row row(logits);
  counts of(logits.size());
  for (std::uint32_t step = 0; step < 100000; ++step) ++of[row.pick(step)];
  expect_drawn_with(of, oracle::softmax(logits, 1).p);
}

/// A head and 262,143 tokens 20.7 nats below it: 1e-9 each, 2.7e-4 together.
struct tail_draws {
  rows::row logits = rows::headed(262144, 262144, 20.7F);
  weighed_row row;
  std::vector<std::pair<std::uint32_t, std::size_t>> hits;  ///< step and token
  static constexpr std::uint32_t tries = 2000000;

  tail_draws() : row((std::swap(logits.front(), logits[logits.size() / 2]), logits)) {
    for (std::uint32_t step = 0; step < tries; ++step) {
      const std::size_t token = row.pick(step);
      if (token != 0) hits.emplace_back(step, token);
    }
  }
  /// Chi-square that the hits outside the head's block fall evenly into eight groups.
  template <class Group>
  [[nodiscard]] double evenness(Group&& group) const {
    std::array<std::uint64_t, 8> of{};
    std::array<double, 8> expected{};
    for (std::size_t token = 1024; token < logits.size(); ++token)
      expected[group(token)] += 1.0 / (255 * 1024);
    for (const auto& [step, token] : hits) {
      if (token >= 1024) ++of[group(token)];
    }
    return statistics::chi_square_test(of, expected);
  }
};

TEST(categorical_statistics, a_long_tail_is_drawn_at_its_rate) {
  const tail_draws tail;
  const double rate = 1 - oracle::softmax(tail.logits, 1).p.front();
  EXPECT_NEAR(rate, 2.68e-4, 0.01e-4);
  EXPECT_GT(statistics::poisson_test(tail.hits.size(), rate * tail_draws::tries), alpha) << tail.hits.size();
  EXPECT_GT(tail.evenness([](std::size_t token) { return token / 32768; }), alpha);
  EXPECT_GT(tail.evenness([](std::size_t token) { return token % 1024 / 128; }), alpha);
  EXPECT_GT(tail.evenness([](std::size_t token) { return token % 8; }), alpha);
  urn::workspace scratch(tail.logits.size());
  for (std::size_t i = 0; i < 150; ++i) {
    expect_full_draw(tail.logits, tail.hits[i].first, tail.hits[i].second, scratch);
    const auto step = static_cast<std::uint32_t>(i);
    expect_full_draw(tail.logits, step, tail.row.pick(step), scratch);
  }
}

}  // namespace
