#pragma once
/// \file
/// How the masses of ranked tokens bend, by a team.

#include <cstddef>
#include <cstdint>
#include <span>

#include "urn/core/order_key.hpp"
#include "urn/kernel/block_mass.hpp"
#include "urn/kernel/cuda/row_pass.hpp"
#include "urn/kernel/cuda/scratch.hpp"
#include "urn/kernel/scalar/bends.hpp"

namespace urn::kernel::cuda {

/// See scalar::leading_bends.
__device__ __noinline__ inline std::size_t bends_leading(team_workspace& work,
                                                         std::span<const ranked_key> ranked, float c,
                                                         std::uint32_t row_key, std::uint64_t share) {
  if (ranked.size() < 3) return 0;
  const std::size_t count = ranked.size() - 2;
  const auto bend_at = [=](std::size_t i) {
    const auto mass = [=](std::size_t j) { return mass_in_row(logit_of(ranked[j].key), c, row_key); };
    return bend_of(mass(i), mass(i + 1), mass(i + 2));
  };
  std::uint64_t mine = 0;
  for (std::size_t i = threadIdx.x; i < count; i += team_threads()) mine += bend_at(i);
  const std::uint64_t all = work.together.sum(mine);
  const std::uint64_t limit = share_of_bends(all, share);
  return limit < all ? place_of_many(work, count, limit, bend_at) : count;
}

}  // namespace urn::kernel::cuda
