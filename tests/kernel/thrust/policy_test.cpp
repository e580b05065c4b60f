// Whole pipelines on a system of Thrust draw what they draw with urn::scalar: every field of the draw and of
// the lists. proof.thrust compares more of them.
#include "urn/kernel/thrust/policy.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "kernel/thrust/on_device.hpp"
#include "support/naive_pipeline.hpp"
#include "support/random_pipelines.hpp"
#include "urn/urn.hpp"

namespace {

using random_pipelines::random_case, random_pipelines::random_row, random_pipelines::tally;
using policy = decltype(urn::thrust_on(thrust::device));

static_assert(urn::execution_policy<policy>);
static_assert(urn::execution_policy<decltype(urn::thrust_on(thrust::seq))>);

constexpr std::size_t most = 6000;

/// A draw with its lists of best tokens.
struct drawn {
  urn::draw draw;
  std::array<urn::token_logprob, 20> top, raw_top;
};

bool same(const std::array<urn::token_logprob, 20>& a, const std::array<urn::token_logprob, 20>& b) {
  return std::ranges::equal(a, b, [](const auto& x, const auto& y) {
    return x.token == y.token &&
           std::bit_cast<std::uint32_t>(x.logprob) == std::bit_cast<std::uint32_t>(y.logprob);
  });
}

/// A machine for each policy, with memory of its own.
struct machines {
  urn::workspace plain{most};
  urn::workspace other{most};
  tally met;

  template <class Draw>
  static drawn run(random_case c, Draw&& draw_with) {
    drawn d{};
    constexpr std::array<std::size_t, 3> lengths{0, 1, 20};
    c.context.top_logprobs = std::span(d.top).first(lengths[c.r.below(3)]);
    c.context.raw_top_logprobs = std::span(d.raw_top).first(lengths[c.r.below(3)]);
    d.draw = draw_with(c.context);
    return d;
  }
  /// The pipelines have the same stages, the rows the same logits.
  template <class ByScalar, class ByThrust>
  void compare(random_case& c, const ByScalar& by_scalar, const std::vector<float>& here,
               const ByThrust& by_thrust, const auto& there) {
    const drawn a = run(c, [&](const auto& context) { return by_scalar(urn::scalar, here, context, plain); });
    const drawn b =
        run(c, [&](const auto& context) { return by_thrust(on_device::policy, there, context, other); });
    EXPECT_TRUE(look::same(a.draw, b.draw))
        << c.size << "\nscalar: " << look::text(a.draw) << "\nthrust: " << look::text(b.draw);
    EXPECT_TRUE(same(a.top, b.top)) << c.size;
    EXPECT_TRUE(same(a.raw_top, b.raw_top)) << c.size;
    met.count(a.draw, c.size);
  }
};

/// Calls test(machines, case) for many cases, and sees to it that they were of all kinds.
template <class Test>
void many(std::uint64_t cases, Test&& test) {
  machines m;
  for (std::uint64_t seed = 0; seed < cases && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    random_case c(seed);
    test(m, c);
  }
  if (testing::Test::HasFailure()) return;
  EXPECT_EQ(m.met.cases, cases);
  EXPECT_GT(m.met.tokens, cases / 2);
  EXPECT_GE(m.met.failed, cases / 100);
}

TEST(thrust_on, draws_as_scalar_in_any_order) {
  many(500, [](machines& m, random_case& c) {
    urn::any_pipeline by_scalar;
    urn::any_pipeline<policy> by_thrust;
    const auto append = [&](const auto& stage) {
      ASSERT_EQ(by_scalar.append(stage), urn::misplaced::no);
      ASSERT_EQ(by_thrust.append(stage), urn::misplaced::no);
    };
    random_pipelines::append_some(c, append);
    if (c.r.below(8) == 0) {
      append(urn::greedy{});
    } else {
      append(urn::categorical{});
    }
    append(urn::logprobs{.raw = c.r.below(3) != 0});
    const std::vector<float> logits = random_row(c.r, c.size);
    m.compare(c, by_scalar, logits, by_thrust, logits);
  });
}

TEST(thrust_on, draws_from_rows_of_the_device) {
  many(300, [](machines& m, random_case& c) {
    const auto pipeline = c.penalties() | c.temperature() | c.min_p() | urn::categorical{} | urn::logprobs{};
    const std::vector<float> logits = random_row(c.r, c.size);
    const thrust::device_vector<float> there(logits.begin(), logits.end());
    m.compare(c, pipeline, logits, pipeline, urn::device_row{there});
  });
}

TEST(thrust_on, scores_a_token_as_scalar) {
  machines m;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    random_case c(seed);
    const std::vector<float> logits = random_row(c.r, c.size);
    const urn::token_id token = c.token();
    drawn a{}, b{};
    a.draw = urn::score_token(urn::scalar, logits, token, m.plain, a.top);
    b.draw = urn::score_token(on_device::policy, logits, token, m.other, b.top);
    ASSERT_TRUE(look::same(a.draw, b.draw)) << look::text(a.draw) << "\n" << look::text(b.draw);
    ASSERT_TRUE(same(a.top, b.top)) << c.size;
  }
}

}  // namespace
