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

template <int N, logits_row Row>
__device__ void load_strips(const Row& row, std::size_t first, strips<N>& to) {
  load_each(row, first, to);
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

/// All loads are under way before the first is waited for: no branch between them.
template <int N, logit_type T>
__device__ void load_strips(const row_view<T>& row, std::size_t first, strips<N>& to) {
  if (!lies_in_fours(row, first + N * warp_strip)) return load_each(row, first, to);
#pragma unroll
  for (int j = 0; j < N; ++j) load_four(row.data() + lane_position(first, j), to.logit[j]);
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

/// The masks are asked for before the logits are waited for.
template <int N, class Base, masks_fours Edit>
__device__ void load_strips(const elementwise_row<Base, Edit>& row, std::size_t first, strips<N>& to) {
  std::uint32_t allowed[N];
#pragma unroll
  for (int j = 0; j < N; ++j) {
    const auto at = static_cast<token_id>(lane_position(first, j));
    allowed[j] = row.edit() == nullptr ? ~0U : row.edit()->allowed_four(at);
  }
  load_strips(row.base(), first, to);
#pragma unroll
  for (int j = 0; j < N; ++j) mask_four(to.logit[j], allowed[j]);
}

template <int N, class Base, class Edit>
__device__ void load_strips(const elementwise_row<Base, Edit>& row, std::size_t first, strips<N>& to) {
  load_strips(row.base(), first, to);
  if (row.edit() == nullptr) return;
  change_each(row.size(), first, to, [&, t = row.temperature()](float l, unsigned i) {
    return (*row.edit())(at_temperature(l, t), static_cast<token_id>(i));
  });
}

/// logit = change(logit) for one of the warp's. Registers have no index: each is looked at, but the edit is
/// there once.
template <int N, class Change>
__device__ void change_one(strips<N>& logits, unsigned place, Change&& change) {
  if (place / lane_logits % warp_threads != lane_of_thread()) return;
  const unsigned strip = place / warp_strip, i = place % lane_logits;
  float four[lane_logits];
#pragma unroll
  for (unsigned k = 0; k < N * lane_logits; ++k) {
    if (k / lane_logits == strip) four[k % lane_logits] = logits.logit[k / lane_logits][k % lane_logits];
  }
#pragma unroll
  for (unsigned k = 1; k < lane_logits; ++k) four[0] = k == i ? four[k] : four[0];
  const float changed = change(four[0]);
#pragma unroll
  for (unsigned k = 0; k < N * lane_logits; ++k) {
    float& logit = logits.logit[k / lane_logits][k % lane_logits];
    if (k / lane_logits == strip) logit = k % lane_logits == i ? changed : logit;
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

template <int N, class Base, class Edit>
__device__ void load_strips(const sparse_row<Base, Edit>& row, std::size_t first, strips<N>& to) {
  load_strips(row.base(), first, to);
  const float t = row.temperature();
  if (exact::bits(t) != exact::bits(1.0F)) {
    change_each(row.size(), first, to, [=](float l, unsigned) { return exact::div(l, t); });
  }
  const auto begin = static_cast<token_id>(first);
  const auto end = static_cast<token_id>(first + N * warp_strip);
  const std::span<const touched_token> touched = row.touched();
  for (unsigned i = touched_below_by_warp(touched, begin); i < touched.size(); ++i) {
    const touched_token hit = touched[i];
    if (hit.id >= end) break;
    change_one(to, static_cast<unsigned>(hit.id - begin), [&](float l) { return row.edit()(l, hit.value); });
  }
}

}  // namespace urn::kernel::cuda
