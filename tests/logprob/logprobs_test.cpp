#include "urn/logprob/logprobs.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cfloat>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "support/naive_pipeline.hpp"
#include "support/rows.hpp"
#include "urn/urn.hpp"

namespace {

using naive::infinity, naive::nan;
using urn::categorical, urn::greedy, urn::logprobs, urn::status, urn::token_id, urn::token_logprob;

/// Within the float's rounding and the masses' error.
void expect_logprob(float got, double expected) {
  if (std::isinf(expected)) {
    EXPECT_EQ(static_cast<double>(got), expected);
  } else {
    EXPECT_NEAR(static_cast<double>(got), expected, 5e-7 + 2e-7 * std::fabs(expected));
  }
}
/// ln softmax of the token; -inf for one that cannot be drawn.
double log_softmax(const std::vector<float>& row, float t, token_id token) {
  const float l = row[static_cast<std::size_t>(token)];
  return oracle::survives(l) ? oracle::softmax(row, t).logprob(l) : -static_cast<double>(infinity);
}

/// A draw with both lists of the n best.
struct listed {
  urn::draw drawn;
  std::vector<token_logprob> best, raw_best;
};
template <class Pipeline>
listed draw_listed(const Pipeline& p, const std::vector<float>& row, std::size_t n, std::uint64_t seed = 0,
                   std::size_t raw_n = ~std::size_t{0}) {
  const token_logprob stale{77, 0.5F};
  listed result{{}, std::vector(n, stale), std::vector(raw_n == ~std::size_t{0} ? n : raw_n, stale)};
  urn::workspace scratch(row.size());
  result.drawn = p(urn::scalar, row,
                   {.seed = seed, .top_logprobs = result.best, .raw_top_logprobs = result.raw_best}, scratch);
  return result;
}

/// The list names the order of candidates of `row`, with the logprobs at temperature t, padded with no_token.
void expect_best(const std::vector<token_logprob>& best, const std::vector<float>& row, float t) {
  const oracle::ids order = oracle::order(row);
  const oracle::distribution d = oracle::softmax(row, t);
  for (std::size_t i = 0; i < best.size(); ++i) {
    if (i >= order.size()) {
      EXPECT_EQ(best[i], token_logprob{}) << i;
      continue;
    }
    EXPECT_EQ(best[i].token, order[i]) << i;
    expect_logprob(best[i].logprob, d.logprob(row[static_cast<std::size_t>(order[i])]));
  }
}

TEST(logprobs, of_the_chosen_raw_and_processed) {
  const auto p = urn::temperature{0.7F} | categorical{} | logprobs{};
  rows::random_source r(1);
  for (const std::size_t size : rows::small_sizes) {
    rows::for_each(rows::proper, size, [&](const char* name, const std::vector<float>& row) {
      SCOPED_TRACE(name);
      const listed got = draw_listed(p, row, 0, r.bits());
      ASSERT_NE(got.drawn.token, urn::no_token);
      expect_logprob(got.drawn.logprob, log_softmax(row, 0.7F, got.drawn.token));
      expect_logprob(got.drawn.raw_logprob, log_softmax(row, 1, got.drawn.token));
      EXPECT_EQ(got.drawn.rank, naive::rank(row, got.drawn.token));
    });
  }
}

TEST(logprobs, the_best_raw_and_processed) {
  const auto p = urn::temperature{1.6F} | categorical{} | logprobs{};
  for (const std::size_t size : {2U, 1500U}) {
    rows::for_each(rows::proper, size, [&](const char* name, const std::vector<float>& row) {
      SCOPED_TRACE(name);
      for (const std::size_t n : {1U, 5U, 40U}) {
        const listed got = draw_listed(p, row, n, n);
        expect_best(got.best, row, 1.6F);
        expect_best(got.raw_best, row, 1);
      }
    });
  }
}

TEST(logprobs, lists_longer_than_the_row_end_with_no_token) {
  const std::vector<float> row{1, -infinity, 3, nan, 2};
  const listed got = draw_listed(urn::temperature{} | categorical{} | logprobs{}, row, 9);
  expect_best(got.best, row, 1);
  expect_best(got.raw_best, row, 1);
  EXPECT_EQ(got.best[2].token, 0);
  EXPECT_EQ(got.best[3], token_logprob{});
}

TEST(logprobs, after_a_cut_list_what_was_kept) {
  const std::vector<float> row = look::logits_of({.1, .4, .05, .3, .15});
  const std::vector<float> kept = look::logits_of({0, .4, 0, .3, .15});
  const listed got = draw_listed(urn::top_k{3} | categorical{} | logprobs{}, row, 5, 6);
  expect_best(got.best, kept, 1);
  expect_best(got.raw_best, row, 1);
  EXPECT_EQ(got.best[3], token_logprob{});
}

TEST(logprobs, after_edits_the_raw_row_is_as_it_came) {
  constexpr std::array bias{urn::token_bias{0, 2.0F}, urn::token_bias{3, -infinity}};
  const std::vector<float> row{1, 2, 0.5F, 4};
  const std::vector<float> edited{3, 2, 0.5F, -infinity};
  const listed got = draw_listed(urn::logit_bias{bias} | categorical{} | logprobs{}, row, 4, 2);
  expect_best(got.best, edited, 1);
  expect_best(got.raw_best, row, 1);
  expect_logprob(got.drawn.raw_logprob, log_softmax(row, 1, got.drawn.token));
  expect_logprob(got.drawn.logprob, log_softmax(edited, 1, got.drawn.token));
  EXPECT_EQ(got.drawn.rank, naive::rank(row, got.drawn.token));
}

TEST(logprobs, the_list_and_the_chosen_say_the_same) {
  const auto p = urn::temperature{0.8F} | urn::top_p{0.9F} | categorical{} | logprobs{};
  rows::for_each(rows::proper, 1100, [&](const char* name, const std::vector<float>& row) {
    const listed got = draw_listed(p, row, row.size(), 5);
    std::size_t found = 0;
    for (const token_logprob& t : got.best) {
      if (t.token != got.drawn.token) continue;
      EXPECT_EQ(t.logprob, got.drawn.logprob) << name;
      ++found;
    }
    EXPECT_EQ(found, 1U) << name;
    EXPECT_EQ(got.raw_best[got.drawn.rank - 1], (token_logprob{got.drawn.token, got.drawn.raw_logprob}))
        << name;
  });
}

TEST(logprobs, renormalise_by_the_mass_that_was_kept) {
  // logp_processed(x) = logp_T(x) - ln(sum over the kept of p_T)
  rows::random_source r(8);
  for (int n = 0; n < 300; ++n) {
    const std::vector<float> row = rows::normal(1 + r.below(3000), r, 3);
    const float t = 0.3F + r.uniform();
    const auto cuts = urn::temperature{t} | urn::top_k{60} | urn::top_p{0.95F} | urn::min_p{0.02F};
    const listed got = draw_listed(cuts | categorical{} | logprobs{}, row, 60, r.bits());
    const oracle::distribution d = oracle::softmax(row, t);
    double kept = 0;
    std::uint32_t size = 0;
    for (const token_logprob& b : got.best) {
      if (b.token == urn::no_token) continue;
      kept += d.p[static_cast<std::size_t>(b.token)];
      ++size;
    }
    EXPECT_EQ(got.drawn.kept, size);
    expect_logprob(got.drawn.logprob, log_softmax(row, t, got.drawn.token) - std::log(kept));
  }
}

TEST(logprobs, rank_counts_equal_logits_by_id) {
  const std::vector<float> row{2, 5, 2, 2, -0.0F, 0.0F, nan, -infinity};
  urn::workspace scratch(row.size());
  const std::vector<std::uint32_t> expected{2, 1, 3, 4, 5, 6, 8, 7};
  for (std::size_t i = 0; i < row.size(); ++i) {
    const auto token = static_cast<token_id>(i);
    EXPECT_EQ(urn::score_token(urn::scalar, row, token, scratch).rank, expected[i]) << i;
    EXPECT_EQ(naive::rank(row, token), expected[i]) << i;
  }
}

TEST(logprobs, complete_a_greedy_draw) {
  const std::vector<float> row{1, 2, 3, 3};
  const listed whole = draw_listed(urn::temperature{0.5F} | greedy{} | logprobs{}, row, 4);
  EXPECT_EQ(whole.drawn.token, 2);
  expect_logprob(whole.drawn.logprob, log_softmax(row, 0.5F, 2));
  expect_logprob(whole.drawn.raw_logprob, log_softmax(row, 1, 2));
  EXPECT_EQ(whole.drawn.rank, 1U);
  EXPECT_GT(whole.drawn.mass, 0U);
  expect_best(whole.best, row, 0.5F);
  const listed cut = draw_listed(urn::top_k{2} | greedy{} | logprobs{}, row, 4);
  expect_logprob(cut.drawn.logprob, std::log(0.5));
  const listed certain = draw_listed(urn::temperature{0} | greedy{} | logprobs{}, row, 4);
  EXPECT_EQ(certain.drawn.logprob, 0.0F);
  EXPECT_EQ(certain.best[0], (token_logprob{2, 0.0F}));
  EXPECT_EQ(certain.best[1], token_logprob{});
}

TEST(logprobs, raw_only_where_asked_for) {
  const std::vector<float> row{1, 2, 3};
  const auto p = urn::temperature{} | categorical{} | logprobs{.raw = false};
  const listed none = draw_listed(p, row, 2, 0, 0);
  EXPECT_TRUE(std::isnan(none.drawn.raw_logprob));
  EXPECT_EQ(none.drawn.rank, 0U);
  expect_best(none.best, row, 1);
  const listed by_list = draw_listed(p, row, 0, 0, 2);
  expect_best(by_list.raw_best, row, 1);
  expect_logprob(by_list.drawn.raw_logprob, log_softmax(row, 1, by_list.drawn.token));
}

TEST(logprobs, do_not_change_the_draw) {
  rows::for_each(rows::proper, 1100, [](const char* name, const std::vector<float>& row) {
    const urn::draw plain = look::drawn(urn::top_k{50}, row, {.seed = 3});
    urn::draw listed = draw_listed(urn::top_k{50} | categorical{} | logprobs{}, row, 5, 3).drawn;
    listed.raw_logprob = plain.raw_logprob;
    listed.rank = 0;
    EXPECT_TRUE(look::same(listed, plain)) << name;
  });
}

TEST(logprobs, of_infinity) {
  const std::vector<float> row{1, infinity, infinity, nan};
  for (const listed& got : {draw_listed(urn::temperature{} | categorical{} | logprobs{}, row, 3),
                            draw_listed(urn::temperature{} | greedy{} | logprobs{}, row, 3),
                            draw_listed(urn::top_k{3} | greedy{} | logprobs{}, row, 3)}) {
    EXPECT_EQ(got.drawn.token, 1);
    EXPECT_EQ(got.drawn.status, status::infinite | status::nan);
    EXPECT_EQ(got.drawn.logprob, 0.0F);
    EXPECT_EQ(got.drawn.raw_logprob, 0.0F);
    EXPECT_EQ(got.drawn.rank, 1U);
    EXPECT_EQ(got.best[0], (token_logprob{1, 0.0F}));
    EXPECT_EQ(got.best[1], token_logprob{});
  }
}

TEST(logprobs, of_a_row_whose_raw_best_is_infinite_but_banned) {
  const std::vector<float> row{1, infinity, 2};
  constexpr std::array<std::int32_t, 1> mask{0b101};
  const listed got = draw_listed(urn::bitmask{mask} | categorical{} | logprobs{}, row, 2);
  EXPECT_EQ(got.drawn.status, status::ok);
  EXPECT_EQ(got.drawn.raw_logprob, -infinity);
  expect_logprob(got.drawn.logprob, log_softmax({1, -infinity, 2}, 1, got.drawn.token));
}

TEST(logprobs, of_rows_out_of_range) {
  const std::vector<float> row{1e30F, 1, 2e30F};
  const listed got = draw_listed(urn::temperature{} | greedy{} | logprobs{}, row, 2);
  EXPECT_EQ(got.drawn.token, 2);
  EXPECT_EQ(got.drawn.status, status::out_of_range);
  EXPECT_TRUE(std::isnan(got.drawn.logprob));
  EXPECT_TRUE(std::isnan(got.drawn.raw_logprob));
  EXPECT_EQ(got.drawn.rank, 1U);
  const listed failed = draw_listed(urn::temperature{} | categorical{} | logprobs{}, row, 2);
  EXPECT_TRUE(look::refused(failed.drawn, status::out_of_range));
}

TEST(score_token, is_the_log_softmax_of_the_row) {
  for (const std::size_t size : rows::small_sizes) {
    rows::for_each(rows::proper, size, [&](const char* name, const std::vector<float>& row) {
      SCOPED_TRACE(name);
      urn::workspace scratch(row.size());
      rows::random_source r(size);
      std::vector<token_logprob> best(7, token_logprob{77, 0.5F});
      for (int n = 0; n < 5; ++n) {
        const auto token = static_cast<token_id>(r.below(size));
        const urn::draw d = urn::score_token(urn::scalar, row, token, scratch, best);
        EXPECT_EQ(d.token, token);
        expect_logprob(d.raw_logprob, log_softmax(row, 1, token));
        EXPECT_EQ(d.rank, naive::rank(row, token));
        EXPECT_TRUE(std::isnan(d.logprob));
        expect_best(best, row, 1);
      }
    });
  }
}

TEST(score_token, reads_sixteen_bit_rows) {
  const std::vector<urn::bfloat16> row{urn::to_bfloat16(1), urn::to_bfloat16(3)};
  urn::workspace scratch(2);
  expect_logprob(urn::score_token(urn::scalar, row, 0, scratch).raw_logprob, log_softmax({1, 3}, 1, 0));
}

TEST(score_token, says_what_is_wrong) {
  const std::vector<float> row{1, 2, 3};
  urn::workspace scratch(3);
  std::vector<token_logprob> best(2, token_logprob{77, 0.5F});
  for (const token_id token : {-1, 3, 1 << 30, -(1 << 30)}) {
    const urn::draw d = urn::score_token(urn::scalar, row, token, scratch, best);
    EXPECT_EQ(d.status, status::bad_argument) << token;
    EXPECT_TRUE(std::isnan(d.raw_logprob));
    EXPECT_EQ(d.rank, 0U);
  }
  EXPECT_EQ(best[0], token_logprob{});
  urn::workspace small(2);
  EXPECT_EQ(urn::score_token(urn::scalar, row, 0, small).status, status::no_space);
  EXPECT_TRUE(urn::has(urn::score_token(urn::scalar, std::vector<float>{}, 0, small).status, status::empty));
}

TEST(score_token, of_rows_without_a_distribution) {
  urn::workspace scratch(3);
  const auto score = [&](const std::vector<float>& row, token_id token) {
    return urn::score_token(urn::scalar, row, token, scratch);
  };
  EXPECT_EQ(score({1, infinity, infinity}, 1).raw_logprob, 0.0F);
  EXPECT_EQ(score({1, infinity, infinity}, 2).raw_logprob, -infinity);
  EXPECT_EQ(score({1, infinity, infinity}, 0).raw_logprob, -infinity);
  EXPECT_EQ(score({1, infinity, infinity}, 0).status, status::infinite);
  for (const std::vector<float>& row : {std::vector<float>{1, FLT_MAX, 2}, {-FLT_MAX, -FLT_MAX, -FLT_MAX}}) {
    EXPECT_TRUE(std::isnan(score(row, 1).raw_logprob));
    EXPECT_EQ(score(row, 1).status, status::out_of_range);
  }
  EXPECT_TRUE(std::isnan(score({-infinity, -infinity, nan}, 1).raw_logprob));
  EXPECT_EQ(score({-infinity, -infinity, nan}, 1).status, status::empty | status::nan);
}

TEST(logprobs, an_infinite_logit_is_the_only_raw_alternative) {
  const std::vector<float> row{1, infinity, 2};
  std::vector<urn::token_logprob> best(2);
  urn::workspace scratch(row.size());
  EXPECT_EQ(urn::score_token(urn::scalar, row, 0, scratch, best).rank, 3U);
  EXPECT_EQ(best[0], (urn::token_logprob{1, 0.0F}));
  EXPECT_EQ(best[1].token, urn::no_token);
}

/// Lists of all tokens of a row, and of what is none.
struct given_lists {
  std::vector<token_logprob> given, raw;
  explicit given_lists(std::size_t size) {
    for (token_id t = -1; t <= static_cast<token_id>(size); ++t) given.push_back({t, 0.5F});
    raw = given;
  }
  template <class Pipeline>
  urn::draw draw(const Pipeline& p, const std::vector<float>& row) {
    urn::workspace scratch(row.size());
    return p(urn::scalar, row, {.seed = 3, .given_logprobs = given, .raw_given_logprobs = raw}, scratch);
  }
};

TEST(logprobs, of_given_tokens) {
  for (const std::size_t size : {1U, 2U, 1500U}) {
    rows::for_each(rows::proper, size, [&](const char* name, const std::vector<float>& row) {
      SCOPED_TRACE(name);
      given_lists lists(size);
      const urn::draw d = lists.draw(urn::temperature{1.25F} | categorical{} | logprobs{}, row);
      const oracle::distribution processed = oracle::softmax(row, 1.25F);
      const oracle::distribution as_it_came = oracle::softmax(row, 1);
      EXPECT_EQ(lists.given[static_cast<std::size_t>(d.token) + 1].logprob, d.logprob);
      EXPECT_EQ(lists.raw[static_cast<std::size_t>(d.token) + 1].logprob, d.raw_logprob);
      for (std::size_t i = 0; i < lists.given.size(); ++i) {
        const bool is_token = i > 0 && i <= size;
        ASSERT_EQ(std::isnan(lists.given[i].logprob), !is_token);
        ASSERT_EQ(std::isnan(lists.raw[i].logprob), !is_token);
        if (!is_token) continue;
        const float l = row[i - 1];
        const bool left = oracle::survives(l);
        expect_logprob(lists.given[i].logprob, left ? processed.logprob(l) : -static_cast<double>(infinity));
        expect_logprob(lists.raw[i].logprob, left ? as_it_came.logprob(l) : -static_cast<double>(infinity));
      }
    });
  }
}

TEST(logprobs, of_given_tokens_after_a_cut_and_without_masses) {
  given_lists cut(5);
  cut.draw(urn::top_k{3} | categorical{} | logprobs{.raw = false}, look::logits_of({.1, .4, .05, .3, .15}));
  expect_logprob(cut.given[2].logprob, std::log(.4 / .85));
  EXPECT_EQ(cut.given[1].logprob, -infinity);
  expect_logprob(cut.raw[1].logprob, std::log(.1));
  given_lists only(2);
  only.draw(urn::temperature{0} | categorical{} | logprobs{}, {1, 2});
  EXPECT_EQ(only.given[1].logprob, -infinity);
  EXPECT_EQ(only.given[2].logprob, 0.0F);
  given_lists infinite(3);
  infinite.draw(categorical{} | logprobs{}, {1, infinity, infinity});
  for (const auto& list : {infinite.given, infinite.raw}) {
    EXPECT_EQ(list[1].logprob, -infinity);
    EXPECT_EQ(list[2].logprob, 0.0F);
    EXPECT_EQ(list[3].logprob, -infinity);
  }
}

TEST(logprobs, as_logits) {
  constexpr std::array bias{urn::token_bias{0, 2.0F}};
  const std::vector<float> row{1, 2.5F, 0.5F, 4, -infinity};
  const auto p = urn::logit_bias{bias} | urn::temperature{.5F} | urn::top_k{3} | categorical{} |
                 logprobs{.value = urn::logprob_value::logit};
  const std::vector<float> left{6, 5, -infinity, 8, -infinity};
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    std::vector<token_logprob> best(4), raw_best(5);
    given_lists lists(5);
    urn::workspace scratch(5);
    const urn::draw d = p(urn::scalar, row,
                          {.seed = seed,
                           .top_logprobs = best,
                           .raw_top_logprobs = raw_best,
                           .given_logprobs = lists.given,
                           .raw_given_logprobs = lists.raw},
                          scratch);
    EXPECT_EQ(d.logprob, left[static_cast<std::size_t>(d.token)]);
    EXPECT_EQ(d.raw_logprob, row[static_cast<std::size_t>(d.token)]);
    EXPECT_EQ(d.rank, naive::rank(row, d.token));
    EXPECT_EQ(best, (std::vector<token_logprob>{{3, 8}, {0, 6}, {1, 5}, {}}));
    EXPECT_EQ(raw_best, (std::vector<token_logprob>{{3, 4}, {1, 2.5F}, {0, 1}, {2, 0.5F}, {}}));
    for (std::size_t i = 0; i < 5; ++i) {
      EXPECT_EQ(lists.given[i + 1].logprob, left[i]);
      EXPECT_EQ(lists.raw[i + 1].logprob, row[i]);
    }
    EXPECT_TRUE(std::isnan(lists.given[0].logprob) && std::isnan(lists.raw[6].logprob));
  }
}

TEST(logprobs, of_the_row_before_the_first_cut) {
  const logprobs uncut{.raw = true, .of = urn::logprob_row::uncut};
  const std::vector<float> row{2, 1, 0, -1, -2, 1};
  std::vector<token_logprob> given{{4, 0}, {1, 0}, {9, 0}};
  std::vector<token_logprob> best(3);
  urn::workspace scratch(row.size());
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto pipeline = urn::temperature{.5F} | urn::top_k{3} | urn::top_p{.95F} | categorical{} | uncut;
    const urn::draw d =
        pipeline(urn::scalar, row, {.seed = seed, .top_logprobs = best, .given_logprobs = given}, scratch);
    expect_logprob(d.logprob, log_softmax(row, .5F, d.token));
    expect_logprob(d.raw_logprob, log_softmax(row, 1, d.token));
    expect_best(best, row, .5F);
    expect_logprob(given[0].logprob, log_softmax(row, .5F, 4));
    expect_logprob(given[1].logprob, log_softmax(row, .5F, 1));
    EXPECT_TRUE(std::isnan(given[2].logprob));
  }
  const urn::draw best_alone = (urn::temperature{0} | categorical{} | uncut)(urn::scalar, row, {}, scratch);
  expect_logprob(best_alone.logprob, log_softmax(row, 1, 0));
  const auto whole = [&](const logprobs& report) {
    return (urn::temperature{.5F} | categorical{} | report)(urn::scalar, row, {.seed = 3}, scratch);
  };
  EXPECT_TRUE(look::same(whole(uncut), whole(logprobs{})));
}

}  // namespace
