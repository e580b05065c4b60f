#include "urn/processor/no_repeat_ngram.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <limits>
#include <vector>

#include "support/naive_edits.hpp"
#include "support/rows.hpp"
#include "urn/pipeline/any_pipeline.hpp"
#include "urn/urn.hpp"

namespace {

using naive::tokens;
using urn::encoder_no_repeat_ngram, urn::no_repeat_ngram, urn::status, urn::token_id;

const std::vector<float> row{1, 2, 3, 4, 5};

tokens left(std::size_t n, const tokens& prompt, const tokens& output) {
  return look::kept(no_repeat_ngram{n}, row, {.history = {prompt, output}});
}

TEST(no_repeat_ngram, bans_what_followed_the_same_tokens) {
  EXPECT_EQ(left(3, {}, {0, 1, 2, 0, 1}), (tokens{0, 1, 3, 4}));
  EXPECT_EQ(left(3, {}, {0, 1, 2, 0, 1, 3, 0, 1}), (tokens{0, 1, 4}));
  EXPECT_EQ(left(3, {}, {0, 1, 2, 1, 1}).size(), 5U);
  EXPECT_EQ(left(2, {0, 4}, {3, 0}), (tokens{0, 1, 2, 3}));
}

TEST(no_repeat_ngram, of_one_token_bans_the_history) { EXPECT_EQ(left(1, {3}, {0, 3}), (tokens{1, 2, 4})); }

TEST(no_repeat_ngram, of_two_equal_tokens) {
  EXPECT_EQ(left(2, {}, {4, 4}), (tokens{0, 1, 2, 3}));
  EXPECT_EQ(left(3, {}, {4, 4}).size(), 5U);
  EXPECT_EQ(left(3, {}, {4, 4, 4}), (tokens{0, 1, 2, 3}));
}

TEST(no_repeat_ngram, longer_than_the_history_bans_nothing) {
  for (const std::size_t n : {std::size_t{6}, std::size_t{1000}, std::numeric_limits<std::size_t>::max()}) {
    EXPECT_EQ(left(n, {1, 1}, {1, 1, 1}).size(), 5U);
    const tokens encoder{1, 1, 1, 1, 1, 1, 1};
    const tokens history{1, 1};
    EXPECT_EQ(look::kept(encoder_no_repeat_ngram{n, encoder}, row, {.history = history}).size(), 5U);
  }
}

TEST(no_repeat_ngram, of_the_encoder) {
  const tokens encoder{0, 1, 2, 3, 0, 1, 4};
  const auto kept = [&](std::size_t n, const tokens& output) {
    return look::kept(encoder_no_repeat_ngram{n, encoder}, row, {.history = output});
  };
  EXPECT_EQ(kept(3, {2, 0, 1}), (tokens{0, 1, 3}));
  EXPECT_EQ(kept(4, {2, 0, 1}).size(), 5U);
  EXPECT_EQ(kept(4, {3, 0, 1}), (tokens{0, 1, 2, 3}));
  EXPECT_EQ(kept(2, {}).size(), 5U);
  EXPECT_EQ(kept(0, {0, 1}).size(), 5U);
  EXPECT_EQ(kept(1, {}).size(), 0U);
}

TEST(no_repeat_ngram, on_random_histories) {
  rows::random_source r(1);
  std::size_t bans = 0;
  const auto some = [&](std::size_t most) {
    tokens ids(r.below(most));
    for (token_id& id : ids) id = static_cast<token_id>(r.below(5)) - 1;
    return ids;
  };
  for (int trial = 0; trial < 2000; ++trial) {
    const tokens prompt = some(12), output = some(12), encoder = some(12);
    const urn::draw_context context{.history = {prompt, output}};
    naive::row by_history(row, context), by_encoder(row, context);
    const no_repeat_ngram edit{r.below(5)};
    const encoder_no_repeat_ngram of_encoder{r.below(4), encoder};
    naive::apply(by_history, edit);
    naive::apply(by_encoder, of_encoder);
    ASSERT_TRUE(look::same(look::edited(edit, row, context), by_history.logits)) << trial;
    ASSERT_TRUE(look::same(look::edited(of_encoder, row, context), by_encoder.logits)) << trial;
    bans += row.size() - oracle::order(by_history.logits).size();
  }
  EXPECT_GT(bans, 1000U);
}

TEST(no_repeat_ngram, of_no_consequence_changes_no_bit) {
  rows::for_each(rows::proper, 2000, [&](const char* name, const std::vector<float>& some) {
    SCOPED_TRACE(name);
    const tokens output{8, 7, 9};
    const urn::draw_context context{.history = output, .seed = 7};
    const urn::draw plain = look::drawn(urn::temperature{}, some, context);
    EXPECT_TRUE(look::same(look::drawn(no_repeat_ngram{}, some, context), plain));
    EXPECT_TRUE(look::same(look::drawn(no_repeat_ngram{2}, some, context), plain));
    EXPECT_TRUE(look::same(look::drawn(encoder_no_repeat_ngram{2, output}, some, context), plain));
  });
}

TEST(no_repeat_ngram, leaves_the_temperature_to_the_mass) {
  const tokens output{4};
  const auto with = [&](auto stages) { return look::drawn(stages, row, {.history = output, .seed = 3}); };
  EXPECT_TRUE(look::same(with(urn::temperature{0.3F} | no_repeat_ngram{1}),
                         with(no_repeat_ngram{1} | urn::temperature{0.3F})));
  EXPECT_TRUE(look::same(with(urn::temperature{0.3F} | encoder_no_repeat_ngram{1, output}),
                         with(no_repeat_ngram{1} | urn::temperature{0.3F})));
}

TEST(no_repeat_ngram, of_every_token_leaves_an_empty_row) {
  const tokens all{0, 1, 2, 3, 4};
  EXPECT_TRUE(look::refused(look::drawn(no_repeat_ngram{1}, row, {.history = all}), status::empty));
}

TEST(no_repeat_ngram, stands_before_the_cuts) {
  urn::any_pipeline<> pipeline;
  EXPECT_EQ(pipeline.append(urn::top_k{2}), urn::misplaced::no);
  EXPECT_EQ(pipeline.append(no_repeat_ngram{2}), urn::misplaced::whole_row_after_cut);
  EXPECT_EQ(pipeline.append(encoder_no_repeat_ngram{}), urn::misplaced::whole_row_after_cut);
}

}  // namespace
