#include "urn/processor/typical.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "support/naive_pipeline.hpp"
#include "support/rows.hpp"
#include "urn/urn.hpp"

namespace {

namespace kernel = urn::kernel;
using ids = std::vector<urn::token_id>;
using urn::status, urn::typical;

/// What a typical cut keeps in double, and the least difference that decided: of two scores, or of a mass and
/// p.
struct oracle_cut {
  ids kept;
  double margin = 1;

  oracle_cut(const std::vector<float>& row, const oracle::distribution& d, double p) {
    const double h = oracle::entropy(d);
    const auto score = [&](urn::token_id id) {
      return std::fabs(-d.logprob(row[static_cast<std::size_t>(id)]) - h);
    };
    ids order = oracle::order(row);
    std::sort(order.begin(), order.end());
    std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return score(a) < score(b); });
    double sum = 0;
    for (std::size_t i = 0; i < order.size(); ++i) {
      margin = std::min(margin, std::fabs(sum - p));
      if (i > 0 && sum >= p) {
        margin = std::min(margin, (score(order[i]) - score(order[i - 1])) * 0.1);
        break;
      }
      kept.push_back(order[i]);
      sum += d.p[static_cast<std::size_t>(order[i])];
    }
    std::sort(kept.begin(), kept.end());
  }
};

TEST(typical, keeps_what_is_near_the_mean_surprise) {
  std::size_t compared = 0;
  const auto cuts = [&](const char* name, const std::vector<float>& row) {
    const oracle::distribution d = oracle::softmax(row, 0.8F);
    for (const float p : {0.02F, 0.2F, 0.5F, 0.9F, 0.95F}) {
      const oracle_cut expected(row, d, static_cast<double>(p));
      if (expected.margin < 2e-6) continue;
      EXPECT_EQ(look::kept(urn::temperature{0.8F} | typical{p}, row), expected.kept)
          << name << ", p " << p << ", V " << row.size();
      ++compared;
    }
  };
  for (const std::size_t size : rows::small_sizes) rows::for_each(rows::proper, size, cuts);
  EXPECT_GT(compared, 250U);
}

TEST(typical, vector_t1_the_best_may_go) {
  const std::vector<float> row = look::logits_of({.5, .25, .125, .125});  // the order is 1, 0, 2, 3
  EXPECT_EQ(look::kept(typical{.25F}, row), (ids{1}));
  EXPECT_EQ(look::kept(typical{.251F}, row), (ids{0, 1}));
  EXPECT_EQ(look::kept(typical{.75F}, row), (ids{0, 1}));
  EXPECT_EQ(look::kept(typical{.76F}, row), (ids{0, 1, 2}));  // not its equal
  EXPECT_EQ(look::kept(typical{.88F}, row), (ids{0, 1, 2, 3}));
}

TEST(typical, vector_t1_by_the_rules_of_others) {
  const std::vector<float> row = look::logits_of({.5, .25, .125, .125});
  using urn::typical_rule;
  EXPECT_EQ(look::kept(typical{.249F, typical_rule::with_ties}, row), (ids{1}));
  EXPECT_EQ(look::kept(typical{.251F, typical_rule::beyond}, row), (ids{0, 1}));
  EXPECT_EQ(look::kept(typical{.76F, typical_rule::with_ties}, row), (ids{0, 1, 2, 3}));
  EXPECT_EQ(look::kept(typical{.76F, typical_rule::beyond}, row), (ids{0, 1, 2}));
  const std::vector<float> four(4, 1.5F);  // a quarter each, exactly
  EXPECT_EQ(look::kept(typical{.25F}, four), (ids{0}));
  EXPECT_EQ(look::kept(typical{.25F, typical_rule::with_ties}, four), (ids{0, 1, 2, 3}));
  EXPECT_EQ(look::kept(typical{.25F, typical_rule::beyond}, four), (ids{0, 1}));
  EXPECT_EQ(look::kept(typical{.0F, typical_rule::beyond}, four), (ids{0}));
}

TEST(typical, equal_scores_go_by_id) {
  const std::vector<float> row = look::logits_of({.25, .25, .5});  // all are half a bit from 1.5
  EXPECT_EQ(look::kept(typical{.2F}, row), (ids{0}));
  EXPECT_EQ(look::kept(typical{.3F}, row), (ids{0, 1}));
  EXPECT_EQ(look::kept(typical{.39F}, std::vector<float>(5, 2.0F)), (ids{0, 1}));
}

TEST(typical, of_no_mass_none_is_kept) {
  std::vector<float> row(2000, -100.0F);
  row[700] = 0.0F;
  row[1900] = -2.0F;
  EXPECT_EQ(look::kept(typical{0.99999994F}, row), (ids{700, 1900}));
}

TEST(typical, zero_and_less_keep_the_most_typical) {
  const std::vector<float> row = look::logits_of({.5, .25, .125, .125});
  for (const float p : {0.0F, -1.0F, -naive::infinity, 1e-45F})
    EXPECT_EQ(look::kept(typical{p}, row), (ids{1})) << p;
}

TEST(typical, one_and_more_change_no_bit) {
  rows::for_each(rows::proper, 2000, [](const char* name, const std::vector<float>& row) {
    const urn::draw uncut = look::drawn(urn::temperature{}, row, {.seed = 7});
    for (const float p : {1.0F, 1.5F, naive::infinity})
      EXPECT_TRUE(look::same(look::drawn(typical{p}, row, {.seed = 7}), uncut)) << name << p;
  });
}

TEST(typical, measures_what_a_cut_left) {
  const std::vector<float> row = look::logits_of({.2, .4, .2, .1, .1});
  // Of the best three: .25, .5, .25.
  EXPECT_EQ(look::kept(urn::top_k{3} | typical{.3F}, row), (ids{0, 1}));
  EXPECT_EQ(look::kept(typical{.3F} | urn::top_k{3}, row), (ids{0, 2}));
}

TEST(typical, of_rows_without_a_distribution) {
  rows::for_each(rows::improper, 1500, [](const char* name, const std::vector<float>& row) {
    const urn::draw plain = look::drawn(urn::temperature{}, row);
    const urn::draw d = look::drawn(typical{.5F}, row);
    EXPECT_EQ(d.token, plain.token) << name;
    EXPECT_EQ(d.status, plain.status) << name;
  });
}

TEST(typical, refuses_nan) {
  EXPECT_TRUE(
      look::refused(look::drawn(typical{naive::nan}, std::vector<float>{1, 2}), status::bad_argument));
}

TEST(mean_depth, rounds_to_the_nearest) {
  kernel::row_moments m;
  m.add(3, 5);
  m.add(1, 6);
  EXPECT_EQ(kernel::mean_depth(m), 5);
  m.add(2, 6);
  EXPECT_EQ(kernel::mean_depth(m), 6);
  kernel::row_moments below;
  below.add(4, -7);
  below.add(1, -6);
  EXPECT_EQ(kernel::mean_depth(below), -7);
}

}  // namespace
