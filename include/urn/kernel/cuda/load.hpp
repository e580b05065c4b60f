#pragma once
/// \file
/// How a warp gets a row's logits into registers, edited on the way.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

#include "urn/core/exact.hpp"
#include "urn/core/float16.hpp"
#include "urn/core/row.hpp"
#include "urn/core/token.hpp"
#include "urn/core/workspace.hpp"
#include "urn/kernel/cuda/held_row.hpp"
#include "urn/kernel/cuda/team.hpp"
#include "urn/kernel/edited_row.hpp"
#include "urn/kernel/touch_list.hpp"

namespace urn::kernel::cuda {

/// A device notes the largest logit for strips of this many tokens: what a warp loads at once, four a lane.
inline constexpr unsigned warp_strip = 128;
inline constexpr unsigned block_strips = block_size / warp_strip;
inline constexpr int lane_logits = 4;

/// A row whose logits lie in memory as they are.
template <class Row>
concept lies_in_memory = requires(const Row& row) {
  row.data();
};

/// N consecutive strips in a warp's registers: lane i holds the tokens 4 i to 4 i + 3 of each. What lies past
/// the row's end is -inf.
template <int N>
struct strips {
  float logit[N][lane_logits];
};

/// The position of a lane's first logit of strip j, where the first strip begins at `first`.
__device__ inline unsigned lane_position(std::size_t first, int j) {
  return static_cast<unsigned>(first) + static_cast<unsigned>(j) * warp_strip +
         lane_of_thread() * lane_logits;
}

/// Whether loaded logits stay in L1: where some of them are asked for again soon (207 us instead of 209 for
/// 1024 rows by top_k and top_p on an H100, 9.9 instead of 10.3 for one by min_p).
enum class caching : bool { none, l1 };

/// Four logits at an aligned address, which nobody writes meanwhile.
template <caching In = caching::none>
__device__ void load_four(const float* from, float (&to)[lane_logits]) {
  if constexpr (In == caching::l1) {
    asm("ld.global.nc.v4.f32 {%0,%1,%2,%3}, [%4];"
        : "=f"(to[0]), "=f"(to[1]), "=f"(to[2]), "=f"(to[3])
        : "l"(from));
  } else {
    asm("ld.global.nc.L1::no_allocate.v4.f32 {%0,%1,%2,%3}, [%4];"
        : "=f"(to[0]), "=f"(to[1]), "=f"(to[2]), "=f"(to[3])
        : "l"(from));
  }
}
template <caching In = caching::none, class Half>  // bfloat16 or float16
__device__ void load_four(const Half* from, float (&to)[lane_logits]) {
  std::uint32_t two[2];
  if constexpr (In == caching::l1) {
    asm("ld.global.nc.v2.u32 {%0,%1}, [%2];" : "=r"(two[0]), "=r"(two[1]) : "l"(from));
  } else {
    asm("ld.global.nc.L1::no_allocate.v2.u32 {%0,%1}, [%2];" : "=r"(two[0]), "=r"(two[1]) : "l"(from));
  }
#pragma unroll
  for (int i = 0; i < lane_logits; ++i) {
    to[i] = to_float(Half{static_cast<std::uint16_t>(two[i / 2] >> (i % 2 * 16))});
  }
}

/// Adds `bit` to `taken` if the logit is at least `least`. (By PTX: -use_fast_math takes subnormals for 0
/// where floats are compared.)
__device__ inline void take_if_reaching(float logit, float least, std::uint32_t bit, std::uint32_t& taken) {
  asm("{.reg .pred p; setp.ge.f32 p, %1, %2; @p or.b32 %0, %0, %3;}"
      : "+r"(taken)
      : "f"(logit), "f"(least), "r"(bit));
}

/// One logit after the other, of any row.
template <int N, logits_row Row>
__device__ void load_each(const Row& row, std::size_t first, strips<N>& to) {
  const auto size = static_cast<unsigned>(row.size());
#pragma unroll
  for (int j = 0; j < N; ++j) {
    const unsigned at = lane_position(first, j);
#pragma unroll
    for (int i = 0; i < lane_logits; ++i) {
      to.logit[j][i] = at + i < size ? row.at(at + i) : exact::minus_infinity;
    }
  }
  __syncwarp();  // lanes past the end skip at(), which may be a call
}

/// The strips of a row that may end in them, but in no four. (Lanes past its end load its last four: without
/// a branch all loads are under way before the first is waited for.)
template <caching In = caching::none, int N, class Row>
__device__ void load_to_end(const Row& row, std::size_t first, strips<N>& to) {
  const auto size = static_cast<unsigned>(row.size());
#pragma unroll
  for (int j = 0; j < N; ++j) {
    load_four<In>(row.data() + min(lane_position(first, j), size - lane_logits), to.logit[j]);
  }
  if (first + N * warp_strip <= size) return;
#pragma unroll
  for (int j = 0; j < N; ++j) {
    const bool is_past = lane_position(first, j) >= size;
#pragma unroll
    for (float& l : to.logit[j]) l = is_past ? exact::minus_infinity : l;
  }
}

/// Whether the row's logits from `first` to `end` can be loaded by four, as they lie.
template <class Row>
__device__ bool lies_in_fours(const Row&, std::size_t) {
  return false;
}
template <logit_type T>
__device__ bool lies_in_fours(const row_view<T>& row, std::size_t end) {
  return reinterpret_cast<std::uintptr_t>(row.data()) % (lane_logits * sizeof(T)) == 0 && end <= row.size();
}

/// Whether load_to_end can load all of the row.
template <class Row>
__device__ bool ends_in_fours(const Row& row) {
  return row.size() % lane_logits == 0 && lies_in_fours(row, row.size());
}

/// Strips that lie in fours.
template <caching In = caching::none, int N, class Row>
__device__ void load_fours(const Row& row, std::size_t first, strips<N>& to) {
#pragma unroll
  for (int j = 0; j < N; ++j) load_four<In>(row.data() + lane_position(first, j), to.logit[j]);
}

/// The logits of a row that nothing edits. All loads are under way before the first is waited for: no branch
/// between them.
template <caching In = caching::none, int N, logits_row Row>
__device__ void load_unedited(const Row& row, std::size_t first, strips<N>& to) {
  if constexpr (lies_in_memory<Row>) {
    if (lies_in_fours(row, first + N * warp_strip)) return load_fours<In>(row, first, to);
    if (ends_in_fours(row)) return load_to_end<In>(row, first, to);
  }
  load_each(row, first, to);
}

/// logit = change(logit, position) for those inside the row.
template <int N, class Change>
__device__ void change_each(std::size_t size, std::size_t first, strips<N>& logits, Change&& change) {
#pragma unroll
  for (int j = 0; j < N; ++j) {
    const unsigned at = lane_position(first, j);
#pragma unroll
    for (int i = 0; i < lane_logits; ++i) {
      if (at + i < static_cast<unsigned>(size)) logits.logit[j][i] = change(logits.logit[j][i], at + i);
    }
  }
}

/// A mask that tells of 32 tokens at once.
template <class Edit>
concept masks_words = requires(const Edit& edit) {
  { edit.allowed_of(token_id{}) } -> std::same_as<std::uint32_t>;
};

/// What a mask says of a warp's strips: a lane has the word of 32 tokens.
struct mask_words {
  static constexpr unsigned of_strip = warp_strip / 32;
  std::uint32_t mine;

  /// Of strip j: those that are not allowed become -inf.
  __device__ void apply(unsigned j, float (&logits)[lane_logits]) const {
    constexpr unsigned sharers = 32 / lane_logits;  // lanes whose tokens a word tells of
    const unsigned from = j * of_strip + lane_of_thread() / sharers;
    const std::uint32_t word = __shfl_sync(all_lanes, mine, static_cast<int>(from));
    const std::uint32_t allowed = word >> (lane_of_thread() % sharers * lane_logits);
#pragma unroll
    for (unsigned i = 0; i < lane_logits; ++i) {
      if ((allowed >> i & 1U) == 0) logits[i] = exact::minus_infinity;
    }
  }
};

/// Replaces one of the warp's logits. Registers have no index: those of its strip are looked at. (Asked by
/// bits: what is compared with a loop's variable is taken for an index, and all strips lie in memory.)
template <int N>
__device__ void replace_one(strips<N>& logits, unsigned place, float logit) {
  const bool is_mine = place / lane_logits % warp_threads == lane_of_thread();
  const std::uint32_t strip = 1U << (place / warp_strip);
  const std::uint32_t in_lane = is_mine ? 1U << (place % lane_logits) : 0;
#pragma unroll
  for (unsigned j = 0; j < N; ++j) {
    if ((strip >> j & 1U) == 0) continue;
#pragma unroll
    for (unsigned i = 0; i < lane_logits; ++i) {
      if ((in_lane >> i & 1U) != 0) logits.logit[j][i] = logit;
    }
  }
}

/// What edits make of a held row's strips: of a row without any, nothing. A pass goes upwards.
template <int N, class Row>
__device__ void edit_strips(Row&, std::size_t, strips<N>&) {}

template <int N, class Base, class Edit>
__device__ void edit_strips(held_edit<Base, Edit>& row, std::size_t first, strips<N>& to) {
  edit_strips(row.base, first, to);
  if (!row.edit) return;
  if constexpr (masks_words<Edit>) {
    static_assert(N * mask_words::of_strip <= warp_threads);
    const mask_words words{row.edit->allowed_of(static_cast<token_id>(first + lane_of_thread() * 32))};
#pragma unroll
    for (unsigned j = 0; j < N; ++j) words.apply(j, to.logit[j]);
  } else {
    change_each(row.size(), first, to, [edit = *row.edit, t = row.temperature](float l, unsigned i) {
      return edit(at_temperature(l, t), static_cast<token_id>(i));
    });
  }
}

/// The warp looks at 32 patches at a time, a lane each.
template <int N, class Base, int Temperatures>
__device__ void edit_strips(held_patches<Base, Temperatures>& row, std::size_t first, strips<N>& to) {
  edit_strips(row.base, first, to);
  if (row.has_temperature()) {
    change_each(row.size(), first, to, [&](float l, unsigned) { return row.unpatched(l); });
  }
  const auto begin = static_cast<token_id>(first);
  const auto end = static_cast<token_id>(first + N * warp_strip);
  std::uint32_t passed;
  do {
    const unsigned mine = row.next + lane_of_thread();
    touched_token patch{end, 0};
    if (mine < row.patches.size()) patch = row.patches[mine];
    passed = __ballot_sync(all_lanes, patch.id < end);
#pragma unroll 1
    for (std::uint32_t hits = passed & ~__ballot_sync(all_lanes, patch.id < begin); hits != 0;
         hits &= hits - 1) {
      const int lane = __ffs(static_cast<int>(hits)) - 1;
      const auto place = static_cast<unsigned>(__shfl_sync(all_lanes, patch.id, lane) - begin);
      replace_one(to, place, exact::float_of(__shfl_sync(all_lanes, patch.value, lane)));
    }
    row.next += static_cast<unsigned>(__popc(passed));
  } while (passed == all_lanes);
}

/// The strips from `first` on of a held row, edited.
template <caching In = caching::none, int N, class Held>
__device__ void load_held(Held& row, std::size_t first, strips<N>& to) {
  load_unedited<In>(unedited(row), first, to);
  edit_strips(row, first, to);
}

/// The same of a row that is known to end in fours: nothing is asked before all loads are under way.
template <int N, class Held>
__device__ void load_in_fours(Held& row, std::size_t first, strips<N>& to) {
  load_to_end(unedited(row), first, to);
  edit_strips(row, first, to);
}

/// The same of any row, now and then; logits that are looked at, of which some are asked for again.
template <int N, class Row>
__device__ void load_strips(const Row& row, std::size_t first, strips<N>& to) {
  auto all = held(row);
  load_held<caching::l1>(all, first, to);
}

}  // namespace urn::kernel::cuda
