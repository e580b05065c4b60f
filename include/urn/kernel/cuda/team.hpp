#pragma once
/// \file
/// A team: the threads of one block, which work on one row together. All of them take the same way through a
/// pipeline; what they exchange goes through here.

#include <cstddef>
#include <cstdint>

#include "urn/core/exact.hpp"

namespace urn::kernel::cuda {

inline constexpr unsigned warp_threads = 32;
inline constexpr unsigned most_threads = 256;
inline constexpr unsigned most_warps = most_threads / warp_threads;
inline constexpr unsigned all_lanes = ~0U;

/// The size of this team, a power of two.
__device__ inline unsigned team_threads() { return blockDim.x; }
__device__ inline unsigned team_warps() { return team_threads() / warp_threads; }
__device__ inline unsigned lane_of_thread() { return threadIdx.x % warp_threads; }
__device__ inline unsigned warp_of_thread() { return threadIdx.x / warp_threads; }

/// The largest of a warp's values, in every lane.
__device__ inline std::uint32_t warp_max(std::uint32_t x) {
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
  return __reduce_max_sync(all_lanes, x);
#else
  for (int o = 16; o > 0; o /= 2) x = max(x, __shfl_xor_sync(all_lanes, x, o));
  return x;
#endif
}

/// The smallest of a warp's values, in every lane.
__device__ inline std::uint32_t warp_min(std::uint32_t x) { return ~warp_max(~x); }

__device__ inline std::uint64_t warp_max(std::uint64_t x) {
  const auto high = static_cast<std::uint32_t>(x >> 32);
  const std::uint32_t largest = warp_max(high);
  const std::uint32_t low = warp_max(high == largest ? static_cast<std::uint32_t>(x) : 0U);
  return (std::uint64_t{largest} << 32) | low;
}

/// The sum of a warp's values in every lane.
__device__ inline std::uint64_t warp_sum(std::uint64_t x) {
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
  constexpr int part = 27;  // 32 times as much is below 2^32
  constexpr std::uint32_t mask = (1U << part) - 1;
  const std::uint32_t low = __reduce_add_sync(all_lanes, static_cast<std::uint32_t>(x) & mask);
  const std::uint32_t middle = __reduce_add_sync(all_lanes, static_cast<std::uint32_t>(x >> part) & mask);
  const std::uint32_t high = __reduce_add_sync(all_lanes, static_cast<std::uint32_t>(x >> (2 * part)));
  return low + (std::uint64_t{middle} << part) + (std::uint64_t{high} << (2 * part));
#else
  for (int o = 16; o > 0; o /= 2) x += __shfl_xor_sync(all_lanes, x, o);
  return x;
#endif
}
/// The same where each is below 2^37.
__device__ inline std::uint64_t warp_sum_of_small(std::uint64_t x) {
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
  constexpr int half = 27;
  const std::uint32_t low = __reduce_add_sync(all_lanes, static_cast<std::uint32_t>(x) & ((1U << half) - 1));
  const std::uint32_t high = __reduce_add_sync(all_lanes, static_cast<std::uint32_t>(x >> half));
  return low + (std::uint64_t{high} << half);
#else
  return warp_sum(x);
#endif
}

/// The sum of the values of a warp's lanes up to this one.
template <class T>
__device__ T warp_sum_upto(T x) {
#pragma unroll
  for (unsigned o = 1; o < warp_threads; o *= 2) {
    const T other = __shfl_up_sync(all_lanes, x, o);
    if (lane_of_thread() >= o) x += other;
  }
  return x;
}

/// What one thread tells the others.
struct told {
  std::uint64_t a = 0, b = 0, c = 0;
};

/// What a team exchanges values through, in shared memory. Everything is there twice: who writes for one
/// exchange need not wait for those who still read from the one before.
struct exchange_memory {
  alignas(16) std::uint64_t warps[2][most_warps];
  alignas(16) std::uint32_t counts[2][most_warps];
  std::uint64_t told[2][3];
  std::uint8_t turn[most_threads];  ///< of each thread, which of the two is next
};

/// The exchanges. Every thread of the block must take part in each; each gives the same to all threads, and
/// afterwards all see what any wrote before. (Their memory is named, not passed: where it lies is part of the
/// instructions then, and no thread loads a pointer first, and loads through it as from anywhere. Functions
/// that are called for an exchange were slower than having it inlined everywhere: 21.9 us instead of 20.4 for
/// a single row cut by top_k and top_p, on an H100.)
class team {
 public:
  /// Each thread, before the first exchange.
  __device__ static void start() {
    memory().turn[threadIdx.x] = 0;
    if (threadIdx.x < 2 * most_warps) {  // warps that a team does not have say nothing
      const unsigned turn = threadIdx.x / most_warps, warp = threadIdx.x % most_warps;
      memory().warps[turn][warp] = 0;
      memory().counts[turn][warp] = 0;
    }
    sync();
  }

  // A warp whose lanes come to a reducing barrier one by one stops with an illegal instruction.
  __device__ static void sync() {
    __syncwarp();
    __syncthreads();
  }
  __device__ static bool any(bool x) {
    __syncwarp();
    return __syncthreads_or(x) != 0;
  }
  __device__ static bool all(bool x) {
    __syncwarp();
    return __syncthreads_and(x) != 0;
  }
  __device__ static unsigned count(bool x) {
    __syncwarp();
    return static_cast<unsigned>(__syncthreads_count(x));
  }

  __device__ static std::uint64_t sum(std::uint64_t x) { return sum_of_warps(warp_sum(x)); }
  __device__ static std::uint64_t max(std::uint64_t x) { return max_of_warps(warp_max(x)); }

  /// The same of one number a warp.
  __device__ static std::uint64_t sum_of_warps(std::uint64_t of_warp) {
    return over_warps(of_warp, [](std::uint64_t a, std::uint64_t b) { return a + b; });
  }
  __device__ static std::uint64_t max_of_warps(std::uint64_t of_warp) {
    return over_warps(of_warp, [](std::uint64_t a, std::uint64_t b) { return a > b ? a : b; });
  }

  /// The sum over the threads before this one, and over all.
  __device__ static std::uint32_t sum_before(std::uint32_t x, std::uint32_t& total) {
    const std::uint32_t upto = warp_sum_upto(x);
    return sum_before(memory().counts[next()], upto, total) + upto - x;
  }
  __device__ static std::uint64_t sum_before(std::uint64_t x, std::uint64_t& total) {
    const std::uint64_t upto = warp_sum_upto(x);
    return sum_before(memory().warps[next()], upto, total) + upto - x;
  }
  /// The same of one number a warp.
  __device__ static std::uint32_t sum_of_warps_before(std::uint32_t of_warp, std::uint32_t& total) {
    return sum_before(memory().counts[next()], of_warp, total);
  }
  __device__ static std::uint64_t sum_of_warps_before(std::uint64_t of_warp, std::uint64_t& total) {
    return sum_before(memory().warps[next()], of_warp, total);
  }
  /// How many threads before this one say so, and how many of all.
  __device__ static std::uint32_t count_before(bool x, std::uint32_t& total) {
    const std::uint32_t of_warp = __ballot_sync(all_lanes, x);
    const std::uint32_t in_warp = of_warp & ((1U << lane_of_thread()) - 1);
    return sum_of_warps_before(static_cast<std::uint32_t>(__popc(of_warp)), total) +
           static_cast<std::uint32_t>(__popc(in_warp));
  }

  /// What the one thread that `is_teller` says.
  __device__ static told tell(bool is_teller, told what) {
    std::uint64_t* const place = memory().told[next()];
    if (is_teller) {
      place[0] = what.a;
      place[1] = what.b;
      place[2] = what.c;
    }
    sync();
    return {place[0], place[1], place[2]};
  }
  __device__ static std::uint64_t tell(bool is_teller, std::uint64_t what) {
    return tell(is_teller, told{what}).a;
  }

 private:
  /// The sum of what the last lanes of the warps before this one say, and of all last lanes.
  template <class T>
  __device__ static T sum_before(T* of_warps, T of_warp, T& total) {
    if (lane_of_thread() == warp_threads - 1) of_warps[warp_of_thread()] = of_warp;
    sync();
    T before = 0;
    total = 0;
#pragma unroll
    for (unsigned w = 0; w < most_warps; ++w) {
      if (w == warp_of_thread()) before = total;
      total += of_warps[w];
    }
    return before;
  }
  template <class Op>
  __device__ static std::uint64_t over_warps(std::uint64_t of_warp, Op op) {
    std::uint64_t* const warps = memory().warps[next()];
    if (lane_of_thread() == 0) warps[warp_of_thread()] = of_warp;
    sync();
    std::uint64_t all = warps[0];
#pragma unroll
    for (unsigned w = 1; w < most_warps; ++w) all = op(all, warps[w]);
    return all;
  }
  __device__ static unsigned next() { return memory().turn[threadIdx.x] ^= 1U; }
  __device__ static exchange_memory& memory() {
    __shared__ exchange_memory of_team;
    return of_team;
  }
};

}  // namespace urn::kernel::cuda
