// Masks that name their tokens: allowed_tokens, suppressed_tokens, begin_suppressed, forced_tokens,
// forced_end, min_length.
#include <gtest/gtest.h>

#include <cstddef>
#include <limits>
#include <numeric>
#include <span>
#include <vector>

#include "support/naive_edits.hpp"
#include "support/rows.hpp"
#include "urn/pipeline/any_pipeline.hpp"
#include "urn/urn.hpp"

namespace {

using naive::tokens;
using urn::allowed_tokens, urn::begin_suppressed, urn::forced_choice, urn::forced_end, urn::forced_token,
    urn::forced_tokens, urn::min_length, urn::status, urn::suppressed_tokens, urn::token_id;

const std::vector<float> row{1, 2, 3, 4};
const tokens all{0, 1, 2, 3};
const tokens ends{3, 1, 3};

tokens left(const auto& edit, const tokens& prompt = {}, const tokens& output = {}) {
  return look::kept(edit, row, {.history = {prompt, output}});
}

/// A history of so many tokens.
tokens some(std::size_t n) { return tokens(n, 0); }

TEST(allowed_tokens, no_token_but_these) {
  EXPECT_EQ(left(allowed_tokens{tokens{1, 1, 3}}), (tokens{1, 3}));
  EXPECT_EQ(left(allowed_tokens{all}), all);
  EXPECT_EQ(left(allowed_tokens{}), all);
  EXPECT_TRUE(look::same(look::edited(allowed_tokens{tokens{0, 2}}, row),
                         {1, -naive::infinity, 3, -naive::infinity}));
}

TEST(allowed_tokens, in_rows_of_many_blocks) {
  rows::random_source r(1);
  for (const std::size_t size : rows::small_sizes) {
    for (const std::size_t one_in : {1U, 2U, 50U, 5000U}) {
      tokens ids;
      for (std::size_t id = 0; id < size; ++id) {
        if (r.below(one_in) == 0) ids.push_back(static_cast<token_id>(id));
      }
      const std::vector<float> logits = rows::normal(size, r, 2);
      const urn::draw_context context;
      naive::row expected(logits, context);
      const allowed_tokens edit{ids};
      naive::apply(expected, edit);
      EXPECT_TRUE(look::same(look::edited(edit, logits), expected.logits)) << size << " " << one_in;
      urn::block_buffer buffer;
      if (size > 3 || ids.empty()) continue;
      edit.edit_run(0, logits, buffer);
      for (std::size_t i = 0; i < size; ++i) EXPECT_EQ(buffer.logits[i], edit(logits[i], token_id(i)));
    }
  }
}

TEST(allowed_tokens, refuses_ids_out_of_order) {
  for (const tokens& wrong : {tokens{2, 1}, tokens{-1, 1}, tokens{1, 4}, tokens{0, 3, 2}}) {
    EXPECT_TRUE(look::refused(look::drawn(allowed_tokens{wrong}, row), status::bad_argument));
  }
}

TEST(suppressed_tokens, are_never_drawn) {
  EXPECT_EQ(left(suppressed_tokens{ends}), (tokens{0, 2}));
  EXPECT_EQ(left(suppressed_tokens{}), all);
  EXPECT_TRUE(look::refused(look::drawn(suppressed_tokens{all}, row), status::empty));
}

TEST(begin_suppressed, are_not_drawn_at_one_place_of_the_output) {
  EXPECT_EQ(left(begin_suppressed{ends}, some(7)), (tokens{0, 2}));
  EXPECT_EQ(left(begin_suppressed{ends}, {}, some(1)), all);
  EXPECT_EQ(left(begin_suppressed{ends, 2}, some(7), some(2)), (tokens{0, 2}));
  EXPECT_EQ(left(begin_suppressed{ends, 2}, some(2), some(1)), all);
}

TEST(min_length, counts_prompt_and_output) {
  for (std::size_t of_prompt = 0; of_prompt <= 5; ++of_prompt) {
    for (std::size_t length = 0; length <= 7; ++length) {
      const tokens expected = length > 5 ? tokens{0, 2} : all;
      EXPECT_EQ(left(min_length{length, ends}, some(of_prompt), some(5 - of_prompt)), expected);
    }
  }
}

TEST(forced_tokens, are_the_only_ones_at_their_place) {
  const std::vector<forced_token> entries{{0, 2}, {3, 1}, {3, 2}};
  const tokens expected[] = {{2}, all, all, {1}, all};
  for (std::size_t n = 0; n < 5; ++n) {
    EXPECT_EQ(left(forced_tokens{entries}, some(2), some(n)), expected[n]) << n;
  }
}

TEST(forced_tokens, come_even_if_they_were_banned) {
  const std::vector<forced_token> entries{{0, 2}};
  const auto pipeline = suppressed_tokens{all} | forced_tokens{entries};
  EXPECT_EQ(left(pipeline), tokens{2});
  EXPECT_TRUE(
      look::same(look::edited(pipeline, row), {-naive::infinity, -naive::infinity, 0, -naive::infinity}));
  const std::vector<float> improper{naive::nan, naive::infinity, naive::nan, 1};
  EXPECT_EQ(look::kept(forced_tokens{entries}, improper), tokens{2});
}

TEST(forced_end, at_a_length_of_prompt_and_output) {
  EXPECT_EQ(left(forced_end{6, ends}, some(2), some(3)), (tokens{1, 3}));
  EXPECT_EQ(left(forced_end{6, ends}, some(2), some(2)), all);
  EXPECT_EQ(left(forced_end{6, ends}, some(3), some(3)), all);
  const tokens five = some(5);
  const auto best = look::ranked(forced_end{6, ends}, row, {.history = five});
  EXPECT_EQ(best[0].logprob, best[1].logprob);  // each as likely
}

TEST(forced_choice, is_a_stage_by_itself) {
  EXPECT_EQ(left(forced_choice{ends}), (tokens{1, 3}));
  EXPECT_EQ(left(forced_choice{}), all);
}

/// Calls check(edit) with each mask, its ids these, at a place where it counts.
void for_each_mask(std::span<const token_id> ids, std::span<const forced_token> forced, const auto& check) {
  check(allowed_tokens{ids});
  check(suppressed_tokens{ids});
  check(begin_suppressed{ids});
  check(min_length{9, ids});
  check(forced_tokens{forced});
  check(forced_end{1, ids});
  check(forced_choice{ids});
}

TEST(token_edits, refuse_ids_outside_the_vocabulary) {
  for (const token_id id :
       {-1, 4, std::numeric_limits<token_id>::max(), std::numeric_limits<token_id>::min()}) {
    const tokens ids{id};
    const std::vector<forced_token> forced{{7, 0}, {8, id}};
    for_each_mask(ids, forced, [&](const auto& edit) {
      float seen[4] = {};
      const urn::draw d = look::drawn(look::spy{seen} | edit, row);
      EXPECT_TRUE(look::refused(d, status::bad_argument)) << id;
      EXPECT_EQ(seen[0], 0.0F);
    });
  }
}

TEST(token_edits, without_ids_change_no_bit) {
  rows::for_each(rows::proper, 2000, [](const char* name, const std::vector<float>& logits) {
    SCOPED_TRACE(name);
    const urn::draw plain = look::drawn(urn::temperature{0.7F}, logits, {.seed = 7});
    for_each_mask({}, {}, [&](const auto& edit) {
      EXPECT_TRUE(look::same(look::drawn(urn::temperature{0.7F} | edit, logits, {.seed = 7}), plain));
    });
  });
}

TEST(token_edits, leave_the_temperature_to_the_mass) {
  const tokens ids{1, 2};
  const std::vector<forced_token> forced{{0, 2}};
  for_each_mask(ids, forced, [&](const auto& edit) {
    for (const float t : {0.3F, 0.0F}) {
      EXPECT_TRUE(look::same(look::drawn(urn::temperature{t} | edit, row, {.seed = 3}),
                             look::drawn(edit | urn::temperature{t}, row, {.seed = 3})));
    }
  });
}

TEST(token_edits, stand_before_the_cuts) {
  urn::any_pipeline<> pipeline;
  EXPECT_EQ(pipeline.append(urn::top_k{2}), urn::misplaced::no);
  for_each_mask({}, {}, [&](const auto& edit) {
    EXPECT_EQ(pipeline.append(edit), urn::misplaced::whole_row_after_cut);
  });
}

/// A custom edit of every logit that depends on the draw.
struct louder_every_step {
  using stage = urn::elementwise_edit;
  struct scaled {
    using stage = urn::elementwise_edit;
    float factor;
    float operator()(float logit, token_id) const { return logit * factor; }
  };
  static scaled for_draw(const urn::draw_context& context) {
    return {1 + static_cast<float>(context.history.output.size())};
  }
};

TEST(token_edits, for_draw_is_open_to_custom_edits) {
  const tokens three = some(3);
  EXPECT_TRUE(look::same(look::edited(louder_every_step{}, row, {.history = three}), {4, 8, 12, 16}));
  const std::vector<float> kept = look::edited(urn::top_k{1} | louder_every_step{}, row, {.history = three});
  EXPECT_EQ(kept[3], 16.0F);
  EXPECT_EQ(look::drawn(louder_every_step{}, row, {.history = three}).status, status::ok);
}

}  // namespace
