// The later cuts and samplers by urn::cuda against urn::scalar, on a device: what urn-proof-cuda does not
// draw, and long rows. A top_k of 0 is none, so that one kernel draws whole rows and what a cut has left.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include "device.hpp"
#include "long_rows.cuh"

namespace {

using device::differences;

constexpr std::size_t columns = 50'257, stride = 50'304;

/// Of whole rows, of what a cut left, and of few tokens.
template <class SamplerOf>
void compare(const SamplerOf& sampler_of, std::size_t rows = 500) {
  EXPECT_EQ(differences(sampler_of(0), rows, columns, stride), 0U) << "whole rows";
  EXPECT_EQ(differences(sampler_of(3'000), rows, columns, stride), 0U) << "of 3,000";
  EXPECT_EQ(differences(sampler_of(40), rows, columns, stride), 0U) << "of 40";
  EXPECT_EQ(differences(sampler_of(0), rows, 1'001, 1'003), 0U) << "short rows";
}

TEST(cuda_later_cuts, mirostat_v2) {
  for (const float mu : {0.5F, 3.0F, 9.0F}) {
    compare([=](int k) { return urn::top_k{k} | urn::temperature{0.8F} | urn::mirostat_v2{mu}; }, 100);
  }
}
TEST(cuda_later_cuts, mirostat_v1) {
  for (const float mu : {2.0F, 6.0F}) {
    compare([=](int k) { return urn::top_k{k} | urn::temperature{0.8F} | urn::mirostat_v1{mu}; }, 100);
  }
}
TEST(cuda_later_cuts, gumbel_after_xtc) {
  for (const float probability : {0.0F, 0.5F}) {
    compare([=](int k) {
      return urn::top_k{k} | urn::xtc{.threshold = 0.02F, .probability = probability, .min_keep = 4} |
             urn::temperature{1.3F} | urn::gumbel{};
    });
  }
}
/// Nothing else in this pipeline looks for the best tokens.
TEST(cuda_later_cuts, xtc) {
  const auto sampler =
      urn::temperature{0.8F} | urn::xtc{.threshold = 0.05F, .probability = 0.7F} | urn::categorical{};
  EXPECT_EQ(differences(sampler, 500, columns, stride), 0U);
}
TEST(cuda_later_cuts, adaptive_p) {
  for (const float target : {0.3F, -1.0F}) {
    compare([=](int k) { return urn::top_k{k} | urn::temperature{0.8F} | urn::adaptive_p{target}; }, 200);
  }
}

using urn::typical_rule;

TEST(cuda_later_cuts, typical) {
  const auto typical = [](float p, typical_rule rule, std::size_t least) {
    compare(
        [=](int k) {
          return urn::top_k{k} | urn::temperature{0.8F} | urn::min_keep{least, urn::typical{p, rule}} |
                 urn::categorical{};
        },
        200);
  };
  typical(0.9F, typical_rule::shortest, 1);
  typical(0.95F, typical_rule::with_ties, 1);
  typical(0.95F, typical_rule::beyond, 1);
  typical(0.99F, typical_rule::shortest, 1);
  typical(0.2F, typical_rule::with_ties, 1);
  typical(0.5F, typical_rule::beyond, 100);
  typical(0.0F, typical_rule::shortest, 20'000);
}

/// So hot that hundreds of tokens tie, on both sides of the mean.
TEST(cuda_later_cuts, typical_of_hot_rows) {
  for (const float heat : {100.0F, 10'000.0F}) {
    for (const float p : {0.5F, 0.9F, 0.95F}) {
      const auto sampler = urn::temperature{heat} | urn::typical{p} | urn::categorical{};
      EXPECT_EQ(differences(sampler, 400, 7'216, 7'216), 0U) << heat << ", " << p;
      EXPECT_EQ(differences(sampler, 200, columns, stride), 0U) << heat << ", " << p;
    }
  }
}

TEST(cuda_later_cuts, tails_and_sigmas) {
  using urn::tail_free_rule;
  const auto cut = [](float z, tail_free_rule rule, float n, std::size_t least) {
    compare(
        [=](int k) {
          return urn::top_k{k} | urn::temperature{0.8F} | urn::min_keep{least, urn::tail_free{z, rule}} |
                 urn::min_keep{least, urn::top_n_sigma{n}} | urn::categorical{};
        },
        100);
  };
  cut(0.95F, tail_free_rule::through, 1.0F, 1);
  cut(0.999F, tail_free_rule::before, 0.5F, 7);
  cut(1.0F, tail_free_rule::through, 2.0F, 300);
}

/// What the contexts of a batch point to: histories to read, lists and summaries to fill.
struct pointed_to {
  static constexpr std::size_t listed = 30, drawn = 12;
  std::span<const urn::token_id> outputs;
  std::span<urn::token_logprob> kept, best, raw_best, given, raw_given;
  std::span<urn::kept_summary> summaries;

  void point(std::span<urn::draw_context> contexts) const {
    for (std::size_t r = 0; r < contexts.size(); ++r) {
      urn::draw_context& c = contexts[r];
      const auto list = [&](auto all) { return all.subspan(r * listed, listed); };
      c.history.output = outputs.subspan(r * drawn, r % (drawn + 1));
      c.kept_set = list(kept), c.top_logprobs = list(best), c.raw_top_logprobs = list(raw_best);
      c.given_logprobs = list(given), c.raw_given_logprobs = list(raw_given);
      c.summary = &summaries[r];
    }
  }
};

bool same(const std::vector<urn::token_logprob>& a, const std::vector<urn::token_logprob>& b) {
  const auto bits = [](float x) { return urn::exact::is_nan(x) ? 0U : urn::exact::bits(x); };
  return std::equal(a.begin(), a.end(), b.begin(), [&](const auto& x, const auto& y) {
    return x.token == y.token && bits(x.logprob) == bits(y.logprob);
  });
}

/// All that is filled is the host's too.
template <class Sampler>
void compare_reports(const Sampler& sampler) {
  constexpr std::size_t rows = 200, entries = rows * pointed_to::listed;
  std::vector<urn::token_id> outputs(rows * pointed_to::drawn);
  for (std::size_t i = 0; i < outputs.size(); ++i) outputs[i] = static_cast<urn::token_id>(i * i % 11);
  std::vector<urn::token_logprob> kept(entries), best(entries), raw_best(entries), given(entries);
  std::vector<urn::kept_summary> summaries(rows);
  for (std::size_t i = 0; i < entries; ++i)
    given[i].token = static_cast<urn::token_id>(i * 7919 % columns) - 1;
  std::vector<urn::token_logprob> raw_given = given;

  const device::array<float> logits(rows * columns);
  device::fill<<<rows, 256>>>(logits.span().data(), columns, columns, 5);
  const auto there = [](const auto& values) {
    return device::array<typename std::remove_cvref_t<decltype(values)>::value_type>(std::span(values));
  };
  const auto d_outputs = there(outputs);
  const auto d_kept = there(kept), d_best = there(best), d_raw_best = there(raw_best);
  const auto d_given = there(given), d_raw_given = there(raw_given);
  const auto d_summaries = there(summaries);
  const device::workspace scratch(rows, columns);
  auto asked = device::contexts_of(5, rows);
  pointed_to{d_outputs.span(), d_kept.span(),      d_best.span(),     d_raw_best.span(),
             d_given.span(),   d_raw_given.span(), d_summaries.span()}
      .point(asked);
  const auto got = device::draws(
      sampler, urn::batch_view<float>{logits.span().data(), rows, columns, columns}, asked, scratch.view());
  pointed_to{outputs, kept, best, raw_best, given, raw_given, summaries}.point(asked);
  const auto expected = device::on_host(sampler, logits.values(), columns, columns, asked);
  for (std::size_t r = 0; r < rows; ++r) EXPECT_TRUE(device::same(got[r], expected[r])) << "row " << r;
  EXPECT_TRUE(same(d_kept.values(), kept));
  EXPECT_TRUE(same(d_best.values(), best));
  EXPECT_TRUE(same(d_raw_best.values(), raw_best));
  EXPECT_TRUE(same(d_given.values(), given));
  EXPECT_TRUE(same(d_raw_given.values(), raw_given));
  const auto got_summaries = d_summaries.values();
  for (std::size_t r = 0; r < rows; ++r) {
    EXPECT_EQ(urn::exact::bits(got_summaries[r].mass), urn::exact::bits(summaries[r].mass)) << "row " << r;
    EXPECT_EQ(urn::exact::bits(got_summaries[r].entropy), urn::exact::bits(summaries[r].entropy))
        << "row " << r;
  }
}

TEST(cuda_later_cuts, reports) {
  const auto draw_and_report = [](urn::logprobs how) {
    compare_reports(urn::top_k_with_ties{5'000} | urn::temperature{0.8F} |
                    urn::top_p_decay{0.95F, 0.8F, 0.1F, 3} | urn::mirostat_v2{6.0F} | urn::kept_set{} | how);
  };
  draw_and_report({});
  draw_and_report({.raw = true, .value = urn::logprob_value::logit, .of = urn::logprob_row::uncut});
}

}  // namespace
