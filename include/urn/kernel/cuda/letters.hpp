#pragma once
/// \file
/// How the teams that share a row tell its leader what their slices say: their notes are letters in far
/// memory, each of which shows by itself whether it has come. Nobody waits for a fence, and nothing is
/// counted. The leader waits for teams with lower numbers, which have been started before it.

#include <cstddef>
#include <cstdint>

#include "urn/kernel/cuda/load.hpp"
#include "urn/kernel/cuda/scratch.hpp"
#include "urn/kernel/cuda/team.hpp"
#include "urn/kernel/cuda/workspace.hpp"

namespace urn::kernel::cuda {

/// Set in the mass of a letter whose block has a NaN; a block's mass is below 2^42.
inline constexpr std::uint64_t nan_in_block = std::uint64_t{1} << 62;

// Notes are written as letters must be, by stores that nothing splits, also where they are none.
__device__ inline void put_note(weighed_block* to, const weighed_block& block) {
  const std::uint64_t keys = (std::uint64_t{block.largest} << 32) | block.key;
  asm volatile("st.relaxed.gpu.v2.u64 [%0], {%1, %2};" ::"l"(to), "l"(block.mass), "l"(keys) : "memory");
}
__device__ inline void put_note(float* to, float largest) {
  asm volatile("st.relaxed.gpu.f32 [%0], %1;" ::"l"(to), "f"(largest) : "memory");
}

/// Sixteen bytes of notes: a block, or the largest logits of four strips. All ones have not come.
struct alignas(16) letter {
  std::uint64_t a = ~std::uint64_t{0};
  std::uint64_t b = ~std::uint64_t{0};

  __device__ static letter at(const letter* place) {
    letter l;
    asm volatile("ld.relaxed.gpu.v2.u64 {%0, %1}, [%2];" : "=l"(l.a), "=l"(l.b) : "l"(place) : "memory");
    return l;
  }
  /// Whether all that is stored at once has come: halves of a block, of which neither the mass nor the
  /// largest logit begins with 32 ones; or single logits, none of which is a NaN.
  [[nodiscard]] __device__ bool has_come(bool is_block) const {
    const auto is_set = [](std::uint64_t x) { return static_cast<std::uint32_t>(x) != ~0U; };
    return is_set(a >> 32) && is_set(b >> 32) && (is_block || (is_set(a) && is_set(b)));
  }
};
static_assert(sizeof(weighed_block) == sizeof(letter) && block_strips * sizeof(float) == 2 * sizeof(letter));

/// Letter i of a row whose teams tell of so many blocks from `first` on: the blocks, then their strips.
__device__ inline letter* letter_in(const row_notes& notes, unsigned first, unsigned blocks, unsigned i) {
  return i < blocks ? reinterpret_cast<letter*>(notes.blocks + first) + i
                    : reinterpret_cast<letter*>(notes.maxima + first * block_strips) + (i - blocks);
}

/// Waits for what the other teams of a row of so many logits say of their slices, notes it, and takes the
/// letters back before the next draw. Threads of this many together, each for up to N letters at a time; true
/// if this thread heard of a NaN.
template <unsigned N>
__device__ bool hear_others(const team_workspace& work, std::size_t size, bool with_strips, unsigned thread,
                            unsigned threads) {
  const row_notes letters = work.letters(), notes = work.notes();
  const auto first = static_cast<unsigned>(work.slice.blocks.last);
  const unsigned blocks = static_cast<unsigned>(block_count(size)) - first;
  const unsigned count = with_strips ? 3 * blocks : blocks;
  bool nan = false;
#pragma unroll 1
  for (unsigned begin = thread; begin < count; begin += N * threads) {
    letter heard[N];
    bool all;
    do {
      all = true;
#pragma unroll
      for (unsigned k = 0; k < N; ++k) {  // all are under way before the first is looked at
        const unsigned i = begin + k * threads;
        if (i < count) heard[k] = letter::at(letter_in(letters, first, blocks, i));
      }
#pragma unroll
      for (unsigned k = 0; k < N; ++k) {
        const unsigned i = begin + k * threads;
        all &= i >= count || heard[k].has_come(i < blocks);
      }
    } while (!all);
#pragma unroll
    for (unsigned k = 0; k < N; ++k) {
      const unsigned i = begin + k * threads;
      if (i >= count) break;
      if (i < blocks) {
        nan |= (heard[k].a & nan_in_block) != 0;
        heard[k].a &= ~nan_in_block;
      }
      *letter_in(notes, first, blocks, i) = heard[k];
      *letter_in(letters, first, blocks, i) = letter{};
    }
  }
  return nan;
}

}  // namespace urn::kernel::cuda
