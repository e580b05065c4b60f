#include "urn/processor/top_p.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <vector>

#include "support/naive_pipeline.hpp"
#include "support/rows.hpp"
#include "urn/urn.hpp"

namespace {

using urn::status, urn::token_id, urn::top_k, urn::top_p;

/// The documented nucleus by integer masses, of a whole row at temperature 1.
oracle::ids nucleus(const std::vector<float>& row, float p) {
  const float c = oracle::definition::scale(1);
  const oracle::definition::row_mass m = oracle::definition::weigh_row(row, c);
  return oracle::definition::prefix(oracle::order(row), row, c, m.key,
                                    p > 0 ? naive::ceil_share(m.total, p) : 0);
}

TEST(top_p, keeps_the_shortest_prefix) {
  std::size_t compared = 0;
  const auto cuts = [&](const char* name, const std::vector<float>& row) {
    const oracle::distribution d = oracle::softmax(row, 1);
    for (const float p : {1e-30F, 0.1F, 0.5F, 0.9F, 0.95F, 0.999F, 0.99999994F}) {
      const std::vector<token_id> kept = look::kept(top_p{p}, row);
      EXPECT_EQ(kept, nucleus(row, p)) << name << ", p " << p << ", V " << row.size();
      const oracle::cut by_double = oracle::top_p(oracle::order(row), d, static_cast<double>(p));
      if (by_double.margin < 1e-6) continue;  // 1e-6: what integer masses may differ from doubles
      EXPECT_EQ(kept, by_double.kept) << name << ", p " << p << ", V " << row.size();
      ++compared;
    }
  };
  for (const std::size_t size : rows::small_sizes) rows::for_each(rows::proper, size, cuts);
  EXPECT_GT(compared, 400U);
}

TEST(top_p, vector_n1_the_share_itself_is_enough) {
  const std::vector<float> row = look::logits_of({.5, .25, .25});
  EXPECT_EQ(look::kept(top_p{.5F}, row), (std::vector<token_id>{0}));
  EXPECT_EQ(look::kept(top_p{.5F + 1e-6F}, row), (std::vector<token_id>{0, 1}));
}

TEST(top_p, vector_n2_not_every_tied_token) {
  const std::vector<float> row = look::logits_of({.4, .2, .2, .2});
  EXPECT_EQ(look::kept(top_p{.5F}, row), (std::vector<token_id>{0, 1}));
}

TEST(top_p, vector_n3_of_what_top_k_left) {
  const std::vector<float> row = look::logits_of({.4, .3, .2, .1});
  EXPECT_EQ(look::kept(top_k{2} | top_p{.5F}, row), (std::vector<token_id>{0}));
  EXPECT_EQ(look::kept(top_p{.5F} | top_k{2}, row), (std::vector<token_id>{0, 1}));
}

TEST(top_p, zero_and_less_keep_the_best) {
  const std::vector<float> row = look::logits_of({.1, .3, .3, .3});
  for (const float p : {0.0F, -0.0F, -1.0F, -naive::infinity, 1e-45F, 1e-20F}) {
    EXPECT_EQ(look::kept(top_p{p}, row), (std::vector<token_id>{1})) << p;
  }
}

TEST(top_p, vector_n1_at_equality_one_more) {
  const std::vector<float> four(4, 1.5F);  // a quarter each, exactly
  constexpr auto beyond = urn::top_p_rule::beyond;
  EXPECT_EQ(look::kept(top_p{.5F}, four), (std::vector<token_id>{0, 1}));
  EXPECT_EQ(look::kept(top_p{.5F, beyond}, four), (std::vector<token_id>{0, 1, 2}));
  EXPECT_EQ(look::kept(top_p{.50001F, beyond}, four), (std::vector<token_id>{0, 1, 2}));
  EXPECT_EQ(look::kept(top_p{.49999F, beyond}, four), (std::vector<token_id>{0, 1}));
  EXPECT_EQ(look::kept(top_p{0.0F, beyond}, four), (std::vector<token_id>{0}));
}

TEST(top_p, one_and_more_change_no_bit) {
  rows::for_each(rows::proper, 2000, [](const char* name, const std::vector<float>& row) {
    SCOPED_TRACE(name);
    const urn::draw uncut = look::drawn(urn::temperature{}, row, {.seed = 7});
    for (const float p : {1.0F, 1.5F, naive::infinity}) {
      EXPECT_TRUE(look::same(look::drawn(top_p{p}, row, {.seed = 7}), uncut)) << p;
    }
  });
}

TEST(top_p, nearly_one_drops_the_far_tail_alone) {
  std::vector<float> row(2000, -100.0F);
  row[700] = 0.0F;
  row[1900] = -2.0F;
  EXPECT_EQ(look::kept(top_p{0.99999994F}, row), (std::vector<token_id>{700, 1900}));
}

TEST(top_p, refuses_nan) {
  const std::vector<float> row{1, 2};
  EXPECT_TRUE(look::refused(look::drawn(top_p{naive::nan}, row), status::bad_argument));
  EXPECT_TRUE(look::refused(look::drawn(top_k{1} | top_p{-naive::nan}, row), status::bad_argument));
}

}  // namespace
