// Whole pipelines with urn::simd draw what they draw with urn::scalar: every field of the draw and of the
// lists.
#include "urn/kernel/simd/policy.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "support/naive_pipeline.hpp"
#include "support/random_pipelines.hpp"
#include "urn/urn.hpp"

namespace {

using random_pipelines::random_case, random_pipelines::random_row, random_pipelines::tally;
using urn::native_simd_t;

constexpr float bits = 15.3F;  // up to 40,000 tokens: more than 128 strips
constexpr std::size_t most = 41000;

/// A draw with its lists of best tokens.
struct drawn {
  urn::draw draw;
  std::array<urn::token_logprob, 70> top, raw_top;
};

bool same(const std::array<urn::token_logprob, 70>& a, const std::array<urn::token_logprob, 70>& b) {
  return std::ranges::equal(a, b, [](const auto& x, const auto& y) {
    return x.token == y.token &&
           std::bit_cast<std::uint32_t>(x.logprob) == std::bit_cast<std::uint32_t>(y.logprob);
  });
}

/// One machine for each policy, with memory of its own.
struct machines {
  urn::workspace plain{most};
  urn::workspace vectors{most};
  tally met;

  template <class Draw>
  static drawn run(random_case c, Draw&& draw_with) {
    drawn d{};
    constexpr std::array<std::size_t, 4> lengths{0, 1, 20, 70};
    c.context.top_logprobs = std::span(d.top).first(lengths[c.r.below(4)]);
    c.context.raw_top_logprobs = std::span(d.raw_top).first(lengths[c.r.below(4)]);
    d.draw = draw_with(c.context);
    return d;
  }
  /// `vectorised` may be the typed pipeline of the same stages.
  template <class T, class Vectorised>
  void compare_as(random_case& c, const urn::any_pipeline<>& pipeline, const Vectorised& vectorised) {
    const std::vector<T> logits = random_pipelines::stored_as<T>(random_row(c.r, c.size));
    const drawn a = run(c, [&](const auto& context) { return pipeline(logits, context, plain); });
    const drawn b =
        run(c, [&](const auto& context) { return vectorised(urn::simd, logits, context, vectors); });
    EXPECT_TRUE(look::same(a.draw, b.draw))
        << c.size << "\nscalar: " << look::text(a.draw) << "\nsimd:   " << look::text(b.draw);
    EXPECT_TRUE(same(a.top, b.top)) << c.size;
    EXPECT_TRUE(same(a.raw_top, b.raw_top)) << c.size;
    met.count(a.draw, c.size);
  }
  template <class Vectorised>
  void compare(random_case& c, const urn::any_pipeline<>& pipeline, const Vectorised& vectorised) {
    const std::size_t type = c.r.below(4);
    if (type == 0) return compare_as<urn::bfloat16>(c, pipeline, vectorised);
    if (type == 1) return compare_as<urn::float16>(c, pipeline, vectorised);
    return compare_as<float>(c, pipeline, vectorised);
  }
};

/// Calls test(machines, case) for many cases, and sees to it that they were of all kinds.
template <class Test>
void many(std::uint64_t cases, Test&& test) {
  machines m;
  for (std::uint64_t seed = 0; seed < cases && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    random_case c(seed, bits);
    test(m, c);
  }
  if (testing::Test::HasFailure()) return;
  EXPECT_EQ(m.met.cases, cases);
  EXPECT_GT(m.met.tokens, cases / 2);
  EXPECT_GE(m.met.failed, cases / 200);
}

/// The stages at run time for scalar, as one type for simd; other rows than floats have their kernels tested,
/// and compile as long again.
template <class... Stages>
void compare_typed(machines& m, random_case& c, const Stages&... stages) {
  urn::any_pipeline pipeline;
  const bool appended = ((pipeline.append(stages) == urn::misplaced::no) && ...);
  ASSERT_TRUE(appended);
  m.compare_as<float>(c, pipeline, (... | stages));
}

TEST(simd, draws_as_scalar_in_the_order_of_sampling_params) {
  many(1000, [](machines& m, random_case& c) {
    compare_typed(m, c, c.bitmask(), c.logit_bias(), c.penalties(), c.temperature(), c.top_k(), c.top_p(),
                  c.min_p(), urn::categorical{}, urn::logprobs{});
  });
}
TEST(simd, draws_as_scalar_by_cuts_alone) {
  many(1000, [](machines& m, random_case& c) {
    compare_typed(m, c, c.top_k(), c.top_p(), c.recent(), c.min_p(), urn::categorical{}, urn::logprobs{});
  });
}
TEST(simd, draws_as_scalar_without_a_cut) {
  many(400, [](machines& m, random_case& c) {
    compare_typed(m, c, c.temperature(), c.cap(), urn::categorical{}, urn::logprobs{});
  });
}
TEST(simd, takes_the_best_as_scalar) {
  many(1000, [](machines& m, random_case& c) {
    compare_typed(m, c, c.logit_bias(), c.temperature(), urn::greedy{}, urn::logprobs{});
  });
}

TEST(simd, draws_as_scalar_in_any_order) {
  many(3000, [](machines& m, random_case& c) {
    urn::any_pipeline pipeline;
    urn::any_pipeline<native_simd_t> vectorised;
    const auto append = [&](const auto& stage) {
      ASSERT_EQ(pipeline.append(stage), urn::misplaced::no);
      ASSERT_EQ(vectorised.append(stage), urn::misplaced::no);
    };
    random_pipelines::append_some(c, append);
    if (c.r.below(8) == 0) {
      append(urn::greedy{});
    } else {
      append(urn::categorical{});
    }
    append(urn::logprobs{.raw = c.r.below(3) != 0});
    m.compare(c, pipeline, vectorised);
  });
}

TEST(simd, draws_from_guided_rows_as_scalar) {
  machines m;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    random_case c(seed, bits);
    const std::vector<float> with = random_row(c.r, c.size), without = random_row(c.r, c.size);
    const float scale = c.r.normal(3);
    const auto plain = urn::guided(urn::scalar, with, without, scale, m.plain);
    const auto vectors = urn::guided(urn::simd, with, without, scale, m.vectors);
    ASSERT_EQ(plain.status(), vectors.status()) << seed;
    const auto sampler = c.top_p() | urn::categorical{} | urn::logprobs{};
    urn::any_pipeline pipeline;
    urn::any_pipeline<native_simd_t> vectorised;
    ASSERT_EQ(pipeline.append(sampler), urn::misplaced::no);
    ASSERT_EQ(vectorised.append(sampler), urn::misplaced::no);
    const urn::draw a = pipeline(plain, c.context, m.plain), b = vectorised(vectors, c.context, m.vectors);
    ASSERT_TRUE(look::same(a, b)) << seed << " " << look::text(a) << "\n" << look::text(b);
    m.met.count(a, c.size);
  }
  EXPECT_GT(m.met.tokens, 200U);
}

// An object without vectors would test scalar against itself.
TEST(simd, has_vectors_of_the_instruction_set) {
  EXPECT_GE(native_simd_t::lanes::width, 4U);
#if defined(__AVX512F__)
  EXPECT_EQ(native_simd_t::lanes::width, 16U);
#elif defined(__AVX2__)
  EXPECT_EQ(native_simd_t::lanes::width, 8U);
#endif
}

TEST(simd, scores_a_token_as_scalar) {
  machines m;
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    random_case c(seed, bits);
    const std::vector<float> logits = random_row(c.r, c.size);
    const urn::token_id token = c.token();
    drawn a{}, b{};
    a.draw = urn::score_token(urn::scalar, logits, token, m.plain, a.top);
    b.draw = urn::score_token(urn::simd, logits, token, m.vectors, b.top);
    ASSERT_TRUE(look::same(a.draw, b.draw)) << look::text(a.draw) << "\n" << look::text(b.draw);
    ASSERT_TRUE(same(a.top, b.top)) << c.size;
  }
}

}  // namespace
