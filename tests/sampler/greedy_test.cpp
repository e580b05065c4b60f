#include "urn/sampler/greedy.hpp"

#include <gtest/gtest.h>

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
using urn::greedy, urn::status, urn::token_id;

urn::draw best_of(const std::vector<float>& row) {
  urn::workspace scratch(row.size());
  return urn::draw_row(urn::scalar, greedy{}, row, {}, scratch);
}

TEST(greedy, takes_the_largest_of_every_row) {
  const auto compare = [](const char* name, const std::vector<float>& row) {
    const oracle::ids order = oracle::order(row);
    EXPECT_EQ(best_of(row).token, order.empty() ? urn::no_token : order[0]) << name << ", V " << row.size();
  };
  for (const std::size_t size : rows::small_sizes) {
    rows::for_each(rows::proper, size, compare);
    rows::for_each(rows::improper, size, compare);
  }
}

TEST(greedy, the_lowest_id_among_equals) {
  EXPECT_EQ(best_of({1, 3, 3, 3}).token, 1);
  EXPECT_EQ(best_of({-0.0F, 0.0F}).token, 0);
  EXPECT_EQ(best_of({-1.0F, 0.0F, -0.0F}).token, 1);
  EXPECT_EQ(best_of({-1.0F, -0.0F, 0.0F}).token, 1);
  EXPECT_EQ(best_of(std::vector<float>(3000, -5.0F)).token, 0);
  std::vector<float> far(3000, 0.0F);
  far[2999] = far[1024] = 1e-45F;
  EXPECT_EQ(best_of(far).token, 1024);
}

TEST(greedy, nan_never_wins) {
  const urn::draw d = best_of({nan, 1, -nan, 2, nan});
  EXPECT_EQ(d.token, 3);
  EXPECT_EQ(d.status, status::nan);
  EXPECT_EQ(best_of({nan, -FLT_MAX}).token, 1);
  EXPECT_EQ(best_of({nan, infinity}).token, 1);
  EXPECT_EQ(best_of({nan, infinity}).status, status::nan | status::infinite);
}

TEST(greedy, the_first_infinity_wins) {
  EXPECT_EQ(best_of({1, infinity, 2}).token, 1);
  EXPECT_EQ(best_of({1, 5, infinity, infinity}).token, 2);
  EXPECT_EQ(best_of({1, 5, infinity, infinity}).status, status::infinite);
}

TEST(greedy, no_token_where_none_is_left) {
  for (const std::vector<float>& none : {std::vector<float>{-infinity}, {-infinity, -infinity}}) {
    EXPECT_EQ(best_of(none).token, urn::no_token);
    EXPECT_EQ(best_of(none).status, status::empty);
  }
  EXPECT_EQ(best_of({nan, nan, nan}).token, urn::no_token);
  EXPECT_EQ(best_of({nan, nan, nan}).status, status::empty | status::nan);
  EXPECT_EQ(best_of({}).status, status::empty);
}

TEST(greedy, needs_no_distribution) {
  EXPECT_EQ(best_of({1e30F, 2e30F, -1e30F}).token, 1);
  EXPECT_EQ(best_of({1e30F, 2e30F, -1e30F}).status, status::ok);
  EXPECT_EQ(best_of({-FLT_MAX, -FLT_MAX}).token, 0);
}

TEST(greedy, uses_no_random_bits_and_weighs_nothing) {
  const std::vector<float> row{1, 3, 2};
  urn::workspace scratch(3);
  const urn::draw expected{.token = 1, .kept = 3};
  for (std::uint64_t n = 0; n < 20; ++n) {
    const urn::draw_context who{.seed = n, .sequence = n * n, .step = static_cast<std::uint32_t>(3 * n)};
    EXPECT_TRUE(look::same(urn::draw_row(urn::scalar, greedy{}, row, who, scratch), expected));
  }
}

TEST(greedy, takes_the_best_of_what_was_cut_and_edited) {
  const std::vector<token_id> output{1};
  const std::vector<float> row{1, 3, 2, 2.5F};
  urn::workspace scratch(4);
  const auto p = urn::top_k{3} | urn::penalties{.presence = 2.0F} | greedy{};
  const urn::draw d = p(urn::scalar, row, {.history = output}, scratch);
  EXPECT_EQ(d.token, 3);
  EXPECT_EQ(d.kept, 3U);
}

}  // namespace
