#include "urn/kernel/policy.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include "support/rows.hpp"
#include "urn/core/workspace.hpp"
#include "urn/pipeline/pipeline.hpp"
#include "urn/sampler/greedy.hpp"

namespace {

namespace kernel = urn::kernel;

/// A user's backend that does one kernel itself.
struct counting : urn::scalar_t {
  static inline int calls = 0;
  template <urn::logits_row Row>
  static kernel::row_max max(const Row& row, const kernel::row_scan& scanned) {
    ++calls;
    return urn::scalar_t::max(row, scanned);
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
  const kernel::row_scan seen = policy.scan(row, {});
  EXPECT_EQ(policy.max(row, seen).key, urn::scalar.max(row, seen).key);
  EXPECT_EQ(counting::calls, 1);
  EXPECT_EQ(policy.count_before(row, 0, seen), 3000U);
}

TEST(execution_policy, is_asked_by_the_pipeline) {
  const rows::row logits = some_logits();
  urn::workspace scratch(3000);
  counting::calls = 0;
  const urn::draw d = urn::draw_row(counting{}, urn::greedy{}, logits, {}, scratch);
  EXPECT_EQ(counting::calls, 1);
  EXPECT_EQ(d.token, urn::draw_row(urn::scalar, urn::greedy{}, logits, {}, scratch).token);
}

struct space {
  urn::workspace scratch{3000};
  urn::candidate_list out() { return urn::room_in(scratch); }
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
  const kernel::row_scan seen = urn::scalar.scan(row, {});
  EXPECT_EQ(seen.largest, kernel::scalar::scan(row).largest);
  const kernel::row_mass mass = urn::scalar.mass(row, c, blocks, {});
  EXPECT_EQ(mass.total, kernel::scalar::mass(row, c, others).total);
  EXPECT_EQ(blocks[2].mass, others[2].mass);
  EXPECT_EQ(urn::scalar.moments(row, c, mass.key).depth_low,
            kernel::scalar::moments(row, c, mass.key).depth_low);
  EXPECT_EQ(urn::scalar.pick(row, c, blocks, mass, {5, 0, 1}),
            kernel::scalar::pick(row, c, blocks, mass, {5, 0, 1}));
  const std::uint64_t best = urn::scalar.max(row, seen).key;
  EXPECT_EQ(urn::scalar.count_before(row, best - 1, seen), 1U);
  space a;
  EXPECT_EQ(urn::scalar.top_n(row, 5, seen, a.scratch).front().key, best);
}

TEST(scalar, weighs_and_picks_of_a_kept_set_with_the_scalar_kernels) {
  const rows::row logits = some_logits();
  const float c = kernel::mass_scale(0.8F);
  space a;
  const urn::candidate_list kept =
      kernel::scalar::select_k(urn::row_view{logits}, 9, a.out(), a.scratch.ranked()).kept;
  const kernel::row_mass mass = urn::scalar.mass_of_kept(kept, c, urn::scalar.scan(kept, {}));
  EXPECT_EQ(mass.total, kernel::scalar::mass_of_kept(kept, c).total);
  EXPECT_EQ(urn::scalar.pick_kept(kept, c, mass, {5, 0, 1}),
            kernel::scalar::pick_kept(kept, c, mass, {5, 0, 1}));
}

TEST(scalar, cuts_with_the_scalar_kernels) {
  const rows::row logits = some_logits();
  const urn::row_view row{logits};
  const float c = kernel::mass_scale(0.8F);
  const kernel::row_mass mass = kernel::scalar::mass_of_kept(row, c);
  const kernel::row_scan seen = kernel::scan_of(mass);
  space a;
  space b;
  const auto ranked = b.scratch.ranked();
  expect_same(urn::scalar.select_k(row, 9, seen, a.scratch),
              kernel::scalar::select_k(row, 9, b.out(), ranked));
  expect_same(urn::scalar.select_mass(row, c, mass, mass.total / 2, seen, a.scratch),
              kernel::scalar::select_mass(row, c, mass.key, mass.total / 2, b.out(), ranked));
  expect_same(urn::scalar.select_above(row, c, mass.key, 1ULL << 38, seen, a.scratch),
              kernel::scalar::select_above(row, c, mass.key, 1ULL << 38, b.out()));
}

}  // namespace
