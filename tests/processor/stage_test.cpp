#include "urn/processor/stage.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <vector>

#include "support/naive_pipeline.hpp"
#include "support/rows.hpp"
#include "urn/urn.hpp"

namespace {

using urn::status, urn::token_id;
using urn::operator|;  // for two stages that both come from outside urn

struct soft_cap {  // a custom processor, complete
  using stage = urn::elementwise_edit;
  float cap;
  float operator()(float logit, token_id) const { return cap * std::tanh(logit / cap); }
};

/// A sparse one with all the optional members: tokens seen at least `often` times are pushed down.
struct over_used {
  using stage = urn::sparse_edit;
  std::uint32_t often = 0;
  float push = 0;
  [[nodiscard]] bool neutral() const { return push == 0; }
  [[nodiscard]] status check(std::size_t vocabulary) const {
    return std::isnan(push) || often > vocabulary ? status::bad_argument : status::ok;
  }
  static std::size_t touches(const urn::draw_context& context) { return context.history.output.size(); }
  static urn::touched_token touch(const urn::draw_context& context, std::size_t i) {
    return {context.history.output[i], 1};
  }
  static std::uint32_t merge(std::uint32_t a, std::uint32_t b) { return a + b; }
  float operator()(float logit, std::uint32_t count) const { return count < often ? logit : logit - push; }
};

/// A sparse edit that cannot do its work.
struct refuses {
  using stage = urn::sparse_edit;
  static status check(std::size_t) { return status::bad_argument; }
  static std::size_t touches(const urn::draw_context&) { return 1; }
  static urn::touched_token touch(const urn::draw_context&, std::size_t) { return {0, 7}; }
  float operator()(float, std::uint32_t) const { return 0; }
};

struct first_half_only {
  using stage = urn::elementwise_edit;
  static constexpr bool whole_row = true;
  static constexpr bool only_masks = true;
  token_id half;
  float operator()(float logit, token_id id) const { return id < half ? logit : -naive::infinity; }
};

/// A custom cut: only even tokens.
struct even {
  using stage = urn::cut;
  template <class State>
  void operator()(State& row) const {
    row.keep([&](const auto& source) {
      return urn::kernel::scalar::collect(source, row.room(), [](float, token_id id) { return id % 2 == 0; });
    });
  }
};

/// A custom report.
struct note_kept {
  using stage = urn::report;
  std::size_t* kept;
  template <class State>
  void operator()(State& row) const {
    *kept = row.size();
  }
};

static_assert(urn::pipeline_stage<soft_cap> && urn::pipeline_stage<over_used> && urn::pipeline_stage<even>);
static_assert(!urn::pipeline_stage<int> && !urn::pipeline_stage<status>);
static_assert(urn::needs_whole_row<first_half_only> && !urn::needs_whole_row<soft_cap>);
static_assert(urn::is_mask<first_half_only> && !urn::is_mask<soft_cap>);

using urn::misplaced, urn::row_kind;
static_assert(urn::placement<soft_cap>(row_kind::logits) == misplaced::no);
static_assert(urn::placement<soft_cap>(row_kind::kept) == misplaced::no);
static_assert(urn::placement<soft_cap>(row_kind::drawn) == misplaced::after_draw);
static_assert(urn::placement<first_half_only>(row_kind::kept) == misplaced::whole_row_after_cut);
static_assert(urn::placement<first_half_only>(row_kind::drawn) == misplaced::after_draw);
static_assert(urn::placement<note_kept>(row_kind::kept) == misplaced::report_before_draw);
static_assert(urn::placement<note_kept>(row_kind::drawn) == misplaced::no);
static_assert(urn::kind_after<even>(row_kind::logits) == row_kind::kept);
static_assert(urn::kind_after<soft_cap>(row_kind::kept) == row_kind::kept);

const std::vector<float> row{4.0F, 1.0F, -9.0F, 2.0F, 3.5F, 0.0F};
const std::vector<token_id> output{0, 4, 0, 4, 0, 1, -1, 17};

/// Both pipelines, typed and at run time, after the same stages.
template <class Stages>
std::vector<urn::draw> both(const Stages& stages, const std::vector<float>& logits, std::uint64_t seed) {
  urn::workspace scratch(logits.size());
  const urn::draw_context context{.history = output, .seed = seed};
  urn::any_pipeline any;
  EXPECT_EQ(any.append(stages), misplaced::no);
  EXPECT_EQ(any.append(urn::categorical{}), misplaced::no);
  return {(stages | urn::categorical{})(urn::scalar, logits, context, scratch),
          any(logits, context, scratch)};
}

/// `stages` do what the edited row given says.
template <class Stages>
void expect_edited(const Stages& stages, const std::vector<float>& expected) {
  EXPECT_TRUE(look::same(look::edited(stages, row, {.history = output}), expected));
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    for (const urn::draw& d : both(stages, row, seed)) {
      EXPECT_TRUE(look::same(d, both(urn::temperature{}, expected, seed)[0])) << look::text(d);
    }
  }
}

TEST(stage, a_custom_elementwise_edit) {
  const soft_cap cap{3.0F};
  std::vector<float> capped, cooled;
  for (const float l : row) capped.push_back(cap(l, 0));
  for (const float l : row) cooled.push_back(cap(l / 0.7F, 0));
  expect_edited(cap, capped);
  expect_edited(urn::temperature{0.7F} | cap, cooled);
  expect_edited(cap | urn::top_k{0}, capped);
}

TEST(stage, a_custom_elementwise_edit_after_a_cut) {
  const soft_cap cap{3.0F};
  const std::vector<float> got = look::edited(urn::top_k{2} | cap, row);
  EXPECT_EQ(got[0], cap(row[0], 0));
  EXPECT_EQ(got[4], cap(row[4], 4));
  EXPECT_TRUE(std::isnan(got[1]));
  const std::vector<urn::draw> draws = both(urn::top_k{2} | cap, row, 1);
  EXPECT_TRUE(look::same(draws[0], draws[1]));
  EXPECT_EQ(draws[0].kept, 2U);
  const float ratio = cap(row[0], 0) - cap(row[4], 4);
  const std::vector<urn::token_logprob> best = look::ranked(urn::top_k{2} | cap, row);
  EXPECT_NEAR(best[0].logprob - best[1].logprob, ratio, 1e-6F);
}

TEST(stage, a_custom_sparse_edit) {
  const over_used edit{2, 1.5F};
  expect_edited(edit, {2.5F, 1.0F, -9.0F, 2.0F, 2.0F, 0.0F});
  expect_edited(over_used{3, 1.5F}, {2.5F, 1.0F, -9.0F, 2.0F, 3.5F, 0.0F});
  expect_edited(over_used{2, 0.0F}, row);
  const std::vector<float> got =
      look::edited(urn::top_k{2} | urn::temperature{0.5F} | edit, row, {.history = output});
  EXPECT_EQ(got[0], 8.0F - 1.5F);
  EXPECT_EQ(got[4], 7.0F - 1.5F);
  EXPECT_TRUE(std::isnan(got[3]));
}

TEST(stage, neutral_is_asked_first_and_check_before_all) {
  EXPECT_TRUE(look::refused(look::drawn(over_used{2, naive::nan}, row), status::bad_argument));
  EXPECT_TRUE(look::refused(look::drawn(over_used{7, 0.0F}, row), status::bad_argument));
  float seen[6] = {};
  EXPECT_TRUE(look::refused(look::drawn(look::spy{seen} | over_used{7, 1.0F}, row), status::bad_argument));
  EXPECT_TRUE(std::all_of(std::begin(seen), std::end(seen), [](float l) { return l == 0; }));
}

TEST(stage, a_sparse_edit_may_refuse_and_leaves_the_workspace_clean) {
  urn::workspace scratch(row.size());
  const auto refusing = refuses{} | urn::categorical{};
  EXPECT_TRUE(look::refused(refusing(urn::scalar, row, {}, scratch), status::bad_argument));
  for (const std::uint32_t slot : scratch.slots()) EXPECT_EQ(slot, 0U);
}

TEST(stage, a_custom_mask) {
  EXPECT_EQ(look::kept(first_half_only{3}, row), (std::vector<token_id>{0, 1, 2}));
  EXPECT_EQ(look::kept(urn::temperature{0} | first_half_only{3}, row), (std::vector<token_id>{0}));
  EXPECT_TRUE(look::same(look::drawn(urn::temperature{0.3F} | first_half_only{3}, row),
                         look::drawn(first_half_only{3} | urn::temperature{0.3F}, row)));
}

TEST(stage, a_custom_cut_and_a_custom_report) {
  EXPECT_EQ(look::kept(even{}, row), (std::vector<token_id>{0, 2, 4}));
  EXPECT_EQ(look::kept(urn::top_k{4} | even{}, row), (std::vector<token_id>{0, 4}));
  std::size_t kept = 0;
  urn::workspace scratch(row.size());
  (even{} | urn::greedy{} | note_kept{&kept})(urn::scalar, row, {}, scratch);
  EXPECT_EQ(kept, 3U);
}

}  // namespace
