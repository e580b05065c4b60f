#pragma once
/// \file
/// What a single warp finds in the blocks of a row, and in one of them.

#include <cstddef>
#include <cstdint>
#include <span>

#include "urn/core/order_key.hpp"
#include "urn/kernel/block_mass.hpp"
#include "urn/kernel/cuda/load.hpp"
#include "urn/kernel/cuda/read_blocks.hpp"
#include "urn/kernel/cuda/row_pass.hpp"
#include "urn/kernel/cuda/team.hpp"

namespace urn::kernel::cuda {

/// What a lone warp works in, in shared memory.
struct lone_memory {
  float drawn;  ///< the logit of the drawn token

  alignas(16) float logits[block_size];   ///< of the block that it looks into
  std::uint64_t mass_upto[warp_threads];  ///< of the blocks of the lanes up to each, in row units
};
__device__ inline lone_memory& near_warp() {
  __shared__ lone_memory of_warp;
  return of_warp;
}

/// The first lane whose sum comes to more than r.
__device__ inline unsigned lane_past(std::uint64_t upto, std::uint64_t r) {
  return static_cast<unsigned>(__ffs(static_cast<int>(__ballot_sync(all_lanes, upto > r)))) - 1;
}

/// How many consecutive blocks each lane has of so many.
__device__ inline unsigned blocks_of_a_lane(std::size_t blocks) {
  return (static_cast<unsigned>(blocks) + warp_threads - 1) / warp_threads;
}

/// Calls see(block) for the blocks of a lane. The first four, of up to 131,072 tokens all, are loaded once.
class blocks_of_lane {
 public:
  __device__ explicit blocks_of_lane(std::span<const weighed_block> blocks) : blocks_(blocks.data()) {
    const unsigned each = blocks_of_a_lane(blocks.size());
    begin_ = lane_of_thread() * each;
    end_ = min(begin_ + each, static_cast<unsigned>(blocks.size()));
#pragma unroll
    for (unsigned k = 0; k < loaded; ++k) {
      if (begin_ + k < end_) first_[k] = blocks_[begin_ + k];
    }
  }
  /// The number of the first of them.
  [[nodiscard]] __device__ unsigned begin() const { return begin_; }
  template <class See>
  __device__ void each(See&& see) const {
#pragma unroll
    for (const weighed_block& b : first_) see(b);
#pragma unroll 4
    for (unsigned b = begin_ + loaded; b < end_; ++b) see(blocks_[b]);
  }

 private:
  static constexpr unsigned loaded = 4;

  const weighed_block* blocks_;
  unsigned begin_;
  unsigned end_;
  weighed_block first_[loaded];
};

__device__ inline extremes extremes_by_warp(const blocks_of_lane& blocks) {
  extremes all;
  blocks.each([&](const weighed_block& b) {
    all.key = max(all.key, b.key);
    all.largest = max(all.largest, b.largest);
  });
  return {warp_max(all.key), warp_max(all.largest)};
}

/// Has the logits of a row's block in shared memory, since a lane that looks for a place has consecutive
/// ones; calls meanwhile() while they are under way.
template <class Row, class Meanwhile>
__device__ const lone_memory& load_block(const Row& row, std::size_t block, Meanwhile&& meanwhile) {
  strips<block_strips> logits;
  load_strips(row, block * block_size, logits);
  meanwhile();
  lone_memory& near = near_warp();
#pragma unroll
  for (unsigned j = 0; j < block_strips; ++j) {
    const auto& l = logits.logit[j];
    *reinterpret_cast<float4*>(&near.logits[lane_position(0, static_cast<int>(j))]) =
        float4{l[0], l[1], l[2], l[3]};
  }
  __syncwarp();
  return near;
}

/// The place in the block at which its masses come to more than r.
__device__ inline unsigned place_in_block(const lone_memory& near, float c, std::uint32_t key,
                                          std::uint64_t r) {
  constexpr unsigned each = block_size / warp_threads, vectors = each / lane_logits;
  std::uint64_t sum = 0;  // of consecutive tokens, each lane's from another one on: else all ask one bank
#pragma unroll 2          // 6.4 us for a row instead of 6.6 with all 8: instructions are new, and waited for
  for (unsigned k = 0; k < vectors; ++k) {
    const unsigned at = lane_of_thread() * each + (k + lane_of_thread()) % vectors * lane_logits;
    const float4 l = *reinterpret_cast<const float4*>(&near.logits[at]);
    sum += mass_in_block(l.x, c, key);
    sum += mass_in_block(l.y, c, key);
    sum += mass_in_block(l.z, c, key);
    sum += mass_in_block(l.w, c, key);
  }
  const std::uint64_t upto = warp_sum_upto(sum);
  const unsigned lane = lane_past(upto, r);
  r -= __shfl_sync(all_lanes, upto - sum, static_cast<int>(lane));
  const unsigned first = lane * each;
  const std::uint64_t mass = mass_in_block(near.logits[first + lane_of_thread()], c, key);
  return first + lane_past(warp_sum_upto(mass), r);
}

/// The place in a warp's block of its first logit that is the largest, as `ordered`.
__device__ inline unsigned place_of_largest(const strips<block_strips>& block, std::uint32_t largest) {
  const std::uint32_t wanted = exact::bits(logit_of(std::uint64_t{largest} << 32));  // of -0, +0's
  unsigned place = block_size;
#pragma unroll
  for (int j = static_cast<int>(block_strips) - 1; j >= 0; --j) {
#pragma unroll
    for (int i = lane_logits - 1; i >= 0; --i) {
      if (exact::bits(exact::add(block.logit[j][i], 0.0F)) == wanted)
        place = lane_position(0, j) + static_cast<unsigned>(i);
    }
  }
  return warp_min(place);
}

/// The first block of a row whose largest logit is this one, which some block has.
__device__ inline unsigned block_having(const blocks_of_lane& blocks, std::uint32_t largest) {
  unsigned first = ~0U, b = blocks.begin();
  blocks.each([&](const weighed_block& block) {
    if (block.largest == largest) first = min(first, b);
    ++b;
  });
  return warp_min(first);
}

}  // namespace urn::kernel::cuda
