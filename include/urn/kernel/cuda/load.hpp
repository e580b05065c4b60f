#pragma once
/// \file
/// How a warp gets a row's logits into registers, edited on the way.

#include <cstddef>
#include <cstdint>
#include <span>

#include "urn/core/exact.hpp"
#include "urn/core/float16.hpp"
#include "urn/core/row.hpp"
#include "urn/core/token.hpp"
#include "urn/core/workspace.hpp"
#include "urn/kernel/cuda/patched_row.hpp"
#include "urn/kernel/cuda/team.hpp"
#include "urn/kernel/edited_row.hpp"
#include "urn/kernel/touch_list.hpp"

namespace urn::kernel::cuda {

/// A device notes the largest logit for strips of this many tokens: what a warp loads at once, four a lane.
inline constexpr unsigned warp_strip = 128;
inline constexpr unsigned block_strips = block_size / warp_strip;
inline constexpr int lane_logits = 4;

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

/// Four logits at an aligned address, which nobody writes meanwhile and which need not stay in L1.
__device__ inline void load_four(const float* from, float (&to)[lane_logits]) {
  asm("ld.global.nc.L1::no_allocate.v4.f32 {%0,%1,%2,%3}, [%4];"
      : "=f"(to[0]), "=f"(to[1]), "=f"(to[2]), "=f"(to[3])
      : "l"(from));
}
template <class Half>  // bfloat16 or float16
__device__ void load_four(const Half* from, float (&to)[lane_logits]) {
  std::uint32_t two[2];
  asm("ld.global.nc.L1::no_allocate.v2.u32 {%0,%1}, [%2];" : "=r"(two[0]), "=r"(two[1]) : "l"(from));
#pragma unroll
  for (int i = 0; i < lane_logits; ++i) {
    to[i] = to_float(Half{static_cast<std::uint16_t>(two[i / 2] >> (i % 2 * 16))});
  }
}

/// The row that edits stand on.
template <class Row>
__device__ const auto& unedited(const Row& row) {
  if constexpr (requires { row.base(); }) {
    return unedited(row.base());
  } else {
    return row;
  }
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

/// Whether the row's logits from `first` to `end` can be loaded by four, as they lie.
template <class Row>
__device__ bool lies_in_fours(const Row&, std::size_t) {
  return false;
}
template <logit_type T>
__device__ bool lies_in_fours(const row_view<T>& row, std::size_t end) {
  return reinterpret_cast<std::uintptr_t>(row.data()) % (lane_logits * sizeof(T)) == 0 && end <= row.size();
}

/// The logits of a row that nothing edits. All loads are under way before the first is waited for: no branch
/// between them.
template <int N, logits_row Row>
__device__ void load_unedited(const Row& row, std::size_t first, strips<N>& to) {
  if constexpr (requires { row.data(); }) {
    if (lies_in_fours(row, first + N * warp_strip)) {
#pragma unroll
      for (int j = 0; j < N; ++j) load_four(row.data() + lane_position(first, j), to.logit[j]);
      return;
    }
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

/// A mask that tells of four tokens at once.
template <class Edit>
concept masks_fours = requires(const Edit& edit) {
  edit.allowed_four(token_id{});
};

/// A lane's logits that a mask does not allow become -inf.
__device__ inline void mask_four(float (&logits)[lane_logits], std::uint32_t allowed) {
#pragma unroll
  for (unsigned i = 0; i < lane_logits; ++i) {
    if ((allowed >> i & 1U) == 0) logits[i] = exact::minus_infinity;
  }
}

/// What the edits that stand on a row make of its logits: nothing, of a row without any.
template <int N, class Row>
__device__ void edit_strips(const Row&, std::size_t, strips<N>&) {}

/// All words of a mask are asked for before the first is waited for.
template <int N, class Base, class Edit>
__device__ void edit_strips(const elementwise_row<Base, Edit>& row, std::size_t first, strips<N>& to) {
  edit_strips(row.base(), first, to);
  if (row.edit() == nullptr) return;
  if constexpr (masks_fours<Edit>) {
    const Edit mask = *row.edit();  // nobody else writes to a copy
    std::uint32_t allowed[N];
#pragma unroll
    for (int j = 0; j < N; ++j) {
      allowed[j] = mask.allowed_four(static_cast<token_id>(lane_position(first, j)));
    }
#pragma unroll
    for (int j = 0; j < N; ++j) mask_four(to.logit[j], allowed[j]);
  } else {
    change_each(row.size(), first, to, [&, t = row.temperature()](float l, unsigned i) {
      return (*row.edit())(at_temperature(l, t), static_cast<token_id>(i));
    });
  }
}

/// Replaces one of the warp's logits. Registers have no index: each is looked at.
template <int N>
__device__ void replace_one(strips<N>& logits, unsigned place, float logit) {
  const bool is_here = place / lane_logits % warp_threads == lane_of_thread();
  const unsigned in_lane = place / warp_strip * lane_logits + place % lane_logits;
#pragma unroll
  for (unsigned k = 0; k < N * lane_logits; ++k) {
    float& one = logits.logit[k / lane_logits][k % lane_logits];
    if (is_here && k == in_lane) one = logit;
  }
}

/// How many of the touched tokens have ids below `id`, counted by a warp: 32 places are looked at at once.
__device__ inline unsigned touched_below_by_warp(std::span<const touched_token> touched, token_id id) {
  unsigned begin = 0, end = static_cast<unsigned>(touched.size());
  while (begin < end) {
    const unsigned step = (end - begin + warp_threads - 1) / warp_threads;
    const unsigned place = begin + lane_of_thread() * step;
    const auto below =
        static_cast<unsigned>(__popc(__ballot_sync(all_lanes, place < end && touched[place].id < id)));
    end = min(end, begin + below * step);
    begin = below == 0 ? end : begin + (below - 1) * step + 1;
  }
  return begin;
}

template <int N, class Base, int Temperatures>
__device__ void edit_strips(const patched_row<Base, Temperatures>& row, std::size_t first, strips<N>& to) {
  edit_strips(row.base(), first, to);
  if (row.has_temperature()) {
    change_each(row.size(), first, to, [&](float l, unsigned) { return row.unpatched(l); });
  }
  const auto begin = static_cast<token_id>(first);
  const auto end = static_cast<token_id>(first + N * warp_strip);
  const std::span<const touched_token> patches = row.patches();
  for (unsigned i = touched_below_by_warp(patches, begin); i < patches.size(); ++i) {
    const touched_token hit = patches[i];
    if (hit.id >= end) break;
    replace_one(to, static_cast<unsigned>(hit.id - begin), patch_of(hit));
  }
}

/// Both.
template <int N, class Row>
__device__ void load_strips(const Row& row, std::size_t first, strips<N>& to) {
  load_unedited(unedited(row), first, to);
  edit_strips(row, first, to);
}

}  // namespace urn::kernel::cuda
