#pragma once
// The policy of Thrust's device system, for which this program is compiled, and rows in its memory. nvcc
// takes these tests too: then the device is a GPU.

#include "urn/kernel/thrust/policy.hpp"
// After urn's header, with which Thrust needs no CUDA compiler.
#include <gtest/gtest.h>
#include <thrust/device_vector.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <ostream>
#include <span>
#include <vector>

#include "support/rows.hpp"
#include "urn/core/row.hpp"
#include "urn/kernel/policy.hpp"

namespace on_device {

inline const auto exec = thrust::device;
inline const auto policy = urn::thrust_on(exec);

/// Where a test is.
struct place {
  const char* family;
  std::size_t size;
  friend std::ostream& operator<<(std::ostream& out, const place& p) {
    return out << p.family << " of " << p.size;
  }
};

/// Calls use(place, row on the host, the same on the device) for each family and for lengths around those of
/// blocks, until a test fails.
template <class Use>
void each(Use&& use) {
  for (const std::size_t size : {1U, 2U, 33U, 1000U, 1023U, 1024U, 1025U, 2048U, 5000U}) {
    const auto unless_failed = [&](const char* name, const rows::row& logits) {
      if (testing::Test::HasFailure()) return;
      const thrust::device_vector<float> there(logits.begin(), logits.end());
      use(place{name, size}, urn::row_view{logits}, urn::device_row{there});
    };
    rows::for_each(rows::proper, size, unless_failed);
    rows::for_each(rows::tails, size, unless_failed);
    rows::for_each(rows::improper, size, unless_failed);
  }
}

inline std::uint32_t bits(float x) { return std::bit_cast<std::uint32_t>(x); }

inline bool same_bits(std::span<const float> a, std::span<const float> b) {
  return std::ranges::equal(a, b, {}, bits, bits);
}

}  // namespace on_device
