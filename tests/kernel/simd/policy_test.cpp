// Whole pipelines with urn::simd draw what they draw with urn::scalar: every field of the draw and of the
// lists.
#include "urn/kernel/simd/policy.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "support/two_policies.hpp"
#include "urn/urn.hpp"

namespace {

using random_pipelines::random_case, random_pipelines::random_row;
using two_policies::drawn;
using urn::native_simd_t;

constexpr float bits = 15.3F;  // up to 40,000 tokens: more than 128 strips
constexpr std::size_t most = 41000;

struct machines : two_policies::machines {
  machines() : two_policies::machines(most) {}

  /// `vectorised` may be the typed pipeline of the same stages.
  template <class T, class Vectorised>
  void compare_as(random_case& c, const urn::any_pipeline<>& pipeline, const Vectorised& vectorised) {
    const std::vector<T> logits = random_pipelines::stored_as<T>(random_row(c.r, c.size));
    compare(
        c, [&](const auto& context, auto& scratch) { return pipeline(logits, context, scratch); },
        [&](const auto& context, auto& scratch) { return vectorised(urn::simd, logits, context, scratch); });
  }
  template <class Vectorised>
  void compare_some(random_case& c, const urn::any_pipeline<>& pipeline, const Vectorised& vectorised) {
    const std::size_t type = c.r.below(4);
    if (type == 0) return compare_as<urn::bfloat16>(c, pipeline, vectorised);
    if (type == 1) return compare_as<urn::float16>(c, pipeline, vectorised);
    return compare_as<float>(c, pipeline, vectorised);
  }
};

template <class Test>
void many(std::uint64_t cases, Test&& test) {
  machines m;
  two_policies::many(
      m, cases, cases / 200, [](std::uint64_t seed) { return random_case(seed, bits); }, test);
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
    m.compare_some(c, pipeline, vectorised);
  });
}

TEST(simd, draws_from_guided_rows_as_scalar) {
  machines m;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    random_case c(seed, bits);
    const std::vector<float> with = random_row(c.r, c.size), without = random_row(c.r, c.size);
    const float scale = c.r.normal(3);
    const auto plain = urn::guided(urn::scalar, with, without, scale, m.scalar);
    const auto vectors = urn::guided(urn::simd, with, without, scale, m.other);
    ASSERT_EQ(plain.status(), vectors.status()) << seed;
    const auto sampler = c.top_p() | urn::categorical{} | urn::logprobs{};
    urn::any_pipeline pipeline;
    urn::any_pipeline<native_simd_t> vectorised;
    ASSERT_EQ(pipeline.append(sampler), urn::misplaced::no);
    ASSERT_EQ(vectorised.append(sampler), urn::misplaced::no);
    const urn::draw a = pipeline(plain, c.context, m.scalar), b = vectorised(vectors, c.context, m.other);
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
  for (std::uint64_t seed = 0; seed < 500 && !testing::Test::HasFailure(); ++seed) {
    random_case c(seed, bits);
    const std::vector<float> logits = random_row(c.r, c.size);
    const urn::token_id token = c.token();
    drawn a{}, b{};
    a.draw = urn::score_token(urn::scalar, logits, token, m.scalar, a.top);
    b.draw = urn::score_token(urn::simd, logits, token, m.other, b.top);
    two_policies::expect_same(a, b, c.size);
  }
}

}  // namespace
