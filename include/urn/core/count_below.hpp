#pragma once
/// \file
/// A place in what is in order.

#include <cstddef>

#include "urn/core/platform.hpp"

namespace urn {

/// How many of `size` things come below a place: is_below(i) is true of the first ones and false of the
/// others. O(log size), without a branch, which would be mispredicted. (Not by std::lower_bound: nvcc 13
/// compiles it, as a constexpr function, to wrong code.)
template <class IsBelow>
URN_HOST_DEVICE constexpr std::size_t count_below(std::size_t size, IsBelow&& is_below) {
  std::size_t below = 0;
  for (std::size_t rest = size; rest > 0;) {
    const std::size_t half = (rest + 1) / 2;
    below += is_below(below + half - 1) ? half : 0;
    rest -= half;
  }
  return below;
}

}  // namespace urn
