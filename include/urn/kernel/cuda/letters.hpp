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

/// Sixteen bytes of notes: a block, or the largest logits of four strips. All ones have not come.
struct alignas(16) letter {
  std::uint64_t a = ~std::uint64_t{0};
  std::uint64_t b = ~std::uint64_t{0};

  __device__ static letter at(const letter* place) {
    letter l;
    asm volatile("ld.relaxed.gpu.v2.u64 {%0, %1}, [%2];" : "=l"(l.a), "=l"(l.b) : "l"(place) : "memory");
    return l;
  }
  /// All ones if something that is stored at once has not come: a half of a block, of which neither the mass
  /// nor the largest logit begins with 32 ones; or a single word, none of which is all ones.
  [[nodiscard]] __device__ std::uint32_t missing(bool is_block) const {
    const std::uint32_t above = max(static_cast<std::uint32_t>(a >> 32), static_cast<std::uint32_t>(b >> 32));
    const std::uint32_t below = max(static_cast<std::uint32_t>(a), static_cast<std::uint32_t>(b));
    return is_block ? above : max(above, below);
  }
};
static_assert(sizeof(weighed_block) == sizeof(letter) && block_strips * sizeof(float) == 2 * sizeof(letter));

// Notes are written as letters must be, by stores that nothing splits, also where they are none.
__device__ inline void put_note(letter* to, letter l) {
  asm volatile("st.relaxed.gpu.v2.u64 [%0], {%1, %2};" ::"l"(to), "l"(l.a), "l"(l.b) : "memory");
}
__device__ inline void put_note(weighed_block* to, const weighed_block& block) {
  put_note(reinterpret_cast<letter*>(to), {block.mass, (std::uint64_t{block.largest} << 32) | block.key});
}
__device__ inline void put_note(float* to, float largest) {
  asm volatile("st.relaxed.gpu.f32 [%0], %1;" ::"l"(to), "f"(largest) : "memory");
}

/// What the leader hears at once: of each block one letter, three with its strips; or its pick (see
/// block_pick.hpp), which lies where the first half of the strips would.
enum class letters_of : unsigned char { blocks, blocks_and_strips, picks };

/// Letter i of so many blocks from `first` on: the blocks, then their strips.
__device__ inline letter* letter_in(const row_notes& notes, letters_of what, unsigned first, unsigned blocks,
                                    unsigned i) {
  auto* const of_strips = reinterpret_cast<letter*>(notes.maxima + first * block_strips);
  if (what == letters_of::picks) return of_strips + 2 * i;
  return i < blocks ? reinterpret_cast<letter*>(notes.blocks + first) + i : of_strips + (i - blocks);
}

/// Waits for what the other teams of a row of so many logits say of their slices, notes it, and takes the
/// letters back before the next draw. Threads of this many together, each for up to N letters at a time; true
/// if this thread heard of a NaN.
template <unsigned N>
__device__ bool hear_others(const team_workspace& work, std::size_t size, letters_of what, unsigned thread,
                            unsigned threads) {
  const row_notes letters = work.letters(), notes = work.notes();
  const auto first = static_cast<unsigned>(work.slice.blocks.last);
  const unsigned blocks = static_cast<unsigned>(block_count(size)) - first;
  const unsigned count = what == letters_of::blocks_and_strips ? 3 * blocks : blocks;
  const auto is_block = [=](unsigned i) { return what != letters_of::picks && i < blocks; };
  bool nan = false;
#pragma unroll 1
  for (unsigned begin = thread; begin < count; begin += N * threads) {
    // A thread that has fewer asks for its first again: without a branch all are under way at once.
    const auto number = [=](unsigned k) { return begin + k * threads < count ? begin + k * threads : begin; };
    letter heard[N];
    std::uint32_t missing;
    do {
      missing = 0;
#pragma unroll
      for (unsigned k = 0; k < N; ++k)
        heard[k] = letter::at(letter_in(letters, what, first, blocks, number(k)));
#pragma unroll
      for (unsigned k = 0; k < N; ++k) missing = max(missing, heard[k].missing(is_block(number(k))));
    } while (missing == ~0U);
#pragma unroll
    for (unsigned k = 0; k < N; ++k) {
      const unsigned i = begin + k * threads;
      if (i >= count) break;
      if (is_block(i)) {
        nan |= (heard[k].a & nan_in_block) != 0;
        heard[k].a &= ~nan_in_block;
      }
      *letter_in(notes, what, first, blocks, i) = heard[k];
      *letter_in(letters, what, first, blocks, i) = letter{};
    }
  }
  return nan;
}

}  // namespace urn::kernel::cuda
