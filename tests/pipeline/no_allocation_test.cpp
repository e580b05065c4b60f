// Drawing never allocates: every operator new of this program is counted.
#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "support/count_allocations.hpp"
#include "urn/urn.hpp"

namespace {

using urn::token_id;

constexpr std::size_t vocabulary = 3000;
constexpr std::array<std::int32_t, 80> mask{-1, -1, 0x5A5A5A5A, -1};
constexpr std::array<token_id, 2> ends{3, 9};
constexpr std::array biases{urn::token_bias{5, 1.0F}, urn::token_bias{2900, -1.0F}};
constexpr auto everything = urn::bitmask{mask} | urn::logit_bias{biases} | urn::penalties{1.3F, 0.2F, 0.1F} |
                            urn::temperature{0.7F} | urn::top_k{50} | urn::top_p{0.9F} |
                            urn::penalties{1.1F} | urn::min_p{0.01F} | urn::categorical{} | urn::logprobs{};

std::vector<float> ragged(std::size_t size) {
  std::vector<float> logits(size);
  for (std::size_t i = 0; i < size; ++i) logits[i] = static_cast<float>(i * 7919 % 1000) * 0.01F;
  return logits;
}

struct no_allocation : testing::Test {
  std::vector<float> logits = ragged(vocabulary);
  std::vector<float> empty = std::vector<float>(vocabulary, -std::numeric_limits<float>::infinity());
  std::vector<token_id> output{1, 2, 3, 2, 70};
  std::vector<urn::token_logprob> best = std::vector<urn::token_logprob>(20);
  std::vector<urn::token_logprob> raw_best = std::vector<urn::token_logprob>(20);
  urn::workspace scratch{vocabulary};
  urn::workspace narrow{vocabulary, 2};
  urn::draw_context context{.history = output, .seed = 3, .top_logprobs = best, .raw_top_logprobs = raw_best};

  /// Draws good rows and bad ones.
  template <class Pipeline>
  std::size_t allocated_by(const Pipeline& p, urn::status expected = urn::status::ok) {
    const std::size_t before = allocations;
    const urn::draw good = p(urn::scalar, logits, context, scratch);
    const urn::draw bad = p(urn::scalar, empty, context, scratch);
    const urn::draw tight = p(urn::scalar, logits, context, narrow);
    const std::size_t after = allocations;
    EXPECT_EQ(good.status, expected);
    EXPECT_EQ(bad.status, urn::status::empty);
    EXPECT_TRUE(tight.status == expected || tight.status == urn::status::no_space);
    return after - before;
  }
};

TEST_F(no_allocation, is_missed_by_this_program) {
  const std::size_t before = allocations;
  ::operator delete(::operator new(1000));  // unlike a new-expression, never optimised away
  EXPECT_EQ(allocations, before + 1);
}

TEST_F(no_allocation, by_typed_pipelines) {
  EXPECT_EQ(allocated_by(everything), 0U);
  EXPECT_EQ(allocated_by(urn::temperature{0.7F} | urn::categorical{} | urn::logprobs{}), 0U);
  EXPECT_EQ(allocated_by(urn::top_p{0.99F} | urn::greedy{} | urn::logprobs{}), 0U);
}

TEST_F(no_allocation, by_other_samplers_and_reports) {
  urn::kept_summary summary;
  urn::distribution_room room(vocabulary);
  std::vector<urn::token_logprob> given(20, urn::token_logprob{.token = 7});
  context.given_logprobs = context.raw_given_logprobs = given;
  context.kept_set = raw_best;
  context.summary = &summary;
  constexpr auto stages = urn::temperature{0.7F} | urn::top_p{0.9F};
  const auto reports = urn::logprobs{} | urn::kept_set{} | urn::distribution{&room};
  EXPECT_EQ(allocated_by(stages | urn::mirostat_v1{4} | reports), 0U);
  EXPECT_EQ(allocated_by(stages | urn::mirostat_v2{4} | reports), 0U);
  EXPECT_EQ(allocated_by(stages | urn::adaptive_p{0.1F} | reports), 0U);
  EXPECT_EQ(allocated_by(urn::temperature{0.7F} | urn::gumbel{} | reports), 0U);
  const urn::draft_token draft{room.view().ids[0], room.view()};
  const std::size_t before = allocations;
  const urn::verdict v = urn::rejection_sampling{}(room.view(), draft, context.key());
  EXPECT_EQ(allocations, before);
  EXPECT_TRUE(v.accepted);
}

TEST_F(no_allocation, by_cuts_and_scalings_of_many_kinds) {
  constexpr auto end = urn::categorical{} | urn::logprobs{};
  EXPECT_EQ(allocated_by(urn::soft_cap{30.0F} | urn::smoothing{0.1F} | urn::dynamic_temperature{0.5F, 1.5F} |
                         urn::typical{0.95F} | urn::top_n_sigma{3.0F} | urn::eta_cutoff{1e-4F} | end),
            0U);
  EXPECT_EQ(allocated_by(urn::temperature{0.1F} | urn::xtc{0.01F, 1.0F} | urn::top_h{0.9F} |
                         urn::epsilon_cutoff{1e-4F} | urn::top_a{0.01F} | end),
            0U);
  EXPECT_EQ(allocated_by(urn::expected_xtc{0.0F, 0.5F} | urn::tail_free{0.95F} |
                         urn::min_keep{5, urn::min_p{0.5F}} | urn::top_p_decay{0.9F, 0.9F} | end),
            0U);
  const urn::synthid_keys keys({654, 400, 836}, {});
  EXPECT_EQ(allocated_by(urn::synthid{&keys} | urn::top_k{40} | urn::infill{{}, ends} | end), 0U);
}

TEST_F(no_allocation, by_any_pipeline) {
  urn::any_pipeline one_piece;
  ASSERT_EQ(one_piece.append(everything), urn::misplaced::no);
  EXPECT_EQ(allocated_by(one_piece), 0U);
  urn::any_pipeline pieces;
  ASSERT_EQ(pieces.append(urn::bitmask{mask}), urn::misplaced::no);
  ASSERT_EQ(pieces.append(urn::min_tokens{9, ends}), urn::misplaced::no);
  ASSERT_EQ(pieces.append(urn::logit_bias{biases}), urn::misplaced::no);
  ASSERT_EQ(pieces.append(urn::penalties{1.3F, 0.2F, 0.1F}), urn::misplaced::no);
  ASSERT_EQ(pieces.append(urn::temperature{0.7F}), urn::misplaced::no);
  ASSERT_EQ(pieces.append(urn::top_p{0.9F}), urn::misplaced::no);
  ASSERT_EQ(pieces.append(urn::min_p{0.01F}), urn::misplaced::no);
  ASSERT_EQ(pieces.append(urn::categorical{}), urn::misplaced::no);
  ASSERT_EQ(pieces.append(urn::logprobs{}), urn::misplaced::no);
  EXPECT_EQ(allocated_by(pieces), 0U);
}

TEST_F(no_allocation, by_edits_of_the_history) {
  const std::vector<urn::biased_sequence> sequences{{{2, 70}, 1.0F}};
  const std::array<urn::forced_token, 1> forced{{{9, 1}}};
  const urn::dry_breakers breakers(std::vector<std::vector<token_id>>{{70}});
  const urn::dry repeats{.multiplier = 1, .allowed_length = 1, .breakers = breakers.view()};
  urn::any_pipeline pipeline;
  ASSERT_EQ(pipeline.append(urn::no_repeat_ngram{2} | urn::forced_tokens{forced}), urn::misplaced::no);
  ASSERT_EQ(pipeline.append(urn::sequence_bias{sequences} | repeats), urn::misplaced::no);
  ASSERT_EQ(pipeline.append(urn::exponential_decay_length{1, 1.5, ends}), urn::misplaced::no);
  ASSERT_EQ(pipeline.append(urn::categorical{}), urn::misplaced::no);
  EXPECT_EQ(allocated_by(pipeline), 0U);
  urn::dry_matches matches(output.size());
  urn::green_list green(vocabulary);
  urn::reasoning_state state({.begins = {{1}}, .ends = {{2}}, .forced = {3}, .budget = 2});
  const std::size_t before = allocations;
  const std::size_t found = matches.find(repeats, output).size() + green.after(output).size();
  const bool nothing_forced = state.next().neutral();
  EXPECT_EQ(allocations, before);
  EXPECT_GT(found, 0U);
  EXPECT_TRUE(nothing_forced);
}

TEST_F(no_allocation, by_batches_and_scores) {
  const std::array<urn::draw_context, 2> contexts{context, context};
  std::array<urn::draw, 2> out;
  const std::vector<float> two_rows = ragged(2 * vocabulary);
  const urn::batch_view<float> batch{two_rows.data(), 2, vocabulary, vocabulary};
  const std::size_t before = allocations;
  everything(urn::scalar, batch, contexts, out, scratch);
  const urn::draw scored = urn::score_token(urn::scalar, logits, 7, scratch, best);
  EXPECT_EQ(allocations, before);
  EXPECT_EQ(out[1].status, urn::status::ok);
  EXPECT_EQ(scored.status, urn::status::ok);
}

}  // namespace
