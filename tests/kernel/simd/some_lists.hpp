#pragma once
// Lists of logits for what finds thresholds in them.

#include <gtest/gtest.h>

#include <algorithm>
#include <cfloat>
#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "kernel/simd/seen_rows.hpp"
#include "urn/kernel/simd/threshold.hpp"

namespace seen {

namespace vectors = urn::kernel::simd;
using L = lanes;

/// Two rows for partitions.
struct room {
  std::vector<float> left, right;
  explicit room(std::size_t size)
      : left(size + urn::workspace::overrun), right(size + urn::workspace::overrun) {}
  vectors::partition_space space() { return {left, right}; }
};

inline rows::row sorted(std::span<const float> values) {
  rows::row best(values.begin(), values.end());
  std::ranges::sort(best, std::ranges::greater{});
  return best;
}

struct family {
  std::string name;
  rows::row values;
};

/// Lists without NaN, in orders and with ties that mislead a sample.
inline std::vector<family> lists(std::size_t size) {
  rows::random_source r(size);
  std::vector<family> all{
      {"normal", rows::normal(size, r, 3)},
      {"ascending", rows::ramp(size, -10, 10)},
      {"descending", rows::ramp(size, 10, -10)},
      {"equal", rows::row(size, -1.25F)},
      {"two values", rows::fill(size, [&] { return r.below(2) == 0 ? 1.0F : 2.0F; })},
      {"few above many", rows::with(rows::row(size, 0.0F), r, 1 + size / 100, 5.0F)},
      {"ties", rows::fill(size, [&] { return static_cast<float>(r.below(7)); })},
      {"zeros", rows::zeros(size, r)},
      {"subnormal", rows::subnormal(size, r)},
      {"wide", rows::normal(size, r, 1e6F)},
      {"masked", rows::with(rows::sprinkled(rows::normal(size, r, 2), r, 0.5F, -rows::infinity), r, 1, 3.0F)},
      {"lowest", rows::with(rows::row(size, -FLT_MAX), r, 1, 1.0F)},
      {"heads", rows::headed(size, 64, 20.0F)},
  };
  return all;
}

inline constexpr std::size_t lengths[] = {1,   2,    3,    4,    5,    7,    8,     9,     15,  16,
                                          17,  31,   32,   33,   63,   64,   65,    127,   128, 129,
                                          255, 1000, 1023, 1024, 1025, 2049, 10000, 262144};

template <class Use>
void for_each_list(Use&& use) {
  for (const std::size_t size : lengths) {
    for (const family& f : lists(size)) {
      if (!testing::Test::HasFailure()) use(f);
    }
  }
}

/// How many of `best`, which descend, the threshold keeps: the first ones.
inline std::size_t kept_by(const vectors::threshold& keep, const rows::row& best) {
  const auto above = std::ranges::lower_bound(best, keep.value, std::ranges::greater{});
  const auto equal = std::ranges::upper_bound(best, keep.value, std::ranges::greater{}) - above;
  return static_cast<std::size_t>(above - best.begin()) +
         std::min(keep.equals, static_cast<std::size_t>(equal));
}

}  // namespace seen
