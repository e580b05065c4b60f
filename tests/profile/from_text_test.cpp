// Stages by their names: what a text says is what the same stages draw.

#include "urn/profile/from_text.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "support/expect_error.hpp"
#include "support/naive_pipeline.hpp"
#include "support/rows.hpp"
#include "urn/urn.hpp"

namespace {

using ids = std::vector<urn::token_id>;
using urn::pipeline_of, urn::profile::settings_of, urn::profile::stages_of, urn::profile::written_stage;
using urn::test::expect_error, urn::test::expect_error_with;

/// The text's pipeline draws what these stages draw.
template <class... Stages>
void expect_same(const std::string& text, const Stages&... stages) {
  SCOPED_TRACE(text);
  const urn::any_pipeline named = pipeline_of(text);
  urn::any_pipeline<> made;
  const bool appended = ((made.append(stages) == urn::misplaced::no) && ...);
  ASSERT_TRUE(appended);
  urn::workspace scratch(64, 640);
  const ids prompt{1, 2, 3}, output{4, 1, 2, 3};
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    rows::random_source r(seed);
    const std::vector<float> row = rows::normal(64, r, 2);
    const urn::draw_context context{.history = {prompt, output}, .seed = seed, .step = 3};
    const urn::draw a = named(row, context, scratch), b = made(row, context, scratch);
    ASSERT_TRUE(look::same(a, b)) << look::text(a) << "\n" << look::text(b);
  }
}

TEST(stages_of, a_text) {
  EXPECT_EQ(stages_of(""), std::vector<written_stage>{});
  EXPECT_EQ(stages_of(" top_k = 40 ;; greedy ; "),
            (std::vector<written_stage>{{"top_k", {{"", "40"}}}, {"greedy", {}}}));
  EXPECT_EQ(stages_of("dry( .8, base = 2 ,breakers=1 2|3)"),
            (std::vector<written_stage>{{"dry", {{"", ".8"}, {"base", "2"}, {"breakers", "1 2|3"}}}}));
  EXPECT_EQ(stages_of("renormalise()"), (std::vector<written_stage>{{"renormalise", {}}}));
  expect_error([] { (void)stages_of("top_k=1;dry(.8"); },
               "dry(.8: its parameters do not end; write name(parameter=value,...)");
}

TEST(pipeline_of, draws_what_the_stages_draw) {
  const urn::categorical draw;
  const ids some{1, 5, 9}, more{4, 6};
  const std::vector<ids> words{{3, 7}, {5}};
  const std::vector<urn::token_bias> biases{{5, -1.5F}, {7, 2}};
  const std::vector<urn::biased_sequence> biased{{{3, 7}, 1.5F}, {{9}, -naive::infinity}};
  const std::vector<urn::forced_token> forced{{4, 11}};
  const std::vector<std::int32_t> mask{-2, 255};
  const urn::dry_breakers breakers({{1, 2}, {9}});
  const urn::synthid_keys keys({654, -400, 836}, {.ngram = 3, .table = 512, .seed = 7});
  expect_same("", urn::temperature{1}, draw);
  expect_same("top_k=3;top_p=.9", urn::top_k{3}, urn::top_p{.9F}, draw);
  expect_same("top_p=.9;top_k=3", urn::top_p{.9F}, urn::top_k{3}, draw);
  expect_same(
      "penalties(repetition=1.3,window=4,counted_in=prompt_and_output);temperature=.7;gumbel",
      urn::penalties{.repetition = 1.3F, .window = 4, .counted_in = urn::penalty_scope::prompt_and_output},
      urn::temperature{.7F}, urn::gumbel{});
  expect_same("suppressed_tokens=1 5 9;bad_words=3 7|5;logit_bias=5:-1.5 7:2", urn::suppressed_tokens{some},
              urn::bad_words{words}, urn::logit_bias{biases}, draw);
  expect_same("sequence_bias=3 7:1.5|9:-inf", urn::sequence_bias{biased}, draw);
  expect_same("forced_tokens=4:11", urn::forced_tokens{forced}, draw);
  expect_same("bitmask=-2 255", urn::bitmask{mask}, draw);
  expect_same("dry(1.5,allowed_length=1,breakers=1 2|9)",
              urn::dry{.multiplier = 1.5F, .allowed_length = 1, .breakers = breakers.view()}, draw);
  expect_same("min_tokens(9,end_tokens=1 5 9);exponential_decay_length(2,factor=1.25,end_tokens=4 6)",
              urn::min_tokens{9, some}, urn::exponential_decay_length{2, 1.25, more}, draw);
  expect_same("typical(.5,rule=with_ties,min_keep=4)",
              urn::min_keep{4, urn::typical{.5F, urn::typical_rule::with_ties}}, draw);
  expect_same("top_p(.5,rule=beyond);tail_free(z=.9,rule=before)", urn::top_p{.5F, urn::top_p_rule::beyond},
              urn::tail_free{.9F, urn::tail_free_rule::before}, draw);
  expect_same("xtc(.05,probability=.5,spared=4 6,min_keep=2)", urn::xtc{.05F, .5F, more, 2}, draw);
  expect_same("top_k=9;synthid(654 -400 836,ngram=3,table=512,seed=7)", urn::top_k{9}, urn::synthid{&keys},
              draw);
  expect_same("min_p=.1;mirostat_v2=3", urn::min_p{.1F}, urn::mirostat_v2{3});
  expect_same("temperature=2;top_k=9;logprobs(raw=false,of=uncut)", urn::temperature{2}, urn::top_k{9}, draw,
              urn::logprobs{.raw = false, .of = urn::logprob_row::uncut});
}

TEST(pipeline_of, owns_its_lists) {
  urn::any_pipeline first = pipeline_of("suppressed_tokens=0 2 3");
  const urn::any_pipeline second = first;
  first = pipeline_of("suppressed_tokens=1");
  urn::workspace scratch(4);
  EXPECT_EQ(second(std::vector<float>(4, 0), {}, scratch).token, 1);
  EXPECT_NE(first(std::vector<float>(4, 0), {}, scratch).token, 1);
}

TEST(pipeline_of, says_what_is_wrong) {
  const auto refused = [](const char* text, const char* why) {
    expect_error_with([&] { (void)pipeline_of(text); }, why);
  };
  refused("top_q=1", "stages: \"top_q\" is not one; there are bitmask(words), allowed_tokens(ids),");
  refused("top_k(j=2)", "top_k: \"j\" is not a parameter; there are k");
  refused("top_p(min_kept=2)", "top_p: \"min_kept\" is not a parameter; there are p, rule, min_keep");
  refused("greedy=2", "greedy: takes no parameters; write the name alone");
  refused("top_k=x", "top_k.k: \"x\" is not a value of it; write a whole number");
  refused("top_k=1.5", "top_k.k: \"1.5\" is not a value of it");
  refused("top_k=99999999999", "top_k.k: \"99999999999\" is not a value of it");
  refused("top_p=", "top_p.p: \"\" is not a value of it; write a number");
  refused("typical(.5,rule=foo)",
          "typical.rule: \"foo\" is not a value of it; write shortest or with_ties or beyond");
  refused("logit_bias=5", "logit_bias.entries: \"5\" is not a value of it; write token:bias");
  refused("suppressed_tokens=1,2",
          "suppressed_tokens.ids: \"1,2\" is not a value of it; write whole numbers");
  refused("penalties(window=-1)",
          "penalties.window: \"-1\" is not a value of it; write a whole number, or all");
  refused("synthid=1 x", "synthid.keys: \"1 x\" is not a value of it; write whole numbers with spaces");
  refused("synthid(1,ngram=0)", "synthid.ngram: is out of range; write 1 to 1024");
  refused("synthid(1,table=all)", "synthid.table: \"all\" is not a value of it; write a whole number");
  refused("greedy;top_k=2", "top_k: urn: the token is already drawn");
  refused("top_k=2;bitmask=1", "bitmask: urn: this stage allows or forbids tokens of the whole row");
}

TEST(known_stages, have_their_parameters) {
  const std::vector<std::string> all = urn::profile::known_stages();
  const auto has = [&](const char* one) { return std::find(all.begin(), all.end(), one) != all.end(); };
  EXPECT_TRUE(has("top_k(k)"));
  EXPECT_TRUE(has("top_p(p, rule, min_keep)"));
  EXPECT_TRUE(has("categorical"));
  EXPECT_TRUE(has("dry(multiplier, base, allowed_length, window, breakers)"));
  EXPECT_TRUE(has("synthid(keys, ngram, table, seed, memory, skips_first)"));
  EXPECT_EQ(all.size(), 48U);
  for (const std::string& one : all)
    EXPECT_NO_THROW((void)pipeline_of(one.substr(0, one.find('('))).draws()) << one;
}

TEST(settings_of, are_the_same_in_any_order) {
  const auto owned = settings_of("top_p=.9;min_keep=3;temperature=.5;dry(.8,breakers=1 2|3);top_k=2");
  EXPECT_EQ(owned.values.temperature.value, .5F);
  EXPECT_EQ(owned.values.top_k.k, 2);
  EXPECT_EQ(owned.values.top_p.p, .9F);
  EXPECT_EQ(owned.values.min_keep, 3U);
  EXPECT_EQ(owned.values.dry.multiplier, .8F);
  EXPECT_EQ(owned.values.dry.breakers.size(), 2U);
  EXPECT_TRUE(owned.values.min_p.neutral());
}

TEST(settings_of, says_what_is_wrong) {
  expect_error_with([] { (void)settings_of("greedy"); },
                    "settings: \"greedy\" is not one; there are min_keep, bitmask");
  expect_error([] { (void)settings_of("min_keep=many"); },
               "min_keep: \"many\" is not a value of it; write a whole number, or all");
}

}  // namespace
