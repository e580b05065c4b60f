#pragma once
/// \file
/// A whole row read by a team: each warp loads its next strips while it looks at some.

#include <cstddef>

#include "urn/kernel/cuda/load.hpp"
#include "urn/kernel/cuda/team.hpp"

namespace urn::kernel::cuda {

/// Calls see(strips, first) for all of a row, N strips at a time, where `first` is their first position; the
/// warps take turns. What lies past the row's end is -inf.
template <int N, class Row, class See>
__device__ void for_each_strips(const Row& from, See&& see) {
  auto row = held(from);
  constexpr std::size_t of_warp = N * warp_strip;
  const std::size_t of_team = team_warps() * of_warp;
  std::size_t first = warp_of_thread() * of_warp;
  if (first >= row.size()) return;
  strips<N> next;
  load_held(row, first, next);
  while (first < row.size()) {
    const strips<N> logits = next;
    const std::size_t here = first;
    first += of_team;
    if (first < row.size()) load_held(row, first, next);
    see(logits, here);
  }
}

}  // namespace urn::kernel::cuda
