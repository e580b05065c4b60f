// The cuts by what the best tokens look like together: top_h and tail_free.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <vector>

#include "support/naive_pipeline.hpp"
#include "support/rows.hpp"
#include "urn/processor/tail_free.hpp"
#include "urn/processor/top_h.hpp"
#include "urn/urn.hpp"

namespace {

using ids = std::vector<urn::token_id>;
using urn::status, urn::tail_free, urn::top_h;

/// The first `count` tokens of the order, and how near the last sums came to the limit.
struct prefix {
  ids kept;
  double margin = 1;

  prefix(const ids& order, const std::vector<double>& parts, double limit) {
    double sum = 0;
    std::size_t count = 0;
    for (; count < parts.size(); ++count) {
      sum += parts[count];
      margin = std::min(margin, std::fabs(sum - limit));
      if (sum > limit) break;
    }
    kept.assign(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(std::max<std::size_t>(1, count)));
    std::sort(kept.begin(), kept.end());
  }
};

prefix top_h_of(const std::vector<float>& row, double h) {
  ids order = oracle::order(row);
  order.resize(std::min<std::size_t>(order.size(), 100));
  std::vector<float> best;
  for (const auto id : order) best.push_back(row[static_cast<std::size_t>(id)]);
  std::vector<double> terms;
  for (const double p : oracle::softmax(best, 1).p) terms.push_back(p > 0 ? -p * std::log(p) : 0.0);
  return {order, terms, h * std::accumulate(terms.begin(), terms.end(), 0.0)};
}

TEST(top_h, keeps_the_prefix_with_a_share_of_the_entropy) {
  std::size_t compared = 0;
  const auto cuts = [&](const char* name, const std::vector<float>& row) {
    for (const float h : {0.05F, 0.4F, 0.7F, 0.9F}) {
      const prefix expected = top_h_of(row, static_cast<double>(h));
      if (expected.margin < 2e-5) continue;
      EXPECT_EQ(look::kept(top_h{h}, row), expected.kept) << name << ", h " << h << ", V " << row.size();
      ++compared;
    }
  };
  for (const std::size_t size : rows::small_sizes) rows::for_each(rows::proper, size, cuts);
  EXPECT_GT(compared, 250U);
}

TEST(top_h, one_keeps_the_best_100) {
  rows::random_source random(1);
  const std::vector<float> row = rows::normal(1000, random, 2);
  for (const float h : {1.0F, 2.0F, naive::infinity})
    EXPECT_EQ(look::kept(top_h{h}, row), look::kept(urn::top_k{100}, row)) << h;
}

TEST(top_h, always_keeps_the_best) {
  const std::vector<float> row = look::logits_of({.1, .5, .4});
  EXPECT_EQ(look::kept(top_h{1e-20F}, row), (ids{1}));
  EXPECT_EQ(look::kept(urn::top_k{1} | top_h{.5F}, row), (ids{1}));
  EXPECT_EQ(look::kept(top_h{1e-20F}, std::vector<float>{0, -90, -95}), (ids{0}));
}

/// text-generation-webui's steps, in double.
prefix tail_free_of(const std::vector<float>& row, double z) {
  const oracle::distribution d = oracle::softmax(row, 1);
  const ids order = oracle::order(row);
  std::vector<double> bends{0.0};  // the first token is always kept
  const auto p = [&](std::size_t i) { return d.p[static_cast<std::size_t>(order[i])]; };
  for (std::size_t i = 0; i + 2 < order.size(); ++i)
    bends.push_back(std::fabs((p(i) - p(i + 1)) - (p(i + 1) - p(i + 2))));
  const double all = std::accumulate(bends.begin(), bends.end(), 0.0);
  if (!(all > 0)) return {order, std::vector<double>(bends.size()), -1e-300};  // only noise
  for (double& b : bends) b /= all;
  prefix found(order, bends, z);
  found.margin -= 1e-6 / all;  // masses are off by 1.6e-7 of themselves
  return found;
}

TEST(tail_free, keeps_what_lies_before_the_tail) {
  std::size_t compared = 0;
  const auto cuts = [&](const char* name, const std::vector<float>& row) {
    for (const float z : {0.3F, 0.7F, 0.9F, 0.95F}) {
      const prefix expected = tail_free_of(row, static_cast<double>(z));
      if (expected.margin < 1e-5) continue;
      EXPECT_EQ(look::kept(tail_free{z}, row), expected.kept) << name << ", z " << z << ", V " << row.size();
      ++compared;
    }
  };
  for (const std::size_t size : rows::small_sizes) rows::for_each(rows::proper, size, cuts);
  EXPECT_GT(compared, 150U);
}

TEST(tail_free, the_last_always_goes) {
  // Second differences .05, .1: shares 1/3 and 2/3.
  const std::vector<float> row = look::logits_of({.4, .3, .25, .05, 0});
  EXPECT_EQ(look::kept(tail_free{.2F}, row), (ids{0}));
  EXPECT_EQ(look::kept(tail_free{.3334F}, row), (ids{0, 1}));
  EXPECT_EQ(look::kept(tail_free{.999F}, row), (ids{0, 1}));
  EXPECT_EQ(look::kept(tail_free{.9F}, std::vector<float>{1, 0}), (ids{0}));
  EXPECT_EQ(look::kept(tail_free{.9F}, std::vector<float>{7}), (ids{0}));
  constexpr auto before = urn::tail_free_rule::before;  // llama.cpp's
  EXPECT_EQ(look::kept(tail_free{.2F, before}, row), (ids{0}));
  EXPECT_EQ(look::kept(tail_free{.3334F, before}, row), (ids{0}));
  EXPECT_EQ(look::kept(tail_free{.9F, before}, std::vector<float>{1, 0}), (ids{0, 1}));
}

TEST(tail_free, a_straight_line_is_kept) {
  EXPECT_EQ(look::kept(tail_free{0.0F}, std::vector<float>(6, 1.5F)), (ids{0, 1, 2, 3, 4}));
}

TEST(tail_cuts, measure_what_a_cut_left) {
  const std::vector<float> row = look::logits_of({.1, .35, .3, .2, .05});
  EXPECT_EQ(look::kept(urn::top_k{2} | tail_free{.9F}, row), (ids{1}));
  EXPECT_EQ(look::kept(urn::top_k{3} | top_h{1.0F}, row), (ids{1, 2, 3}));
  EXPECT_EQ(look::kept(urn::top_k{3} | top_h{.7F}, row), (ids{1, 2}));
}

TEST(tail_cuts, neutral_parameters_change_no_bit) {
  rows::for_each(rows::proper, 2000, [](const char* name, const std::vector<float>& row) {
    const urn::draw uncut = look::drawn(urn::temperature{}, row, {.seed = 7});
    EXPECT_TRUE(look::same(look::drawn(top_h{0.0F}, row, {.seed = 7}), uncut)) << name;
    EXPECT_TRUE(look::same(look::drawn(top_h{-1.0F}, row, {.seed = 7}), uncut)) << name;
    EXPECT_TRUE(look::same(look::drawn(tail_free{1.0F}, row, {.seed = 7}), uncut)) << name;
  });
}

TEST(tail_cuts, of_rows_without_a_distribution) {
  rows::for_each(rows::improper, 1500, [](const char* name, const std::vector<float>& row) {
    const urn::draw plain = look::drawn(urn::temperature{}, row);
    for (const urn::draw& d : {look::drawn(top_h{.5F}, row), look::drawn(tail_free{.5F}, row)}) {
      EXPECT_EQ(d.token, plain.token) << name;
      EXPECT_EQ(d.status, plain.status) << name;
    }
  });
}

TEST(tail_cuts, refuse_nan) {
  const std::vector<float> row{1, 2};
  EXPECT_TRUE(look::refused(look::drawn(top_h{naive::nan}, row), status::bad_argument));
  EXPECT_TRUE(look::refused(look::drawn(tail_free{naive::nan}, row), status::bad_argument));
}

}  // namespace
