#pragma once
/// \file
/// Tokens that a cut keeps, gathered in the order of ids.

#include <cstddef>
#include <cstdint>
#include <span>

#include "urn/core/order_key.hpp"
#include "urn/kernel/cuda/load.hpp"
#include "urn/kernel/cuda/loaded_strips.hpp"
#include "urn/kernel/cuda/scratch.hpp"
#include "urn/kernel/cuda/threshold.hpp"

namespace urn::kernel::cuda {

/// The maxima of a thread's strips of a segment, a block's; -inf past the end.
struct maxima_of_thread {
  static constexpr std::size_t count = block_strips;
  float of[count];

  __device__ maxima_of_thread(std::span<const float> maxima, std::size_t segment) {
    const std::size_t first = segment + threadIdx.x * count;
    const bool inside = first < maxima.size();  // the memory has whole blocks
    const auto* const from = reinterpret_cast<const float4*>(maxima.data() + (inside ? first : 0));
#pragma unroll
    for (std::size_t i = 0; i < count / 4; ++i) {
      const float4 four = from[i];
      const float values[] = {four.x, four.y, four.z, four.w};
#pragma unroll
      for (std::size_t j = 0; j < 4; ++j) of[4 * i + j] = inside ? values[j] : exact::minus_infinity;
    }
  }
};

/// Lists the strips of a segment of `maxima` that begins at `segment` whose largest logit is at least
/// `least`, in order; their number.
__device__ __noinline__ inline std::uint32_t list_strips(team_workspace& work, std::span<const float> maxima,
                                                         std::size_t segment, std::uint32_t least) {
  const maxima_of_thread mine(maxima, segment);
  const float least_logit = logit_of(std::uint64_t{least} << 32);
  std::uint32_t worth = 0;  // a bit a strip
#pragma unroll
  for (std::size_t i = 0; i < mine.count; ++i) take_if_reaching(mine.of[i], least_logit, 1U << i, worth);
  std::uint32_t total = 0;
  std::uint32_t place = work.together.sum_before(static_cast<std::uint32_t>(__popc(worth)), total);
#pragma unroll 1
  for (; worth != 0; worth &= worth - 1) {
    work.near().strip[place++] = static_cast<std::uint16_t>(threadIdx.x * mine.count + __ffs(worth) - 1);
  }
  work.together.sync();
  return total;
}

/// Lists the first `count` strips of a segment.
__device__ __noinline__ inline std::uint32_t list_all_strips(team_workspace& work, std::uint32_t count) {
  for (unsigned i = threadIdx.x; i < count; i += team_threads()) {
    work.near().strip[i] = static_cast<std::uint16_t>(i);
  }
  work.together.sync();
  return count;
}

/// Calls see(logit, token) for a lane's part of a strip.
template <class See>
__device__ __noinline__ void see_strip(strip_part part, unsigned first, unsigned size, See see) {
#pragma unroll
  for (int i = 0; i < lane_logits; ++i) {
    const unsigned at = lane_position(first, 0) + static_cast<unsigned>(i);
    if (at < size) see(part.logit[i], static_cast<token_id>(at));
  }
}

/// Calls see(logit, token) for the logits of the strips whose largest is at least `least`, or of all strips
/// if `maxima` is empty; not in order. `see` is copied: it takes what it changes by pointer.
template <class Row, class See>
__device__ void look_through(team_workspace& work, const Row& from, std::span<const float> maxima,
                             std::uint32_t least, See see) {
  const auto row = held(from);
  const std::size_t all = (row.size() + warp_strip - 1) / warp_strip;
  const std::size_t of_segment = strips_of_segment();
  for (std::size_t segment = 0; segment < all; segment += of_segment) {
    const auto rest = static_cast<unsigned>(min(all - segment, of_segment));
    const unsigned listed = maxima.empty() ? rest : list_strips(work, maxima, segment, least);
    for (unsigned s = warp_of_thread(); s < listed; s += team_warps() * strips_in_flight) {
      const loaded_strips logits(work, row, maxima.empty(), segment, s, listed, team_warps());
#pragma unroll
      for (unsigned k = 0; k < strips_in_flight; ++k) {
        if (s + k * team_warps() < listed) {
          see_strip(logits.of[k], logits.first[k], static_cast<unsigned>(row.size()), see);
        }
      }
    }
    work.together.sync();
  }
}

/// The sum of the bytes of a word.
__device__ inline std::uint32_t sum_of_bytes(std::uint64_t x) {
  constexpr std::uint32_t ones = 0x01010101U;
  return __dp4a(static_cast<std::uint32_t>(x), ones, __dp4a(static_cast<std::uint32_t>(x >> 32), ones, 0U));
}

/// Of one round, in which each warp has a few strips: where a thread's taken logits go.
struct round_places {
  std::uint64_t of_lanes_before = 0;  ///< taken ones in the warp's lanes before, a byte a strip
  std::uint64_t of_warp = 0;          ///< and in all its lanes
  std::uint32_t before = 0;           ///< in the warps before
  std::uint32_t total = 0;            ///< of the team
};

/// `taken` has a bit for each of the thread's logits. The counts of a warp's strips stand in the bytes of one
/// word: a strip has at most 128 taken logits.
__device__ __noinline__ inline round_places places_of(team& together, std::uint32_t taken) {
  static_assert(strips_in_flight == 8 && lane_logits == 4);
  round_places places;
  std::uint64_t counts = 0;
#pragma unroll 1
  for (; taken != 0; taken &= taken - 1) counts += std::uint64_t{1} << ((__ffs(taken) - 1) / lane_logits * 8);
  const std::uint64_t upto = warp_sum_upto(counts);
  places.of_lanes_before = upto - counts;
  places.of_warp = __shfl_sync(all_lanes, upto, warp_threads - 1);
  places.before = together.sum_of_warps_before(sum_of_bytes(places.of_warp), places.total);
  return places;
}

/// Puts a thread's taken logits, one at a time: most threads have none or one. Those of rows whose logit is
/// more than a load are looked up by all threads once the list is complete. (Logits found in registers by
/// the digits of their places took longer than looking them up again.)
template <class Row, class Writer>
__device__ void put_taken(const Row& row, const Writer& writer, std::size_t to, std::uint32_t taken,
                          round_places places, const std::uint16_t* listed, std::size_t segment) {
#pragma unroll 1
  for (std::uint32_t rest = taken; rest != 0; rest &= rest - 1) {
    const auto place = static_cast<unsigned>(__ffs(rest) - 1);
    const unsigned s = place / lane_logits;
    const std::uint32_t of_strip = taken >> (lane_logits * s), inside = place % lane_logits;
    const std::uint32_t before = sum_of_bytes(places.of_warp & ((std::uint64_t{1} << (8 * s)) - 1)) +
                                 static_cast<std::uint32_t>(places.of_lanes_before >> (8 * s) & 255U) +
                                 static_cast<std::uint32_t>(__popc(of_strip & ((1U << inside) - 1)));
    const unsigned id = lane_position((segment + listed[s]) * warp_strip, 0) + inside;
    if constexpr (lies_in_memory<Row>) {
      writer.put(to + before, static_cast<token_id>(id), row.at(id));
    } else {
      writer.put(to + before, static_cast<token_id>(id));
    }
  }
}

/// Takes the logits that are at least `least` from the listed strips of one round, those from `begin` on.
template <class Held, class Writer>
__device__ std::size_t take_round(team_workspace& work, const Held& row, std::size_t segment, unsigned begin,
                                  unsigned end, std::size_t count, float least, Writer& writer) {
  const unsigned mine = begin + warp_of_thread() * strips_in_flight;
  const loaded_strips logits(work, row, false, segment, mine, end, 1);
  const std::uint32_t taken = logits.reaching(least, mine < end ? end - mine : 0);
  const round_places places = places_of(work.together, taken);
  writer.expect(count + places.total);
  put_taken(row, writer, count + places.before, taken, places, work.near().strip + mine, segment);
  return count + places.total;
}

/// The tokens of a whole row that are at least `bound` (as `ordered`, of a survivor), in the order of ids.
/// `maxima` are those of its strips, if they are known.
template <class Row, class Writer>
__device__ __noinline__ auto collect(team_workspace& work, const Row& row, std::span<const float> maxima,
                                     std::uint32_t bound, Writer writer) {
  const unsigned round = team_warps() * strips_in_flight;
  const float least = logit_of(std::uint64_t{bound} << 32);
  const auto all_held = held(row);
  const std::size_t all = (row.size() + warp_strip - 1) / warp_strip;
  std::size_t count = 0;
  const std::size_t of_segment = strips_of_segment();
  for (std::size_t segment = 0; segment < all; segment += of_segment) {
    const auto rest = static_cast<std::uint32_t>(min(all - segment, of_segment));
    const unsigned listed =
        maxima.empty() ? list_all_strips(work, rest) : list_strips(work, maxima, segment, bound);
    for (unsigned begin = 0; begin < listed; begin += round) {
      count = take_round(work, all_held, segment, begin, listed, count, least, writer);
    }
    if (segment + of_segment < all) work.together.sync();  // before the next strips are listed
  }
  if constexpr (lies_in_memory<Row>) {
    return writer.finish(count);
  } else {
    return writer.finish(count, row);
  }
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

/// Of a thread's part of a list: which tokens are kept anyway, and which if they are among the first of
/// theirs.
struct kept_of_part {
  std::uint32_t above = 0;
  std::uint32_t equal = 0;
};

/// The tokens of a list that choose(part) keeps, in order; of the `equal` ones the first `equals`. They may
/// be written over the list.
template <class List, class Choose, class Writer>
__device__ auto keep_chosen(team_workspace& work, const List& list, std::uint32_t equals, Choose&& choose,
                            Writer writer) {
  constexpr int half = 16;
  static_assert(list_part::most * most_threads < (1U << half));
  const std::size_t round = list_part::most * team_threads();
  std::size_t count = 0;
  std::uint32_t ties = 0;
  for (std::size_t begin = 0; begin < list.size(); begin += round) {
    const list_part part(list, begin + threadIdx.x * list_part::most);
    const kept_of_part kept = choose(part);
    std::uint32_t total = 0;
    const auto both = static_cast<std::uint32_t>(__popc(kept.above) | __popc(kept.equal) << half);
    const std::uint32_t before = work.together.sum_before(both, total);
    // Of ties, those in earlier rounds and threads count first.
    const auto ties_kept = [&](std::uint32_t n) { return min(ties + n, equals) - min(ties, equals); };
    std::uint32_t tie = before >> half;
    std::size_t to = count + (before & ((1U << half) - 1)) + ties_kept(tie);
    count += (total & ((1U << half) - 1)) + ties_kept(total >> half);
    writer.expect(count);
#pragma unroll
    for (std::size_t i = 0; i < list_part::most; ++i) {
      const bool is_equal = (kept.equal >> i & 1U) != 0;
      if ((kept.above >> i & 1U) != 0 || (is_equal && ties + tie < equals)) {
        writer.put(to++, part.id[i], part.logit[i]);
      }
      tie += is_equal ? 1 : 0;
    }
    ties += total >> half;
    work.together.sync();
  }
  return writer.finish(count);
}

/// Keeps those tokens of a list, which has at most one a thread, that their threads say.
template <class List, class Writer>
__device__ __noinline__ auto keep_few(team_workspace& work, const List& list, bool keep, Writer writer) {
  const float logit = keep ? list.at(threadIdx.x) : 0.0F;
  const token_id id = keep ? list.id(threadIdx.x) : no_token;
  std::uint32_t total = 0;
  const std::uint32_t before = work.together.count_before(keep, total);
  if (keep) writer.put_near(before, id, logit);
  return writer.finish_near(total);
}

/// The surviving tokens for which keep(logit).
template <class List, class Keep, class Writer>
__device__ __noinline__ auto keep_if(team_workspace& work, const List& list, Keep&& keep, Writer writer) {
  if (list.size() <= team_threads()) {
    const float logit = threadIdx.x < list.size() ? list.at(threadIdx.x) : exact::minus_infinity;
    return keep_few(work, list, logit > exact::minus_infinity && keep(logit), writer);
  }
  const auto choose = [&](const list_part& part) {
    kept_of_part kept;
#pragma unroll
    for (std::size_t i = 0; i < list_part::most; ++i) {
      if (part.logit[i] > exact::minus_infinity && keep(part.logit[i])) kept.above |= 1U << i;
    }
    return kept;
  };
  return keep_chosen(work, list, 0, choose, writer);
}

/// The tokens that a cutoff keeps.
template <class List, class Writer>
__device__ __noinline__ auto keep_by(team_workspace& work, const List& list, cutoff cut, Writer writer) {
  const std::uint32_t value = max(cut.value, ordered_minus_infinity);
  const auto choose = [=](const list_part& part) {
    kept_of_part kept;
#pragma unroll
    for (std::size_t i = 0; i < list_part::most; ++i) {
      kept.above |= (ordered(part.logit[i]) > value ? 1U : 0U) << i;
      kept.equal |= (ordered(part.logit[i]) == value ? 1U : 0U) << i;
    }
    return kept;
  };
  return keep_chosen(work, list, value < least_survivor ? 0 : cut.equals, choose, writer);
}

}  // namespace urn::kernel::cuda
