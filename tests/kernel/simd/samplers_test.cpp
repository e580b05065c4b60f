// The samplers beyond greedy and categorical with urn::simd draw what they draw with urn::scalar.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "support/naive_pipeline.hpp"
#include "support/random_pipelines.hpp"
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

}  // namespace
