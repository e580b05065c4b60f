#include "urn/pipeline/any_pipeline.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>
#include <vector>

#include "support/naive_pipeline.hpp"
#include "urn/urn.hpp"

namespace {

using urn::misplaced, urn::status, urn::token_id;

const std::vector<float> row{1.0F, 3.0F, 2.0F, 2.5F, -1.0F};

static_assert(std::is_nothrow_move_constructible_v<urn::any_pipeline<>>);
static_assert(std::is_copy_assignable_v<urn::any_pipeline<>>);

/// top_k 3 and a draw.
urn::any_pipeline<> three_best() {
  urn::any_pipeline p;
  EXPECT_EQ(p.append(urn::top_k{3}), misplaced::no);
  EXPECT_EQ(p.append(urn::categorical{}), misplaced::no);
  return p;
}
urn::draw draw(const urn::any_pipeline<>& p, std::uint64_t seed = 1) {
  urn::workspace scratch(row.size());
  return p(row, {.seed = seed}, scratch);
}

TEST(any_pipeline, draws_what_the_typed_pipeline_draws) {
  for (std::uint64_t seed = 0; seed < 50; ++seed)
    EXPECT_TRUE(look::same(draw(three_best(), seed), look::drawn(urn::top_k{3}, row, {.seed = seed})));
}

TEST(any_pipeline, takes_a_policy_as_the_typed_does) {
  urn::workspace scratch(row.size());
  EXPECT_TRUE(look::same(three_best()(urn::scalar, row, {.seed = 1}, scratch), draw(three_best())));
}

TEST(any_pipeline, without_a_sampler_draws_nothing) {
  urn::any_pipeline p;
  EXPECT_FALSE(p.draws());
  EXPECT_TRUE(look::refused(draw(p), status::bad_argument));
  EXPECT_EQ(p.append(urn::temperature{0.5F} | urn::top_k{3}), misplaced::no);
  EXPECT_FALSE(p.draws());
  EXPECT_TRUE(look::refused(draw(p), status::bad_argument));
  EXPECT_EQ(p.append(urn::greedy{}), misplaced::no);
  EXPECT_TRUE(p.draws());
  EXPECT_EQ(draw(p).token, 1);
}

TEST(any_pipeline, a_refused_append_says_why_and_changes_nothing) {
  urn::any_pipeline p;
  EXPECT_EQ(p.append(urn::logprobs{}), misplaced::report_before_draw);
  EXPECT_EQ(p.append(urn::top_k{2} | urn::temperature{-1}), misplaced::no);
  p = {};
  EXPECT_EQ(p.append(urn::top_k{3}), misplaced::no);
  EXPECT_EQ(p.append(urn::bitmask{}), misplaced::whole_row_after_cut);
  EXPECT_EQ(p.append(urn::logit_bias{}), misplaced::whole_row_after_cut);
  EXPECT_EQ(p.append(urn::min_tokens{}), misplaced::whole_row_after_cut);
  EXPECT_EQ(p.append(urn::bitmask{} | urn::greedy{}), misplaced::whole_row_after_cut);
  EXPECT_EQ(p.append(urn::logprobs{}), misplaced::report_before_draw);
  EXPECT_FALSE(p.draws());
  EXPECT_EQ(p.append(urn::categorical{}), misplaced::no);
  EXPECT_EQ(p.append(urn::greedy{}), misplaced::after_draw);
  EXPECT_EQ(p.append(urn::top_k{1}), misplaced::after_draw);
  EXPECT_EQ(p.append(urn::temperature{-1}), misplaced::after_draw);  // or every draw would be refused
  EXPECT_EQ(p.append(urn::temperature{} | urn::categorical{}), misplaced::after_draw);
  for (std::uint64_t seed = 0; seed < 50; ++seed)
    EXPECT_TRUE(look::same(draw(p, seed), draw(three_best(), seed)));
  EXPECT_EQ(p.append(urn::logprobs{}), misplaced::no);
  EXPECT_EQ(draw(p).rank, draw(p).token == 1 ? 1U : draw(p).token == 3 ? 2U : 3U);
}

TEST(any_pipeline, the_sentences_are_those_of_the_compiler) {
  const auto says = [](misplaced m, const char* what) {
    return std::strstr(urn::sentence(m), what) != nullptr;
  };
  EXPECT_TRUE(
      says(misplaced::after_draw, "urn: the token is already drawn: only reports (logprobs) can follow"));
  EXPECT_TRUE(says(misplaced::whole_row_after_cut,
                   "urn: this stage allows or forbids tokens of the whole row: "
                   "put it before the first cut (top_k, top_p, min_p)"));
  EXPECT_TRUE(says(misplaced::report_before_draw, "urn: logprobs reports on a drawn token: put it after"));
  EXPECT_STREQ(urn::sentence(misplaced::no), "urn: the stage fits");
}

TEST(any_pipeline, checks_every_stage_before_the_first_runs) {
  std::vector<float> seen(row.size(), 7.0F);
  urn::any_pipeline p;
  EXPECT_EQ(p.append(look::spy{seen.data()}), misplaced::no);
  EXPECT_EQ(p.append(urn::temperature{-1}), misplaced::no);
  EXPECT_EQ(p.append(urn::greedy{}), misplaced::no);
  EXPECT_TRUE(look::refused(draw(p), status::bad_argument));
  EXPECT_EQ(seen, std::vector<float>(row.size(), 7.0F));
}

TEST(any_pipeline, copies_are_deep) {
  urn::any_pipeline first;
  EXPECT_EQ(first.append(urn::top_k{3}), misplaced::no);
  urn::any_pipeline second = first;
  EXPECT_EQ(second.append(urn::top_k{1}), misplaced::no);
  EXPECT_EQ(second.append(urn::categorical{}), misplaced::no);
  EXPECT_FALSE(first.draws());
  EXPECT_EQ(first.append(urn::categorical{}), misplaced::no);
  EXPECT_EQ(draw(first).kept, 3U);
  EXPECT_EQ(draw(second).kept, 1U);
  urn::any_pipeline third;
  third = second;
  second = first;
  EXPECT_EQ(draw(third).kept, 1U);
  EXPECT_EQ(draw(second).kept, 3U);
  {
    const urn::any_pipeline<> gone = three_best();
    third = gone;
  }
  EXPECT_EQ(draw(third).kept, 3U);
  const urn::any_pipeline<>& self = third;
  third = self;
  EXPECT_EQ(draw(third).kept, 3U);
}

TEST(any_pipeline, one_that_was_moved_from_draws_nothing) {
  urn::any_pipeline from = three_best();
  const urn::any_pipeline to = std::move(from);
  EXPECT_EQ(draw(to).kept, 3U);
  EXPECT_FALSE(from.draws());  // NOLINT(bugprone-use-after-move): that is the question
  EXPECT_TRUE(look::refused(draw(from), status::bad_argument));
}

TEST(any_pipeline, holds_typed_pipelines_with_edits_and_cuts) {
  const std::vector<token_id> output{1, 3};
  const auto edits = urn::penalties{1.5F} | urn::temperature{0.5F} | urn::penalties{.presence = 0.5F};
  const auto cuts = urn::top_k{4} | urn::penalties{.frequency = 0.25F} | urn::top_p{0.9F};
  urn::any_pipeline p;
  EXPECT_EQ(p.append(edits), misplaced::no);
  EXPECT_EQ(p.append(cuts), misplaced::no);
  EXPECT_EQ(p.append(urn::categorical{} | urn::logprobs{}), misplaced::no);
  urn::workspace scratch(row.size());
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const urn::draw_context who{.history = output, .seed = seed};
    const auto typed = edits | cuts | urn::categorical{} | urn::logprobs{};
    EXPECT_TRUE(look::same(p(row, who, scratch), typed(urn::scalar, row, who, scratch)));
  }
}

TEST(any_pipeline, reads_sixteen_bit_rows) {
  std::vector<urn::float16> halves;
  for (const float l : row) halves.push_back(urn::to_float16(l));
  urn::workspace scratch(row.size());
  EXPECT_TRUE(look::same(three_best()(halves, {.seed = 1}, scratch), draw(three_best())));
}

TEST(any_pipeline, admits_rows_that_fit) {
  urn::workspace small(row.size() - 1);
  EXPECT_TRUE(look::refused(three_best()(row, {}, small), status::no_space));
  EXPECT_TRUE(look::refused(three_best()(std::vector<float>{}, {}, small), status::empty));
  const urn::row_view<float> large(row.data(), urn::largest_vocabulary + 1);
  EXPECT_TRUE(look::refused(three_best()(large, {}, small), status::bad_argument | status::no_space));
}

}  // namespace
