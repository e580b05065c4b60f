#pragma once
/// \file
/// A token of each block of a single row, its best or a drawn one, picked by the team that has read it while
/// the row's leader adds up the blocks: whichever block the leader comes to, nobody looks into it again.

#include <cstddef>
#include <cstdint>

#include "urn/core/draw.hpp"
#include "urn/kernel/block_mass.hpp"
#include "urn/kernel/cuda/letters.hpp"
#include "urn/kernel/cuda/read_blocks.hpp"
#include "urn/kernel/fraction.hpp"
#include "urn/random/random_bits.hpp"

namespace urn::kernel::cuda {

/// A place in a block, and the logit there.
struct block_pick {
  std::uint32_t place;
  float logit;
};

/// What was picked from block b, as the row's leader has noted it.
__device__ inline block_pick pick_from(const row_notes& notes, std::size_t b) {
  const letter note = *letter_in(notes, letters_of::picks, static_cast<unsigned>(b), 1, 0);
  return {static_cast<std::uint32_t>(note.a), exact::float_of(static_cast<std::uint32_t>(note.b))};
}

/// The first place of a block's largest logit.
__device__ inline void put_best(letter* to, const block_by_strips& block) {
  const auto& logits = block.strip.logit[0];
  std::uint32_t place = ~0U;
#pragma unroll
  for (int i = lane_logits - 1; i >= 0; --i) {
    if (ordered_number(logits[i]) == block.all.largest)
      place = threadIdx.x * lane_logits + static_cast<unsigned>(i);
  }
  const std::uint64_t nearest = team::max_of_warps(warp_max(~place));
  if (threadIdx.x == 0) put_note(to, {static_cast<std::uint32_t>(~nearest), 0});
}

/// Where the masses of a block come to more than r: the one thread that has the place says so, or the first
/// if there is no mass.
__device__ inline void put_drawn(letter* to, const block_by_strips& block, float c, std::uint64_t r) {
  if (block.all.mass == 0) {
    if (threadIdx.x == 0) put_note(to, {0, 0});
    return;
  }
  r -= block.before;  // modulo 2^64: in one warp only it is below the strip's mass, and in one lane below its
                      // sum
  if (r >= block.of_strip) return;
  const auto& logits = block.strip.logit[0];
  std::uint64_t masses[lane_logits], sum = 0;
#pragma unroll
  for (int i = 0; i < lane_logits; ++i) sum += masses[i] = mass_in_block(logits[i], c, block.all.key);
  r -= warp_sum_upto(sum) - sum;
  if (r >= sum) return;
  block_pick pick{static_cast<std::uint32_t>(threadIdx.x * lane_logits), 0.0F};
  bool is_past = true;
#pragma unroll
  for (int i = 0; i < lane_logits; ++i) {
    if (is_past) pick.logit = logits[i];
    is_past = is_past && r >= masses[i];
    if (!is_past) continue;
    r -= masses[i];
    ++pick.place;
  }
  put_note(to, {pick.place, exact::bits(pick.logit)});
}

/// What is picked from a block.
enum class pick_of : unsigned char { best, drawn };

/// read_together, and a pick.
template <pick_of Wanted, class Row>
__device__ __noinline__ bool read_and_pick(const Row& row, std::size_t b, block_notes notes, bool wants_pick,
                                           const draw_key& key) {
  const block_by_strips block = read_by_strips(row, b, notes);
  if (!wants_pick) return block.has_nan;
  letter* const to = reinterpret_cast<letter*>(notes.maxima.data() + b * block_strips);
  if constexpr (Wanted == pick_of::best) {
    put_best(to, block);
  } else {
    const std::uint64_t bits = random_bits(key, lane_purpose::block, static_cast<std::uint32_t>(b));
    put_drawn(to, block, notes.goals.c, uniform_below(bits, block.all.mass));
  }
  return block.has_nan;
}

}  // namespace urn::kernel::cuda
