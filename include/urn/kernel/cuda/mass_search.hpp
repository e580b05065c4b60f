#pragma once
/// \file
/// What a nucleus is looked for by, and what is found.

#include <cstddef>
#include <cstdint>

#include "urn/core/order_key.hpp"
#include "urn/kernel/block_mass.hpp"
#include "urn/kernel/candidates.hpp"
#include "urn/kernel/cuda/select.hpp"
#include "urn/kernel/cuda/threshold.hpp"
#include "urn/kernel/scalar/max.hpp"

namespace urn::kernel::cuda {

/// The mass that a prefix must have, in row units, and how tokens are weighed in them.
struct mass_target {
  float c;
  std::uint32_t row_key;
  std::uint64_t mass;

  [[nodiscard]] __device__ std::uint64_t weight(float logit) const { return mass_in_row(logit, c, row_key); }
};

/// The cutoff that an interval means. The tokens that have no mass lie below all others: where it begins with
/// those, they go.
__device__ __noinline__ inline cutoff cutoff_of_mass(interval at, mass_target target) {
  const auto weight = [&](std::uint32_t value) {
    return target.weight(logit_of(std::uint64_t{value} << 32));
  };
  if (at.holds(target.mass) && weight(at.low) == 0) {
    for (std::uint32_t high = at.high; at.low < high;) {
      const std::uint32_t middle = at.low + (high - at.low) / 2;
      const bool has_mass = weight(middle) != 0;
      high = has_mass ? middle : high;
      at.low = has_mass ? at.low : middle + 1;
    }
  }
  return cutoff_at(at, target.mass, weight(at.low));
}

/// Kept tokens and their mass in row units.
struct kept_prefix {
  candidate_list list;
  std::uint64_t mass;
};

/// Where the cut of a whole row is looked for: from a value so light that all tokens below it together could
/// be spared.
struct mass_search {
  mass_target target;
  std::uint64_t total;
  std::uint32_t low, high;

  __device__ mass_search(mass_target wanted, std::uint64_t of_row, std::size_t size, row_scan scanned)
      : target(wanted),
        total(of_row),
        low(bound_of_mass(wanted.c, wanted.row_key, spare() / size)),
        high(scanned.largest) {}
  /// What may be spared. The target may be a sum of tokens' masses, which is a little more than that of
  /// blocks.
  [[nodiscard]] __device__ std::uint64_t spare() const { return total - min(total, target.mass); }
  [[nodiscard]] __device__ std::uint64_t weight(float logit) const { return target.weight(logit); }
};

}  // namespace urn::kernel::cuda
