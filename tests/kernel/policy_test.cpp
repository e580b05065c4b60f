#include "urn/kernel/policy.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include "support/rows.hpp"

namespace {

namespace kernel = urn::kernel;

/// A user's backend that does one kernel itself.
struct counting : urn::scalar_t {
  static inline int calls = 0;
  template <urn::logits_row Row>
  static kernel::row_max max(const Row& row) {
    ++calls;
    return urn::scalar_t::max(row);
  }
};

static_assert(urn::execution_policy<urn::scalar_t>);
static_assert(urn::execution_policy<const urn::scalar_t&>);
static_assert(urn::execution_policy<counting>);
static_assert(!urn::execution_policy<int>);
static_assert(std::is_empty_v<urn::scalar_t>);

rows::row some_logits() {
  rows::random_source random(1);
  return rows::normal(3000, random, 2);
}

TEST(execution_policy, may_hide_a_member) {
  const rows::row logits = some_logits();
  const urn::row_view row{logits};
  const counting policy;
  counting::calls = 0;
  EXPECT_EQ(policy.max(row).key, urn::scalar.max(row).key);
  EXPECT_EQ(counting::calls, 1);
  EXPECT_EQ(policy.count_before(row, 0), 3000U);
}

struct space {
  std::vector<urn::token_id> ids = std::vector<urn::token_id>(3000);
  std::vector<float> logits = std::vector<float>(3000);
  std::vector<urn::ranked_mass> ranked = std::vector<urn::ranked_mass>(3000);
};

void expect_same(const kernel::selection& a, const kernel::selection& b) {
  EXPECT_TRUE(std::ranges::equal(a.kept.ids, b.kept.ids));
  EXPECT_TRUE(std::ranges::equal(a.kept.logits, b.kept.logits));
  EXPECT_FALSE(a.kept.ids.empty());
}

TEST(scalar, runs_the_scalar_kernels) {
  const rows::row logits = some_logits();
  const urn::row_view row{logits};
  const float c = kernel::mass_scale(0.8F);
  std::vector<urn::block_mass> blocks(3);
  std::vector<urn::block_mass> others(3);
  const kernel::row_mass mass = urn::scalar.mass(row, c, blocks);
  EXPECT_EQ(mass.total, kernel::scalar::mass(row, c, others).total);
  EXPECT_EQ(blocks[2].mass, others[2].mass);
  EXPECT_EQ(urn::scalar.mass_of_kept(row, c).total, kernel::scalar::mass_of_kept(row, c).total);
  EXPECT_EQ(urn::scalar.moments(row, c, mass.key).depth_low,
            kernel::scalar::moments(row, c, mass.key).depth_low);
  EXPECT_EQ(urn::scalar.pick(row, c, blocks, mass, {5, 0, 1}),
            kernel::scalar::pick(row, c, blocks, mass, {5, 0, 1}));
  EXPECT_EQ(urn::scalar.pick_kept(row, c, mass, {5, 0, 1}),
            kernel::scalar::pick_kept(row, c, mass, {5, 0, 1}));
  const std::uint64_t best = urn::scalar.max(row).key;
  EXPECT_EQ(urn::scalar.count_before(row, best - 1), 1U);
  space a;
  EXPECT_EQ(urn::scalar.top_n(row, 5, a.ranked).front().key, best);
}

TEST(scalar, cuts_with_the_scalar_kernels) {
  const rows::row logits = some_logits();
  const urn::row_view row{logits};
  const float c = kernel::mass_scale(0.8F);
  const kernel::row_mass mass = kernel::scalar::mass_of_kept(row, c);
  space a;
  space b;
  const urn::candidate_list out{a.ids, a.logits};
  const urn::candidate_list other{b.ids, b.logits};
  expect_same(urn::scalar.select_k(row, 9, out, a.ranked), kernel::scalar::select_k(row, 9, other, b.ranked));
  expect_same(urn::scalar.select_mass(row, c, mass.key, mass.total / 2, out, a.ranked),
              kernel::scalar::select_mass(row, c, mass.key, mass.total / 2, other, b.ranked));
  expect_same(urn::scalar.select_above(row, c, mass.key, 1ULL << 38, out),
              kernel::scalar::select_above(row, c, mass.key, 1ULL << 38, other));
}

}  // namespace
