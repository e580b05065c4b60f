#include "urn/sampler/distribution.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "support/naive_pipeline.hpp"
#include "support/random_pipelines.hpp"
#include "support/rows.hpp"
#include "urn/urn.hpp"

namespace {

using urn::distribution_room, urn::status, urn::token_id, urn::token_masses;

TEST(distribution, after_a_cut_draws_what_categorical_draws) {
  urn::workspace scratch(6000);
  std::size_t cut = 0;
  for (std::uint64_t seed = 0; seed < 600; ++seed) {
    random_pipelines::random_case c(seed);
    const std::vector<float> row = random_pipelines::random_row(c.r, c.size);
    const auto stages = c.penalties() | c.temperature() | c.top_k() | c.min_p();
    distribution_room room(c.size);
    urn::draw d;
    const token_masses p =
        urn::distribution_of(urn::scalar, stages | urn::categorical{}, row, c.context, scratch, room, &d);
    ASSERT_EQ(p.empty(), d.token == urn::no_token) << seed;
    if (p.empty()) continue;
    std::uint64_t total = 0;
    for (const std::uint64_t mass : p.masses) total += mass;
    ASSERT_EQ(total, p.total);
    ASSERT_TRUE(std::is_sorted(p.ids.begin(), p.ids.end()));
    ASSERT_NE(p.of(d.token), 0U);
    ASSERT_NEAR(std::log(static_cast<double>(p.of(d.token)) / static_cast<double>(p.total)), d.logprob,
                4e-6 * (1 - static_cast<double>(d.logprob)));
    if (d.kept == c.size) continue;
    ++cut;
    ASSERT_EQ(urn::draw_from(p, urn::random_bits(c.context.key(), urn::lane_purpose::draw)), d.token);
    ASSERT_EQ(p.total, d.kept > 1 ? d.mass : 1);
    const std::vector<std::uint64_t> with(p.masses.begin(), p.masses.end());
    const token_masses without = urn::distribution_of(urn::scalar, stages, row, c.context, scratch, room);
    ASSERT_TRUE(std::ranges::equal(without.masses, with));
  }
  EXPECT_GT(cut, 200U);
}

TEST(distribution, is_the_softmax_of_a_whole_row) {
  rows::for_each(rows::proper, 1500, [](const char* name, const std::vector<float>& row) {
    urn::workspace scratch(row.size());
    distribution_room room(row.size());
    const token_masses p = urn::distribution_of(urn::scalar, urn::temperature{.8F}, row, {}, scratch, room);
    const oracle::distribution expected = oracle::softmax(row, .8F);
    for (std::size_t i = 0; i < row.size(); ++i) {
      const double share = static_cast<double>(p.of(static_cast<token_id>(i))) / static_cast<double>(p.total);
      ASSERT_NEAR(share, expected.p[i], 1e-11 + 6e-7 * expected.p[i]) << name;
    }
  });
}

TEST(distribution, of_one_token_is_certain) {
  urn::workspace scratch(3);
  distribution_room room(3);
  const auto only = [&](const auto& stages, const std::vector<float>& row) {
    const token_masses p = urn::distribution_of(urn::scalar, stages, row, {}, scratch, room);
    return p.size() == 1 && p.masses[0] == p.total ? p.ids[0] : urn::no_token;
  };
  EXPECT_EQ(only(urn::temperature{0}, {1, 3, 3}), 1);
  EXPECT_EQ(only(urn::temperature{1}, {1, naive::infinity, naive::infinity}), 1);
  EXPECT_EQ(only(urn::top_k{1}, {1, 2, 3}), 2);
  EXPECT_EQ(only(urn::temperature{1}, {4}), 0);
}

TEST(distribution, of_a_failed_row_is_empty) {
  urn::workspace scratch(3);
  distribution_room room(3);
  urn::draw d;
  const auto of = [&](const auto& stages, const std::vector<float>& row) {
    room.add(0, 5);  // what was there before must not stay
    return urn::distribution_of(urn::scalar, stages, row, {}, scratch, room, &d);
  };
  EXPECT_TRUE(of(urn::temperature{1}, {-naive::infinity, naive::nan}).empty());
  EXPECT_EQ(d.status, status::empty | status::nan);
  EXPECT_TRUE(of(urn::top_p{naive::nan}, {1, 2}).empty());
  EXPECT_EQ(d.status, status::bad_argument);
  distribution_room small(2);
  EXPECT_TRUE(urn::distribution_of(urn::scalar, urn::top_k{1}, std::vector<float>(3), {}, scratch, small, &d)
                  .empty());
  EXPECT_EQ(d.status, status::no_space);
  EXPECT_EQ(urn::draw_from(small.view(), 7), urn::no_token);
}

TEST(distribution, stands_at_the_end_of_any_pipeline_and_draws_nothing) {
  distribution_room room(4);
  urn::workspace scratch(4);
  urn::any_pipeline pipeline;
  ASSERT_EQ(pipeline.append(urn::top_k{2}), urn::misplaced::no);
  ASSERT_EQ(pipeline.append(urn::distribution{&room}), urn::misplaced::no);
  ASSERT_EQ(pipeline.append(urn::logprobs{}), urn::misplaced::no);
  EXPECT_EQ(pipeline.append(urn::top_k{2}), urn::misplaced::after_draw);
  const urn::draw d = pipeline(std::vector<float>{1, 4, 2, 3}, {}, scratch);
  EXPECT_EQ(d.token, urn::no_token);
  EXPECT_EQ(d.status, status::ok);
  EXPECT_TRUE(std::ranges::equal(room.view().ids, std::vector<token_id>{1, 3}));
}

}  // namespace
