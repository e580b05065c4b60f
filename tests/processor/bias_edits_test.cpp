// Edits that add to the logits of a few tokens or scale them: sequence_bias, exponential_decay_length,
// encoder_repetition, decaying_repetition, and the scopes of penalties.
#include <gtest/gtest.h>

#include <cfloat>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "support/naive_edits.hpp"
#include "support/rows.hpp"
#include "urn/pipeline/any_pipeline.hpp"
#include "urn/urn.hpp"

namespace {

using naive::tokens;
using urn::biased_sequence, urn::decaying_repetition, urn::encoder_repetition, urn::exponential_decay_length,
    urn::penalties, urn::penalty_scope, urn::sequence_bias, urn::status, urn::token_id;

const std::vector<float> row{1, 2, -3, 4};
constexpr auto everywhere = penalty_scope::prompt_and_output;

std::vector<float> after(const auto& edit, const tokens& prompt, const tokens& output = {}) {
  return look::edited(edit, row, {.history = {prompt, output}});
}

TEST(sequence_bias, is_added_where_a_sequence_would_be_completed) {
  const std::vector<biased_sequence> entries{{{3}, -1.5F}, {{0, 1}, 2}, {{2, 0, 1}, 0.25F}, {{1, 1}, 100}};
  EXPECT_TRUE(look::same(after(sequence_bias{entries}, {}), {1, 2, -3, 2.5F}));
  EXPECT_TRUE(look::same(after(sequence_bias{entries}, {0}), {1, 4, -3, 2.5F}));
  EXPECT_TRUE(look::same(after(sequence_bias{entries}, {2}, {0}), {1, 4.25F, -3, 2.5F}));
  EXPECT_TRUE(look::same(after(sequence_bias{entries}, {0, 1}), {1, 102, -3, 2.5F}));
}

TEST(sequence_bias, minus_infinity_bans_whatever_else_is_said) {
  const std::vector<biased_sequence> entries{{{3}, naive::infinity}, {{0, 3}, -naive::infinity}, {{3}, 5}};
  EXPECT_EQ(after(sequence_bias{entries}, {0})[3], -naive::infinity);
  EXPECT_EQ(after(sequence_bias{entries}, {1})[3], naive::infinity);
}

TEST(sequence_bias, refuses_what_has_no_meaning) {
  const std::vector<biased_sequence> wrong{{{}, 1}, {{4}, 1}, {{-1, 2}, 1}, {{1}, naive::nan}};
  for (const biased_sequence& entry : wrong) {
    const std::vector<biased_sequence> entries{{{1}, 1}, entry};
    EXPECT_TRUE(look::refused(look::drawn(sequence_bias{entries}, row), status::bad_argument));
  }
  urn::any_pipeline<> pipeline;
  EXPECT_EQ(pipeline.append(urn::top_k{2}), urn::misplaced::no);
  EXPECT_EQ(pipeline.append(sequence_bias{}), urn::misplaced::whole_row_after_cut);
}

TEST(exponential_decay_length, grows_with_the_tokens_past_the_start) {
  const tokens ends{0, 2, 2};
  const exponential_decay_length edit{2, 2.0, ends};
  for (std::size_t n = 0; n <= 2; ++n) EXPECT_TRUE(look::same(after(edit, tokens(9, 0), tokens(n, 0)), row));
  EXPECT_TRUE(look::same(after(edit, {}, tokens(3, 0)), {2, 2, 0, 4}));
  EXPECT_TRUE(look::same(after(edit, {}, tokens(5, 0)), {8, 2, 18, 4}));
  const exponential_decay_length falling{0, 0.5, ends};
  EXPECT_TRUE(look::same(after(falling, {}, tokens(2, 0)), {0.25F, 2, -5.25F, 4}));
}

TEST(exponential_decay_length, stops_where_nothing_else_can_be_drawn) {
  const tokens ends{1, 2};
  const tokens output(100'000, 0);
  const exponential_decay_length edit{0, 1.5, ends};
  EXPECT_TRUE(look::same(after(edit, {}, output), {1, 65536, 65536, 4}));
  const urn::draw d = look::drawn(edit | urn::temperature{0.7F}, row, {.history = output});
  EXPECT_EQ(d.status, status::ok);
  EXPECT_TRUE(d.token == 1 || d.token == 2);
  const std::vector<float> large{0, 0, 1e6F, 0};
  EXPECT_EQ(look::edited(exponential_decay_length{99'999, 0.5, ends}, large, {.history = output})[2], 5e5F);
  const std::vector<float> special{0, 0.0F, 1e6F, 0};
  EXPECT_TRUE(look::same(look::edited(edit, special, {.history = output}), special));
  const std::vector<float> improper{0, -naive::infinity, naive::infinity, 0};
  EXPECT_TRUE(look::same(look::edited(edit, improper, {.history = output}), improper));
}

TEST(exponential_decay_length, is_near_the_formula_after_many_tokens) {
  const tokens ends{3};
  const tokens output(1000, 0);
  const double expected = 4 * std::pow(1.009, 1000);
  EXPECT_NEAR(after(exponential_decay_length{0, 1.009, ends}, {}, output)[3], expected, expected * 1e-6);
}

TEST(exponential_decay_length, refuses_what_has_no_meaning) {
  const tokens ends{1}, unknown{1, 4};
  for (const double factor : {0.0, -1.0, std::nan(""), HUGE_VAL}) {
    const exponential_decay_length edit{0, factor, ends};
    EXPECT_TRUE(look::refused(look::drawn(edit, row), status::bad_argument)) << factor;
  }
  const exponential_decay_length edit{0, 1.0, unknown};
  EXPECT_TRUE(look::refused(look::drawn(edit, row), status::bad_argument));
}

TEST(encoder_repetition, makes_the_tokens_of_a_text_likelier) {
  const tokens encoder{3, 2, 3, 9, -1};
  EXPECT_TRUE(look::same(after(encoder_repetition{2.0F, encoder}, {}), {1, 2, -1.5F, 8}));
  EXPECT_TRUE(look::same(after(urn::top_k{1} | encoder_repetition{2.0F, encoder} | urn::top_k{0}, {}),
                         look::edited(urn::top_k{1}, std::vector<float>{1, 2, -3, 8})));
}

TEST(decaying_repetition, falls_in_a_line_behind_what_it_sustains) {
  const decaying_repetition edit{2.0F, 1, 4};
  const tokens history{3, 3, 3, 3, 3, 3};
  const float expected[] = {2, 2, 1.75F, 1.5F, 1.25F, 1, 1};
  for (std::size_t d = 0; d < 7; ++d) {
    tokens past{1};
    past.insert(past.end(), d, 3);
    const std::vector<float> seen = after(edit, past);
    EXPECT_EQ(seen[1], 2 / expected[d]) << d;
    EXPECT_EQ(seen[3], d == 0 ? 4.0F : 2.0F);
  }
  EXPECT_TRUE(look::same(after(decaying_repetition{2.0F, 0, 0}, history), row));
  EXPECT_EQ(after(decaying_repetition{2.0F}, history)[3], 2.0F);
  EXPECT_EQ(after(decaying_repetition{2.0F, urn::whole_history, 7}, {2}, history)[2], -6.0F);
}

TEST(decaying_repetition, of_endless_range_is_repetition) {
  rows::random_source r(1);
  for (int trial = 0; trial < 200; ++trial) {
    const std::vector<float> logits = rows::normal(30, r, 3);
    tokens history(r.below(60));
    for (token_id& id : history) id = static_cast<token_id>(r.below(30));
    const float p = 0.5F + r.uniform();
    const std::size_t window = r.below(60);
    EXPECT_TRUE(
        look::same(look::edited(decaying_repetition{p, window}, logits, {.history = history}),
                   look::edited(penalties{.repetition = p, .window = window}, logits, {.history = history})));
  }
}

TEST(penalties, scopes_of_the_engines) {
  const tokens prompt{0, 0, 1}, output{1, 3};
  const penalties vllm{.repetition = 2, .frequency = 0.5F};
  EXPECT_TRUE(look::same(after(vllm, prompt, output), {0.5F, 0.5F, -3, 1.5F}));
  const penalties llama_cpp{.repetition = 2, .frequency = 0.5F, .window = 4, .counted_in = everywhere};
  EXPECT_TRUE(look::same(after(llama_cpp, prompt, output), {0, 0, -3, 1.5F}));
  const penalties sglang{.repetition = 2, .frequency = 0.5F, .repeated_in = penalty_scope::output};
  EXPECT_TRUE(look::same(after(sglang, prompt, output), {1, 0.5F, -3, 1.5F}));
  const penalties neither{.repetition = 2, .repeated_in = penalty_scope::output};
  EXPECT_TRUE(look::same(after(neither, prompt), row));
  const penalties counted{.frequency = 0.5F, .repeated_in = penalty_scope::output, .counted_in = everywhere};
  EXPECT_TRUE(look::same(after(counted, prompt, output), {0, 1, -3, 3.5F}));
}

TEST(penalties, the_beginning_may_be_ignored) {
  const tokens prompt{0, 1}, output{2, 3};
  const std::vector<float> halved{0.5F, 1, -6, 2};
  for (const std::size_t ignored : {0U, 1U, 2U, 3U, 4U, 5U, 1000U}) {
    const std::vector<float> seen = after(penalties{.repetition = 2, .ignored = ignored}, prompt, output);
    for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(seen[i], i < ignored ? row[i] : halved[i]) << ignored;
  }
  EXPECT_EQ(after(penalties{.repetition = 2, .window = 1, .ignored = 1}, prompt, output)[2], -3.0F);
}

TEST(bias_edits, refuse_penalties_that_have_no_meaning) {
  const tokens seen{1};
  for (const float wrong : {0.0F, -1.0F, naive::nan, naive::infinity}) {
    EXPECT_TRUE(look::refused(look::drawn(encoder_repetition{wrong, seen}, row), status::bad_argument));
    EXPECT_TRUE(look::refused(look::drawn(decaying_repetition{wrong}, row), status::bad_argument));
  }
}

TEST(bias_edits, of_no_consequence_change_no_bit) {
  rows::for_each(rows::proper, 2000, [](const char* name, const std::vector<float>& some) {
    SCOPED_TRACE(name);
    const tokens output{8, 7, 9}, ends{1};
    const std::vector<biased_sequence> entries{{{7, 7, 3}, 1}};
    const urn::draw_context context{.history = output, .seed = 7};
    const urn::draw plain = look::drawn(urn::temperature{0.7F}, some, context);
    const auto check = [&](const auto& edit) {
      EXPECT_TRUE(look::same(look::drawn(urn::temperature{0.7F} | edit, some, context), plain));
    };
    check(sequence_bias{});
    check(sequence_bias{entries});
    check(exponential_decay_length{});
    check(exponential_decay_length{3, 1.5, ends});
    check(encoder_repetition{2.0F, {}});
    check(encoder_repetition{1.0F, output});
    check(decaying_repetition{});
    check(decaying_repetition{2.0F, 0, 0});
  });
}

}  // namespace
