// The samplers beyond greedy and categorical with urn::simd draw what they draw with urn::scalar.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "support/naive_pipeline.hpp"
#include "support/random_pipelines.hpp"
#include "urn/explain/explain.hpp"
#include "urn/kernel/simd/policy.hpp"
#include "urn/urn.hpp"

namespace {

using random_pipelines::random_case, random_pipelines::random_row;

bool same(const urn::draw& a, const urn::draw& b) {
  return look::same(a, b) && urn::exact::bits(a.prior_logprob) == urn::exact::bits(b.prior_logprob);
}

/// Many rows, as they come and after a cut; `sampler` takes its parameters from the case.
template <class Sampler>
void compare(std::size_t cases, Sampler&& sampler) {
  constexpr std::size_t most = 20000;
  urn::workspace plain(most);
  urn::workspace vectors(most);
  std::size_t drawn = 0;
  for (std::uint64_t seed = 0; seed < cases && !testing::Test::HasFailure(); ++seed) {
    random_case c(seed, 14.0F);
    const std::vector<float> row = random_row(c.r, c.size);
    const auto stages = c.temperature() | c.top_p();
    const auto of = sampler(c);
    const urn::draw a = (stages | of | urn::logprobs{})(urn::scalar, row, c.context, plain);
    const urn::draw b = (stages | of | urn::logprobs{})(urn::simd, row, c.context, vectors);
    EXPECT_TRUE(same(a, b)) << "seed " << seed << ", V " << c.size << "\nscalar: " << look::text(a)
                            << "\nsimd:   " << look::text(b);
    urn::any_pipeline any;
    ASSERT_EQ(any.append(stages | of | urn::logprobs{}), urn::misplaced::no);
    EXPECT_TRUE(same(any(row, c.context, plain), a)) << "seed " << seed;
    drawn += a.token == urn::no_token ? 0 : 1;
  }
  EXPECT_GT(drawn, cases / 2);
}

TEST(simd_samplers, mirostat_v1) {
  compare(600, [](random_case& c) { return urn::mirostat_v1{c.r.uniform() * 14}; });
}
TEST(simd_samplers, mirostat_v2) {
  compare(600, [](random_case& c) { return urn::mirostat_v2{c.r.uniform() * 20}; });
}

TEST(simd_samplers, adaptive_p) {
  compare(600, [](random_case& c) { return urn::adaptive_p{c.r.uniform() * 1.1F - 0.1F}; });
}
TEST(simd_samplers, gumbel) {
  compare(600, [](random_case&) { return urn::gumbel{}; });
}

TEST(simd_samplers, of_what_infill_left) {
  static constexpr std::array<std::string_view, 4> pieces{"a", "ab", "abc", "b"};
  static constexpr std::array<urn::token_id, 2> ends{0, 5};
  compare(300, [&](random_case& c) {
    return urn::top_k{1 + static_cast<std::int32_t>(c.r.below(8))} | urn::infill{pieces, ends} |
           urn::categorical{};
  });
}

TEST(simd_samplers, kept_set_distribution_and_given_tokens) {
  constexpr std::size_t most = 20000;
  urn::workspace plain(most);
  urn::workspace vectors(most);
  for (std::uint64_t seed = 0; seed < 500 && !testing::Test::HasFailure(); ++seed) {
    random_case c(seed, 13.0F);
    const std::vector<float> row = random_row(c.r, c.size);
    const auto stages = c.penalties() | c.temperature() | c.top_p() | c.min_p() | urn::categorical{};
    const auto run = [&](auto policy, urn::workspace& scratch, urn::distribution_room& room,
                         std::vector<urn::token_logprob>& lists, urn::kept_summary& summary) {
      lists.resize(60);
      for (std::size_t i = 40; i < 60; ++i) lists[i].token = static_cast<urn::token_id>(i * 37);
      urn::draw_context who = c.context;
      who.kept_set = std::span(lists).first(40);
      who.given_logprobs = std::span(lists).subspan(40, 10);
      who.raw_given_logprobs = std::span(lists).last(10);
      who.summary = &summary;
      return (stages | urn::logprobs{} | urn::kept_set{} | urn::distribution{&room})(policy, row, who,
                                                                                     scratch);
    };
    urn::distribution_room rooms[2]{urn::distribution_room(c.size), urn::distribution_room(c.size)};
    std::vector<urn::token_logprob> lists[2];
    urn::kept_summary summaries[2];
    const urn::draw a = run(urn::scalar, plain, rooms[0], lists[0], summaries[0]);
    const urn::draw b = run(urn::simd, vectors, rooms[1], lists[1], summaries[1]);
    EXPECT_TRUE(same(a, b)) << "seed " << seed << "\nscalar: " << look::text(a)
                            << "\nsimd:   " << look::text(b);
    EXPECT_TRUE(std::ranges::equal(rooms[0].view().ids, rooms[1].view().ids)) << seed;
    EXPECT_TRUE(std::ranges::equal(rooms[0].view().masses, rooms[1].view().masses)) << seed;
    EXPECT_EQ(std::bit_cast<std::uint64_t>(summaries[0]), std::bit_cast<std::uint64_t>(summaries[1])) << seed;
    for (std::size_t i = 0; i < 60; ++i) {
      EXPECT_EQ(lists[0][i].token, lists[1][i].token) << seed;
      EXPECT_EQ(urn::exact::bits(lists[0][i].logprob), urn::exact::bits(lists[1][i].logprob)) << seed;
    }
  }
}

TEST(simd_samplers, explained) {
  constexpr std::size_t most = 20000;
  urn::workspace plain(most);
  urn::workspace vectors(most);
  for (std::uint64_t seed = 0; seed < 200 && !testing::Test::HasFailure(); ++seed) {
    random_case c(seed, 13.0F);
    const std::vector<float> row = random_row(c.r, c.size);
    const auto stages = c.penalties() | c.temperature() | c.top_p() | c.min_p() | urn::categorical{};
    const urn::trace a = urn::explain(urn::scalar, stages, row, c.context, plain);
    const urn::trace b = urn::explain(urn::simd, stages, row, c.context, vectors);
    EXPECT_TRUE(same(a.drawn, b.drawn)) << seed;
    EXPECT_EQ(a.steps, b.steps) << seed;
    EXPECT_EQ(a.choices, b.choices) << seed;
  }
}

}  // namespace
