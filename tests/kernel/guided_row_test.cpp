#include "urn/kernel/guided_row.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "support/naive_pipeline.hpp"
#include "support/rows.hpp"
#include "urn/pipeline/any_pipeline.hpp"
#include "urn/urn.hpp"

namespace {

using urn::guided, urn::status;

constexpr auto sampler = urn::temperature{0.8F} | urn::top_k{40} | urn::categorical{} | urn::logprobs{};

struct two_rows {
  std::vector<float> with, without;
  urn::workspace scratch;

  two_rows(std::size_t size, rows::random_source& r)
      : with(rows::normal(size, r, 4)), without(rows::normal(size, r, 4)), scratch(size) {}
  auto row(float scale) { return guided(urn::scalar, with, without, scale, scratch); }
};

TEST(guided_row, is_the_formula) {
  rows::random_source r(1);
  for (int trial = 0; trial < 300; ++trial) {
    two_rows two(1 + r.below(3000), r);
    const float scale = r.normal(3);
    const auto with = oracle::softmax(two.with, 1), without = oracle::softmax(two.without, 1);
    const auto row = two.row(scale);
    ASSERT_EQ(row.status(), status::ok);
    for (std::size_t i = 0; i < row.size(); ++i) {
      const long double c = with.logprob(two.with[i]), u = without.logprob(two.without[i]);
      const long double expected = u + static_cast<long double>(scale) * (c - u);
      const auto size = std::max({1.0L, std::fabs(c), std::fabs(u), std::fabs(expected)});
      ASSERT_NEAR(row.at(i), static_cast<double>(expected),
                  1e-6 * static_cast<double>(size * (1 + std::fabs(scale))));
    }
  }
}

TEST(guided_row, loads_what_it_shows) {
  rows::random_source r(2);
  two_rows two(3000, r);
  const auto row = two.row(2.5F);
  urn::for_each_block(row, [&](std::size_t first, std::span<const float> logits) {
    for (std::size_t i = 0; i < logits.size(); ++i) ASSERT_EQ(logits[i], row.at(first + i));
  });
}

TEST(guided_row, draws_as_a_row_of_its_logits) {
  rows::random_source r(3);
  for (int trial = 0; trial < 200; ++trial) {
    two_rows two(1 + r.below(3000), r);
    const auto row = two.row(1 + r.uniform() * 4);
    std::vector<float> logits(row.size());
    for (std::size_t i = 0; i < row.size(); ++i) logits[i] = row.at(i);
    const urn::draw_context context{.seed = r.bits()};
    const urn::draw expected = sampler(urn::scalar, logits, context, two.scratch);
    EXPECT_TRUE(look::same(sampler(urn::scalar, row, context, two.scratch), expected));
    urn::any_pipeline<> any;
    ASSERT_EQ(any.append(sampler), urn::misplaced::no);
    EXPECT_TRUE(look::same(any(row, context, two.scratch), expected));
  }
}

TEST(guided_row, takes_rows_of_16_bits) {
  rows::random_source r(4);
  two_rows two(2000, r);
  std::vector<urn::bfloat16> with;
  for (float& l : two.with) {
    with.push_back(urn::to_bfloat16(l));
    l = urn::to_float(with.back());
  }
  const auto narrow = guided(urn::scalar, with, two.without, 1.5F, two.scratch);
  const auto wide = two.row(1.5F);
  for (std::size_t i = 0; i < wide.size(); ++i) ASSERT_EQ(narrow.at(i), wide.at(i));
  EXPECT_TRUE(
      look::same(sampler(urn::scalar, narrow, {}, two.scratch), sampler(urn::scalar, wide, {}, two.scratch)));
}

TEST(guided_row, bans_what_one_of_the_rows_bans) {
  constexpr float ban = -naive::infinity, nan = naive::nan;
  const std::vector<float> with{1, ban, 1, ban, nan, 1}, without{2, 2, ban, ban, 2, nan};
  urn::workspace scratch(6);
  for (const float scale : {0.0F, 1.0F, -2.0F, 7.5F}) {
    const auto row = guided(urn::scalar, with, without, scale, scratch);
    EXPECT_EQ(row.status(), status::nan);
    EXPECT_TRUE(std::isfinite(row.at(0)));
    for (std::size_t i = 1; i < 6; ++i) EXPECT_EQ(row.at(i), ban);
  }
}

TEST(guided_row, without_a_softmax_has_no_logits) {
  const std::vector<float> good{1, 2}, longer{1, 2, 3}, empty(2, -naive::infinity),
      infinite{1, naive::infinity}, large{1, 3e6F};
  urn::workspace scratch(2);
  const auto expect = [&](const auto& row, status why) {
    EXPECT_EQ(row.status(), why);
    EXPECT_EQ(row.size(), 0U);
    EXPECT_TRUE(look::refused(sampler(urn::scalar, row, {}, scratch), status::empty));
  };
  expect(guided(urn::scalar, good, longer, 2.0F, scratch), status::bad_argument);
  expect(guided(urn::scalar, good, good, naive::nan, scratch), status::bad_argument);
  expect(guided(urn::scalar, good, good, naive::infinity, scratch), status::bad_argument);
  expect(guided(urn::scalar, longer, longer, 2.0F, scratch), status::no_space);
  expect(guided(urn::scalar, good, empty, 2.0F, scratch), status::empty);
  expect(guided(urn::scalar, infinite, good, 2.0F, scratch), status::infinite);
  expect(guided(urn::scalar, good, large, 2.0F, scratch), status::out_of_range);
}

}  // namespace
