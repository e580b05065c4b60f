#pragma once
// What urn::scalar and another policy draw from random rows by random pipelines, compared: every field of the
// draw and of the lists.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "support/naive_pipeline.hpp"
#include "support/random_pipelines.hpp"
#include "urn/core/draw.hpp"
#include "urn/core/workspace.hpp"

namespace two_policies {

using random_pipelines::random_case, random_pipelines::tally;

/// A draw with its lists of best tokens.
struct drawn {
  urn::draw draw;
  std::array<urn::token_logprob, 70> top, raw_top;
};

inline bool same(const std::array<urn::token_logprob, 70>& a, const std::array<urn::token_logprob, 70>& b) {
  return std::ranges::equal(a, b, [](const auto& x, const auto& y) {
    return x.token == y.token &&
           std::bit_cast<std::uint32_t>(x.logprob) == std::bit_cast<std::uint32_t>(y.logprob);
  });
}

inline void expect_same(const drawn& scalar, const drawn& other, std::size_t size) {
  EXPECT_TRUE(look::same(scalar.draw, other.draw))
      << size << "\nscalar: " << look::text(scalar.draw) << "\nother:  " << look::text(other.draw);
  EXPECT_TRUE(same(scalar.top, other.top)) << size;
  EXPECT_TRUE(same(scalar.raw_top, other.raw_top)) << size;
}

/// A machine for each policy, with memory of its own, for rows of up to so many logits.
struct machines {
  urn::workspace scalar, other;
  tally met{};

  explicit machines(std::size_t most) : scalar{most}, other{most} {}

  /// Both draw(context, workspace) by the same stages from the same logits.
  template <class ByScalar, class ByOther>
  void compare(const random_case& c, ByScalar&& by_scalar, ByOther&& by_other) {
    const drawn a = run(c, scalar, by_scalar);
    expect_same(a, run(c, other, by_other), c.size);
    met.count(a.draw, c.size);
  }

 private:
  template <class Draw>
  static drawn run(random_case c, urn::workspace& scratch, Draw&& draw_with) {
    drawn d{};
    constexpr std::array<std::size_t, 4> lengths{0, 1, 20, 70};
    c.context.top_logprobs = std::span(d.top).first(lengths[c.r.below(4)]);
    c.context.raw_top_logprobs = std::span(d.raw_top).first(lengths[c.r.below(4)]);
    d.draw = draw_with(c.context, scratch);
    return d;
  }
};

/// Calls test(machines, case) for many cases of case_of(seed), and sees to it that they were of all kinds.
template <class Machines, class CaseOf, class Test>
void many(Machines m, std::uint64_t cases, std::uint64_t least_failed, CaseOf&& case_of, Test&& test) {
  for (std::uint64_t seed = 0; seed < cases && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    random_case c = case_of(seed);
    test(m, c);
  }
  if (testing::Test::HasFailure()) return;
  EXPECT_EQ(m.met.cases, cases);
  EXPECT_GT(m.met.tokens, cases / 2);
  EXPECT_GE(m.met.failed, least_failed);
}

}  // namespace two_policies
