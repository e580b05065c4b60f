// What a workspace is after a row went wrong, and what its space allows.
#include "urn/pipeline/run.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "support/naive_pipeline.hpp"
#include "urn/urn.hpp"

namespace {

using urn::status, urn::token_bias, urn::token_id;

const std::vector<float> row{1.0F, 3.0F, 2.0F, 2.5F, -1.0F, 0.0F};
const std::vector<token_id> output{0, 1, 2, 1};
constexpr std::array biases{token_bias{3, 0.5F}, token_bias{4, -1.0F}};
constexpr std::array<token_id, 1> ends{5};
const auto five_edits = urn::min_tokens{9, ends} | urn::logit_bias{biases} | urn::penalties{1.5F} |
                        urn::temperature{0.7F} | urn::penalties{.presence = 0.5F} | urn::top_k{4} |
                        urn::penalties{.frequency = 0.25F} | urn::categorical{};
constexpr std::size_t before_the_cut = 1 + 2 + 3 + 3;
constexpr std::size_t in_all = before_the_cut + 3;

urn::any_pipeline<> erased() {
  urn::any_pipeline p;
  EXPECT_EQ(p.append(five_edits), urn::misplaced::no);
  return p;
}

TEST(run, edits_share_the_workspace) {
  urn::workspace ample(row.size(), 100);
  const urn::draw_context who{.history = output, .seed = 9};
  const urn::draw expected = five_edits(urn::scalar, row, who, ample);
  EXPECT_EQ(expected.status, status::ok);
  for (std::size_t edits = 0; edits <= in_all + 1; ++edits) {
    urn::workspace scratch(row.size(), edits);
    for (const urn::draw& d : {five_edits(urn::scalar, row, who, scratch), erased()(row, who, scratch)}) {
      if (edits < in_all) {
        EXPECT_EQ(d.token, urn::no_token) << edits;
        EXPECT_EQ(d.status, status::no_space) << edits;
      } else {
        EXPECT_TRUE(look::same(d, expected)) << edits;
      }
    }
  }
}

/// A failure, and a row that must be drawn afterwards as if nothing had happened.
template <class Failing>
void expect_harmless(const Failing& failing, const std::vector<float>& bad_row, const urn::draw_context& who,
                     status expected) {
  urn::workspace used(row.size(), in_all);
  urn::workspace fresh(row.size(), in_all);
  const urn::draw_context good{.history = output, .seed = 9};
  urn::any_pipeline any;
  ASSERT_EQ(any.append(failing), urn::misplaced::no);
  for (const bool typed : {true, false}) {
    const urn::draw d = typed ? failing(urn::scalar, bad_row, who, used) : any(bad_row, who, used);
    EXPECT_EQ(d.status, expected);
    EXPECT_EQ(d.token, urn::no_token);
    const auto slots = used.slots();
    EXPECT_TRUE(std::all_of(slots.begin(), slots.end(), [](std::uint32_t s) { return s == 0; }));
    EXPECT_TRUE(
        look::same(five_edits(urn::scalar, row, good, used), five_edits(urn::scalar, row, good, fresh)));
  }
}

const std::vector<token_id> all_tokens{0, 1, 2, 3, 4, 5, 0};

TEST(run, no_failure_spoils_the_workspace) {
  const urn::draw_context many{.history = all_tokens};
  const std::vector<float> nothing(row.size(), -naive::infinity);
  const std::vector<float> nans(row.size(), naive::nan);
  const std::vector<float> far(row.size(), 1e7F);
  const auto usual = urn::penalties{1.5F} | urn::temperature{0.7F} | urn::top_k{3} | urn::categorical{};
  const auto thrice = urn::penalties{1.5F} | urn::penalties{1.5F} | urn::penalties{1.5F} | urn::greedy{};
  expect_harmless(thrice, row, many, status::no_space);
  expect_harmless(usual, nothing, many, status::empty);
  expect_harmless(usual, nans, many, status::empty | status::nan);
  expect_harmless(usual, far, many, status::out_of_range);
  expect_harmless(usual, {}, many, status::empty);
  expect_harmless(urn::penalties{-1} | usual, row, many, status::bad_argument);
  expect_harmless(usual, std::vector<float>(row.size() + 1), many, status::no_space);
  expect_harmless(urn::penalties{1.5F} | urn::top_p{0.5F} | usual, far, many, status::out_of_range);
}

TEST(run, an_edit_that_does_not_fit_says_so_before_it_changes_anything) {
  std::vector<float> seen(row.size(), 7.0F);
  urn::workspace scratch(row.size(), 2);
  const auto p = urn::penalties{1.5F} | look::spy{seen.data()} | urn::greedy{};
  EXPECT_TRUE(look::refused(p(urn::scalar, row, {.history = output}, scratch), status::no_space));
  EXPECT_EQ(seen, std::vector<float>(row.size(), 7.0F));
}

TEST(run, a_failed_row_goes_no_further) {
  std::vector<float> seen(row.size(), 7.0F);
  constexpr std::array<std::int32_t, 1> none{0};
  const auto p = urn::bitmask{none} | urn::top_k{2} | look::spy{seen.data()};
  EXPECT_EQ(look::drawn(p, row).status, status::empty);
  EXPECT_EQ(seen, std::vector<float>(row.size(), 7.0F));
}

TEST(run, workspaces_need_no_space_for_edits_that_touch_nothing) {
  urn::workspace scratch(row.size(), 0);
  const auto p = urn::logit_bias{} | urn::penalties{1.5F} | urn::min_tokens{} | urn::categorical{};
  EXPECT_EQ(p(urn::scalar, row, {}, scratch).status, status::ok);
}

}  // namespace
