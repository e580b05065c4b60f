// The later cuts and samplers by urn::cuda against urn::scalar, on a device: what urn-proof-cuda does not draw, and
// long rows. A top_k of 0 is none, so that one kernel draws whole rows and what a cut has left.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
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
  typical(0.2F, typical_rule::with_ties, 1);
  typical(0.5F, typical_rule::beyond, 100);
  typical(0.0F, typical_rule::shortest, 20'000);
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

/// The lists and summaries that contexts ask for are the host's too.
TEST(cuda_later_cuts, kept_set) {
  constexpr std::size_t rows = 200, listed = 30;
  const auto sampler = urn::temperature{0.8F} | urn::top_p{0.8F} | urn::mirostat_v2{6.0F} | urn::kept_set{};
  const device::array<float> logits(rows * columns);
  device::fill<<<rows, 256>>>(logits.span().data(), columns, columns, 5);
  const std::vector<urn::token_logprob> none(rows * listed);
  const device::array<urn::token_logprob> lists{std::span<const urn::token_logprob>(none)};
  const device::array<urn::kept_summary> summaries(rows);
  const device::workspace scratch(rows, columns);
  auto contexts = device::contexts_of(5, rows);
  for (std::size_t r = 0; r < rows; ++r) {
    contexts[r].kept_set = lists.span().subspan(r * listed, listed);
    contexts[r].summary = summaries.span().data() + r;
  }
  const auto got = device::draws(
      sampler, urn::batch_view<float>{logits.span().data(), rows, columns, columns}, contexts, scratch.view());
  const auto got_lists = lists.values();
  const auto got_summaries = summaries.values();
  const auto host_logits = logits.values();
  urn::workspace plain{columns};
  for (std::size_t r = 0; r < rows; ++r) {
    std::vector<urn::token_logprob> list(listed);
    urn::kept_summary summary{};
    urn::draw_context asked = contexts[r];
    asked.kept_set = list;
    asked.summary = &summary;
    const urn::row_view<float> row(host_logits.data() + r * columns, columns);
    ASSERT_TRUE(device::same(got[r], sampler(urn::scalar, row, asked, plain))) << "row " << r;
    for (std::size_t i = 0; i < listed; ++i) {
      ASSERT_EQ(got_lists[r * listed + i].token, list[i].token);
      ASSERT_EQ(urn::exact::bits(got_lists[r * listed + i].logprob), urn::exact::bits(list[i].logprob));
    }
    ASSERT_EQ(urn::exact::bits(got_summaries[r].mass), urn::exact::bits(summary.mass)) << "row " << r;
    ASSERT_EQ(urn::exact::bits(got_summaries[r].entropy), urn::exact::bits(summary.entropy)) << "row " << r;
  }
}

}  // namespace
