#pragma once
/// \file
/// How the masses of ranked tokens bend: for the tail-free cut.

#include <cstddef>
#include <cstdint>
#include <span>

#include "urn/core/exact.hpp"
#include "urn/core/order_key.hpp"
#include "urn/core/platform.hpp"
#include "urn/core/workspace.hpp"
#include "urn/kernel/block_mass.hpp"

namespace urn::kernel {

/// floor(all * share * 2^-63).
URN_HOST_DEVICE constexpr std::uint64_t share_of_bends(std::uint64_t all, std::uint64_t share) {
  return exact::multiply_high(all << 1, share);
}

/// |(a - b) - (b - c)|.
URN_HOST_DEVICE constexpr std::uint64_t bend_of(std::uint64_t a, std::uint64_t b, std::uint64_t c) {
  const std::uint64_t ends = a + c, middle = 2 * b;
  return ends > middle ? ends - middle : middle - ends;
}

namespace scalar {

/// Of the masses of tokens, the best first, how many leading second differences add up to at most a share (in
/// 2^-63) of the sum of all. O(n).
inline std::size_t leading_bends(std::span<const ranked_mass> ranked, float c, std::uint32_t row_key,
                                 std::uint64_t share) {
  const auto each = [&](auto&& use) {  // until it returns false
    const auto mass = [&](std::size_t i) { return mass_in_row(logit_of(ranked[i].key), c, row_key); };
    if (ranked.size() < 3) return;
    std::uint64_t before = mass(0), at = mass(1);
    for (std::size_t i = 2; i < ranked.size(); ++i) {
      const std::uint64_t after = mass(i);
      if (!use(bend_of(before, at, after))) return;
      before = at;
      at = after;
    }
  };
  std::uint64_t all = 0, sum = 0;
  each([&](std::uint64_t bend) {
    all += bend;
    return true;
  });
  std::size_t leading = 0;
  each([&, limit = share_of_bends(all, share)](std::uint64_t bend) {
    sum += bend;
    leading += sum <= limit ? 1 : 0;
    return sum <= limit;
  });
  return leading;
}

}  // namespace scalar
}  // namespace urn::kernel
