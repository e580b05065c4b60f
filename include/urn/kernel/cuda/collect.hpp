#pragma once
/// \file
/// Tokens that a cut keeps, gathered in the order of ids.

#include <cstddef>
#include <cstdint>
#include <span>

#include "urn/core/order_key.hpp"
#include "urn/kernel/cuda/load.hpp"
#include "urn/kernel/cuda/scratch.hpp"
#include "urn/kernel/cuda/threshold.hpp"

namespace urn::kernel::cuda {

inline constexpr int strips_in_flight = 4;  ///< that a warp loads at once

/// Lists the strips of a segment of `maxima` that begins at `first` whose largest logit is at least `least`,
/// in order; their number.
__device__ __noinline__ inline std::uint32_t list_strips(team_workspace& work, std::span<const float> maxima,
                                                         std::size_t first, std::uint32_t least) {
  constexpr std::size_t each = near_strips / team_threads;
  const std::size_t mine = first + threadIdx.x * each;
  std::uint32_t worth = 0;  // a bit a strip
  for (std::size_t i = 0; i < each; ++i) {
    if (mine + i < maxima.size() && ordered(maxima[mine + i]) >= least) worth |= 1U << i;
  }
  std::uint32_t total = 0;
  std::uint32_t place = work.together.sum_before(static_cast<std::uint32_t>(__popc(worth)), total);
  for (std::size_t i = 0; i < each; ++i) {
    if ((worth >> i & 1U) != 0)
      work.near().strip[place++] = static_cast<std::uint16_t>(threadIdx.x * each + i);
  }
  work.together.sync();
  return total;
}

/// Calls see(logit, token) for the logits of the strips whose largest is at least `least`, or of all strips
/// if `maxima` is empty; not in order.
template <class Row, class See>
__device__ void look_through(team_workspace& work, const Row& row, std::span<const float> maxima,
                             std::uint32_t least, See&& see) {
  const std::size_t all = (row.size() + warp_strip - 1) / warp_strip;
  for (std::size_t segment = 0; segment < all; segment += near_strips) {
    const auto rest = static_cast<std::uint32_t>(min(all - segment, near_strips));
    const std::uint32_t listed = maxima.empty() ? rest : list_strips(work, maxima, segment, least);
    for (std::uint32_t s = warp_of_thread(); s < listed; s += team_warps * strips_in_flight) {
      strips<1> logits[strips_in_flight];
      std::size_t first[strips_in_flight];
#pragma unroll
      for (int k = 0; k < strips_in_flight; ++k) {
        const std::uint32_t place = s + k * team_warps;
        first[k] = row.size();  // past the end: all -inf
        if (place < listed) {
          first[k] = (segment + (maxima.empty() ? place : work.near().strip[place])) * warp_strip;
        }
        load_strips(row, first[k], logits[k]);
      }
#pragma unroll
      for (int k = 0; k < strips_in_flight; ++k) {
#pragma unroll
        for (int i = 0; i < lane_logits; ++i) {
          const unsigned at = lane_position(first[k], 0) + i;
          if (at < row.size()) see(logits[k].logit[0][i], static_cast<token_id>(at));
        }
      }
    }
    work.together.sync();
  }
}

/// Of one round, in which each warp has a few strips: which of a thread's logits are taken, and where to.
struct round_places {
  std::uint32_t taken = 0;                   ///< a bit for each of the thread's logits
  std::uint32_t before[strips_in_flight]{};  ///< taken ones of this round before this thread's, by strip
  std::uint32_t total = 0;                   ///< of the team
};

/// The counts of a warp's strips stand in the bytes of one word: a strip has at most 128 taken logits.
__device__ __noinline__ inline round_places places_of(team& together, std::uint32_t taken) {
  static_assert(strips_in_flight == 4 && lane_logits == 4);
  round_places places{taken};
  std::uint32_t counts = 0;
#pragma unroll
  for (int s = 0; s < strips_in_flight; ++s) counts |= __popc(taken >> (4 * s) & 15U) << (8 * s);
  std::uint32_t upto = counts;  // of this lane and those before it
  for (unsigned o = 1; o < warp_threads; o *= 2) {
    const std::uint32_t other = __shfl_up_sync(all_lanes, upto, o);
    if (lane_of_thread() >= o) upto += other;
  }
  const std::uint32_t of_warp = __shfl_sync(all_lanes, upto, warp_threads - 1);
  const std::uint32_t of_lanes = upto - counts;
  const std::uint32_t sum =
      (of_warp & 255U) + (of_warp >> 8 & 255U) + (of_warp >> 16 & 255U) + (of_warp >> 24);
  std::uint32_t place = together.sum_of_warps_before(sum, places.total);
#pragma unroll
  for (int s = 0; s < strips_in_flight; ++s) {
    places.before[s] = place + (of_lanes >> (8 * s) & 255U);
    place += of_warp >> (8 * s) & 255U;
  }
  return places;
}

/// Takes the logits for which keep(logit) from the listed strips of one round, those from `begin` on.
template <class Row, class Keep, class Writer>
__device__ std::size_t take_round(team_workspace& work, const Row& row, std::size_t segment,
                                  std::uint32_t begin, std::uint32_t end, std::size_t count, Keep&& keep,
                                  Writer& writer) {
  const std::uint32_t first = begin + warp_of_thread() * strips_in_flight;
  strips<1> logits[strips_in_flight];
  std::size_t at[strips_in_flight];
#pragma unroll
  for (int s = 0; s < strips_in_flight; ++s) {
    at[s] = row.size();  // past the end: all -inf
    if (first + s < end) at[s] = (segment + work.near().strip[first + s]) * warp_strip;
    load_strips(row, at[s], logits[s]);
  }
  std::uint32_t taken = 0;
#pragma unroll
  for (int s = 0; s < strips_in_flight; ++s) {
#pragma unroll
    for (int i = 0; i < lane_logits; ++i) {
      const float l = logits[s].logit[0][i];
      if (l > exact::minus_infinity && keep(l)) taken |= 1U << (lane_logits * s + i);
    }
  }
  const round_places places = places_of(work.together, taken);
  writer.expect(count + places.total);
#pragma unroll
  for (int s = 0; s < strips_in_flight; ++s) {
    std::size_t to = count + places.before[s];
#pragma unroll
    for (int i = 0; i < lane_logits; ++i) {
      if ((taken >> (lane_logits * s + i) & 1U) == 0) continue;
      writer.put(to++, static_cast<token_id>(lane_position(at[s], 0) + i), logits[s].logit[0][i]);
    }
  }
  return count + places.total;
}

/// The surviving tokens of a whole row for which keep(logit), in the order of ids. `maxima` are those of its
/// strips; keep refuses all that are below `least`.
template <class Row, class Keep, class Writer>
__device__ __noinline__ auto collect(team_workspace& work, const Row& row, std::span<const float> maxima,
                                     std::uint32_t least, Keep&& keep, Writer writer) {
  constexpr std::uint32_t round = team_warps * strips_in_flight;
  std::size_t count = 0;
  for (std::size_t segment = 0; segment < maxima.size(); segment += near_strips) {
    const std::uint32_t listed = list_strips(work, maxima, segment, least);
    for (std::uint32_t begin = 0; begin < listed; begin += round) {
      count = take_round(work, row, segment, begin, listed, count, keep, writer);
    }
    work.together.sync();
  }
  return writer.finish(count);
}

/// A few of a list's tokens in a thread's registers, consecutive ones.
struct list_part {
  static constexpr std::size_t most = 4;
  float logit[most];
  token_id id[most];

  template <class List>
  __device__ list_part(const List& list, std::size_t begin) {
#pragma unroll
    for (std::size_t i = 0; i < most; ++i) {
      const bool inside = begin + i < list.size();
      logit[i] = inside ? list.at(begin + i) : exact::minus_infinity;
      id[i] = inside ? list.id(begin + i) : no_token;
    }
  }
};

/// The tokens of a list for which the bit of mask_of(part) is set, in order; they may be written over the
/// list. mask_of is called by all threads together.
template <class List, class MaskOf, class Writer>
__device__ auto keep_masked(team_workspace& work, const List& list, MaskOf&& mask_of, Writer writer) {
  std::size_t count = 0;
  for (std::size_t begin = 0; begin < list.size(); begin += list_part::most * team_threads) {
    const list_part part(list, begin + threadIdx.x * list_part::most);
    const std::uint32_t taken = mask_of(part);
    std::uint32_t total = 0;
    std::size_t to = count + work.together.sum_before(static_cast<std::uint32_t>(__popc(taken)), total);
    count += total;
    writer.expect(count);
#pragma unroll
    for (std::size_t i = 0; i < list_part::most; ++i) {
      if ((taken >> i & 1U) != 0) writer.put(to++, part.id[i], part.logit[i]);
    }
    work.together.sync();
  }
  return writer.finish(count);
}

/// The surviving tokens for which keep(logit).
template <class List, class Keep, class Writer>
__device__ __noinline__ auto keep_if(team_workspace& work, const List& list, Keep&& keep, Writer writer) {
  const auto mask_of = [&](const list_part& part) {
    std::uint32_t taken = 0;
#pragma unroll
    for (std::size_t i = 0; i < list_part::most; ++i) {
      if (part.logit[i] > exact::minus_infinity && keep(part.logit[i])) taken |= 1U << i;
    }
    return taken;
  };
  return keep_masked(work, list, mask_of, writer);
}

/// The tokens that a cutoff keeps.
template <class List, class Writer>
__device__ __noinline__ auto keep_by(team_workspace& work, const List& list, cutoff cut, Writer writer) {
  const std::uint32_t value = max(cut.value, ordered_minus_infinity);
  if (cut.equals == 0 || cut.value < least_survivor)
    return keep_if(
        work, list, [=](float l) { return ordered(l) > value; }, writer);
  std::uint64_t ties = 0;  // in the parts before
  const auto mask_of = [&](const list_part& part) {
    std::uint32_t above = 0, equal = 0;
#pragma unroll
    for (std::size_t i = 0; i < list_part::most; ++i) {
      above |= (ordered(part.logit[i]) > value ? 1U : 0U) << i;
      equal |= (ordered(part.logit[i]) == value ? 1U : 0U) << i;
    }
    std::uint32_t total = 0;
    std::uint64_t before = ties + work.together.sum_before(static_cast<std::uint32_t>(__popc(equal)), total);
#pragma unroll
    for (std::size_t i = 0; i < list_part::most; ++i) {
      if ((equal >> i & 1U) != 0 && before++ < cut.equals) above |= 1U << i;
    }
    ties += total;
    return above;
  };
  return keep_masked(work, list, mask_of, writer);
}

}  // namespace urn::kernel::cuda
