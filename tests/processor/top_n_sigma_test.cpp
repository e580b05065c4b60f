#include "urn/processor/top_n_sigma.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "support/naive_pipeline.hpp"
#include "support/rows.hpp"
#include "urn/urn.hpp"

namespace {

using ids = std::vector<urn::token_id>;
using urn::top_n_sigma, urn::status;

/// max - n sigma in double, and how far off the bound by integers may be.
struct bound {
  double value = 0, tolerance = 0;

  bound(const std::vector<float>& row, double n) {
    double count = 0, sum = 0, squares = 0;
    const double largest = static_cast<double>(oracle::definition::largest(row));
    for (const float l : row) {
      if (!oracle::survives(l)) continue;
      const double d = std::min(1024.0, largest - static_cast<double>(l));
      count += 1, sum += d, squares += d * d;
    }
    value = largest - n * std::sqrt(std::max(0.0, squares / count - sum / count * (sum / count)));
    tolerance = n * 0x1p-15 + 1e-7 * (std::fabs(largest) + std::fabs(value));
  }
};

TEST(top_n_sigma, keeps_what_lies_within) {
  std::size_t some = 0;
  const auto cuts = [&](const char* name, const std::vector<float>& row) {
    for (const float n : {0.1F, 1.0F, 1.7F, 3.0F}) {
      const bound at(row, static_cast<double>(n));
      const ids kept = look::kept(top_n_sigma{n}, row);
      std::size_t next = 0;
      for (std::size_t i = 0; i < row.size(); ++i) {
        const bool is_kept = next < kept.size() && kept[next] == static_cast<urn::token_id>(i);
        next += is_kept ? 1 : 0;
        if (!oracle::survives(row[i])) {
          ASSERT_FALSE(is_kept) << name;
        } else if (const double off = static_cast<double>(row[i]) - at.value; std::fabs(off) > at.tolerance) {
          ASSERT_EQ(is_kept, off > 0) << name << ", n " << n << ", V " << row.size() << ", token " << i;
        }
      }
      some += kept.size() > 1 && kept.size() < row.size() ? 1 : 0;
    }
  };
  for (const std::size_t size : rows::small_sizes) rows::for_each(rows::proper, size, cuts);
  EXPECT_GT(some, 200U);
}

TEST(top_n_sigma, vector_g1_divides_by_the_number) {
  const std::vector<float> row{2, 1, 0, -1};
  EXPECT_EQ(look::kept(top_n_sigma{.85F}, row), (ids{0}));
  EXPECT_EQ(look::kept(top_n_sigma{.9F}, row), (ids{0, 1}));
}

TEST(top_n_sigma, masked_tokens_do_not_count) {
  const std::vector<float> row{2, -naive::infinity, 1, 0, naive::nan, -1};
  EXPECT_EQ(look::kept(top_n_sigma{.85F}, row), (ids{0}));
  EXPECT_EQ(look::kept(top_n_sigma{.9F}, row), (ids{0, 2}));
}

TEST(top_n_sigma, sees_what_a_cut_left) {
  const std::vector<float> row{-9, 2, 1, 0, -1, -8};
  EXPECT_EQ(look::kept(urn::top_k{4} | top_n_sigma{.85F}, row), (ids{1}));
  EXPECT_EQ(look::kept(top_n_sigma{.85F} | urn::top_k{4}, row), (ids{1, 2, 3, 4}));
}

TEST(top_n_sigma, no_temperature_changes_it) {
  rows::for_each(rows::proper, 1500, [](const char* name, const std::vector<float>& row) {
    const ids kept = look::kept(top_n_sigma{1.0F}, row);
    for (const float t : {0.3F, 4.0F})
      EXPECT_EQ(look::kept(urn::temperature{t} | top_n_sigma{1.0F}, row), kept) << name;
  });
}

TEST(top_n_sigma, neutral_parameters_change_no_bit) {
  const std::vector<float> row{1, 3, 2, 2.5F, -1};
  const urn::draw uncut = look::drawn(urn::temperature{}, row, {.seed = 7});
  for (const float n : {0.0F, -1.0F, naive::infinity, -naive::infinity})
    EXPECT_TRUE(look::same(look::drawn(top_n_sigma{n}, row, {.seed = 7}), uncut)) << n;
}

TEST(top_n_sigma, of_rows_without_a_distribution) {
  rows::for_each(rows::improper, 1500, [](const char* name, const std::vector<float>& row) {
    const urn::draw plain = look::drawn(urn::temperature{}, row);
    const urn::draw d = look::drawn(top_n_sigma{1.0F}, row);
    EXPECT_EQ(d.token != urn::no_token, plain.token != urn::no_token || d.kept == 1) << name;
    EXPECT_EQ(urn::has(d.status, status::infinite), urn::has(plain.status, status::infinite)) << name;
  });
}

TEST(top_n_sigma, refuses_nan) {
  EXPECT_TRUE(
      look::refused(look::drawn(top_n_sigma{naive::nan}, std::vector<float>{1, 2}), status::bad_argument));
}

}  // namespace
