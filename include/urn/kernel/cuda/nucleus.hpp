#pragma once
/// \file
/// The shortest prefix of the order of candidates that has a given mass, of a whole row or of a list, by a
/// team.

#include <cstddef>
#include <cstdint>
#include <span>

#include "urn/core/order_key.hpp"
#include "urn/kernel/block_mass.hpp"
#include "urn/kernel/cuda/collect.hpp"
#include "urn/kernel/cuda/drawn_nucleus.hpp"
#include "urn/kernel/cuda/mass_search.hpp"
#include "urn/kernel/cuda/scratch.hpp"
#include "urn/kernel/cuda/select.hpp"
#include "urn/kernel/cuda/sweep.hpp"
#include "urn/kernel/cuda/threshold.hpp"
#include "urn/kernel/cuda/token_lists.hpp"

namespace urn::kernel::cuda {

/// Of a list that has at most a token a thread: kept is what has less than the target before it.
__device__ inline kept_prefix prefix_of_few(team_workspace& work, candidate_list list, mass_target target) {
  const auto count = static_cast<unsigned>(list.size());
  const float logit = threadIdx.x < count ? list.at(threadIdx.x) : exact::minus_infinity;
  const std::uint64_t mass = target.weight(logit);
  const std::uint64_t before = mass_before(work, ordered(logit), mass, count);
  const bool keep = mass != 0 && before < target.mass;
  const bool is_last = keep && before + mass >= target.mass;
  return {keep_few(work, list, keep, kept_writer(work)), work.together.tell(is_last, before + mass)};
}

/// Keeps the shortest prefix of a list, in the order of candidates, whose mass is at least the target, and at
/// least one token. The cut lies at or above `likely.low`, and probably within `likely`.
__device__ __noinline__ inline kept_prefix prefix_of(team_workspace& work, candidate_list list,
                                                     mass_target target, interval likely,
                                                     std::uint32_t largest) {
  if (list.size() <= team_threads()) return prefix_of_few(work, list, target);
  const auto each = [=](auto&& see) {
    for_each_of(list, [&](float l, std::size_t) { see(ordered(l), [=] { return target.weight(l); }); });
  };
  interval at = close_in(work, {likely.low, likely.high}, target.mass, 0, each);
  if (!at.holds(target.mass)) at = close_in(work, {likely.low, largest}, target.mass, 0, each);
  const cutoff cut = cutoff_of_mass(at, target);
  return {keep_by(work, list, cut, kept_writer(work)), cut.weight};
}

/// By the strips' largest logits, which have the target mass where few tokens have most of it.
__device__ __noinline__ inline interval part_by_strips(team_workspace& work, mass_search search,
                                                       std::span<const float> maxima) {
  return part_reaching(work, search.low, search.high, search.total, search.target.mass, [=](auto&& see) {
    for_each_of(row_view(maxima), [&](float l, std::size_t) { see(ordered(l), search.weight(l)); });
  });
}

/// By one round of strips from all over the row: below the part lies what may be spared but for a fraction
/// 1 / `margin`, so that the cut lies within it, most of the time. (Where a 200th of the rows had to be read
/// again, as with 4 strips a warp, a margin of 8 and 8 parts, 256 rows with nuclei of 5,000 of 128,256 tokens
/// took 184 us instead of 121 on an H100: the slowest row counts.)
template <class Row>
__device__ __noinline__ interval part_by_sample(team_workspace& work, const Row& row, mass_search search,
                                                unsigned margin) {
  constexpr unsigned of_warp = 6;
  const unsigned sampled = team_warps() * of_warp;  // strips
  constexpr unsigned likely_parts = 9;
  cut_memory& near = work.near();
  const value_bins bins(search.low, search.high);
  const int shift = max(0, exact::highest_bit(search.total) - 30);
  const auto all = static_cast<unsigned>(row.size() / warp_strip), step = all / sampled;
  if (step == 0) return {};
  near.low[threadIdx.x] = 0;
  work.together.sync();
  const loaded_strips logits(work, held(row), true, 0, warp_of_thread() * step, all, team_warps() * step);
  std::uint32_t light = 0;  // most logits are: one addition for all of a warp's
#pragma unroll
  for (unsigned k = 0; k < of_warp; ++k) {
    see_strip(logits.of[k], logits.first[k], static_cast<unsigned>(row.size()),
              [=, to = near.low, light = &light](float l, token_id) {
                const std::uint32_t bin = bins.bin_of(max(ordered(l), bins.low));
                const auto weight = static_cast<std::uint32_t>(search.weight(l) >> shift);
                if (bin == 0)
                  *light += weight;
                else
                  atomicAdd(&to[bin], weight);
              });
  }
  const auto all_light = static_cast<std::uint32_t>(warp_sum(light));
  if (lane_of_thread() == 0) atomicAdd(&near.low[0], all_light);
  work.together.sync();
  const std::uint64_t spared = search.spare() / all * sampled;
  const auto most = static_cast<std::uint32_t>((spared - spared / margin) >> shift);
  const std::uint32_t weight = near.low[threadIdx.x];
  std::uint32_t total = 0;
  const std::uint32_t below = work.together.sum_before(weight, total);
  if (total <= most) return {};
  const auto bin = static_cast<std::uint32_t>(
      work.together.tell(below <= most && most < below + weight, std::uint64_t{threadIdx.x}));
  return {bins.part(bin).low, bins.part(min(bin + likely_parts, value_bins::bins() - 1)).high};
}

/// By all logits.
template <class Row>
__device__ __noinline__ interval part_by_all(team_workspace& work, const Row& row, mass_search search,
                                             std::span<const float> maxima) {
  const auto of_row = [&work, &row, maxima, search](auto&& see) {
    look_through(work, row, maxima, search.low, [see, search](float l, token_id) {
      if (ordered(l) >= search.low) see(ordered(l), search.weight(l));
    });
  };
  return part_reaching(work, search.low, search.high, search.total, search.target.mass, of_row);
}

/// Of swept tokens, where the weights of the larger ones come to the target; probably within `likely`.
__device__ __noinline__ inline interval cut_among(team_workspace& work, swept_tokens swept,
                                                  mass_search search, interval likely) {
  const interval at = cut_within(work, swept, search.target, likely);
  if (at.above < search.target.mass) return at;
  return cut_within(work, swept, search.target, {likely.high + 1, search.high});
}

/// The prefix where many tokens are kept: a sample says where the cut will be. If it is `drawn` and not
/// looked at otherwise, there may be no list of it: see drawn_nucleus.hpp.
template <bool Drawn, class Row>
__device__ __noinline__ kept_prefix prefix_of_many(team_workspace& work, const Row& row, mass_search search,
                                                   std::span<const float> maxima) {
  const mass_target target = search.target;
  interval likely = part_by_sample(work, row, search, 7);
  if (likely.high == 0) likely = {search.low, search.high};
  if constexpr (Drawn) {
    const kept_prefix kept = draw_from_many(work, row, search, maxima, likely);
    if (kept.list.size() != 0) return kept;
  }
  swept_tokens swept = sweep(work, row, maxima, likely.low);
  interval at = cut_among(work, swept, search, likely);
  if (!at.holds(target.mass) && likely.low > search.low) {  // the sample had more than its share
    likely = part_by_all(work, row, search, maxima);
    swept = sweep(work, row, maxima, likely.low);
    at = cut_among(work, swept, search, {likely.low, likely.high});
  }
  const cutoff cut = cutoff_of_mass(at, target);
  return {keep_swept(work, swept, cut), cut.weight};
}

template <bool Drawn, whole_row Row>
__device__ __noinline__ kept_prefix prefix_of(team_workspace& work, const Row& row, mass_target target,
                                              std::uint64_t total, row_scan scanned) {
  target.mass = max(target.mass, std::uint64_t{1});
  const mass_search search(target, total, row.size(), scanned);
  interval at = part_by_strips(work, search, scanned.maxima);
  const bool is_sure = at.holds(target.mass);
  // Some strips have two of the best.
  const bool is_likely = !is_sure && at.inside >= target.mass - target.mass / 8;
  const unsigned most = is_sure || is_likely ? team_threads() / 2 : 0;
#pragma unroll 1  // sure or guessed, by the same instructions: they run once a row and are waited for
  for (unsigned best = is_sure ? most : most / 2; best != 0 && best <= most; best *= 2) {
    if (is_likely) at = {bound_of_best(work, scanned, best), search.high};
    at.low = max(at.low, search.low);
    const candidate_list list = collect(work, row, scanned.maxima, at.low, kept_writer(work));
    if (is_sure || mass_of(work, list, target.c, target.row_key) >= target.mass) {
      return prefix_of(work, list, target, at, scanned.largest);
    }
  }
  return prefix_of_many<Drawn>(work, row, search, scanned.maxima);
}
template <bool>
__device__ __noinline__ kept_prefix prefix_of(team_workspace& work, candidate_list list, mass_target target,
                                              std::uint64_t, row_scan scanned) {
  target.mass = max(target.mass, std::uint64_t{1});
  return prefix_of(work, list, target, {least_survivor, scanned.largest}, scanned.largest);
}

}  // namespace urn::kernel::cuda
