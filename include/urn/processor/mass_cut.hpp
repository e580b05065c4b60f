#pragma once
/// \file
/// What the cuts by a token's own mass have in common.

#include <cstdint>

#include "urn/core/platform.hpp"
#include "urn/kernel/scalar/mass.hpp"

URN_EITHER_SIDE_BEGIN
namespace urn::detail {

/// Keeps the tokens of a measured row whose mass is at least `least`, and in any case the best and what
/// weighs as much.
template <class State>
URN_HOST_DEVICE void keep_heavy(State& row, std::uint64_t least) {
  const std::uint32_t key = row.mass().key;
  const std::uint64_t top = kernel::mass_of_best(row.mass(), row.scale());
  least = least < top ? least : top;
  row.keep([&](const auto& source, const auto& scanned) {
    return row.policy.select_above(source, row.scale(), key, least, scanned, row.scratch);
  });
}

}  // namespace urn::detail
URN_EITHER_SIDE_END
