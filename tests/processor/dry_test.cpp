#include "urn/processor/dry.hpp"

#include <gtest/gtest.h>

#include <cfloat>
#include <cmath>
#include <cstddef>
#include <fstream>
#include <span>
#include <sstream>
#include <string>
#include <vector>

#include "support/naive_edits.hpp"
#include "support/rows.hpp"
#include "urn/urn.hpp"

namespace {

using naive::tokens;
using urn::dry, urn::dry_breakers, urn::dry_matches, urn::known_touches, urn::status, urn::token_id;

// Powers of 1.75 up to 1.75^5 and multiples of 0.5 are exact, so that equal values are equal bits.
const std::vector<float> row{1, 2, 3, 4, 5, 6, 7, 8};

/// The row after the edit, found in both ways.
std::vector<float> after(const dry& edit, const urn::token_history& history,
                         const std::vector<float>& logits = row) {
  dry_matches matches(history.size());
  const known_touches found{edit, matches.find(edit, history)};
  const std::vector<float> seen = look::edited(edit, logits, {.history = history});
  EXPECT_TRUE(look::same(look::edited(found, logits, {.history = history}), seen));
  return seen;
}

TEST(dry, a_b_c_c_b_c_y_a_b_c) {
  constexpr token_id a = 0, b = 1, c = 2, y = 3;
  const std::vector<float> seen = after({.multiplier = 0.5F}, tokens{a, b, c, c, b, c, y, a, b, c});
  EXPECT_EQ(seen[c], 3 - 0.5F * 1.75F);
  EXPECT_EQ(seen[y], 4 - 0.5F);
  for (const token_id other : {a, b, 4, 5}) {
    EXPECT_EQ(seen[static_cast<std::size_t>(other)], row[static_cast<std::size_t>(other)]);
  }
}

TEST(dry, the_longest_repetition_counts) {
  const tokens history{5, 0, 1, 4, 2, 0, 1, 4, 7, 2, 0, 1};
  const std::vector<float> seen = after({.multiplier = 1}, history);
  EXPECT_EQ(seen[4], 5 - 1.75F);
  EXPECT_EQ(after({.multiplier = 1, .allowed_length = 3}, history)[4], 4.0F);
  EXPECT_EQ(after({.multiplier = 1, .allowed_length = 4}, history)[4], 5.0F);
  EXPECT_EQ(after({.multiplier = 1, .window = 7}, history)[4], 4.0F);
  EXPECT_EQ(after({.multiplier = 1, .window = 6}, history)[4], 5.0F);
  EXPECT_EQ(after({.multiplier = -1}, history)[4], 5 + 1.75F);
}

TEST(dry, prompt_and_output_count_together) {
  const tokens all{0, 1, 2, 3, 0, 1, 2};
  for (std::size_t of_prompt = 0; of_prompt <= all.size(); ++of_prompt) {
    const urn::token_history history{std::span(all).first(of_prompt), std::span(all).subspan(of_prompt)};
    EXPECT_EQ(after({.multiplier = 1}, history)[3], 4 - 1.75F) << of_prompt;
  }
}

TEST(dry, no_allowed_length_touches_every_token_but_the_first) {
  const std::vector<float> seen = after({.multiplier = 1, .allowed_length = 0}, tokens{0, 1, 2, 1});
  EXPECT_TRUE(look::same(seen, {1, 1, 3 - 1.75F, 4, 5, 6, 7, 8}));
}

TEST(dry, stops_at_a_breaker) {
  const tokens history{0, 1, 2, 3, 4, 0, 1, 2, 3};
  const auto with = [&](std::vector<tokens> sequences) {
    const dry_breakers breakers(std::move(sequences));
    return after({.multiplier = 1, .breakers = breakers.view()}, history)[4];
  };
  EXPECT_EQ(with({}), 5 - 1.75F * 1.75F);
  EXPECT_EQ(with({{0}}), 5 - 1.75F);
  EXPECT_EQ(with({{1}, {0}}), 4.0F);
  EXPECT_EQ(with({{2}}), 5.0F);
  EXPECT_EQ(with({{7}, {0, 1}}), 4.0F);
  EXPECT_EQ(with({{0}, {0, 1}, {0, 1, 9}}), 4.0F);
  EXPECT_EQ(with({{3, 4}}), 5 - 1.75F * 1.75F);  // not yet complete
  EXPECT_EQ(with({{4, 0}}), 5 - 1.75F);
  EXPECT_EQ(with({{4}}), 5.0F);  // itself a breaker, and never penalised
  EXPECT_EQ(with({{-5, 3}, {-1}}), 5 - 1.75F * 1.75F);
}

TEST(dry, the_power_stops_at_the_edge_of_float) {
  const tokens history(2000, 3);
  const std::vector<float> seen = after({.multiplier = 1}, history);
  EXPECT_LT(seen[3], -1e38F);
  EXPECT_TRUE(std::isfinite(seen[3]));
  EXPECT_EQ(after({.multiplier = 1e-30F, .base = 2}, history)[3], 4 - std::ldexp(1e-30F, 128));
  EXPECT_EQ(after({.multiplier = FLT_MAX, .base = FLT_MAX}, history)[3], -FLT_MAX);
  std::vector<float> infinite = row;
  infinite[3] = naive::infinity;
  EXPECT_EQ(after({.multiplier = FLT_MAX}, history, infinite)[3], naive::infinity);
  infinite[3] = -naive::infinity;
  EXPECT_EQ(after({.multiplier = -FLT_MAX}, history, infinite)[3], -naive::infinity);
}

tokens random_history(rows::random_source& r, std::size_t alphabet) {
  tokens ids(r.below(60));
  for (token_id& id : ids) id = static_cast<token_id>(r.below(alphabet)) - (r.below(9) == 0 ? 1 : 0);
  return ids;
}

TEST(dry, on_random_histories) {
  rows::random_source r(1);
  std::size_t changed = 0;
  for (int trial = 0; trial < 3000; ++trial) {
    std::vector<tokens> sequences(r.below(4));
    for (tokens& ids : sequences) {
      ids.resize(1 + r.below(3));
      for (token_id& id : ids) id = static_cast<token_id>(r.below(10));
    }
    const dry_breakers breakers(sequences);
    const std::size_t alphabet = 1 + r.below(9);
    const tokens prompt = random_history(r, alphabet), output = random_history(r, alphabet);
    const urn::draw_context context{.history = {prompt, output}};
    const dry edit{r.normal(1), 0.9F + r.uniform(), r.below(5), r.below(130), breakers.view()};
    naive::row expected(row, context);
    naive::apply(expected, edit);
    ASSERT_TRUE(look::same(after(edit, context.history), expected.logits)) << trial;
    changed += look::same(expected.logits, row) ? 0 : 1;
  }
  EXPECT_GT(changed, 1000U);
}

TEST(dry, as_llama_cpp) {
  std::ifstream file(URN_TEST_FIXTURES "/dry/llama_cpp.txt");
  std::size_t cases = 0, changed = 0;
  for (std::string line; std::getline(file, line); ++cases) {
    std::istringstream in(line);
    dry edit;
    std::size_t sequences = 0, size = 0;
    in >> edit.multiplier >> edit.base >> edit.allowed_length >> edit.window >> sequences;
    const auto read = [&](auto& list) {
      in >> size;
      list.resize(size);
      for (auto& x : list) in >> x;
    };
    std::vector<tokens> lists(sequences);
    for (tokens& ids : lists) read(ids);
    tokens history;
    std::vector<float> expected, logits;
    read(history);
    read(expected);
    ASSERT_FALSE(in.fail()) << line;
    for (std::size_t i = 0; i < size; ++i) logits.push_back(static_cast<float>(i) * 0.5F - 1);
    const dry_breakers breakers(lists);
    edit.breakers = breakers.view();
    const std::vector<float> seen = after(edit, history, logits);
    for (std::size_t i = 0; i < size; ++i) {
      ASSERT_NEAR(seen[i], expected[i], std::fabs(expected[i]) * 1e-6F) << line;
      changed += expected[i] != logits[i] ? 1 : 0;
    }
  }
  EXPECT_EQ(cases, 400U);
  EXPECT_GT(changed, 300U);
}

TEST(dry, of_no_consequence_changes_no_bit) {
  const tokens output{0, 1, 1999, 1, 0, 1};
  rows::for_each(rows::proper, 2000, [&](const char* name, const std::vector<float>& some) {
    SCOPED_TRACE(name);
    const urn::draw_context context{.history = output, .seed = 7};
    const urn::draw plain = look::drawn(urn::temperature{0.7F}, some, context);
    for (const dry& edit : {dry{}, dry{.multiplier = 1, .base = 0.9F}, dry{.multiplier = 1, .window = 0},
                            dry{.multiplier = 1, .allowed_length = 3}}) {
      EXPECT_TRUE(look::same(look::drawn(urn::temperature{0.7F} | edit, some, context), plain));
    }
  });
}

TEST(dry, after_a_cut_changes_what_is_left_alone) {
  const tokens output{1, 6, 1, 7, 1};
  const dry edit{.multiplier = 1, .allowed_length = 1};
  const std::vector<float> seen = look::edited(urn::top_k{2} | edit, row, {.history = output});
  EXPECT_EQ(seen[6], 6.0F);
  EXPECT_EQ(seen[7], 7.0F);
  for (const std::size_t gone : {0U, 1U, 5U}) EXPECT_TRUE(std::isnan(seen[gone]));
}

TEST(dry, refuses_what_has_no_meaning) {
  const dry_breakers empty({{1}, {}});
  const token_id ids[] = {1, 2};
  const std::uint32_t starts[] = {0, 1};
  const std::vector<dry> wrong{{.multiplier = naive::nan},
                               {.multiplier = naive::infinity},
                               {.multiplier = 1, .base = naive::nan},
                               {.multiplier = 1, .base = naive::infinity},
                               {.multiplier = 1, .breakers = empty.view()},
                               {.multiplier = 1, .breakers = {ids, starts, 1}},
                               {.multiplier = 1, .breakers = {ids, {}, 1}}};
  for (const dry& edit : wrong) {
    EXPECT_TRUE(look::refused(look::drawn(edit, row), status::bad_argument));
    EXPECT_TRUE(look::refused(look::drawn(known_touches<dry>{edit, {}}, row), status::bad_argument));
  }
}

TEST(dry, matches_are_found_anew_each_time) {
  dry_matches matches;
  const dry edit{.multiplier = 1};
  const tokens longer{0, 1, 2, 3, 0, 1, 2}, shorter{4, 5, 6, 4, 5};
  const dry_matches before = matches;
  EXPECT_EQ(matches.find(edit, longer).size(), 1U);
  EXPECT_EQ(matches.find(edit, shorter)[0].id, 6);
  dry_matches copy = matches;
  EXPECT_EQ(copy.find(edit, longer)[0].id, 3);
  EXPECT_EQ(matches.find(edit, longer)[0].value, 3U);
  EXPECT_TRUE(matches.find({}, longer).empty());
}

}  // namespace
