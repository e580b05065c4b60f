#include "urn/explain/explain.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "support/naive_pipeline.hpp"
#include "support/random_pipelines.hpp"
#include "urn/urn.hpp"

namespace {

using random_pipelines::random_case, random_pipelines::random_row;
using urn::explain, urn::explaining, urn::status, urn::token_id, urn::trace, urn::trace_step;

// Nobody else is watched: the state, the pipeline and the code of their draws are what they were.
static_assert(!urn::detail::watching_policy<urn::scalar_t>);
static_assert(urn::detail::watching_policy<explaining<>>);
static_assert(sizeof(explaining<>) == sizeof(void*));

using watched_pipeline = urn::any_pipeline<explaining<>>;

/// The naive row behind each stage, as a sampler there would find it.
class naive_trace {
 public:
  naive_trace(const std::vector<float>& logits, const urn::draw_context& who) : row_(logits, who) { note(); }

  template <class Stage>
  void run(const Stage& stage) {
    if (failed()) return;
    if (!row_.cut) uncut_.emplace(row_);
    apply(row_, stage);
    if (!failed()) note();
  }
  [[nodiscard]] bool failed() const { return row_.failed(); }
  [[nodiscard]] const urn::draw& drawn() const { return row_.result; }

  std::vector<trace_step> steps;

 private:
  void note() {
    naive::row here = row_;
    here.settle();
    const bool alone = here.kept.size() == 1 || !here.weigh();
    if (alone && !here.failed()) here.keep_best();
    trace_step step{.passed = true, .status = here.result.status, .tokens = here.best()};
    std::sort(step.tokens.begin(), step.tokens.end());
    for (const token_id id : step.tokens) {
      step.logits.push_back(here.pending == 1 ? here.logit(id) : here.logit(id) / here.pending);
      step.masses.push_back(here.failed() ? 0 : alone ? 1 : here.weight(id));
      step.total += step.masses.back();
    }
    if (!here.failed()) measure(step, here);
    steps.push_back(step);
  }
  void measure(trace_step& step, const naive::row& here) {
    double entropy = 0;
    for (std::size_t i = 0; i < step.size(); ++i) {
      const double p = step.probability(i);
      entropy -= p > 0 ? p * std::log(p) : 0.0;
    }
    step.entropy = static_cast<float>(entropy);
    step.mass = 1;
    naive::row came = row_.cut ? *uncut_ : row_;
    if (came.pending == 0) came.pending = 1;
    if (!here.cut || !came.weigh()) return;
    std::uint64_t mass = 0;
    for (const token_id id : step.tokens) mass += came.weight(id);
    step.mass =
        static_cast<float>(std::min(1.0, static_cast<double>(mass) / static_cast<double>(came.mass.total)));
  }

  naive::row row_;
  std::optional<naive::row> uncut_;
};

template <class T>
std::vector<T> difference(const std::vector<T>& a, const std::vector<T>& b) {
  std::vector<T> rest;
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(rest));
  return rest;
}

/// What a step says of itself, against the oracle's; `before` is the oracle's step before it.
void expect_step(const trace_step& got, const trace_step& expected, const trace_step* before) {
  SCOPED_TRACE(got.stage);
  ASSERT_TRUE(got.passed);
  EXPECT_EQ(got.status, expected.status);
  ASSERT_EQ(got.tokens, expected.tokens);
  EXPECT_EQ(got.logits, expected.logits);  // -0 is 0: a cut may rebuild a logit from its order
  EXPECT_EQ(got.masses, expected.masses);
  EXPECT_EQ(got.total, expected.total);
  EXPECT_NEAR(got.mass, expected.mass, 1e-7);
  EXPECT_NEAR(got.entropy, expected.entropy, 4e-5 + 1e-5 * static_cast<double>(expected.entropy));
  if (before == nullptr) return;
  EXPECT_EQ(got.removed, difference(before->tokens, expected.tokens));
  EXPECT_EQ(got.added, difference(expected.tokens, before->tokens));
  std::vector<token_id> changed;
  double share = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const std::size_t j = before->find(expected.tokens[i]);
    if (j == before->size()) continue;
    if (before->logits[j] != expected.logits[i]) changed.push_back(expected.tokens[i]);
    share += before->probability(j);
  }
  EXPECT_EQ(got.changed, changed);
  EXPECT_NEAR(got.share, before->total == 0 ? 1.0 : share, 1e-9);
}

void expect_steps(const trace& got, const naive_trace& expected) {
  ASSERT_GE(got.steps.size(), expected.steps.size());
  for (std::size_t i = 0; i < expected.steps.size(); ++i)
    expect_step(got.steps[i], expected.steps[i], i > 0 ? &expected.steps[i - 1] : nullptr);
}
void expect_end(const trace& got, const naive_trace& expected) {
  EXPECT_EQ(got.steps.size(), expected.steps.size() + (expected.failed() ? 1 : 0));
  EXPECT_EQ(got.steps.back().passed, !expected.failed());
  EXPECT_EQ(got.drawn.token, expected.drawn().token);
  EXPECT_EQ(got.drawn.status, expected.drawn().status);
}

/// Each choice fell into its interval; a cut row's leads to the token.
void expect_choices(const trace& t, const urn::draw_context& who) {
  for (const urn::choice& c : t.choices) {
    EXPECT_LE(c.from, c.point);
    EXPECT_LT(c.point, c.to);
    EXPECT_LE(c.to, c.total);
  }
  if (t.choices.size() != 1) return;
  const trace_step& last = t.steps.back();
  const std::uint64_t point = oracle::definition::below(naive::random_bits(who, 0), t.choices[0].total);
  std::uint64_t sum = 0;
  std::size_t i = 0;
  while (i + 1 < last.size() && sum + last.masses[i] <= point) sum += last.masses[i++];
  EXPECT_EQ(t.choices[0].point, point);
  EXPECT_EQ(last.tokens[i], t.drawn.token);
  EXPECT_EQ(t.choices[0].from, sum);
}

/// A sampler of somebody else's: the last candidate by id.
struct last_token {
  using stage = urn::sampler;
  template <class State>
  void operator()(State& row) const {
    row.visit([&](const auto& source) { row.result.token = source.id(source.size() - 1); });
  }
};

/// Appends a sampler; false if the oracle does not know it.
template <class Append>
bool append_sampler(random_case& c, Append&& append) {
  switch (c.r.below(12)) {
    case 0: append(urn::greedy{}, true); return true;
    case 1: append(urn::gumbel{}, false); return false;
    case 2: append(urn::mirostat_v1{c.r.uniform() * 8}, false); return false;
    case 3: append(urn::mirostat_v2{c.r.uniform() * 8}, false); return false;
    case 4: append(urn::adaptive_p{c.r.uniform()}, false); return false;
    case 5: append(last_token{}, false); return false;
    default: append(urn::categorical{}, true); return true;
  }
}

TEST(explain, any_order_of_any_stages_is_what_they_do_one_by_one) {
  urn::workspace scratch(6000, 1000);
  random_pipelines::tally met;
  std::size_t one = 0, two = 0, masked = 0;
  for (std::uint64_t seed = 0; seed < 2500 && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    random_case c(seed, 9.0F);
    watched_pipeline pipeline;
    std::vector<std::string> names{"logits"};
    const std::vector<float> logits = random_row(c.r, c.size);
    naive_trace expected(logits, c.context);
    const auto append = [&](const auto& stage, bool known) {
      ASSERT_EQ(pipeline.append(stage), urn::misplaced::no);
      if constexpr (requires(naive::row & r) { apply(r, stage); }) {
        if (known) expected.run(stage);
      }
      names.push_back(urn::stage_text(stage));
    };
    random_pipelines::append_some(c, [&](const auto& stage) { append(stage, true); });
    const bool known = append_sampler(c, append);
    const trace t = explain(urn::scalar, pipeline, logits, c.context, scratch);
    expect_steps(t, expected);
    if (known) expect_end(t, expected);
    expect_choices(t, c.context);
    for (std::size_t i = 0; i < t.steps.size(); ++i) EXPECT_EQ(t.steps[i].stage, names[i]);
    const urn::draw plain = pipeline(logits, c.context, scratch);  // nobody looks on
    EXPECT_TRUE(look::same(t.drawn, plain)) << look::text(t.drawn) << "\n" << look::text(plain);
    met.count(t.drawn, c.size);
    one += t.choices.size() == 1 ? 1 : 0;
    two += t.choices.size() == 2 ? 1 : 0;
    for (const trace_step& s : t.steps) masked += s.removed.empty() ? 0 : 1;
  }
  EXPECT_GT(met.tokens, 1700U);
  EXPECT_GT(met.failed, 50U);
  EXPECT_GT(one, 300U);
  EXPECT_GT(two, 200U);
  EXPECT_GT(masked, 900U);
}

/// The stages as an any_pipeline.
template <class... Stages>
trace watched(const std::vector<float>& logits, const urn::draw_context& who, const Stages&... stages) {
  urn::workspace scratch(logits.size(), 1000);
  watched_pipeline pipeline;
  const bool appended = ((pipeline.append(stages) == urn::misplaced::no) && ...);
  EXPECT_TRUE(appended);
  return explain(urn::scalar, pipeline, logits, who, scratch);
}

TEST(explain, of_a_typed_pipeline_is_that_of_any_pipeline) {
  std::size_t chosen = 0;
  for (std::uint64_t seed = 0; seed < 800 && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    random_case c(seed, 10.0F);
    const std::vector<float> row = random_row(c.r, c.size);
    const auto bias = c.logit_bias();
    const auto cuts = c.temperature() | c.top_p();
    const auto cap = c.cap();
    const auto stages = bias | (cuts | cap) | urn::categorical{} | urn::logprobs{};
    urn::workspace scratch(row.size(), 1000);
    const urn::draw plain = stages(urn::scalar, row, c.context, scratch);
    const trace typed = explain(urn::scalar, stages, row, c.context, scratch);
    const trace any =
        watched(row, c.context, bias, cuts.left, cuts.right, cap, urn::categorical{}, urn::logprobs{});
    EXPECT_TRUE(look::same(typed.drawn, plain)) << look::text(typed.drawn) << "\n" << look::text(plain);
    EXPECT_TRUE(look::same(typed.drawn, any.drawn));
    EXPECT_EQ(typed.steps, any.steps);
    EXPECT_EQ(typed.choices, any.choices);
    EXPECT_EQ(typed.steps.size() == 6 && typed.steps.back().passed, !urn::failed(typed.drawn.status));
    chosen += typed.choices.size();
  }
  EXPECT_GT(chosen, 300U);
}

TEST(explain, names_stages_in_order_with_their_parameters) {
  const std::vector<float> logits{1, 2, 3, 4};
  const trace t = watched(logits, {.seed = 3}, random_pipelines::soft_cap{30},
                          urn::penalties{.repetition = 1.5F, .presence = .5F}, urn::temperature{0.8F},
                          urn::top_k{3}, urn::top_p{0.9F}, urn::categorical{});
  std::vector<std::string> names;
  for (const trace_step& s : t.steps) names.push_back(s.stage);
  EXPECT_EQ(names, (std::vector<std::string>{"logits", "soft_cap{30}", "penalties{1.5, 0, 0.5}",
                                             "temperature{0.8}", "top_k{3}", "top_p{0.9}", "categorical"}));
  EXPECT_EQ(t.steps[4].removed, std::vector<token_id>{0});
  EXPECT_EQ(t.steps[3].changed, (std::vector<token_id>{0, 1, 2, 3}));
  EXPECT_EQ(t.steps[5].best(2), (std::vector<std::size_t>{t.steps[5].size() - 1, t.steps[5].size() - 2}));
  EXPECT_EQ(t.steps[0].rank(3), 1U);
  EXPECT_EQ(t.steps[0].rank(1), 3U);
  EXPECT_EQ(t.steps[4].rank(0), 0U);
}

/// Not an aggregate, and one with a list.
class secret {
 public:
  using stage = urn::scaling;
  explicit secret(int) {}
  template <class State>
  void operator()(State&) const {}
};

TEST(stage_text, of_lists_sizes_enums_nested_and_unknown_stages) {
  const std::vector<token_id> ids{1, 2, 3};
  urn::distribution_room room(4);
  EXPECT_EQ(urn::stage_text(urn::suppressed_tokens{ids}), "suppressed_tokens{[3]}");
  EXPECT_EQ(urn::stage_text(urn::min_keep{5, urn::min_p{0.5F}}), "min_keep{5, min_p{0.5}}");
  EXPECT_EQ(urn::stage_text(urn::min_keep{1, urn::min_p{0.5F}}), "min_p{0.5}");
  EXPECT_EQ(urn::stage_text(urn::typical{0.9F, urn::typical_rule::beyond}), "typical{0.9, 2}");
  EXPECT_EQ(urn::stage_text(urn::typical{0.9F}), "typical{0.9}");
  EXPECT_EQ(urn::stage_text(urn::decaying_repetition{1.5F, urn::whole_history, 3}),
            "decaying_repetition{1.5, all, 3}");
  EXPECT_EQ(urn::stage_text(urn::logprobs{false}), "logprobs{false}");
  EXPECT_EQ(urn::stage_text(urn::distribution{&room}), "distribution{..}");
  EXPECT_EQ(urn::stage_text(secret{1}), "secret");
  EXPECT_EQ(urn::stage_text(urn::top_k{-7} | urn::greedy{}), "top_k{-7} | greedy");
}

TEST(explain, bad_rows_end_where_they_fail) {
  const auto seen = [](const std::vector<float>& logits) {
    return watched(logits, {}, urn::temperature{0.5F}, urn::top_k{2}, urn::categorical{});
  };
  const trace masked = seen(std::vector<float>(3, -naive::infinity));
  ASSERT_EQ(masked.steps.size(), 3U);
  EXPECT_EQ(masked.drawn.status, status::empty);
  EXPECT_EQ(masked.steps[0].size(), 0U);
  EXPECT_EQ(masked.steps[0].status, status::empty);
  EXPECT_TRUE(masked.steps[1].passed);
  EXPECT_FALSE(masked.steps[2].passed);
  EXPECT_EQ(masked.steps[2].stage, "top_k{2}");

  const trace nan = seen({naive::nan, 1, 2, naive::nan, 0});
  EXPECT_EQ(nan.steps[0].tokens, (std::vector<token_id>{1, 2, 4}));
  EXPECT_EQ(nan.steps[0].status, status::nan);
  EXPECT_EQ(nan.steps[2].removed, std::vector<token_id>{4});

  const trace infinite = seen({1, naive::infinity, 2, naive::infinity});
  EXPECT_EQ(infinite.steps[0].tokens, std::vector<token_id>{1});
  EXPECT_EQ(infinite.steps[0].entropy, 0.0F);
  EXPECT_EQ(infinite.drawn.token, 1);

  const trace far = seen({1e30F, 2, 3});
  EXPECT_EQ(far.steps[0].status, status::out_of_range);
  EXPECT_EQ(far.steps[0].size(), 3U);
  EXPECT_EQ(far.steps[0].total, 0U);

  EXPECT_TRUE(watched({1, 2}, {}, urn::top_p{naive::nan}, urn::categorical{}).steps.empty());
  EXPECT_TRUE(seen({}).steps.empty());
}

TEST(explain, a_mask_behind_a_temperature_of_0_brings_another_token) {
  const std::vector<token_id> first{2};
  const trace t =
      watched({1, 2, 3}, {}, urn::temperature{0}, urn::suppressed_tokens{first}, urn::categorical{});
  EXPECT_EQ(t.steps[1].tokens, std::vector<token_id>{2});
  EXPECT_EQ(t.steps[2].tokens, std::vector<token_id>{1});
  EXPECT_EQ(t.steps[2].removed, std::vector<token_id>{2});
  EXPECT_EQ(t.steps[2].added, std::vector<token_id>{1});
  EXPECT_EQ(t.drawn.token, 1);
  EXPECT_TRUE(t.choices.empty());
}

TEST(explain, is_the_same_by_threads) {
  random_case c(5, 12.0F);
  std::vector<float> row(40000);
  for (float& l : row) l = c.r.normal(3);
  const auto stages = urn::top_p{0.9F} | urn::categorical{};
  urn::workspace scratch(row.size());
  urn::thread_pool pool(2);
  const trace threads = explain(urn::parallel{urn::scalar, pool}, stages, row, c.context, scratch);
  const trace plain = watched(row, c.context, stages.left, stages.right);
  EXPECT_EQ(threads.steps, plain.steps);
  EXPECT_EQ(threads.choices, plain.choices);
  EXPECT_EQ(plain.choices.size(), 1U);
}

}  // namespace
