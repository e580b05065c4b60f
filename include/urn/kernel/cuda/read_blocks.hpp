#pragma once
/// \file
/// The one read of a row: its blocks weighed and the largest logits of its strips noted, a warp a block.

#include <cstddef>
#include <cstdint>
#include <span>

#include "urn/core/exact.hpp"
#include "urn/core/order_key.hpp"
#include "urn/kernel/block_mass.hpp"
#include "urn/kernel/cuda/letters.hpp"
#include "urn/kernel/cuda/load.hpp"
#include "urn/kernel/cuda/scratch.hpp"

namespace urn::kernel::cuda {

__device__ inline block_range all_blocks(std::size_t size) { return {0, block_count(size)}; }

/// max(a, b), or NaN if one of them is.
__device__ inline float max_or_nan(float a, float b) {
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
  float result;
  asm("max.NaN.f32 %0, %1, %2;" : "=f"(result) : "f"(a), "f"(b));
  return result;
#else
  if (exact::is_nan(a) || exact::is_nan(b)) return exact::quiet_nan;
  return fmaxf(a, b);
#endif
}

/// `ordered` of a number.
__device__ inline std::uint32_t ordered_number(float x) {
  const std::uint32_t b = exact::bits(exact::add(x, 0.0F));  // of -0, +0
  return b ^ (static_cast<std::uint32_t>(static_cast<std::int32_t>(b) >> 31) | 0x80000000U);
}

/// A lane's largest logit of each strip, and of all; NaN if any is.
template <int N>
__device__ float maxima_of_lane(const strips<N>& block, float (&maxima)[N]) {
  float all = exact::minus_infinity;
#pragma unroll
  for (int j = 0; j < N; ++j) {
    const auto& l = block.logit[j];
    maxima[j] = max_or_nan(max_or_nan(l[0], l[1]), max_or_nan(l[2], l[3]));
    all = max_or_nan(all, maxima[j]);
  }
  return all;
}

/// The same where NaN counts as -inf; true if the warp has one.
template <int N>
__device__ bool clean_maxima_of_lane(strips<N>& block, float (&maxima)[N], float& all) {
  all = maxima_of_lane(block, maxima);
  if (__ballot_sync(all_lanes, exact::is_nan(all)) == 0) return false;
#pragma unroll
  for (auto& strip : block.logit) {
#pragma unroll
    for (float& l : strip) l = exact::is_nan(l) ? exact::minus_infinity : l;
  }
  all = maxima_of_lane(block, maxima);
  return true;
}

/// A warp's strips: their largest logits, each in every lane of `to`; the largest of all as `ordered`.
template <int N>
__device__ std::uint32_t note_maxima(const float (&of_lane)[N], float* to) {
  std::uint32_t largest = 0, mine = 0;
#pragma unroll
  for (unsigned j = 0; j < N; ++j) {
    const std::uint32_t of_strip = warp_max(ordered_number(of_lane[j]));
    largest = max(largest, of_strip);
    if (lane_of_thread() == j) mine = of_strip;
  }
  if (lane_of_thread() < N) put_note(to + lane_of_thread(), logit_of(std::uint64_t{mine} << 32));
  return largest;
}

/// The mass of a warp's strips of a block whose largest logit is known.
template <int N>
__device__ weighed_block weigh(const strips<N>& block, float c, std::uint32_t largest) {
  weighed_block result{0, no_mass_key, largest};
  if (largest <= ordered_minus_infinity) return result;
  result.key = block_key(logit_of(std::uint64_t{largest} << 32), c);
  if (result.key == no_mass_key || result.key == unbounded_key) return result;
  std::uint64_t mass = 0;
#pragma unroll
  for (const auto& strip : block.logit) {
#pragma unroll
    for (const float l : strip) mass += mass_in_block(l, c, result.key);
  }
  result.mass = warp_sum_of_small(mass);
  return result;
}

/// What a pass finds out, and where it says so.
struct block_notes {
  pass_goals goals;
  std::span<weighed_block> blocks;
  std::span<float> maxima;
  std::uint64_t of_nan = 0;  ///< set in the mass of a block that has one

  /// Of the strips of block b from `strip` on, of which a warp has N: their largest logit. True if there is a
  /// NaN, which counts as -inf from there on.
  template <int N>
  __device__ bool look(std::size_t b, unsigned strip, strips<N>& logits, std::uint32_t& largest) const {
    float of_lane[N], all;
    const bool nan = clean_maxima_of_lane(logits, of_lane, all);
    largest = goals.strips ? note_maxima(of_lane, maxima.data() + b * block_strips + strip)
                           : warp_max(ordered_number(all));
    return nan;
  }
  /// The block that these strips are of, or the mass that they add to it.
  template <int N>
  __device__ weighed_block weighed(const strips<N>& logits, std::uint32_t largest) const {
    return goals.masses ? weigh(logits, goals.c, largest) : weighed_block{0, no_mass_key, largest};
  }
  __device__ void put(std::size_t b, weighed_block block, bool nan) const {
    block.mass |= nan ? of_nan : 0;
    put_note(&blocks[b], block);
  }

  /// Of a warp's block b; true if it has a NaN.
  __device__ bool take(std::size_t b, strips<block_strips>& block) const {
    std::uint32_t largest;
    const bool nan = look(b, 0, block, largest);
    const weighed_block result = weighed(block, largest);
    if (lane_of_thread() == 0) put(b, result, nan);
    return nan;
  }
};

/// A block of which each warp of a team has a strip.
struct block_by_strips {
  strips<1> strip;
  std::uint64_t of_strip;  ///< its mass
  std::uint64_t before;    ///< the masses of those before it
  weighed_block all;
  bool has_nan;
};

/// Block b by a team, which notes it: of a single row, that has no more blocks than the device has room for
/// teams. (min_p 8.9 us instead of 9.6, greedy 6.3 instead of 6.9 on an H100.)
template <class Row>
__device__ block_by_strips read_by_strips(const Row& from, std::size_t b, block_notes notes) {
  auto row = held(from);
  const unsigned mine = warp_of_thread();
  block_by_strips block;
  load_held(row, b * block_size + mine * warp_strip, block.strip);
  std::uint32_t largest;
  block.has_nan = team::any(notes.look(b, mine, block.strip, largest));
  block.all = notes.weighed(block.strip, static_cast<std::uint32_t>(team::max_of_warps(largest)));
  block.of_strip = block.all.mass;
  block.before = team::sum_of_warps_before(block.of_strip, block.all.mass);
  if (threadIdx.x == 0) notes.put(b, block.all, block.has_nan);
  return block;
}
template <class Row>
__device__ __noinline__ bool read_together(const Row& row, std::size_t b, block_notes notes) {
  return read_by_strips(row, b, notes).has_nan;
}

/// A block that does not lie as load_in_fours wants it.
template <class Held>
__device__ __noinline__ bool read_any_block(Held row, std::size_t b, block_notes notes) {
  strips<block_strips> block;
  load_held(row, b * block_size, block);
  return notes.take(b, block);
}

/// The blocks from b to `end`, `step` apart, of a row that ends in fours. (Its last block is read by the same
/// instructions: a path of its own, new to the multiprocessor, cost a single row 1 us.)
template <class Held>
__device__ bool read_in_fours(Held row, std::size_t b, std::size_t end, std::size_t step, block_notes notes) {
  bool nan = false;
#pragma unroll 1
  for (; b < end; b += step) {
    strips<block_strips> block;
    load_in_fours(row, b * block_size, block);
    nan |= notes.take(b, block);
  }
  return nan;
}

/// Reads the blocks of `range`, a warp each at a time; true if this thread's warp met a NaN.
template <class Row>
__device__ __noinline__ bool read_blocks(const Row& from, block_range range, block_notes notes) {
  const auto row = held(from);
  const std::size_t first = range.first + warp_of_thread(), step = team_warps();
  if constexpr (lies_in_memory<decltype(unedited(row))>) {
    if (ends_in_fours(unedited(row)) && !has_temperature(row)) {
      return read_in_fours(without_temperature(row), first, range.last, step, notes);
    }
  }
  bool nan = false;
#pragma unroll 1
  for (std::size_t b = first; b < range.last; b += step) nan |= read_any_block(row, b, notes);
  return nan;
}

/// The same of a slice, by all warps of a team.
template <class Row>
__device__ bool read_slice(const Row& row, row_slice slice, block_notes notes) {
  return slice.is_block ? read_together(row, slice.blocks.first, notes)
                        : read_blocks(row, slice.blocks, notes);
}

}  // namespace urn::kernel::cuda
