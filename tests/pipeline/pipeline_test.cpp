#include "urn/pipeline/pipeline.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include "support/naive_pipeline.hpp"
#include "support/rows.hpp"
#include "urn/urn.hpp"

namespace {

using urn::min_p, urn::status, urn::temperature, urn::token_id, urn::top_k, urn::top_p;

// Built by the compiler, as small as its parts, copied as bytes.
constexpr auto usual = urn::penalties{.repetition = 1.1F} | temperature{0.8F} | top_k{40} | top_p{0.95F} |
                       min_p{0.05F} | urn::categorical{} | urn::logprobs{};
static_assert(std::is_trivially_copyable_v<decltype(usual)>);
constexpr auto cuts = temperature{0.8F} | top_k{40} | top_p{0.95F} | min_p{0.05F};
static_assert(sizeof(cuts) == sizeof(temperature) + sizeof(top_k) + sizeof(top_p) + sizeof(min_p));
static_assert(sizeof(cuts | urn::categorical{}) == sizeof(cuts) + alignof(decltype(cuts)));
static_assert(sizeof(temperature{} | (top_k{} | urn::greedy{})) ==
              sizeof(temperature) + sizeof(top_k) + alignof(top_k));
static_assert(sizeof(urn::penalties{} | urn::logit_bias{}) ==
              sizeof(urn::penalties) + sizeof(urn::logit_bias));
static_assert(sizeof(urn::bitmask{} | urn::min_tokens{}) == sizeof(urn::bitmask) + sizeof(urn::min_tokens));
static_assert(std::is_trivially_copyable_v<decltype(urn::bitmask{} | urn::logit_bias{} | urn::greedy{})>);

// The order is part of the type.
static_assert(!std::is_same_v<decltype(temperature{} | top_p{}), decltype(top_p{} | temperature{})>);

// What stands where, through nested pipelines too.
template <class L, class R>
constexpr urn::misplaced composed = urn::pipe<L, R>::place(urn::row_kind::logits);
using urn::bitmask, urn::categorical, urn::greedy, urn::logprobs, urn::misplaced;
static_assert(composed<top_k, categorical> == misplaced::no);
static_assert(composed<categorical, top_k> == misplaced::after_draw);
static_assert(composed<categorical, greedy> == misplaced::after_draw);
static_assert(composed<top_k, bitmask> == misplaced::whole_row_after_cut);
static_assert(composed<top_k, logprobs> == misplaced::report_before_draw);
static_assert(composed<top_k, decltype(bitmask{} | categorical{})> == misplaced::whole_row_after_cut);
static_assert(composed<categorical, decltype(top_k{} | categorical{})> == misplaced::after_draw);
static_assert(composed<decltype(top_k{} | categorical{}), logprobs> == misplaced::no);

TEST(pipeline, order_matters_vector_p1) {
  const std::vector<float> row{3, 2, 1};
  EXPECT_EQ(look::kept(temperature{0.5F} | top_p{0.8F}, row), (std::vector<token_id>{0}));
  EXPECT_EQ(look::kept(top_p{0.8F} | temperature{0.5F}, row), (std::vector<token_id>{0, 1}));
}

TEST(pipeline, order_matters_vector_p2) {
  const std::vector<float> row = look::logits_of({.6, .3, .06, .04});
  EXPECT_EQ(look::kept(min_p{.15F} | temperature{2}, row), (std::vector<token_id>{0, 1}));
  EXPECT_EQ(look::kept(temperature{2} | min_p{.15F}, row), (std::vector<token_id>{0, 1, 2, 3}));
}

TEST(pipeline, grouping_does_not_matter) {
  const std::vector<token_id> output{3, 4, 3};
  rows::for_each(rows::proper, 1500, [&](const char* name, const std::vector<float>& row) {
    SCOPED_TRACE(name);
    urn::workspace scratch(row.size());
    const urn::penalties past{1.2F};
    const temperature heat{0.7F};
    const urn::draw_context who{.history = output, .seed = 3};
    const auto draw = [&](const auto& p) { return p(urn::scalar, row, who, scratch); };
    const urn::draw flat = draw(past | heat | top_k{20} | top_p{0.9F} | categorical{} | logprobs{});
    EXPECT_TRUE(
        look::same(flat, draw(past | (heat | (top_k{20} | (top_p{0.9F} | (categorical{} | logprobs{})))))));
    EXPECT_TRUE(
        look::same(flat, draw((past | heat) | (top_k{20} | top_p{0.9F}) | (categorical{} | logprobs{}))));
  });
}

TEST(pipeline, one_stage_alone_draws_too) {
  const std::vector<float> row{1, 3, 2};
  urn::workspace scratch(3);
  EXPECT_EQ(urn::draw_row(urn::scalar, greedy{}, row, {}, scratch).token, 1);
  EXPECT_TRUE(look::same(urn::draw_row(urn::scalar, categorical{}, row, {.seed = 4}, scratch),
                         look::drawn(temperature{}, row, {.seed = 4})));
}

TEST(pipeline, takes_any_contiguous_row) {
  const std::vector<float> row{1, 3, 2};
  const std::array<float, 3> array{1, 3, 2};
  urn::workspace scratch(3);
  const urn::draw d = usual(urn::scalar, row, {}, scratch);
  EXPECT_TRUE(look::same(usual(urn::scalar, array, {}, scratch), d));
  EXPECT_TRUE(look::same(usual(urn::scalar, std::span(row), {}, scratch), d));
  EXPECT_TRUE(look::same(usual(urn::scalar, urn::row_view(row.data(), 3), {}, scratch), d));
}

TEST(pipeline, only_reads_the_row) {
  const std::vector<token_id> output{0, 1, 2};
  constexpr std::array bias{urn::token_bias{1, 3.0F}};
  const auto p = urn::logit_bias{bias} | urn::penalties{2.0F} | temperature{0.5F} | top_k{2} |
                 urn::penalties{.frequency = 1.0F} | categorical{};
  const std::vector<float> row{1, 3, 2, -0.0F};
  std::vector<float> copy = row;
  urn::workspace scratch(4);
  p(urn::scalar, copy, {.history = output}, scratch);
  EXPECT_TRUE(look::same(copy, row));
}

/// A batch of 16-bit or float rows, with a gap after each that must not be read.
template <class T>
struct padded {
  std::size_t rows = 9, columns = 1300, stride = 1310;
  std::vector<T> data = std::vector<T>(rows * stride);
  [[nodiscard]] urn::batch_view<T> view() const { return {data.data(), rows, columns, stride}; }
};

/// Contexts that differ in everything.
struct requests {
  std::vector<std::vector<token_id>> outputs;
  std::vector<urn::draw_context> contexts;
  explicit requests(std::size_t n) : outputs(n) {
    for (std::size_t r = 0; r < n; ++r) {
      for (std::size_t i = 0; i < r; ++i) outputs[r].push_back(static_cast<token_id>(7 * i));
      contexts.push_back({.history = outputs[r], .seed = r / 2, .sequence = r, .step = 5});
    }
  }
};

TEST(pipeline, a_batch_is_its_rows) {
  padded<urn::bfloat16> batch;
  rows::random_source r(5);
  for (auto& l : batch.data) l = urn::to_bfloat16(r.normal(3));
  for (std::size_t i = 0; i < batch.rows; ++i) {
    for (std::size_t gap = batch.columns; gap < batch.stride; ++gap)
      batch.data[i * batch.stride + gap] = urn::to_bfloat16(naive::infinity);
  }
  const requests q(batch.rows);
  std::vector<urn::draw> out(batch.rows);
  urn::workspace scratch(batch.columns);
  usual(urn::scalar, batch.view(), q.contexts, out, scratch);
  for (std::size_t i = 0; i < batch.rows; ++i) {
    EXPECT_EQ(out[i].status, status::ok);
    EXPECT_TRUE(look::same(out[i], usual(urn::scalar, batch.view().row(i), q.contexts[i], scratch))) << i;
  }
}

TEST(pipeline, a_rows_place_in_a_batch_does_not_matter) {
  padded<float> batch;
  rows::random_source r(6);
  for (float& l : batch.data) l = r.normal(3);
  requests q(batch.rows);
  std::vector<urn::draw> out(batch.rows), turned(batch.rows);
  urn::workspace scratch(batch.columns);
  usual(urn::scalar, batch.view(), q.contexts, out, scratch);
  padded<float> reversed;
  for (std::size_t i = 0; i < batch.rows; ++i)
    std::copy_n(&batch.data[i * batch.stride], batch.columns,
                &reversed.data[(batch.rows - 1 - i) * batch.stride]);
  std::reverse(q.contexts.begin(), q.contexts.end());
  usual(urn::scalar, reversed.view(), q.contexts, turned, scratch);
  for (std::size_t i = 0; i < batch.rows; ++i)
    EXPECT_TRUE(look::same(out[i], turned[batch.rows - 1 - i])) << i;
}

TEST(pipeline, one_bad_row_of_a_batch_is_its_own_affair) {
  padded<float> batch;
  batch.data[2 * batch.stride + 3] = naive::infinity;
  std::fill_n(&batch.data[4 * batch.stride], batch.columns, -naive::infinity);
  const requests q(batch.rows);
  std::vector<urn::draw> out(batch.rows);
  urn::workspace scratch(batch.columns);
  (temperature{} | categorical{})(urn::scalar, batch.view(), q.contexts, out, scratch);
  for (std::size_t i = 0; i < batch.rows; ++i) {
    EXPECT_EQ(out[i].status, i == 2 ? status::infinite : i == 4 ? status::empty : status::ok) << i;
    EXPECT_EQ(out[i].token == urn::no_token, i == 4) << i;
  }
  EXPECT_EQ(out[2].token, 3);
}

TEST(pipeline, a_batch_of_wrong_sizes_draws_nothing) {
  const padded<float> batch;
  const requests q(batch.rows + 1);
  urn::workspace scratch(batch.columns);
  const auto all_refused = [&](urn::batch_view<float> view, std::size_t contexts, std::size_t outs) {
    std::vector<urn::draw> out(outs, urn::draw{.token = 3});
    usual(urn::scalar, view, std::span(q.contexts).first(contexts), out, scratch);
    std::size_t refused = 0;
    for (const urn::draw& d : out) refused += look::refused(d, status::bad_argument) ? 1 : 0;
    return refused == outs;
  };
  const std::size_t n = batch.rows;
  urn::batch_view<float> overlapping = batch.view();
  overlapping.stride = overlapping.columns - 1;
  EXPECT_FALSE(all_refused(batch.view(), n, n));
  EXPECT_TRUE(all_refused(batch.view(), n - 1, n));
  EXPECT_TRUE(all_refused(batch.view(), n + 1, n));
  EXPECT_TRUE(all_refused(batch.view(), n, n - 1));
  EXPECT_TRUE(all_refused(batch.view(), n, n + 1));
  EXPECT_TRUE(all_refused(batch.view(), 0, n));
  EXPECT_TRUE(all_refused(overlapping, n, n));
}

TEST(pipeline, an_empty_batch_is_nothing_to_do) {
  urn::workspace scratch(4);
  usual(urn::scalar, urn::batch_view<float>{}, {}, {}, scratch);
}

TEST(pipeline, admits_rows_that_fit) {
  const std::vector<float> row(5, 1.0F);
  urn::workspace small(4);
  EXPECT_TRUE(look::refused(usual(urn::scalar, row, {}, small), status::no_space));
  urn::workspace exact(5);
  EXPECT_EQ(usual(urn::scalar, row, {}, exact).status, status::ok);
  urn::workspace larger(3000);
  EXPECT_TRUE(look::same(usual(urn::scalar, row, {}, larger), usual(urn::scalar, row, {}, exact)));
  EXPECT_TRUE(look::refused(usual(urn::scalar, std::vector<float>{}, {}, larger), status::empty));
}

TEST(pipeline, refuses_rows_whose_sums_could_overflow) {
  const float logit = 1;  // refused before it is read
  const urn::row_view<float> large(&logit, urn::largest_vocabulary + 1);
  urn::workspace scratch(1);
  const urn::draw d = usual(urn::scalar, large, {}, scratch);
  EXPECT_TRUE(look::refused(d, status::bad_argument | status::no_space));
}

TEST(pipeline, a_bad_argument_anywhere_stops_everything) {
  std::vector<float> seen(3, 7.0F);
  urn::workspace scratch(3);
  const std::vector<float> row{naive::infinity, naive::nan, 1};
  const look::spy spy{seen.data()};
  const auto last = spy | top_k{1} | temperature{-1};
  EXPECT_TRUE(look::refused(look::drawn(last, row), status::bad_argument));
  EXPECT_TRUE(
      look::refused(look::drawn(spy | (top_p{naive::nan} | min_p{naive::nan}), row), status::bad_argument));
  EXPECT_EQ(seen, (std::vector<float>{7, 7, 7}));
}

TEST(pipeline, compose_is_the_operator_as_a_function) {
  static_assert(std::is_same_v<decltype(urn::compose(temperature{}, top_k{}, urn::greedy{})),
                               decltype(temperature{} | top_k{} | urn::greedy{})>);
  static_assert(std::is_same_v<decltype(urn::compose(top_k{})), top_k>);
}

TEST(pipeline, reports_alone_may_be_joined_for_later) {
  const auto reports = urn::logprobs{.raw = false} | urn::logprobs{};
  const std::vector<float> row{1, 2, 3};
  urn::workspace scratch(row.size());
  EXPECT_EQ(urn::draw_row(urn::scalar, urn::greedy{} | reports, row, {}, scratch).rank, 1U);
}

}  // namespace
