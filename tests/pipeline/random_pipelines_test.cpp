// Random rows, parameters and orders: the typed pipeline, any_pipeline and the naive pipeline draw alike.
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "support/naive_pipeline.hpp"
#include "support/random_pipelines.hpp"
#include "urn/urn.hpp"

namespace {

using random_pipelines::append_some, random_pipelines::as_floats, random_pipelines::random_case,
    random_pipelines::random_row, random_pipelines::stored_as, random_pipelines::tally;

/// Equal but for the reports' roundings: theirs is rounded from double, ours from long double.
bool agree(float a, float b, float absolute, float relative) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  return a == b || std::fabs(a - b) <= absolute + relative * std::fabs(b);
}
bool agree(const urn::draw& a, const urn::draw& b) {
  return a.token == b.token && a.status == b.status && a.kept == b.kept && a.mass == b.mass &&
         a.rank == b.rank && agree(a.logprob, b.logprob, 1e-12F, 1.2e-7F) &&
         agree(a.raw_logprob, b.raw_logprob, 5e-7F, 2e-7F);
}

struct machines {
  urn::workspace typed{6000};
  urn::workspace any{6000};  // kept apart, so that neither mends what the other broke
  tally met;

  template <class T, class Typed>
  void compare(random_case& c, const Typed& typed_pipeline, const urn::any_pipeline<>& any_pipeline,
               const naive::pipeline& naive_pipeline) {
    const std::vector<T> logits = stored_as<T>(random_row(c.r, c.size));
    const urn::draw expected = naive_pipeline(as_floats(logits), c.context);
    const urn::draw by_type = typed_pipeline(urn::scalar, logits, c.context, typed);
    const urn::draw by_value = any_pipeline(logits, c.context, any);
    EXPECT_TRUE(look::same(by_type, by_value)) << look::text(by_type) << "\n" << look::text(by_value);
    EXPECT_TRUE(agree(by_type, expected))
        << "urn:   " << look::text(by_type) << "\nnaive: " << look::text(expected);
    met.count(by_type, c.size);
  }
};

/// The stages as all three kinds of pipeline, over floats.
template <class... Stages>
void compare(machines& m, random_case& c, const Stages&... stages) {
  urn::any_pipeline any;
  naive::pipeline naive;
  const bool appended = ((any.append(stages) == urn::misplaced::no) && ...);
  ASSERT_TRUE(appended);
  (naive.append(stages), ...);
  m.compare<float>(c, (... | stages), any, naive);
}

/// The same over any of the three types.
template <class... Stages>
void compare_types(machines& m, random_case& c, const Stages&... stages) {
  const std::size_t type = c.r.below(3);
  if (type == 0) return compare(m, c, stages...);
  const auto typed = (... | stages);
  urn::any_pipeline any;
  naive::pipeline naive;
  ASSERT_EQ(any.append(typed), urn::misplaced::no);
  (naive.append(stages), ...);
  if (type == 1) return m.compare<urn::bfloat16>(c, typed, any, naive);
  return m.compare<urn::float16>(c, typed, any, naive);
}

constexpr urn::categorical draw{};
constexpr urn::logprobs report{};

/// The preset scalar-only, by another compiler and not optimised, draws a quarter as many, of other seeds.
#ifdef __cpp_exceptions
constexpr std::uint64_t part = 1, first_seed = 0;
#else
constexpr std::uint64_t part = 4, first_seed = 10000;
#endif
constexpr std::uint64_t cases_each = 1100 / part;

/// Many cases of one order; `make` gets the stages' parameters from the case.
template <class Make>
void many(Make&& make) {
  machines m;
  for (std::uint64_t n = 0; n < cases_each && !testing::Test::HasFailure(); ++n) {
    const std::uint64_t seed = first_seed + n;
    SCOPED_TRACE("seed " + std::to_string(seed));
    random_case c(seed);
    make(m, c);
  }
  if (testing::Test::HasFailure()) return;
  EXPECT_EQ(m.met.cases, cases_each);
  EXPECT_GT(m.met.tokens, cases_each / 2);
  EXPECT_GT(m.met.failed, cases_each / 200);
  EXPECT_LT(m.met.failed, cases_each / 3);
}

TEST(random_pipelines, in_the_order_of_sampling_params) {
  many([](machines& m, random_case& c) {
    compare(m, c, c.bitmask(), c.min_tokens(), c.logit_bias(), c.penalties(), c.temperature(), c.top_k(),
            c.top_p(), c.min_p(), draw, report);
  });
}
TEST(random_pipelines, without_a_cut) {
  many([](machines& m, random_case& c) {
    compare_types(m, c, c.logit_bias(), c.bitmask(), c.temperature(), draw, report);
  });
}
TEST(random_pipelines, cuts_alone) {
  many([](machines& m, random_case& c) {
    compare_types(m, c, c.min_p(), c.top_p(), c.top_k(), draw, report);
  });
}
TEST(random_pipelines, temperature_last) {
  many([](machines& m, random_case& c) {
    compare(m, c, c.logit_bias(), c.penalties(), c.top_k(), c.top_p(), c.min_p(), c.temperature(), draw);
  });
}
TEST(random_pipelines, edits_and_masks_after_temperatures) {
  many([](machines& m, random_case& c) {
    compare(m, c, c.temperature(), c.bitmask(), c.temperature(), c.min_tokens(), c.penalties(), c.top_p(),
            draw);
  });
}
TEST(random_pipelines, edits_after_cuts) {
  many([](machines& m, random_case& c) {
    compare_types(m, c, c.top_p(), c.temperature(), c.penalties(), c.min_p(), c.recent(), c.temperature(),
                  draw, report);
  });
}
TEST(random_pipelines, masks_after_cuts) {
  many([](machines& m, random_case& c) {
    compare(m, c, c.temperature(), c.top_k(), c.ban(), c.cap(), c.min_p(), draw);
  });
}
TEST(random_pipelines, custom_edits_before_cuts) {
  many([](machines& m, random_case& c) {
    compare(m, c, c.temperature(), c.cap(), c.recent(), c.ban(), c.temperature(), c.top_k(), draw, report);
  });
}
TEST(random_pipelines, greedy) {
  many([](machines& m, random_case& c) {
    compare_types(m, c, c.logit_bias(), c.penalties(), c.temperature(), c.top_p(), urn::greedy{}, report);
  });
}
TEST(random_pipelines, nested) {
  machines m;
  for (std::uint64_t n = 0; n < cases_each && !HasFailure(); ++n) {
    const std::uint64_t seed = first_seed + n;
    SCOPED_TRACE("seed " + std::to_string(seed));
    random_case c(seed);
    const auto bias = c.logit_bias();
    const auto mask = c.bitmask();
    const auto past = c.penalties();
    const auto heat = c.temperature();
    const auto k = c.top_k();
    const auto p = c.top_p();
    const auto edits = mask | (bias | past);
    const auto cuts = heat | (k | p);
    urn::any_pipeline any;
    EXPECT_EQ(any.append(edits), urn::misplaced::no);
    EXPECT_EQ(any.append(cuts | (draw | report)), urn::misplaced::no);
    naive::pipeline naive;
    naive.append(mask).append(bias).append(past).append(heat).append(k).append(p).append(draw).append(report);
    m.compare<float>(c, edits | (cuts | (draw | report)), any, naive);
  }
}

TEST(random_pipelines, in_any_order) {
  urn::workspace scratch(6000, 1000);
  tally met;
  for (std::uint64_t n = 0; n < 10000 / part && !HasFailure(); ++n) {
    const std::uint64_t seed = first_seed + n;
    SCOPED_TRACE("seed " + std::to_string(seed));
    random_case c(seed);
    urn::any_pipeline any;
    naive::pipeline naive;
    append_some(c, [&](const auto& stage) {
      ASSERT_EQ(any.append(stage), urn::misplaced::no);
      naive.append(stage);
    });
    if (c.r.below(8) == 0) {
      ASSERT_EQ(any.append(urn::greedy{}), urn::misplaced::no);
      naive.append(urn::greedy{});
    } else {
      ASSERT_EQ(any.append(draw), urn::misplaced::no);
      naive.append(draw);
    }
    const auto run = [&]<class T>(T) {
      const std::vector<T> logits = stored_as<T>(random_row(c.r, c.size));
      return std::pair{any(logits, c.context, scratch), naive(as_floats(logits), c.context)};
    };
    const std::size_t type = c.r.below(3);
    const auto [got, expected] = type == 0   ? run(0.0F)
                                 : type == 1 ? run(urn::bfloat16{})
                                             : run(urn::float16{});
    EXPECT_TRUE(agree(got, expected)) << "urn:   " << look::text(got) << "\nnaive: " << look::text(expected);
    met.count(got, c.size);
  }
  EXPECT_GT(met.tokens, 7000U / part);
  EXPECT_GT(met.cut_to_some, 1000U / part);
  EXPECT_GT(met.failed, 200U / part);
}

}  // namespace
