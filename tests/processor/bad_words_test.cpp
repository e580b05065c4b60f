#include "urn/processor/bad_words.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include "support/naive_pipeline.hpp"
#include "support/rows.hpp"
#include "urn/pipeline/any_pipeline.hpp"
#include "urn/urn.hpp"

namespace {

using urn::bad_words, urn::status, urn::token_id;
using tokens = std::vector<token_id>;

const std::vector<float> row{1, 2, 3, 4, 5};

tokens left(const std::vector<tokens>& banned, const tokens& prompt, const tokens& output) {
  return look::kept(bad_words{banned}, row, {.history = {prompt, output}});
}

TEST(bad_words, a_single_token_never) {
  EXPECT_EQ(left({{3}, {1}}, {}, {}), (tokens{0, 2, 4}));
  EXPECT_EQ(left({{3}, {3}}, {3}, {3, 3}), (tokens{0, 1, 2, 4}));
}

TEST(bad_words, the_last_token_after_the_others) {
  const std::vector<tokens> banned{{0, 1, 2}};
  EXPECT_EQ(left(banned, {}, {0, 1}), (tokens{0, 1, 3, 4}));
  EXPECT_EQ(left(banned, {4}, {4, 0, 1}), (tokens{0, 1, 3, 4}));
  for (const tokens& other :
       {tokens{}, tokens{1}, tokens{0}, tokens{1, 1}, tokens{0, 1, 2}, tokens{0, 1, 0}}) {
    EXPECT_EQ(left(banned, {}, other).size(), 5U);
  }
}

TEST(bad_words, looks_at_prompt_and_output_together) {
  const std::vector<tokens> banned{{0, 1, 2, 3}};
  const tokens before{4, 0, 1, 2};
  for (std::size_t cut = 0; cut <= before.size(); ++cut) {
    const auto at = before.begin() + static_cast<std::ptrdiff_t>(cut);
    EXPECT_EQ(left(banned, {before.begin(), at}, {at, before.end()}), (tokens{0, 1, 2, 4})) << cut;
  }
}

TEST(bad_words, of_the_output_alone) {
  const std::vector<tokens> banned{{0, 1, 2}, {4}};
  const auto after = [&](const tokens& prompt, const tokens& output) {
    return look::kept(bad_words{banned, true}, row, {.history = {prompt, output}});
  };
  EXPECT_EQ(after({}, {0, 1}), (tokens{0, 1, 3}));
  EXPECT_EQ(after({0, 1}, {0, 1}), (tokens{0, 1, 3}));
  EXPECT_EQ(after({0}, {1}), (tokens{0, 1, 2, 3}));
  EXPECT_EQ(after({0, 1}, {}), (tokens{0, 1, 2, 3}));
}

/// By the definition: the history with the token appended ends with a sequence.
bool completes(const tokens& history, token_id id, const std::vector<tokens>& banned) {
  tokens all = history;
  all.push_back(id);
  return std::any_of(banned.begin(), banned.end(), [&](const tokens& ids) {
    return ids.size() <= all.size() && std::equal(ids.rbegin(), ids.rend(), all.rbegin());
  });
}

TEST(bad_words, of_random_sequences_those_that_would_be_completed) {
  rows::random_source r(1);
  const auto random_tokens = [&](std::size_t least, std::size_t most) {
    tokens ids(least + r.below(most - least + 1));
    for (token_id& id : ids) id = static_cast<token_id>(r.below(3));
    return ids;
  };
  std::size_t bans = 0;
  for (int trial = 0; trial < 2000; ++trial) {
    std::vector<tokens> banned(1 + r.below(4));
    for (tokens& ids : banned) ids = random_tokens(1, 4);
    const tokens prompt = random_tokens(0, 4);
    const tokens output = random_tokens(0, 4);
    tokens history = prompt;
    history.insert(history.end(), output.begin(), output.end());
    tokens expected;
    for (token_id id = 0; id < 5; ++id) {
      if (!completes(history, id, banned)) expected.push_back(id);
    }
    bans += 5 - expected.size();
    ASSERT_EQ(left(banned, prompt, output), expected) << trial;
  }
  EXPECT_GT(bans, 1000U);
}

TEST(bad_words, of_no_consequence_change_no_bit) {
  const std::vector<tokens> banned{{7, 8}};
  rows::for_each(rows::proper, 2000, [&](const char* name, const std::vector<float>& some) {
    SCOPED_TRACE(name);
    const tokens output{8, 7, 9};
    const urn::draw_context context{.history = output, .seed = 7};
    const urn::draw plain = look::drawn(urn::temperature{}, some, context);
    EXPECT_TRUE(look::same(look::drawn(bad_words{}, some, context), plain));
    EXPECT_TRUE(look::same(look::drawn(bad_words{banned}, some, context), plain));
  });
}

TEST(bad_words, leaves_the_temperature_to_the_mass) {
  const std::vector<tokens> banned{{4}};
  const auto with = [&](auto stages) { return look::drawn(stages, row, {.seed = 3}); };
  EXPECT_TRUE(look::same(with(urn::temperature{0.3F} | bad_words{banned}),
                         with(bad_words{banned} | urn::temperature{0.3F})));
  EXPECT_EQ(look::kept(urn::temperature{0} | bad_words{banned}, row), (tokens{3}));
}

TEST(bad_words, of_every_token_leave_an_empty_row) {
  const std::vector<tokens> all{{0}, {1}, {2}, {3}, {4}};
  EXPECT_TRUE(look::refused(look::drawn(bad_words{all}, row), status::empty));
}

TEST(bad_words, refuses_unknown_tokens_and_empty_sequences) {
  constexpr token_id largest = std::numeric_limits<token_id>::max();
  for (const tokens& wrong :
       {tokens{}, tokens{-1}, tokens{5}, tokens{1, 5}, tokens{largest, 1}, tokens{1, -1, 2}}) {
    const std::vector<tokens> banned{{0}, wrong};
    EXPECT_TRUE(look::refused(look::drawn(bad_words{banned}, row), status::bad_argument));
  }
}

TEST(bad_words, stands_before_the_cuts) {
  const std::vector<tokens> banned{{4}};
  urn::any_pipeline<> pipeline;
  EXPECT_EQ(pipeline.append(urn::top_k{2}), urn::misplaced::no);
  EXPECT_EQ(pipeline.append(bad_words{banned}), urn::misplaced::whole_row_after_cut);
}

}  // namespace
