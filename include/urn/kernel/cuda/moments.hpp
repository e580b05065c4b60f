#pragma once
/// \file
/// Integer sums over all tokens of a row or a list, by a team: how deep they lie below the row's unit, and
/// how far below the largest logit.

#include <cstddef>
#include <cstdint>

#include "urn/core/order_key.hpp"
#include "urn/kernel/block_mass.hpp"
#include "urn/kernel/candidates.hpp"
#include "urn/kernel/cuda/load.hpp"
#include "urn/kernel/cuda/read_ahead.hpp"
#include "urn/kernel/cuda/read_blocks.hpp"
#include "urn/kernel/cuda/scratch.hpp"
#include "urn/kernel/cuda/select.hpp"
#include "urn/kernel/scalar/moments.hpp"
#include "urn/kernel/scalar/spread.hpp"

namespace urn::kernel::cuda {

__extension__ typedef unsigned __int128 wide_sum;  // NOLINT(modernize-use-using): nvcc takes no other

/// The sum of the threads' values, modulo 2^128.
__device__ __noinline__ inline wide_sum sum_of_wide(team& together, wide_sum mine) {
  wide_sum sum = 0;
  for (int part = 96; part >= 0; part -= 32) {
    sum = (sum << 32) + together.sum(static_cast<std::uint64_t>(mine >> part) & 0xFFFFFFFFU);
  }
  return sum;
}

/// Adds this thread's logits of a row, or of a list, to `sums`, a few at a time; past the end -inf.
template <whole_row Row, class Sums>
__device__ void add_logits(const Row& row, Sums& sums) {
  for_each_strips<4>(row, [&](const strips<4>& logits, std::size_t) { sums.add(logits); });
}
template <class Sums>
__device__ void add_logits(candidate_list list, Sums& sums) {
  for (std::size_t first = threadIdx.x; first < list.size(); first += lane_logits * team_threads()) {
    strips<1> few;
#pragma unroll
    for (int k = 0; k < lane_logits; ++k) {
      const std::size_t i = first + static_cast<unsigned>(k) * team_threads();
      few.logit[0][k] = i < list.size() ? list.at(i) : exact::minus_infinity;
    }
    sums.add(few);
  }
}

/// See row_moments. Depths are lifted, so that none is negative; up to 32 products, each below 2^58, are
/// summed in 64 bits. (Light tokens' masses in 32 bits, with the heavy ones apart, took fewer
/// instructions and no less time: 424 us instead of 420 for an eta_cutoff of 1024 peaky rows on an H100.)
struct depth_sums {
  static constexpr std::uint32_t lift = 1U << 16;
  float c;
  std::uint32_t row_key;
  std::uint64_t mass = 0;
  wide_sum depth = 0;

  template <int N>
  __device__ void add(const strips<N>& logits) {
    static_assert(N * lane_logits <= 32);
    std::uint64_t products = 0;
#pragma unroll
    for (const auto& strip : logits.logit) {
#pragma unroll
      for (const float l : strip) products += add_mass(l);
    }
    depth += products;
  }
  __device__ void add(float logit) { depth += add_mass(logit); }
  /// Of all threads' logits.
  [[nodiscard]] __device__ row_moments of_team(team& together) const {
    row_moments all;
    all.mass = together.sum(mass);
    const wide_sum sum = sum_of_wide(together, depth) - static_cast<wide_sum>(all.mass) * lift;
    all.depth_low = static_cast<std::uint64_t>(sum);
    all.depth_high = static_cast<std::int64_t>(static_cast<std::uint64_t>(sum >> 64));
    return all;
  }

 private:
  /// What it adds to the depths.
  __device__ std::uint64_t add_mass(float logit) {
    const std::uint64_t v = mass_in_row(logit, c, row_key);
    mass += v;  // where v is 0, the depth may be anything
    return v * (static_cast<std::uint32_t>(depth_of(logit, c, row_key)) + lift);
  }
};

/// The moments of a row whose unit is `row_key`.
template <class Row>
__device__ __noinline__ row_moments moments_of(team_workspace& work, const Row& row, float c,
                                               std::uint32_t row_key) {
  depth_sums mine{c, row_key};
  add_logits(row, mine);
  return mine.of_team(work.together);
}

/// See row_spread and distance_of, whose comparison of the floats' order is one of floats here: zeros of
/// either sign, and subnormals that a flag flushes to zero, are equally far from any largest logit. (Floors
/// by an addition instead of conversions gained nothing: 29 us instead of 24 for a top_n_sigma of one row.)
struct distance_sums {
  float largest;
  float lowest = exact::sub(largest, farthest);
  std::uint32_t count = 0;
  std::uint64_t sum = 0;
  wide_sum squares = 0;

  template <int N>
  __device__ void add(const strips<N>& logits) {
    std::uint64_t few = 0;
#pragma unroll
    for (const auto& strip : logits.logit) {
      std::uint32_t distances = 0;
#pragma unroll
      for (const float l : strip) {
        const bool counts = l > exact::minus_infinity;
        const float below = exact::mul(exact::sub(largest, max_or_nan(l, lowest)), spread_unit);
        const std::uint32_t d = counts ? static_cast<std::uint32_t>(below) : 0;
        count += counts ? 1 : 0;
        distances += d;  // of four below 2^28
        few += std::uint64_t{d} * d;
      }
      sum += distances;
    }
    squares += few;
  }
};

/// The spread of a row whose largest logit is finite.
template <class Row>
__device__ __noinline__ row_spread spread_of(team_workspace& work, const Row& row, row_scan scanned) {
  distance_sums mine{logit_of(std::uint64_t{scanned.largest} << 32)};
  add_logits(row, mine);
  const wide_sum squares = sum_of_wide(work.together, mine.squares);
  return {work.together.sum(mine.count), work.together.sum(mine.sum), static_cast<std::uint64_t>(squares),
          static_cast<std::uint64_t>(squares >> 64)};
}

}  // namespace urn::kernel::cuda
