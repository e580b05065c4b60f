#include "urn/processor/min_p.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <vector>

#include "support/naive_pipeline.hpp"
#include "support/rows.hpp"
#include "urn/urn.hpp"

namespace {

using urn::min_p, urn::status, urn::token_id;

TEST(min_p, keeps_what_has_the_share_of_the_best) {
  std::size_t compared = 0;
  const auto cuts = [&](const char* name, const std::vector<float>& row) {
    const oracle::distribution d = oracle::softmax(row, 1);
    for (const float share : {1e-6F, 0.01F, 0.1F, 0.3F, 0.9F}) {
      const oracle::cut expected = oracle::min_p(d, static_cast<double>(share));
      if (expected.margin < 1e-6 * static_cast<double>(share)) continue;
      EXPECT_EQ(look::kept(min_p{share}, row), expected.kept) << name << ", min_p " << share;
      ++compared;
    }
  };
  for (const std::size_t size : rows::small_sizes) rows::for_each(rows::proper, size, cuts);
  EXPECT_GT(compared, 500U);
}

TEST(min_p, the_share_itself_is_enough) {
  const std::vector<float> halves{2.0F, 2.0F - 0.5F, 2.0F};
  EXPECT_EQ(look::kept(min_p{1.0F}, halves), (std::vector<token_id>{0, 2}));
  // 2^-40 of the best is its last unit of mass: with l * c an integer each time, an exact tie with the bound.
  const std::vector<float> powers = look::logits_of({1, 0.5, 0.25});
  EXPECT_EQ(look::kept(min_p{0.5F - 1e-6F}, powers), (std::vector<token_id>{0, 1}));
  EXPECT_EQ(look::kept(min_p{0.5F + 1e-6F}, powers), (std::vector<token_id>{0}));
}

TEST(min_p, one_and_more_keep_the_best_and_its_equals) {
  const std::vector<float> row{1, 3, -0.5F, 3, 2.999F};
  for (const float share : {1.0F, 1.5F, naive::infinity}) {
    EXPECT_EQ(look::kept(min_p{share}, row), (std::vector<token_id>{1, 3})) << share;
  }
}

TEST(min_p, zero_and_less_change_no_bit) {
  rows::for_each(rows::proper, 2000, [](const char* name, const std::vector<float>& row) {
    SCOPED_TRACE(name);
    const urn::draw uncut = look::drawn(urn::temperature{}, row, {.seed = 7});
    for (const float share : {0.0F, -0.0F, -1.0F, -naive::infinity}) {
      EXPECT_TRUE(look::same(look::drawn(min_p{share}, row, {.seed = 7}), uncut)) << share;
    }
  });
}

TEST(min_p, after_a_cut_the_best_is_still_the_best) {
  const std::vector<float> row = look::logits_of({.1, .5, .3, .06, .04});
  EXPECT_EQ(look::kept(urn::top_k{4} | min_p{.15F}, row), look::kept(min_p{.15F} | urn::top_k{4}, row));
  EXPECT_EQ(look::kept(urn::top_k{4} | min_p{.15F}, row), (std::vector<token_id>{0, 1, 2}));
}

TEST(min_p, refuses_nan) {
  EXPECT_TRUE(look::refused(look::drawn(min_p{naive::nan}, std::vector<float>{1, 2}), status::bad_argument));
}

}  // namespace
