#include "urn/kernel/scalar/bends.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "urn/core/order_key.hpp"
#include "urn/core/workspace.hpp"
#include "urn/kernel/block_mass.hpp"

namespace {

namespace kernel = urn::kernel;

constexpr std::uint64_t half = std::uint64_t{1} << 62;

/// Ranked tokens of masses 2^exponent, in any unit.
std::vector<urn::ranked_mass> tokens(const std::vector<float>& exponents) {
  std::vector<urn::ranked_mass> ranked;
  for (const float e : exponents) {
    ranked.push_back({urn::order_key(e, static_cast<urn::token_id>(ranked.size())), 0});
  }
  return ranked;
}
std::size_t leading(const std::vector<urn::ranked_mass>& ranked, std::uint64_t share) {
  const std::uint32_t key = ranked.empty() ? 0 : kernel::block_key(urn::logit_of(ranked[0].key), 1.0F);
  return kernel::scalar::leading_bends(ranked, 1.0F, key, share);
}

TEST(bend_of, is_the_second_difference_without_a_sign) {
  EXPECT_EQ(kernel::bend_of(7, 4, 1), 0U);
  EXPECT_EQ(kernel::bend_of(8, 4, 1), 1U);
  EXPECT_EQ(kernel::bend_of(6, 4, 1), 1U);
  const std::uint64_t most = std::uint64_t{1} << 41;
  EXPECT_EQ(kernel::bend_of(most, most, 0), most);
}

TEST(leading_bends, counts_what_adds_up_to_the_share) {
  const auto ranked = tokens({0, -1, -2, -3, -4});  // bends of 1/4, 1/8, 1/16 of the best one's mass
  EXPECT_EQ(leading(ranked, 0), 0U);
  EXPECT_EQ(leading(ranked, half), 0U);              // 7/32 is less than 8/32
  EXPECT_EQ(leading(ranked, half / 7 * 8 + 8), 1U);  // 4/7
  EXPECT_EQ(leading(ranked, half / 7 * 12 + 12), 2U);
  EXPECT_EQ(leading(ranked, 2 * half), 3U);
}

TEST(leading_bends, straight_lines_cost_nothing) {
  EXPECT_EQ(leading(tokens({0, 0, 0, 0}), 0), 2U);
  EXPECT_EQ(leading(tokens({0, 0, 0, -1, -1}), 0), 1U);
}

TEST(leading_bends, need_three_tokens) {
  for (const std::size_t n : {0U, 1U, 2U}) {
    EXPECT_EQ(leading(tokens(std::vector<float>(n)), 2 * half), 0U);
  }
}

}  // namespace
