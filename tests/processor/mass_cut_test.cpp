// The cuts by a token's own probability: epsilon_cutoff, eta_cutoff, top_a, and min_keep around them.

#include "urn/processor/mass_cut.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <vector>

#include "support/naive_pipeline.hpp"
#include "support/rows.hpp"
#include "urn/urn.hpp"

namespace {

using ids = std::vector<urn::token_id>;
using urn::epsilon_cutoff, urn::eta_cutoff, urn::top_a, urn::min_keep, urn::min_p, urn::top_p, urn::status;

constexpr std::array shares{1e-7F, 3e-4F, 0.01F, 0.1F, 0.4F, 0.99F};

/// Compares a cut with what `bound(distribution, share)` keeps in double; integers may differ by 2e-5 of it,
/// since the entropy does.
template <class Cut, class Bound>
void expect_as_the_oracle(Bound&& bound) {
  std::size_t compared = 0;
  const auto cuts = [&](const char* name, const std::vector<float>& row) {
    const oracle::distribution d = oracle::softmax(row, 0.7F);
    for (const float share : shares) {
      const oracle::cut expected = oracle::at_least(d, bound(d, static_cast<double>(share)));
      if (expected.margin < 2e-5) continue;
      EXPECT_EQ(look::kept(urn::temperature{0.7F} | Cut{share}, row), expected.kept)
          << name << ", " << share << ", V " << row.size();
      ++compared;
    }
  };
  for (const std::size_t size : rows::small_sizes) rows::for_each(rows::proper, size, cuts);
  EXPECT_GT(compared, 400U);
}

TEST(epsilon_cutoff, keeps_what_has_so_much) {
  expect_as_the_oracle<epsilon_cutoff>([](const auto&, double epsilon) { return epsilon; });
}
TEST(eta_cutoff, keeps_less_of_a_sure_row) {
  expect_as_the_oracle<eta_cutoff>([](const oracle::distribution& d, double epsilon) {
    return std::min(epsilon, std::sqrt(epsilon) * std::exp(-oracle::entropy(d)));
  });
}
TEST(top_a, keeps_a_share_of_the_best_squared) {
  expect_as_the_oracle<top_a>([](const oracle::distribution& d, double a) {
    const double top = *std::max_element(d.p.begin(), d.p.end());
    return a * top * top;
  });
}

TEST(eta_cutoff, vector_e1) {
  const std::vector<float> row = look::logits_of({.5, .25, .125, .125});
  EXPECT_EQ(look::kept(eta_cutoff{.25F}, row), (ids{0, 1}));
  EXPECT_EQ(look::kept(eta_cutoff{.09F}, row), (ids{0, 1, 2, 3}));
}

TEST(epsilon_cutoff, the_share_itself_is_enough) {
  const std::vector<float> row{0, 0, 0, 0};
  EXPECT_EQ(look::kept(epsilon_cutoff{.25F}, row), (ids{0, 1, 2, 3}));
  EXPECT_EQ(look::kept(epsilon_cutoff{.25F}, std::vector<float>{0, 0, 0, 0, -30}), (ids{0, 1, 2, 3}));
}

TEST(top_a, one_keeps_what_has_the_best_squared) {
  const std::vector<float> row = look::logits_of({.5, .2500001, .2499999});
  EXPECT_EQ(look::kept(top_a{1.0F}, row), (ids{0, 1}));
}

TEST(mass_cuts, keep_the_best_and_its_equals_in_any_case) {
  const std::vector<float> row{-1, 2, 1.999F, 2, -3};
  for (const float most : {0.9F, 1.0F, 7.0F, naive::infinity}) {
    EXPECT_EQ(look::kept(epsilon_cutoff{most}, row), (ids{1, 3})) << most;
  }
  EXPECT_EQ(look::kept(eta_cutoff{naive::infinity}, row), look::kept(eta_cutoff{1.0F}, row));
}

TEST(mass_cuts, zero_and_less_change_no_bit) {
  rows::for_each(rows::proper, 2000, [](const char* name, const std::vector<float>& row) {
    SCOPED_TRACE(name);
    const urn::draw uncut = look::drawn(urn::temperature{}, row, {.seed = 7});
    for (const float share : {0.0F, -0.0F, -1.0F, -naive::infinity}) {
      EXPECT_TRUE(look::same(look::drawn(epsilon_cutoff{share}, row, {.seed = 7}), uncut));
      EXPECT_TRUE(look::same(look::drawn(eta_cutoff{share}, row, {.seed = 7}), uncut));
      EXPECT_TRUE(look::same(look::drawn(top_a{share}, row, {.seed = 7}), uncut));
      EXPECT_TRUE(look::same(look::drawn(min_keep{9, min_p{share}}, row, {.seed = 7}), uncut));
    }
  });
}

TEST(mass_cuts, measure_what_a_cut_left) {
  const std::vector<float> row = look::logits_of({.1, .4, .3, .15, .05});
  // Of the best three: .4706, .3529, .1765; their entropy is 1.0283.
  EXPECT_EQ(look::kept(urn::top_k{3} | epsilon_cutoff{.16F}, row), (ids{1, 2, 3}));
  EXPECT_EQ(look::kept(epsilon_cutoff{.16F} | urn::top_k{3}, row), (ids{1, 2}));
  EXPECT_EQ(look::kept(urn::top_k{3} | eta_cutoff{.26F}, row), (ids{1, 2}));     // eta .1823
  EXPECT_EQ(look::kept(urn::top_k{3} | eta_cutoff{.24F}, row), (ids{1, 2, 3}));  // eta .1752
  EXPECT_EQ(look::kept(urn::top_k{3} | top_a{.8F}, row), (ids{1, 2}));
  EXPECT_EQ(look::kept(urn::top_k{3} | top_a{.79F}, row), (ids{1, 2, 3}));
}

TEST(mass_cuts, refuse_nan) {
  const std::vector<float> row{1, 2};
  EXPECT_TRUE(look::refused(look::drawn(epsilon_cutoff{naive::nan}, row), status::bad_argument));
  EXPECT_TRUE(look::refused(look::drawn(eta_cutoff{naive::nan}, row), status::bad_argument));
  EXPECT_TRUE(look::refused(look::drawn(top_a{naive::nan}, row), status::bad_argument));
  EXPECT_TRUE(look::refused(look::drawn(top_a{1.5F}, row), status::bad_argument));
  EXPECT_TRUE(look::refused(look::drawn(min_keep{2, min_p{naive::nan}}, row), status::bad_argument));
}

TEST(mass_cuts, of_rows_without_a_distribution) {
  rows::for_each(rows::improper, 1500, [](const char* name, const std::vector<float>& row) {
    const urn::draw plain = look::drawn(urn::temperature{}, row);
    for (const urn::draw& d : {look::drawn(epsilon_cutoff{.1F}, row), look::drawn(eta_cutoff{.1F}, row),
                               look::drawn(top_a{.1F}, row), look::drawn(min_keep{3, top_p{.1F}}, row)}) {
      EXPECT_EQ(d.token, plain.token) << name;
      EXPECT_EQ(d.status, plain.status) << name;
    }
  });
}

TEST(min_keep, leaves_so_many_in_any_case) {
  const std::vector<float> row = look::logits_of({.1, .4, .3, .15, .05});
  EXPECT_EQ(look::kept(min_keep{3, min_p{.9F}}, row), (ids{1, 2, 3}));
  EXPECT_EQ(look::kept(min_keep{3, epsilon_cutoff{.9F}}, row), (ids{1, 2, 3}));
  EXPECT_EQ(look::kept(min_keep{2, eta_cutoff{1.0F}}, row), (ids{1, 2}));
  EXPECT_EQ(look::kept(min_keep{4, top_a{1.0F}}, row), (ids{0, 1, 2, 3}));
  EXPECT_EQ(look::kept(min_keep{3, top_p{.1F}}, row), (ids{1, 2, 3}));
  EXPECT_EQ(look::kept(urn::top_k{2} | min_keep{3, top_p{.1F}}, row), (ids{1, 2}));
}

TEST(min_keep, takes_nothing_away) {
  const std::vector<float> row = look::logits_of({.1, .4, .3, .15, .05});
  for (const std::size_t count : {0U, 1U, 2U}) {
    EXPECT_EQ(look::kept(min_keep{count, min_p{.3F}}, row), look::kept(min_p{.3F}, row));
    EXPECT_EQ(look::kept(min_keep{count, top_p{.8F}}, row), look::kept(top_p{.8F}, row));
  }
  EXPECT_EQ(look::kept(min_keep{100, min_p{.9F}}, row), (ids{0, 1, 2, 3, 4}));
}

TEST(min_keep, of_the_cuts_by_more_than_mass) {
  const std::vector<float> row = look::logits_of({.5, .25, .125, .125});  // typical: 1, 0, 2, 3
  EXPECT_EQ(look::kept(min_keep{2, urn::typical{.1F}}, row), (ids{0, 1}));
  EXPECT_EQ(look::kept(min_keep{3, urn::typical{.1F}}, row), (ids{0, 1, 2}));
  EXPECT_EQ(look::kept(min_keep{9, urn::typical{.1F}}, row), (ids{0, 1, 2, 3}));
  EXPECT_EQ(look::kept(min_keep{3, urn::typical{.1F, urn::typical_rule::with_ties}}, row), (ids{0, 1, 2, 3}));
  EXPECT_EQ(look::kept(min_keep{2, urn::top_h{.01F}}, row), (ids{0, 1}));
  EXPECT_EQ(look::kept(min_keep{3, urn::tail_free{.01F}}, row), (ids{0, 1, 2}));
  EXPECT_EQ(look::kept(min_keep{2, urn::top_n_sigma{.01F}}, row), (ids{0, 1}));
  EXPECT_EQ(look::kept(min_keep{3, urn::top_n_sigma{.01F}}, row), (ids{0, 1, 2, 3}));  // the equal ones
  EXPECT_EQ(look::kept(min_keep{9, urn::top_n_sigma{.01F}}, row), (ids{0, 1, 2, 3}));
}

TEST(min_keep, of_fewer_than_two_is_the_cut) {
  const std::vector<float> row = look::logits_of({.5, .25, .125, .125});
  for (const std::size_t count : {0U, 1U}) {
    EXPECT_EQ(look::kept(min_keep{count, urn::typical{.1F}}, row), (ids{1}));
    EXPECT_EQ(look::kept(min_keep{count, top_p{.1F}}, row), (ids{0}));
    EXPECT_EQ(look::kept(min_keep{count, urn::tail_free{.01F}}, row), (ids{0}));
  }
}

TEST(min_keep, of_ties) {
  const std::vector<float> row{1, 1, 1, 1, 0};
  EXPECT_EQ(look::kept(min_keep{2, min_p{1.0F}}, row), (ids{0, 1, 2, 3}));
  EXPECT_EQ(look::kept(min_keep{2, top_p{.1F}}, row), (ids{0, 1}));
}

}  // namespace
