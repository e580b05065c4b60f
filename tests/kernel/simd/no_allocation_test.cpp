// Drawing by vectors never allocates, on one thread or several.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "support/count_allocations.hpp"
#include "support/rows.hpp"
#include "urn/kernel/simd/policy.hpp"
#include "urn/urn.hpp"

namespace {

constexpr std::size_t vocabulary = 70000;

rows::row flat_logits(std::size_t size) {
  rows::random_source random(3);
  return rows::normal(size, random, 3);
}

template <class Pipeline>
std::size_t allocated_by(const Pipeline& p, std::span<const float> logits, urn::workspace& scratch) {
  std::vector<urn::token_logprob> best(20);
  std::vector<urn::token_logprob> raw_best(20);
  const std::vector<urn::token_id> output{1, 2, 3, 2, 70};
  const urn::draw_context context{
      .history = output, .seed = 3, .top_logprobs = best, .raw_top_logprobs = raw_best};
  const std::size_t before = allocations;
  const urn::draw d = p(urn::simd, logits, context, scratch);
  const std::size_t after = allocations;
  EXPECT_NE(d.token, urn::no_token);
  EXPECT_NE(best[0].token, urn::no_token);
  return after - before;
}

TEST(simd_no_allocation, of_any_pipeline) {
  const rows::row logits = flat_logits(vocabulary);
  const std::vector<std::int32_t> mask(vocabulary / 32 + 1, 0x7FFFFFFF);
  urn::workspace scratch(vocabulary);
  constexpr auto end = urn::categorical{} | urn::logprobs{};
  EXPECT_EQ(allocated_by(end, logits, scratch), 0U);
  EXPECT_EQ(allocated_by(urn::top_p{0.9F} | end, logits, scratch), 0U);
  EXPECT_EQ(allocated_by(urn::min_p{0.01F} | end, logits, scratch), 0U);
  EXPECT_EQ(allocated_by(urn::greedy{} | urn::logprobs{}, logits, scratch), 0U);
  EXPECT_EQ(allocated_by(urn::typical{0.9F} | urn::top_n_sigma{2.0F} | end, logits, scratch), 0U);
  EXPECT_EQ(allocated_by(urn::xtc{1e-4F, 1.0F} | urn::smoothing{0.1F} | urn::tail_free{0.9F} | end, logits,
                         scratch),
            0U);
  EXPECT_EQ(allocated_by(urn::bitmask{mask} | urn::penalties{1.3F, 0.2F, 0.1F} | urn::temperature{0.7F} |
                             urn::top_k{50} | urn::top_p{0.9F} | end,
                         logits, scratch),
            0U);
}

TEST(simd_no_allocation, of_rows_that_fail) {
  const rows::row nothing(vocabulary, -rows::infinity);
  urn::workspace scratch(vocabulary);
  const std::size_t before = allocations;
  const urn::draw d = (urn::top_k{5} | urn::categorical{})(urn::simd, nothing, {}, scratch);
  EXPECT_EQ(allocations - before, 0U);
  EXPECT_EQ(d.status, urn::status::empty);
}

TEST(simd_no_allocation, of_a_batch_on_threads) {
  constexpr std::size_t count = 6;
  const rows::row logits = flat_logits(vocabulary * count);
  urn::thread_pool pool(2);
  std::vector<urn::workspace> scratch(2, urn::workspace(vocabulary));
  const std::vector<urn::draw_context> contexts(count);
  std::vector<urn::draw> out(count);
  const urn::batch_view<float> batch{logits.data(), count, vocabulary, vocabulary};
  constexpr auto pipeline = urn::top_p{0.9F} | urn::categorical{};
  const std::size_t before = allocations;
  pipeline(urn::parallel{urn::simd, pool}, batch, contexts, out, std::span(scratch));
  EXPECT_EQ(allocations - before, 0U);
  for (const urn::draw& d : out) EXPECT_NE(d.token, urn::no_token);
}

}  // namespace
