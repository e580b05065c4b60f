#pragma once
/// \file
/// A few strips from anywhere in a row, in a warp's registers, edited.
///
/// What is done to each of them is a call: most of this runs once a row, and then fetching instructions is
/// what takes the time (measured on an H100: 70 cycles for eight of them).

#include <cstddef>
#include <cstdint>
#include <span>

#include "urn/core/exact.hpp"
#include "urn/core/token.hpp"
#include "urn/core/workspace.hpp"
#include "urn/kernel/cuda/load.hpp"
#include "urn/kernel/cuda/scratch.hpp"
#include "urn/kernel/edited_row.hpp"
#include "urn/kernel/touch_list.hpp"

namespace urn::kernel::cuda {

inline constexpr int strips_in_flight = 8;  ///< that a warp loads at once

/// A lane's part of a strip.
struct strip_part {
  float logit[lane_logits];
};

/// (What it calls must be inlined: nvcc 13 returns wrong logits otherwise, seen with a row of its own whose
/// load_strips was a call.)
template <class Row>
__device__ __noinline__ strip_part load_strip(const Row& row, unsigned first) {
  strips<1> one;
  load_strips(row, first, one);
  strip_part part;
#pragma unroll
  for (int i = 0; i < lane_logits; ++i) part.logit[i] = one.logit[0][i];
  return part;
}

/// logit = change(logit, position) for those inside the row.
template <class Change>
__device__ __noinline__ strip_part changed_strip(strip_part part, unsigned first, unsigned size,
                                                 Change change) {
  const unsigned at = lane_position(first, 0);
#pragma unroll
  for (unsigned i = 0; i < lane_logits; ++i) {
    if (at + i < size) part.logit[i] = change(part.logit[i], at + i);
  }
  return part;
}

/// With its patches, which are the first of `patches`.
__device__ __noinline__ inline strip_part patched_strip(strip_part part, unsigned first,
                                                        std::span<const touched_token> patches) {
#pragma unroll 1
  for (const touched_token& hit : patches) {
    const unsigned in_strip = static_cast<unsigned>(hit.id) - first;
    if (in_strip >= warp_strip) break;
    const unsigned place = in_strip - lane_of_thread() * lane_logits;
#pragma unroll
    for (unsigned i = 0; i < lane_logits; ++i) {
      if (place == i) part.logit[i] = patch_of(hit);
    }
  }
  return part;
}

/// Says that nothing edits a row and that load_four can load its whole strips.
struct as_they_lie {};

/// Strips of a held row, and where each begins; what lies past the row's end is -inf.
struct loaded_strips {
  strip_part of[strips_in_flight];
  unsigned first[strips_in_flight];

  /// Of `end` listed ones (`all`: of all) those from `begin` on, `step` apart. Past the end, the last again.
  template <class Row>
  __device__ loaded_strips(team_workspace& work, const Row& row, bool all, std::size_t segment,
                           unsigned begin, unsigned end, unsigned step) {
#pragma unroll
    for (unsigned k = 0; k < strips_in_flight; ++k) {
      const unsigned place = min(begin + k * step, end - 1);
      first[k] = (static_cast<unsigned>(segment) + (all ? place : work.near().strip[place])) * warp_strip;
    }
    load(unedited(row));
    edit(row);
  }
  /// The strips with these numbers.
  template <class Row>
  __device__ loaded_strips(const Row& row, const unsigned (&strip)[strips_in_flight]) {
#pragma unroll
    for (int k = 0; k < strips_in_flight; ++k) first[k] = strip[k] * warp_strip;
    load(unedited(row));
    edit(row);
  }

  /// The same of whole strips, without asking how they lie: a branch would keep registers for a call.
  template <class Row>
  __device__ loaded_strips(as_they_lie, const Row& row, const unsigned (&strip)[strips_in_flight]) {
#pragma unroll
    for (int k = 0; k < strips_in_flight; ++k) {
      first[k] = strip[k] * warp_strip;
      load_four(row.data() + lane_position(first[k], 0), of[k].logit);
    }
  }

  /// A bit for each of the lane's logits in the first `count` strips that is at least `least`.
  [[nodiscard]] __device__ std::uint32_t reaching(float least, unsigned count) const {
    std::uint32_t taken = 0;
#pragma unroll
    for (unsigned k = 0; k < strips_in_flight; ++k) {
#pragma unroll
      for (unsigned i = 0; i < lane_logits; ++i) {
        take_if_reaching(of[k].logit[i], least, 1U << (lane_logits * k + i), taken);
      }
    }
    return count < strips_in_flight ? taken & ((1U << (lane_logits * count)) - 1) : taken;
  }

 private:
  /// first[k]; past the end the last. (By `==` the compiler made it first[k], and all of this lay in memory.)
  [[nodiscard]] __device__ unsigned first_of(unsigned k) const {
    unsigned it = first[0];
#pragma unroll
    for (unsigned i = 1; i < strips_in_flight; ++i) it = k >= i ? first[i] : it;
    return it;
  }
  /// All loads are under way before the first is waited for: no branch between them.
  template <class Row>
  __device__ void load(const Row& row) {
    if constexpr (lies_in_memory<Row>) {
      if (lies_in_fours(row, first[strips_in_flight - 1] + warp_strip)) {
        const auto* const data = row.data();
#pragma unroll
        for (int k = 0; k < strips_in_flight; ++k)
          load_four<caching::l1>(data + lane_position(first[k], 0), of[k].logit);
        return;
      }
    }
#pragma unroll
    for (int k = 0; k < strips_in_flight; ++k) of[k] = load_strip(row, first[k]);
  }

  template <class Row>
  __device__ void edit(const Row&) {}
  template <class Base, class Edit>
  __device__ void edit(const held_edit<Base, Edit>& row) {
    edit(row.base);
    if (!row.edit) return;
    if constexpr (masks_words<Edit>) {
      const unsigned strip = lane_of_thread() / mask_words::of_strip;
      const unsigned at = first_of(strip) + lane_of_thread() % mask_words::of_strip * 32;
      const mask_words words{row.edit->allowed_of(static_cast<token_id>(at))};
#pragma unroll
      for (unsigned k = 0; k < strips_in_flight; ++k) words.apply(k, of[k].logit);
    } else {
      change_all(row.size(), [change = *row.edit, t = row.temperature](float l, unsigned i) {
        return change(at_temperature(l, t), static_cast<token_id>(i));
      });
    }
  }
  /// Only strips that have a patch are looked at: lane k tells of the k-th.
  template <class Base, int N>
  __device__ void edit(const held_patches<Base, N>& row) {
    edit(row.base);
    if (row.has_temperature()) {
      change_all(row.size(), [row](float l, unsigned) { return row.unpatched(l); });
    }
    const unsigned mine = first_of(lane_of_thread());
    const std::span<const touched_token> patches = row.patches;
    const auto below = static_cast<unsigned>(touched_below(patches, static_cast<token_id>(mine)));
    const bool hit = below < patches.size() && static_cast<unsigned>(patches[below].id) - mine < warp_strip;
    const std::uint32_t hits = __ballot_sync(all_lanes, hit);
#pragma unroll
    for (int k = 0; k < strips_in_flight; ++k) {
      if ((hits >> k & 1U) == 0) continue;
      of[k] = patched_strip(of[k], first[k], patches.subspan(__shfl_sync(all_lanes, below, k)));
    }
  }
  template <class Change>
  __device__ void change_all(std::size_t size, Change change) {
#pragma unroll
    for (int k = 0; k < strips_in_flight; ++k) {
      of[k] = changed_strip(of[k], first[k], static_cast<unsigned>(size), change);
    }
  }
};

}  // namespace urn::kernel::cuda
