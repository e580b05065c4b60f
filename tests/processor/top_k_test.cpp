#include "urn/processor/top_k.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "support/naive_pipeline.hpp"
#include "support/rows.hpp"
#include "urn/urn.hpp"

namespace {

using urn::token_id, urn::top_k, urn::top_k_with_ties;

TEST(top_k, keeps_k_of_every_row) {
  const auto cuts = [](const char* name, const std::vector<float>& row) {
    const auto v = static_cast<std::int32_t>(row.size());
    for (const std::int32_t k : {1, 2, 40, v / 2, v - 1, v, v + 1}) {
      if (k < 1) continue;
      EXPECT_EQ(look::kept(top_k{k}, row), oracle::top_k(row, static_cast<std::size_t>(k)))
          << name << ", k " << k << ", V " << v;
    }
  };
  for (const std::size_t size : rows::small_sizes) rows::for_each(rows::proper, size, cuts);
}

TEST(top_k, vector_k1_exactly_k_of_the_tied) {
  const std::vector<float> row = look::logits_of({.4, .3, .3, 0});
  EXPECT_EQ(look::kept(top_k{2}, row), (std::vector<token_id>{0, 1}));
}

TEST(top_k, vector_k2_more_than_there_are) {
  const std::vector<float> row = look::logits_of({.4, .3, .3});
  for (const std::int32_t k : {3, 4, 1000, std::numeric_limits<std::int32_t>::max()}) {
    const urn::draw d = look::drawn(top_k{k}, row);
    EXPECT_EQ(d.status, urn::status::ok);
    EXPECT_EQ(d.kept, 3U);
  }
}

TEST(top_k, ties_go_to_the_smaller_id) {
  const std::vector<float> row{-0.0F, 5.0F, 0.0F, -0.0F, 5.0F, 0.0F};
  EXPECT_EQ(look::kept(top_k{1}, row), (std::vector<token_id>{1}));
  EXPECT_EQ(look::kept(top_k{3}, row), (std::vector<token_id>{0, 1, 4}));
  EXPECT_EQ(look::kept(top_k{4}, row), (std::vector<token_id>{0, 1, 2, 4}));
}

TEST(top_k, counts_survivors) {
  const std::vector<float> row{-naive::infinity, 1.0F, naive::nan, 0.5F, -naive::infinity, 0.25F};
  const urn::draw all = look::drawn(top_k{4}, row);
  EXPECT_EQ(all.kept, 3U);
  EXPECT_EQ(all.status, urn::status::nan);
  EXPECT_EQ(look::kept(top_k{4}, row), (std::vector<token_id>{1, 3, 5}));
  EXPECT_EQ(look::kept(top_k{3} | top_k{2}, row), (std::vector<token_id>{1, 3}));
  EXPECT_EQ(look::kept(top_k{2} | top_k{3}, row), (std::vector<token_id>{1, 3}));
}

TEST(top_k, the_neutral_change_no_bit) {
  rows::for_each(rows::proper, 2000, [](const char* name, const std::vector<float>& row) {
    SCOPED_TRACE(name);
    const urn::draw uncut = look::drawn(urn::temperature{}, row, {.seed = 7});
    for (const std::int32_t k : {0, -1, -1000, std::numeric_limits<std::int32_t>::min(), 2000, 2001}) {
      EXPECT_TRUE(look::same(look::drawn(top_k{k}, row, {.seed = 7}), uncut)) << k;
    }
  });
}

TEST(top_k_with_ties, vector_k1_all_of_the_tied) {
  const std::vector<float> row = look::logits_of({.4, .3, .3, 0});
  EXPECT_EQ(look::kept(top_k_with_ties{2}, row), (std::vector<token_id>{0, 1, 2}));
  EXPECT_EQ(look::kept(top_k_with_ties{1}, row), (std::vector<token_id>{0}));
  EXPECT_EQ(look::kept(top_k_with_ties{100}, row), (std::vector<token_id>{0, 1, 2}));
  EXPECT_EQ(look::kept(top_k{3} | top_k_with_ties{2}, row), (std::vector<token_id>{0, 1, 2}));
  EXPECT_EQ(look::kept(top_k{2} | top_k_with_ties{1}, std::vector<float>{1, 2, 2, 2}),
            (std::vector<token_id>{1, 2}));
}

TEST(top_k_with_ties, keeps_what_is_not_below_the_kth) {
  const auto cuts = [](const char* name, const std::vector<float>& row) {
    for (const std::int32_t k : {1, 3, 40, static_cast<std::int32_t>(row.size()) - 1}) {
      if (k < 1) continue;
      const std::vector<token_id> strict = oracle::top_k(row, static_cast<std::size_t>(k));
      float kth = naive::infinity;
      for (const token_id id : strict) kth = std::min(kth, row[static_cast<std::size_t>(id)]);
      std::vector<token_id> expected;
      for (std::size_t i = 0; i < row.size(); ++i) {
        if (oracle::survives(row[i]) && row[i] >= kth) expected.push_back(static_cast<token_id>(i));
      }
      EXPECT_EQ(look::kept(top_k_with_ties{k}, row), expected) << name << ", k " << k << ", V " << row.size();
    }
  };
  for (const std::size_t size : rows::small_sizes) rows::for_each(rows::proper, size, cuts);
}

TEST(top_k_with_ties, of_zeros_of_both_signs_and_of_rows_without_a_distribution) {
  EXPECT_EQ(look::kept(top_k_with_ties{1}, std::vector<float>{-0.0F, 0.0F, -1.0F}),
            (std::vector<token_id>{0, 1}));
  rows::for_each(rows::improper, 1500, [](const char* name, const std::vector<float>& row) {
    const urn::draw plain = look::drawn(top_k{2000}, row);
    const urn::draw d = look::drawn(top_k_with_ties{1499}, row);
    EXPECT_EQ(d.token, plain.token) << name;
    EXPECT_EQ(d.status, plain.status) << name;
  });
}

TEST(top_k, one_is_certain) {
  const urn::draw d = look::drawn(top_k{1}, std::vector<float>{0.5F, 2.0F, 2.0F});
  EXPECT_EQ(d.token, 1);
  EXPECT_EQ(d.kept, 1U);
  EXPECT_EQ(d.logprob, 0.0F);
}

}  // namespace
