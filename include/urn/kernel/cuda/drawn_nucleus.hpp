#pragma once
/// \file
/// A nucleus of many tokens that is drawn from and not looked at otherwise: one more read of the row finds
/// its end, its mass and the drawn token. No list of it is written.

#include <cstddef>
#include <cstdint>
#include <span>

#include "urn/core/order_key.hpp"
#include "urn/core/row.hpp"
#include "urn/core/token.hpp"
#include "urn/kernel/cuda/loaded_strips.hpp"
#include "urn/kernel/cuda/mass_search.hpp"
#include "urn/kernel/cuda/place.hpp"
#include "urn/kernel/cuda/read_blocks.hpp"
#include "urn/kernel/cuda/scratch.hpp"
#include "urn/kernel/cuda/sweep.hpp"
#include "urn/kernel/cuda/threshold.hpp"
#include "urn/kernel/cuda/token_lists.hpp"
#include "urn/kernel/fraction.hpp"
#include "urn/random/random_bits.hpp"

namespace urn::kernel::cuda {

/// What a warp found: the mass of what lies above an interval of values, for its first lane, the number of
/// such tokens a lane had, and in no order those inside it.
struct parted_tokens {
  std::uint64_t mass = 0;
  std::uint32_t count = 0;
  swept_tokens inside;
};

/// Parts a row's tokens by where `likely` says that a nucleus ends: what lies above it is weighed.
struct nucleus_reader {
  mass_search search;
  std::span<const float> maxima;
  interval likely;

  /// Of the 32 blocks from b on those that have a logit in `likely` or above, a bit each; the others
  /// have no mass.
  __device__ std::uint32_t worth_reading(std::size_t b, std::size_t end, float least) const {
    b += lane_of_thread();
    std::uint32_t is_worth = 0;
    if (b < end) {
      const auto* const of_block = reinterpret_cast<const float4*>(maxima.data() + b * block_strips);
      const float4 low = of_block[0], high = of_block[1];
      const float largest = max_or_nan(max_or_nan(max_or_nan(low.x, low.y), max_or_nan(low.z, low.w)),
                                       max_or_nan(max_or_nan(high.x, high.y), max_or_nan(high.z, high.w)));
      take_if_reaching(largest, least, 1, is_worth);
      if (is_worth == 0) team_workspace::memory().sums[b] = 0;
    }
    return __ballot_sync(all_lanes, is_worth != 0);
  }

  /// The mass of the staged logits that `taken` has a bit for; `first` is the position of the lane's first
  /// one.
  __device__ std::uint64_t part(unsigned first, std::uint32_t taken, parted_tokens& found) const {
    const float4* const staged = &team_workspace::memory().staged[warp_of_thread()][0][lane_of_thread()];
    const std::uint32_t lanes_before = (1U << lane_of_thread()) - 1;
    std::uint64_t above = 0;
#pragma unroll 1
    for (std::uint32_t most = warp_max(static_cast<std::uint32_t>(__popc(taken))); most != 0; --most) {
      const unsigned place = taken != 0 ? static_cast<unsigned>(__ffs(static_cast<int>(taken)) - 1) : 0;
      const unsigned strip = place / lane_logits, in_four = place % lane_logits;
      const float logit = reinterpret_cast<const float*>(staged + strip * warp_threads)[in_four];
      const bool is_above = taken != 0 && ordered_number(logit) > likely.high;
      const std::uint64_t mass = search.weight(logit);
      above += is_above ? mass : 0;
      found.count += is_above ? 1 : 0;
      const bool is_inside = taken != 0 && !is_above;
      const std::uint32_t inside = __ballot_sync(all_lanes, is_inside);
      if (is_inside) {
        found.inside.first[found.inside.count + static_cast<unsigned>(__popc(inside & lanes_before))] = {
            logit, static_cast<token_id>(first + strip * warp_strip + in_four)};
      }
      found.inside.count += static_cast<unsigned>(__popc(inside));
      taken &= taken - 1;
    }
    return above;
  }

  /// The same of a block's strips, of which there are `listed`. Calls go_on() when they are not needed any
  /// more.
  template <class GoOn>
  __device__ std::uint64_t part(const loaded_strips& logits, unsigned first, unsigned listed, float least,
                                parted_tokens& found, GoOn&& go_on) const {
    float4(&staged)[near_staged][warp_threads] = team_workspace::memory().staged[warp_of_thread()];
    std::uint32_t taken = logits.reaching(least, listed);
    std::uint64_t above = 0;
#pragma unroll
    for (unsigned begin = 0; begin < strips_in_flight; begin += near_staged) {
#pragma unroll
      for (unsigned k = 0; k < near_staged; ++k) {
        const auto& l = logits.of[begin + k].logit;
        staged[k][lane_of_thread()] = float4{l[0], l[1], l[2], l[3]};
      }
      if (begin + near_staged == strips_in_flight) go_on();
      above += part(lane_position(first, 0) + begin * warp_strip, taken & 0xFFFFU, found);
      taken >>= near_staged * lane_logits;
    }
    return above;
  }

  /// The blocks from b to `end`, whose strips load(numbers) loads; notes the masses of all. The next block is
  /// under way while one is looked at.
  template <class Load>
  __device__ void read(std::size_t b, std::size_t end, parted_tokens& found, Load&& load) const {
    static_assert(strips_in_flight == block_strips && near_staged * lane_logits == 16);
    const float least = logit_of(std::uint64_t{likely.low} << 32);
    const auto all = static_cast<unsigned>(maxima.size());
#pragma unroll 1
    for (; b < end; b += warp_threads) {
      std::uint32_t rest = worth_reading(b, end, least);
      if (rest == 0) continue;
      const auto next = [&] { return b + static_cast<unsigned>(__ffs(static_cast<int>(rest)) - 1); };
      const auto load_next = [&] {
        unsigned strip[strips_in_flight];
#pragma unroll
        for (unsigned k = 0; k < strips_in_flight; ++k)
          strip[k] = min(static_cast<unsigned>(next() * block_strips) + k, all - 1);
        return load(strip);
      };
      loaded_strips logits = load_next();
#pragma unroll 1
      while (rest != 0) {
        const std::size_t here = next();
        const auto first = static_cast<unsigned>(here * block_strips);
        rest &= rest - 1;
        const std::uint64_t above =
            warp_sum(part(logits, first * warp_strip, min(block_strips, all - first), least, found, [&] {
              if (rest != 0) logits = load_next();
            }));
        if (lane_of_thread() != 0) continue;
        team_workspace::memory().sums[here] = above;
        found.mass += above;
      }
    }
  }
};

/// A warp's blocks of any row, added to what it has found.
template <class Row>
__device__ __noinline__ parted_tokens read_rest(nucleus_reader reader, const Row& row, std::size_t b,
                                                std::size_t end, parted_tokens found) {
  const auto all = held(row);
  reader.read(b, end, found, [&](const auto& strip) { return loaded_strips(all, strip); });
  return found;
}
/// The second read: each warp parts the tokens of its share of the row.
template <class Row>
__device__ __noinline__ parted_tokens read_parts(team_workspace& work, nucleus_reader reader,
                                                 const Row& row) {
  const std::size_t blocks = block_count(row.size());
  const std::size_t share = (blocks + team_warps() - 1) / team_warps();
  std::size_t first = min(warp_of_thread() * share, blocks);
  const std::size_t end = min(first + share, blocks);
  parted_tokens found{0, 0, {work.swept_afar() + first * block_size}};
  if constexpr (lies_in_memory<Row>) {  // whole blocks are loaded as they lie
    const std::size_t whole = min(end, row.size() / block_size);
    if (first < whole && lies_in_fours(row, whole * block_size)) {
      reader.read(first, whole, found,
                  [row](const auto& strip) { return loaded_strips(as_they_lie{}, row, strip); });
      first = whole;
    }
  }
  if (first < end) found = read_rest(reader, row, first, end, found);
  work.together.sync();  // what was staged lay in the way of everything else
  return found;
}

/// Of swept tokens within an interval, where their weights come to the target.
__device__ __noinline__ inline interval cut_within(team_workspace& work, swept_tokens swept,
                                                   mass_target target, interval within) {
  const auto each = [=](auto&& see) {
    swept.each([&](swept_token t) { see(ordered_number(t.logit), [=] { return target.weight(t.logit); }); });
  };
  const auto weight = [=](std::uint32_t value) {
    return target.weight(logit_of(std::uint64_t{value} << 32));
  };
  return close_in_by_weight(work, {within.low, within.high}, target.mass, weight, each);
}

/// The least order key that a cutoff in `at` keeps.
__device__ __noinline__ inline std::uint64_t least_key_kept(team_workspace& work, swept_tokens inside,
                                                            interval at, cutoff cut, mass_search search) {
  const std::uint64_t value = cut.value;
  if (cut.equals == 0) return (value + 1) << 32;
  if (at.inside == cut.equals * search.weight(logit_of(value << 32))) return value << 32;
  const interval ids = close_in(work, {0x80000000U, ~0U}, cut.equals, 0, [=](auto&& see) {
    inside.each([&](swept_token t) {
      if (ordered_number(t.logit) == cut.value) see(~static_cast<std::uint32_t>(t.id), [] { return 1U; });
    });
  });
  return value << 32 | ids.low;
}

/// Adds those of the parted tokens whose order keys are at least `least` to the sums of their blocks, which
/// lie in bins until then; their number.
__device__ __noinline__ inline std::uint32_t add_kept(team_workspace& work, swept_tokens inside,
                                                      std::uint64_t least, mass_search search) {
  cut_memory& near = work.near();
  for (unsigned b = threadIdx.x; b < near_sums; b += team_threads()) near.low[b] = near.high[b] = 0;
  work.together.sync();
  std::uint32_t count = 0;
  inside.each([&](swept_token t) {
    if (t.id == no_token || order_key(t.logit, t.id) < least) return;
    ++count;
    add_to_bin(near, static_cast<unsigned>(t.id) / block_size, search.weight(t.logit));
  });
  work.together.sync();
  for (unsigned b = threadIdx.x; b < near_sums; b += team_threads()) {
    work.memory().sums[b] += (std::uint64_t{near.high[b]} << 32) | near.low[b];
  }
  return count;
}

/// The token drawn from those whose order keys are at least `least`: see scalar::pick_kept. `sums` are their
/// masses in each block.
template <class Row>
__device__ __noinline__ std::size_t pick_reaching(team_workspace& work, const Row& row, mass_search search,
                                                  std::uint64_t least, std::uint64_t total) {
  const std::size_t blocks = block_count(row.size());
  const std::uint64_t* const sums = work.memory().sums;
  std::uint64_t r = uniform_below(random_bits(work.context->key(), lane_purpose::draw), total);
  std::size_t b = 0;
  find_place(work, (near_sums + team_threads() - 1) / team_threads(), r, b,
             [&](std::size_t i) { return i < blocks ? sums[i] : 0; });
  return place_in_block(work, row, b, r, [=](float logit, std::size_t i) {
    return order_key(logit, static_cast<token_id>(i)) >= least ? search.weight(logit) : 0;
  });
}

/// The nucleus whose end lies probably within `likely`; no tokens if it does not, or if the row has more
/// blocks than there are sums. Of its list only the size is right, and the first token, which is the drawn
/// one.
template <class Row>
__device__ __noinline__ kept_prefix draw_from_many(team_workspace& work, const Row& row, mass_search search,
                                                   std::span<const float> maxima, interval likely) {
  if (!work.only_draws || block_count(row.size()) > near_sums) return {};
  const parted_tokens found = read_parts(work, {search, maxima, likely}, row);
  const std::uint64_t above = work.together.sum(found.mass);
  mass_target rest = search.target;
  if (above >= rest.mass) return {};
  rest.mass -= above;
  const interval at = cut_within(work, found.inside, rest, likely);
  if (!at.holds(rest.mass)) return {};
  const cutoff cut = cutoff_of_mass(at, rest);
  const std::uint64_t least = least_key_kept(work, found.inside, at, cut, search);
  const std::uint32_t more = add_kept(work, found.inside, least, search);
  const auto count = static_cast<std::uint32_t>(work.together.sum(found.count + more));
  const std::uint64_t mass = above + cut.weight;
  const std::size_t token = pick_reaching(work, row, search, least, mass);
  cut_memory& near = work.near();
  if (threadIdx.x == 0) {
    near.kept_ids[0] = static_cast<token_id>(token);
    near.kept_logits[0] = row.at(token);
    work.has_drawn = true;
  }
  work.together.sync();
  return {{{near.kept_ids, count}, {near.kept_logits, count}}, mass};
}

}  // namespace urn::kernel::cuda
