// Whole pipelines on a system of Thrust draw what they draw with urn::scalar: every field of the draw and of
// the lists. proof.thrust compares more of them.
#include "urn/kernel/thrust/policy.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernel/thrust/on_device.hpp"
#include "support/two_policies.hpp"
#include "urn/urn.hpp"

namespace {

using random_pipelines::random_case, random_pipelines::random_row;
using two_policies::drawn, two_policies::machines;
using policy = decltype(urn::thrust_on(thrust::device));

static_assert(urn::execution_policy<policy>);
static_assert(urn::execution_policy<decltype(urn::thrust_on(thrust::seq))>);

constexpr std::size_t most = 6000;

/// The pipelines have the same stages, the rows the same logits.
template <class ByScalar, class ByThrust>
void compare(machines& m, const random_case& c, const ByScalar& by_scalar, const std::vector<float>& here,
             const ByThrust& by_thrust, const auto& there) {
  m.compare(
      c, [&](const auto& context, auto& scratch) { return by_scalar(urn::scalar, here, context, scratch); },
      [&](const auto& context, auto& scratch) {
        return by_thrust(on_device::policy, there, context, scratch);
      });
}

template <class Test>
void many(std::uint64_t cases, Test&& test) {
  two_policies::many(
      machines{most}, cases, cases / 100, [](std::uint64_t seed) { return random_case(seed); }, test);
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
    compare(m, c, by_scalar, logits, by_thrust, logits);
  });
}

TEST(thrust_on, draws_from_rows_of_the_device) {
  many(300, [](machines& m, random_case& c) {
    const auto pipeline = c.penalties() | c.temperature() | c.min_p() | urn::categorical{} | urn::logprobs{};
    const std::vector<float> logits = random_row(c.r, c.size);
    const thrust::device_vector<float> there(logits.begin(), logits.end());
    compare(m, c, pipeline, logits, pipeline, urn::device_row{there});
  });
}

TEST(thrust_on, scores_a_token_as_scalar) {
  machines m{most};
  for (std::uint64_t seed = 0; seed < 100 && !testing::Test::HasFailure(); ++seed) {
    random_case c(seed);
    const std::vector<float> logits = random_row(c.r, c.size);
    const urn::token_id token = c.token();
    drawn a{}, b{};
    a.draw = urn::score_token(urn::scalar, logits, token, m.scalar, a.top);
    b.draw = urn::score_token(on_device::policy, logits, token, m.other, b.top);
    two_policies::expect_same(a, b, c.size);
  }
}

}  // namespace
