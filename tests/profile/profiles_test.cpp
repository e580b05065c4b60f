// Profiles: the vectors that tell engines apart, and chains of random settings against transformers and
// llama.cpp themselves (tests/fixtures/profiles, where the programs that wrote them say what a line holds).

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/expect_error.hpp"
#include "support/naive_pipeline.hpp"
#include "support/rows.hpp"
#include "urn/profile/from_text.hpp"
#include "urn/profile/llama_cpp_chain.hpp"
#include "urn/profile/profile_named.hpp"
#include "urn/urn.hpp"

namespace {

using ids = std::vector<urn::token_id>;
using floats = std::vector<float>;
using urn::profile::llama_cpp, urn::profile::native, urn::profile::settings, urn::profile::sglang,
    urn::profile::transformers, urn::profile::vllm;
using urn::test::expect_error;

/// What a pipeline that draws leaves of a row, in the order of ids.
std::vector<urn::token_logprob> list_left(urn::any_pipeline<> pipeline, const floats& row,
                                          urn::draw_context context = {}) {
  std::vector<urn::token_logprob> list(row.size());
  urn::workspace scratch(row.size(), 20 * row.size());
  context.kept_set = list;
  EXPECT_EQ(pipeline.append(urn::kept_set{}), urn::misplaced::no);
  pipeline(row, context, scratch);
  std::erase_if(list, [](const urn::token_logprob& t) {
    return t.token == urn::no_token || std::isinf(t.logprob);  // what an edit masked after the cuts
  });
  return list;
}
/// Of a typed one, stage by stage: that it draws the same has a test of its own, and it takes less to
/// compile.
template <urn::pipeline_stage Typed>
std::vector<urn::token_logprob> list_left(const Typed& typed, const floats& row,
                                          const urn::draw_context& context = {}) {
  urn::any_pipeline<> pipeline;
  EXPECT_EQ(urn::profile::append_active(pipeline, typed), urn::misplaced::no);
  return list_left(std::move(pipeline), row, context);
}
template <class Pipeline>
ids left(const Pipeline& pipeline, const floats& row, const urn::draw_context& context = {}) {
  ids tokens;
  for (const auto& t : list_left(pipeline, row, context)) tokens.push_back(t.token);
  return tokens;
}

/// What the engines leave, in this order: vLLM, transformers, llama.cpp, SGLang.
std::array<ids, 4> by_each(const settings& s, const floats& row, const urn::draw_context& context = {}) {
  return {left(vllm(s), row, context), left(transformers(s), row, context), left(llama_cpp(s), row, context),
          left(sglang(s), row, context)};
}
using four = std::array<ids, 4>;
four all_leave(const ids& tokens) { return {tokens, tokens, tokens, tokens}; }

TEST(profiles, vector_p1_temperature_and_top_p) {
  const settings s{.temperature = {.5F}, .top_p = {.8F}};
  EXPECT_EQ(by_each(s, {3, 2, 1}), (four{ids{0}, ids{0}, ids{0, 1}, ids{0}}));
}

TEST(profiles, vector_p2_temperature_and_min_p) {
  const ids all{0, 1, 2, 3};
  const settings s{.temperature = {2}, .min_p = {.15F}};
  EXPECT_EQ(by_each(s, look::logits_of({.6, .3, .06, .04})), (four{all, all, ids{0, 1}, all}));
}

TEST(profiles, vector_k1_ties_of_the_kth) {
  const four expected{ids{0, 1, 2}, ids{0, 1, 2}, ids{0, 1}, ids{0, 1}};
  EXPECT_EQ(by_each({.top_k = {2}}, look::logits_of({.4, .3, .3, 0})), expected);
}

TEST(profiles, vector_k2_more_than_there_are) {
  EXPECT_EQ(by_each({.top_k = {99}}, {3, 2, 1}), all_leave({0, 1, 2}));
}

TEST(profiles, vector_n1_top_p_at_equality) {
  const four expected{ids{0, 1}, ids{0, 1}, ids{0, 1}, ids{0, 1, 2}};
  EXPECT_EQ(by_each({.top_p = {.5F}}, floats(4, 1.5F)), expected);  // a quarter each, exactly
}

TEST(profiles, vector_n2_ties_of_the_last) {
  EXPECT_EQ(by_each({.top_p = {.5F}}, look::logits_of({.4, .2, .2, .2})), all_leave({0, 1}));
}

TEST(profiles, vector_n3_top_k_and_top_p_in_turn_or_together) {
  const settings s{.top_k = {2}, .top_p = {.5F}};
  EXPECT_EQ(by_each(s, look::logits_of({.4, .3, .2, .1})), (four{ids{0}, ids{0}, ids{0}, ids{0, 1}}));
}

TEST(profiles, vector_e1_eta_of_transformers) {
  const floats row = look::logits_of({.5, .25, .125, .125});
  EXPECT_EQ(left(transformers({.eta_cutoff = {.25F}}), row), (ids{0, 1}));
  EXPECT_EQ(left(transformers({.eta_cutoff = {.09F}}), row), (ids{0, 1, 2, 3}));
}

TEST(profiles, vector_t1_typical) {
  const floats row = look::logits_of({.5, .25, .125, .125});
  EXPECT_EQ(left(transformers({.typical = {.249F}}), row), (ids{1}));
  EXPECT_EQ(left(transformers({.typical = {.76F}}), row), (ids{0, 1, 2, 3}));
  EXPECT_EQ(left(llama_cpp({.typical = {.251F}}), row), (ids{0, 1}));
  EXPECT_EQ(left(llama_cpp({.typical = {.76F}}), row), (ids{0, 1, 2}));
  EXPECT_EQ(left(transformers({.typical = {.25F}}), floats(4, 1.5F)), (ids{0, 1, 2, 3}));
  EXPECT_EQ(left(llama_cpp({.typical = {.25F}}), floats(4, 1.5F)), (ids{0, 1}));
}

TEST(profiles, vector_g1_sigma_of_the_population) {
  EXPECT_EQ(left(llama_cpp({.top_n_sigma = {.85F}}), {2, 1, 0, -1}), (ids{0}));
}

TEST(profiles, vectors_x1_to_x3_xtc) {
  const floats row = look::logits_of({.4, .3, .2, .1});
  const auto kept = [&](float threshold) {
    return left(llama_cpp({.xtc = {.threshold = threshold, .probability = 1}}), row);
  };
  EXPECT_EQ(kept(.15F), (ids{2, 3}));
  EXPECT_EQ(kept(.35F), (ids{0, 1, 2, 3}));
  EXPECT_EQ(kept(.51F), (ids{0, 1, 2, 3}));
}

TEST(profiles, vector_d1_dry) {
  enum : urn::token_id { a, b, c, y };
  const ids said{a, b, c, c, b, c, y, a, b, c};
  const settings s{.dry = {.multiplier = 1, .base = 2, .allowed_length = 2}};
  const auto list = list_left(llama_cpp(s), floats(4, 0), {.history = said});
  const auto off = [&](urn::token_id t) {
    return list.at(static_cast<std::size_t>(t)).logprob - list[0].logprob;
  };
  EXPECT_NEAR(off(b), 0, 1e-6F);
  EXPECT_NEAR(off(c), -2, 1e-6F);
  EXPECT_NEAR(off(y), -1, 1e-6F);
}

TEST(profiles, vector_a1_adaptive_p) {
  const auto list = list_left(llama_cpp({}, urn::adaptive_p{.3F}), look::logits_of({.5, .3, .2}));
  constexpr std::array q{.0462, .6649, .2889};
  for (std::size_t i = 0; i < 3; ++i)
    EXPECT_NEAR(std::exp(static_cast<double>(list.at(i).logprob)), q.at(i), 1e-4);
}

TEST(profiles, vector_m1_mirostat_replaces_the_samplers) {
  const floats row = look::logits_of({.5, .25, .125, .125});
  urn::mirostat_state state{{.tau = 1, .eta = .1F}};
  const settings s{.penalties = {.frequency = 9}, .temperature = {1}, .top_k = {1}};
  const auto sampler = llama_cpp(s, urn::mirostat_v2{state.mu()});
  EXPECT_EQ(left(sampler, row), (ids{0, 1}));
  urn::workspace scratch(4);
  urn::draw d;
  while (d.token != 0) d = sampler(urn::scalar, row, {.step = d.kept++}, scratch);
  state.accept(d);
  EXPECT_NEAR(state.mu(), 2.041504F, 1e-6F);
}

/// The token that loses 1 in each of four: repetition 0.5 doubles the logit 1 instead.
TEST(profiles, where_penalties_look) {
  const ids prompt{0}, output{1};
  const urn::draw_context context{.history = {prompt, output}};
  const floats row(3, 1.0F);
  const auto changed = [&](const auto& profile, const settings& s) {
    const auto list = list_left(profile(s), row, context);
    ids tokens;
    for (const auto& t : list) {
      if (std::fabs(t.logprob - list.back().logprob) > .1F) tokens.push_back(t.token);
    }
    return tokens;
  };
  const settings repeated{.penalties = {.repetition = .5F}};
  EXPECT_EQ(changed(vllm, repeated), (ids{0, 1}));
  EXPECT_EQ(changed(transformers, repeated), (ids{0, 1}));
  EXPECT_EQ(changed(llama_cpp, repeated), (ids{0, 1}));
  EXPECT_EQ(changed(sglang, repeated), (ids{1}));
  for (const settings& counted : {settings{.penalties = {.frequency = 1}}, {.penalties = {.presence = 1}}}) {
    EXPECT_EQ(changed(vllm, counted), (ids{1}));
    EXPECT_EQ(changed(llama_cpp, counted), (ids{0, 1}));
    EXPECT_EQ(changed(sglang, counted), (ids{1}));
  }
  EXPECT_EQ(changed(llama_cpp, {.penalties = {.frequency = 1, .window = 1}}), (ids{1}));
}

TEST(profiles, sglang_adds_before_it_multiplies) {
  const ids output{0};
  const settings s{.penalties = {.repetition = 2, .presence = 1}};
  const auto logprobs_of = [&](const auto& pipeline) {
    return list_left(pipeline, {2, 0}, {.history = output});
  };
  const auto log_odds = [](const auto& list) { return list[0].logprob - list[1].logprob; };
  EXPECT_NEAR(log_odds(logprobs_of(sglang(s))), .5F, 1e-6F);  // (2 - 1) / 2
  EXPECT_NEAR(log_odds(logprobs_of(vllm(s))), 0, 1e-6F);      // 2 / 2 - 1
}

TEST(profiles, where_bad_words_begin) {
  const std::vector<ids> words{{0, 1}};
  const ids prompt{0};
  const settings s{.bad_words = {words}};
  EXPECT_EQ(left(vllm(s), {1, 1}, {.history = {prompt, {}}}), (ids{0, 1}));
  EXPECT_EQ(left(transformers(s), {1, 1}, {.history = {prompt, {}}}), (ids{0}));
  EXPECT_EQ(left(vllm(s), {1, 1}, {.history = prompt}), (ids{0}));
}

TEST(profiles, low_temperatures) {
  const floats row{1.02F, 1, .5F};
  EXPECT_EQ(by_each({.temperature = {0}}, row), all_leave({0}));
  const auto at = [&](const auto& sampler) { return list_left(sampler, row); };
  EXPECT_EQ(at(vllm({.temperature = {1e-6F}})), at(urn::temperature{.01F} | urn::categorical{}));
  EXPECT_EQ(at(vllm({.temperature = {.02F}})), at(urn::temperature{.02F} | urn::categorical{}));
  EXPECT_EQ(at(transformers({.temperature = {.005F}})), at(urn::temperature{.005F} | urn::categorical{}));
}

TEST(profiles, logprobs_of_the_engine) {
  const floats row{2, 1, 0, -1};
  const settings s{.temperature = {.5F}, .top_k = {2}};
  urn::workspace scratch(4);
  const auto drawn = [&](const auto& pipeline) { return pipeline(urn::scalar, row, {.seed = 3}, scratch); };
  const auto logprob = [&](float t, std::size_t n, urn::token_id token) {
    const floats some(row.begin(), row.begin() + static_cast<std::ptrdiff_t>(n));
    return static_cast<float>(oracle::softmax(some, t).logprob(row[static_cast<std::size_t>(token)]));
  };
  const urn::draw v = drawn(vllm(s) | vllm.report), h = drawn(transformers(s) | transformers.report);
  const urn::draw g = drawn(sglang(s) | sglang.report), l = drawn(llama_cpp(s) | llama_cpp.report);
  EXPECT_NEAR(v.raw_logprob, logprob(1, 4, v.token), 1e-6F);
  EXPECT_NEAR(v.logprob, logprob(.5F, 2, v.token), 1e-6F);
  EXPECT_NEAR(l.raw_logprob, logprob(1, 4, l.token), 1e-6F);
  EXPECT_NEAR(h.logprob, logprob(.5F, 2, h.token), 1e-6F);
  EXPECT_NEAR(g.logprob, logprob(.5F, 4, g.token), 1e-6F);
}

/// Settings with something for every profile, by the seed.
settings some_settings(std::uint64_t seed, const ids& bans, const std::vector<urn::token_bias>& biases) {
  rows::random_source r(seed);
  settings s{.temperature = {.3F + r.uniform()}};
  if (r.below(2) == 0) s.logit_bias.entries = biases;
  if (r.below(2) == 0) s.suppressed_tokens.ids = bans;
  if (r.below(2) == 0) s.penalties = {.repetition = .7F + r.uniform(), .frequency = r.uniform()};
  if (r.below(3) == 0) s.top_k = {static_cast<std::int32_t>(1 + r.below(40))};
  if (r.below(3) == 0) s.top_p = {r.uniform()};
  if (r.below(3) == 0) s.min_p = {r.uniform() * .2F};
  if (r.below(4) == 0) s.typical = {r.uniform()};
  if (r.below(4) == 0) s.top_n_sigma = {3 * r.uniform()};
  if (r.below(4) == 0) s.xtc = {.threshold = .1F, .probability = .5F};
  if (r.below(4) == 0) s.dynamic_temperature = {.5F, 1.5F};
  if (r.below(3) == 0) s.min_keep = r.below(5);
  return s;
}

/// The same without what the profile does not have.
template <class Profile>
settings known_to(const Profile& profile, settings s) {
  for (const std::string& name : left_out(profile, s)) {
    urn::profile::for_each_piece(s, [&](const std::string other, auto& piece) {
      if (name == other) piece = {};
    });
    if (name == "penalties.frequency") s.penalties.frequency = 0;
    if (name == "min_keep") s.min_keep = 1;
  }
  return s;
}

TEST(profiles, by_name_draw_what_the_types_draw) {
  const ids said{1, 2, 3, 1, 2}, bans{4, 7};
  const std::vector<urn::token_bias> biases{{1, .5F}, {9, -naive::infinity}};
  urn::workspace scratch(200);
  const auto compare = [&](const auto& profile) {
    const auto named = urn::profile_named(profile.name);
    for (std::uint64_t seed = 0; seed < 150; ++seed) {
      const settings s = known_to(profile, some_settings(seed, bans, biases));
      rows::random_source r(seed);
      const floats row = rows::normal(10 + r.below(190), r, 2);
      const urn::draw_context context{.history = said, .seed = seed};
      urn::any_pipeline by_name = named(s);
      ASSERT_EQ(by_name.append(named.report), urn::misplaced::no);
      const urn::draw typed = (profile(s) | profile.report)(urn::scalar, row, context, scratch);
      const urn::draw any = by_name(row, context, scratch);
      ASSERT_TRUE(look::same(typed, any)) << profile.name << seed << look::text(typed) << look::text(any);
    }
  };
  compare(vllm), compare(sglang), compare(native);  // each takes seconds to compile; native has every piece
}

TEST(profiles, by_name_with_another_sampler) {
  const floats row{3, 2, 1, 0};
  urn::workspace scratch(4);
  const settings s{.penalties = {.frequency = 1}, .temperature = {2}, .top_k = {2}};
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const urn::draw_context context{.seed = seed};
    const auto same = [&](auto sampler) {
      return look::same(urn::profile_named("llama_cpp")(s, sampler)(row, context, scratch),
                        llama_cpp(s, sampler)(urn::scalar, row, context, scratch));
    };
    EXPECT_TRUE(same(urn::mirostat_v1{3}));
    EXPECT_TRUE(same(urn::mirostat_v2{3}));
    EXPECT_TRUE(same(urn::adaptive_p{.4F}));
  }
}

TEST(profiles, name_what_they_leave_out) {
  using names = std::vector<std::string>;
  const settings s{.penalties = {.repetition = 2, .frequency = 1}, .dry = {.multiplier = 1}, .min_keep = 2};
  EXPECT_EQ(left_out(vllm, s), (names{"dry", "min_keep"}));
  EXPECT_EQ(left_out(transformers, s), (names{"dry", "penalties.frequency"}));
  EXPECT_EQ(left_out(llama_cpp, s), names{});
  EXPECT_EQ(left_out(native, s), names{});
  EXPECT_EQ(left_out(vllm, {}), names{});
  EXPECT_EQ(left_out(transformers, {.dynamic_temperature = {.5F, 2}}), names{"dynamic_temperature"});
  expect_error([&] { (void)urn::profile_named("vllm")(s); },
               "vllm: does not have dry, min_keep; leave it neutral, or take the profile native");
}

TEST(profiles, native_leaves_nothing_out) {
  for (const char* const one : {"bitmask=1",
                                "allowed_tokens=1",
                                "suppressed_tokens=1",
                                "begin_suppressed=1",
                                "bad_words=1",
                                "no_repeat_ngram=2",
                                "encoder_no_repeat_ngram(n=2,encoder=1 2)",
                                "min_tokens(2,end_tokens=1)",
                                "min_length(2,end_tokens=1)",
                                "forced_tokens=0:1",
                                "forced_end(2,end_tokens=1)",
                                "logit_bias=1:1",
                                "sequence_bias=1 2:1",
                                "exponential_decay_length(factor=2,end_tokens=1)",
                                "penalties=2",
                                "decaying_repetition=2",
                                "encoder_repetition(2,encoder=1)",
                                "dry=1",
                                "soft_cap=9",
                                "smoothing=1",
                                "temperature=2",
                                "dynamic_temperature(0,max=2)",
                                "top_k=1",
                                "top_p=.5",
                                "top_p_decay=.5",
                                "min_p=.5",
                                "typical=.5",
                                "epsilon_cutoff=.5",
                                "eta_cutoff=.5",
                                "top_a=.5",
                                "tail_free=.5",
                                "top_n_sigma=1",
                                "top_h=.5",
                                "xtc(.1,probability=1)",
                                "expected_xtc(.1,probability=1)",
                                "watermark(1,green=3)"}) {
    const auto owned = urn::profile::settings_of(one);
    EXPECT_FALSE(urn::profile::is_idle(native(owned.values))) << one;
    EXPECT_TRUE(left_out(native, owned.values).empty()) << one;
  }
}

TEST(profiles, of_other_names_there_are_none) {
  expect_error([] { (void)urn::profile_named("vLLM"); },
               "profile: \"vLLM\" is not one; there are vllm, transformers, llama_cpp, sglang, native");
}

TEST(llama_cpp_chain, by_the_names_that_llama_cpp_takes) {
  const floats row{3, 2.5F, 1, 0};
  const settings s{.temperature = {2}, .top_k = {3}, .top_p = {.6F}};
  urn::workspace scratch(4);
  const auto kept = [&](const std::vector<std::string_view>& names) {
    return urn::profile::llama_cpp_chain(s, names)(row, {}, scratch).kept;
  };
  EXPECT_EQ(kept({}), 4U);
  EXPECT_EQ(kept({"top_k"}), 3U);
  EXPECT_EQ(kept({"top-k"}), 3U);
  EXPECT_EQ(kept({"topk"}), 3U);
  EXPECT_EQ(kept({"nucleus"}), 2U);
  EXPECT_EQ(kept({"temp", "top_p"}), 2U);
  EXPECT_EQ(kept({"temp", "temp", "temp", "top_p"}), 3U);
  const std::array<std::string_view, 2> wrong{"top_k", "infill"};
  expect_error([&] { (void)urn::profile::llama_cpp_chain(s, wrong); },
               "samplers: \"infill\" is not one; there are penalties, dry, top_n_sigma, top_k, typ_p, top_p, "
               "min_p, xtc, temperature");
}

/// A line of a fixture.
struct engine_case {
  std::vector<std::string> fields;

  explicit engine_case(const std::string& line) {
    std::istringstream in(line);
    for (std::string field; std::getline(in, field, '\t');) fields.push_back(field);
  }
  template <class T>
  [[nodiscard]] std::vector<T> numbers(std::size_t i) const {
    std::istringstream in(fields.at(i));
    std::vector<T> all;
    for (T x; in >> x;) all.push_back(x);
    return all;
  }
  [[nodiscard]] floats row(std::size_t i) const {
    floats logits = numbers<float>(i);
    for (float& l : logits) l /= 256;
    return logits;
  }
  /// Whether this is what the engine left.
  void expect_left(const std::vector<urn::token_logprob>& list) const {
    const std::vector<double> expected = numbers<double>(fields.size() - 1);
    ASSERT_EQ(2 * list.size(), expected.size());
    for (std::size_t i = 0; i < list.size(); ++i) {
      ASSERT_EQ(static_cast<double>(list[i].token), expected[2 * i]);
      const double logprob = expected[2 * i + 1];
      ASSERT_NEAR(static_cast<double>(list[i].logprob), logprob, 1e-5 * (1 + std::fabs(logprob)));
    }
  }
};
std::vector<engine_case> cases_of(const std::string& name) {
  std::ifstream file(URN_TEST_FIXTURES "/profiles/" + name);
  std::vector<engine_case> cases;
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("#")) cases.emplace_back(line);
  }
  return cases;
}

TEST(profiles, random_chains_of_transformers) {
  const std::vector<engine_case> cases = cases_of("transformers.txt");
  EXPECT_GE(cases.size(), 200U);
  for (const engine_case& one : cases) {
    SCOPED_TRACE(one.fields[0]);
    const auto owned = urn::profile::settings_of(one.fields[0]);
    ASSERT_EQ(left_out(transformers, owned.values), std::vector<std::string>{});
    const ids prompt = one.numbers<urn::token_id>(1), output = one.numbers<urn::token_id>(2);
    const auto pipeline = transformers(owned.values);
    one.expect_left(list_left(pipeline, one.row(3), {.history = {prompt, output}}));
  }
}

TEST(profiles, random_chains_of_llama_cpp) {
  const std::vector<engine_case> cases = cases_of("llama_cpp.txt");
  EXPECT_GE(cases.size(), 200U);
  std::size_t in_order = 0;
  for (const engine_case& one : cases) {
    SCOPED_TRACE(one.fields[0] + one.fields[1]);
    const auto owned = urn::profile::settings_of(one.fields[0]);
    std::vector<std::string_view> names;
    urn::profile::detail::for_each_part(one.fields[1], ' ',
                                        [&](std::string_view name) { names.push_back(name); });
    const ids history = one.numbers<urn::token_id>(2);
    const auto check = [&](auto pipeline) {
      one.expect_left(list_left(pipeline, one.row(3), {.history = history}));
    };
    urn::any_pipeline chain = urn::profile::llama_cpp_chain(owned.values, names);
    check(chain);
    if (!std::ranges::equal(names, llama_cpp.order)) continue;
    ++in_order;
    check(llama_cpp(owned.values));
  }
  EXPECT_GE(in_order, 80U);
  EXPECT_LE(in_order + 80, cases.size());
}

}  // namespace
