#include "urn/core/float_environment.hpp"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cfenv>
#include <cfloat>
#include <cstdint>
#include <vector>

#include "support/rows.hpp"
#include "urn/core/exact.hpp"
#include "urn/core/workspace.hpp"
#include "urn/kernel/policy.hpp"
#include "urn/pipeline/pipeline.hpp"
#include "urn/processor/min_p.hpp"
#include "urn/processor/temperature.hpp"
#include "urn/processor/top_k.hpp"
#include "urn/processor/top_p.hpp"
#include "urn/sampler/categorical.hpp"

namespace {

constexpr std::array modes{FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};

/// A rounding mode of the caller, and with it flushing of subnormals; undone at the end.
class callers_mode {
 public:
  callers_mode(int rounding, bool flush) : rounding_(std::fegetround()) {
    std::fesetround(rounding);
    set_flush(flush);
  }
  ~callers_mode() {
    set_flush(false);
    std::fesetround(rounding_);
  }
  callers_mode(const callers_mode&) = delete;
  callers_mode& operator=(const callers_mode&) = delete;

 private:
  static void set_flush([[maybe_unused]] bool flush) {
#if defined(__x86_64__)
    constexpr std::uint32_t flush_and_zeros = 0x8040;
    const std::uint32_t word = __builtin_ia32_stmxcsr();
    __builtin_ia32_ldmxcsr(flush ? word | flush_and_zeros : word & ~flush_and_zeros);
#endif
  }
  int rounding_;
};

/// What the mode makes of sums and of subnormals, hidden from the optimiser.
struct behaviour {
  double up, down, small, read;
  friend bool operator==(const behaviour&, const behaviour&) = default;
};

behaviour observe() {
  volatile double one = 1;
  volatile double tiny = 0x1p-60;
  volatile double least = DBL_MIN;
  volatile double subnormal = 0x1p-1074;
  return {one + tiny, one - tiny, least * 0.5, subnormal * 0x1p1000};
}

TEST(float_environment, rounds_to_nearest_and_keeps_subnormals) {
  const behaviour expected{1, 1, DBL_MIN / 2, 0x1p-74};
  for (const int rounding : modes) {
    for (const bool flush : {false, true}) {
      const callers_mode mode(rounding, flush);
      const urn::float_environment environment;
      EXPECT_EQ(observe(), expected) << rounding << " " << flush;
    }
  }
}

TEST(float_environment, gives_the_callers_mode_back) {
  for (const int rounding : modes) {
    for (const bool flush : {false, true}) {
      const callers_mode mode(rounding, flush);
      const behaviour before = observe();
      {
        const urn::float_environment outer;
        const urn::float_environment inner;
      }
      EXPECT_EQ(observe(), before) << rounding << " " << flush;
    }
  }
}

// Otherwise the tests above and below prove nothing.
TEST(float_environment, test_sees_other_modes) {
  const behaviour usual = observe();
  const behaviour flushed = [] {
    const callers_mode mode(FE_TONEAREST, true);
    return observe();
  }();
  for (const int rounding : {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO}) {
    const callers_mode mode(rounding, false);
    EXPECT_NE(observe(), usual);
  }
#if defined(__x86_64__)
  EXPECT_NE(flushed, usual);
#else
  EXPECT_EQ(flushed, usual);
#endif
}

struct drawn {
  urn::token_id token;
  std::uint32_t logprob;
  std::uint32_t kept;
  std::uint64_t mass;
  friend bool operator==(const drawn&, const drawn&) = default;
};

/// Draws in a loop from constant pipelines, so that the optimiser could move constant parts out of it.
template <class Pipeline>
void draw(const Pipeline& pipeline, const rows::row& logits, std::vector<drawn>& results) {
  urn::workspace scratch(logits.size());
  for (std::uint32_t step = 0; step < 20; ++step) {
    const urn::draw d = pipeline(urn::scalar, logits, {.seed = 3, .step = step}, scratch);
    results.push_back({d.token, std::bit_cast<std::uint32_t>(d.logprob), d.kept, d.mass});
  }
}

std::vector<rows::row> make_rows() {
  std::vector<rows::row> all;
  for (const std::size_t size : {7U, 1500U}) {
    const auto add = [&](const char*, const rows::row& logits) { all.push_back(logits); };
    rows::for_each(rows::proper, size, add);
    rows::for_each(rows::improper, size, add);
  }
  return all;
}

std::vector<drawn> draw_all(const std::vector<rows::row>& all) {
  std::vector<drawn> results;
  for (const rows::row& logits : all) {
    draw(urn::temperature{0.7F} | urn::categorical{}, logits, results);
    draw(urn::temperature{1.3F} | urn::top_k{50} | urn::top_p{0.9F} | urn::categorical{}, logits, results);
    draw(urn::min_p{0.03F} | urn::temperature{0.6F} | urn::categorical{}, logits, results);
  }
  return results;
}

TEST(float_environment, of_the_caller_changes_no_draw) {
  const std::vector<rows::row> all = make_rows();
  const std::vector<drawn> usual = draw_all(all);
  for (const int rounding : modes) {
    for (const bool flush : {false, true}) {
      std::vector<drawn> results;
      {
        const callers_mode mode(rounding, flush);
        results = draw_all(all);
      }
      ASSERT_EQ(results.size(), usual.size());
      for (std::size_t i = 0; i < usual.size(); ++i) {
        ASSERT_TRUE(results[i] == usual[i])
            << "draw " << i << ", rounding " << rounding << ", flush " << flush;
      }
    }
  }
}

}  // namespace
