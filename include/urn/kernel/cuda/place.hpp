#pragma once
/// \file
/// Where a random number falls among weights, found by a team.

#include <cstddef>
#include <cstdint>

#include "urn/kernel/cuda/load.hpp"
#include "urn/kernel/cuda/scratch.hpp"
#include "urn/kernel/cuda/team.hpp"

namespace urn::kernel::cuda {

/// Where r falls among consecutive weights, `each` of them a thread: weight_at(i). If it is not below their
/// sum, `place` stays. What is before the place, or all of them, is taken from r.
template <class WeightAt>
__device__ bool find_place(team_workspace& work, std::size_t each, std::uint64_t& r, std::size_t& place,
                           WeightAt&& weight_at) {
  const std::size_t first = threadIdx.x * each;
  std::uint64_t sum = 0, total = 0;
#pragma unroll 4
  for (std::size_t i = 0; i < each; ++i) sum += weight_at(first + i);
  std::uint64_t before = work.together.sum_before(sum, total);
  if (r >= total) {
    r -= total;
    return false;
  }
  const bool mine = before <= r && r - before < sum;
  std::size_t here = first;
  if (mine && each > 1) {
    for (; r - before >= weight_at(here); ++here) before += weight_at(here);
  }
  const told found = work.together.tell(mine, {here, r - before});
  place = static_cast<std::size_t>(found.a);
  r = found.b;
  return true;
}
/// The same of an r that is below their sum.
template <class WeightAt>
__device__ std::size_t place_of(team_workspace& work, std::size_t each, std::uint64_t r,
                                WeightAt&& weight_at) {
  std::size_t place = 0;
  find_place(work, each, r, place, weight_at);
  return place;
}

/// The same of many weights: each warp sums a part of them, and all look into the part.
template <class WeightAt>
__device__ __noinline__ std::size_t place_of_many(team_workspace& work, std::size_t count, std::uint64_t r,
                                                  WeightAt weight_at) {
  constexpr unsigned ahead = 8;  // loaded before the first is looked at
  const std::size_t share = (count + team_warps() - 1) / team_warps();
  const std::size_t begin = min(warp_of_thread() * share, count), end = min(begin + share, count);
  std::uint64_t sum = 0, total = 0;
#pragma unroll 1
  for (std::size_t first = begin; first < end; first += ahead * warp_threads) {
#pragma unroll
    for (unsigned k = 0; k < ahead; ++k) {
      const std::size_t i = first + k * warp_threads + lane_of_thread();
      sum += i < end ? weight_at(i) : 0;
    }
  }
  sum = warp_sum(sum);
  const bool leads = lane_of_thread() == 0;
  const std::uint64_t before = work.together.sum_before(leads ? sum : 0, total);
  const bool is_here = leads && before <= r && r - before < sum;
  const told part = work.together.tell(is_here, {begin, r - before});
  return part.a + place_of(work, (share + team_threads() - 1) / team_threads(), part.b, [&](std::size_t i) {
           return i < share && part.a + i < count ? weight_at(part.a + i) : 0;
         });
}

/// The position in block b of a row at which the weights of its logits, weight(logit, position), come to more
/// than r.
template <class Row, class Weight>
__device__ std::size_t place_in_block(team_workspace& work, const Row& row, std::size_t b, std::uint64_t r,
                                      Weight&& weight) {
  std::size_t place = 0;
  for (std::size_t first = b * block_size;; first += team_threads() * lane_logits) {
    strips<1> logits;  // a strip a warp, four tokens a thread: of eight warps the whole block
    const std::size_t of_warp = first + warp_of_thread() * warp_strip;
    load_strips(row, of_warp, logits);
    std::uint64_t weights[lane_logits];
#pragma unroll
    for (int i = 0; i < lane_logits; ++i) {
      weights[i] = weight(logits.logit[0][i], lane_position(of_warp, 0) + static_cast<unsigned>(i));
    }
    const auto weight_at = [&](std::size_t i) {
      std::uint64_t it = 0;
#pragma unroll
      for (int j = 0; j < lane_logits; ++j)
        it = i % lane_logits == static_cast<std::size_t>(j) ? weights[j] : it;
      return it;
    };
    if (find_place(work, lane_logits, r, place, weight_at)) return first + place;
  }
}

}  // namespace urn::kernel::cuda
