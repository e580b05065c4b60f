#pragma once
/// \file
/// The typical cut of a weighed row by a team, without its moments where they can be done without (as
/// kernel/simd/typical_sure.hpp): few tokens that have most of the mass say nearly enough where the mean
/// lies; of other rows the cut is often the nucleus.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>

#include "urn/core/order_key.hpp"
#include "urn/kernel/block_mass.hpp"
#include "urn/kernel/candidates.hpp"
#include "urn/kernel/cuda/collect.hpp"
#include "urn/kernel/cuda/moments.hpp"
#include "urn/kernel/cuda/scratch.hpp"
#include "urn/kernel/cuda/select.hpp"
#include "urn/kernel/cuda/sweep.hpp"
#include "urn/kernel/cuda/typical.hpp"
#include "urn/kernel/scalar/mass.hpp"
#include "urn/kernel/scalar/typical_doubt.hpp"

namespace urn::kernel::cuda {

/// See kernel::range_of.
__device__ __noinline__ inline mass_range range_of_blocks(team_workspace& work, const row_mass& mass,
                                                          std::span<const weighed_block> blocks,
                                                          std::size_t tokens) {
  std::uint64_t lost = 0;
#pragma unroll 1
  for (std::size_t b = threadIdx.x; b < blocks.size(); b += team_threads())
    lost += lost_of_block(blocks[b].key, mass.key);
  mass_range range = kernel::range_of(mass, tokens);
  range.most += work.together.sum(lost);
  return range;
}

/// How deep a logit lies, given as `ordered`.
__device__ inline std::int64_t depth_of_value(std::uint32_t value, const typical_aim& aim) {
  return depth_of(logit_of(std::uint64_t{value} << 32), aim.c, aim.row_key);
}

/// One of few candidates, a thread's. The depth of one that has no mass is out of reach.
struct typical_candidate {
  static constexpr std::int64_t lift = 1 << 16, out_of_reach = std::int64_t{1} << 30;

  float logit = exact::minus_infinity;
  std::uint64_t mass = 0;
  std::int64_t depth = out_of_reach;

  __device__ typical_candidate(candidate_list found, const typical_aim& aim) {
    if (threadIdx.x >= found.size()) return;
    logit = found.at(threadIdx.x);
    mass = mass_in_row(logit, aim.c, aim.row_key);
    if (mass != 0) depth = depth_of(logit, aim.c, aim.row_key);
  }
  /// Of all threads' candidates.
  [[nodiscard]] __device__ known_depths known(team& together, std::size_t tokens) const {
    constexpr int half = 21;  // a mass is below 2^41, a lifted depth below 2^22
    const auto lifted = static_cast<std::uint64_t>(depth + lift);
    const std::uint64_t high = together.sum((mass >> half) * lifted);
    const std::uint64_t low = together.sum((mass & ((1U << half) - 1)) * lifted);
    const std::uint64_t all = together.sum(mass);
    const double sum = static_cast<double>(high) * (1 << half) + static_cast<double>(low);
    return {tokens, all, sum - static_cast<double>(all) * lift};
  }
};

/// The smallest of the threads' values, which lie above -2^31; those of others do not count.
__device__ inline std::int64_t least_of(team& together, std::int64_t x, bool counts) {
  constexpr std::int64_t lift = std::int64_t{1} << 31;
  return static_cast<std::int64_t>(~together.max(counts ? ~static_cast<std::uint64_t>(x + lift) : 0)) - lift;
}

/// The edges of what is kept of candidates, beyond the last of which none lies above `bound` in depth;
/// nothing if others lie between them.
__device__ inline std::optional<typical_edges> edges_of(team& together, const typical_candidate& mine,
                                                        bool keep, std::int64_t bound) {
  constexpr std::int64_t none = std::int64_t{1} << 30;
  const std::int64_t first = least_of(together, mine.depth, keep);
  const std::int64_t last = -least_of(together, -mine.depth, keep);
  const bool above = mine.depth < first;
  const bool below = mine.depth > last;
  if (together.any(!keep && !above && !below)) return {};
  const std::uint64_t first_mass = together.max(keep && mine.depth == first ? mine.mass : 0);
  const std::uint64_t last_mass = together.max(keep && mine.depth == last ? mine.mass : 0);
  const std::int64_t next_above = -least_of(together, above ? -mine.depth : none, true);
  return typical_edges{first,      last,     next_above, least_of(together, below ? mine.depth : bound, true),
                       first_mass, last_mass};
}

/// Where a cut by depth ends: all tokens less deep are kept, and of those of this depth the ones up to `id`.
struct depth_end {
  std::int64_t depth;
  token_id id = no_token;    ///< the last token's; none if there is no such end
  std::uint64_t mass = 0;    ///< of what is kept
  std::uint64_t before = 0;  ///< the same without the last token
};

/// The tokens that are swept: what is known of them, and the end of the shortest prefix by depth that has the
/// mass `target`, where it ends among those of the depth `last`.
struct swept_depths {
  known_depths known;
  depth_end end;
};
__device__ __noinline__ inline swept_depths depths_of(team_workspace& work, swept_tokens swept,
                                                      const typical_aim& aim, std::int64_t last,
                                                      std::uint64_t target) {
  cut_memory& near = work.near();
  unsigned& ties = work.memory().entries;
  if (threadIdx.x == 0) ties = 0;
  work.together.sync();
  depth_sums sums{aim.c, aim.row_key};
  std::uint64_t before = 0;
  std::uint32_t count = 0;
  swept.each([&](swept_token t) {
    if (t.id == no_token) return;
    ++count;
    sums.add(t.logit);
    const std::uint64_t mass = mass_in_row(t.logit, aim.c, aim.row_key);
    const std::int64_t depth = depth_of(t.logit, aim.c, aim.row_key);
    before += depth < last ? mass : 0;
    if (depth != last) return;
    const unsigned place = min(atomicAdd(&ties, 1U), team_threads() - 1);
    near.low[place] = static_cast<std::uint32_t>(t.id);
    near.ranked[place] = mass;
  });
  const row_moments m = sums.of_team(work.together);
  const known_depths known = known_by(m, work.together.sum(std::uint64_t{count}));
  before = work.together.sum(before);
  if (ties >= team_threads()) return {known, {last}};
  const std::uint32_t id = near.low[threadIdx.x];
  const std::uint64_t mass = threadIdx.x < ties ? near.ranked[threadIdx.x] : 0;
  std::uint64_t tied = 0, upto = before + mass;
#pragma unroll 1
  for (unsigned i = 0; i < ties; ++i) {
    tied += near.ranked[i];
    upto += near.low[i] < id ? near.ranked[i] : 0;
  }
  if (before >= target || before + tied < target) return {known, {last}};
  if (aim.with_ties) return {known, {last, std::numeric_limits<token_id>::max(), before + tied, before}};
  const told found = work.together.tell(upto - mass < target && target <= upto, {id, upto, mass});
  return {known, {last, static_cast<token_id>(found.a), found.b, found.b - found.c}};
}

/// The end of a row's nucleus, if that is the typical cut too: where the mean is nearer to the best token,
/// whose depth is `best`, than to the last one that is kept, those that are likelier than the mean all stay,
/// far inside of the kept set, and the others follow by their own surprise.
__device__ __noinline__ inline depth_end nucleus_surely(team_workspace& work, swept_tokens swept,
                                                        const mass_search& search, interval likely,
                                                        const typical_doubt& doubt, std::int64_t best,
                                                        std::size_t tokens) {
  const typical_aim& aim = doubt.most;
  const interval at = cut_among(work, swept, search, likely);
  if (!at.holds(search.target.mass)) return {};
  const std::int64_t last = depth_of_value(at.low, aim);
  if (depth_of_value(likely.low, aim) <= last) return {};  // others may tie
  const swept_depths depths = depths_of(work, swept, aim, last, search.target.mass);
  const double mean = mean_depths(depths.known, doubt, tokens, 0).most;
  const bool is_sure =
      2 * mean < static_cast<double>(best + last) && depths.end.before < doubt.target(doubt.least_total);
  return is_sure ? depths.end : depth_end{};
}

/// select_typical of a row of which many tokens have the mass: its nucleus, most often. Elsewhere the moments
/// decide.
template <class Row>
__device__ __noinline__ std::optional<selection> typical_of_many(team_workspace& work, const Row& row,
                                                                 const typical_doubt& doubt,
                                                                 row_scan scanned) {
  typical_aim aim = doubt.most;
  const mass_target target{aim.c, aim.row_key, max(aim.target, std::uint64_t{1})};
  const mass_search search(target, aim.total, row.size(), scanned);
  const interval likely = part_by_sample(work, row, search, 4);
  if (likely.high == 0) return {};
  const swept_tokens swept = sweep(work, row, scanned.maxima, likely.low);
  const depth_end sure =
      nucleus_surely(work, swept, search, likely, doubt, depth_of_value(scanned.largest, aim), row.size());
  if (sure.id != no_token) {
    const auto keeps = [=, c = aim.c, key = aim.row_key](swept_token t) {
      const std::int64_t d = depth_of(t.logit, c, key);
      return t.id != no_token && (d < sure.depth || (d == sure.depth && t.id <= sure.id));
    };
    return selected(keep_swept_if(work, swept, keeps), scanned, sure.mass);
  }
  const row_moments m = moments_of(work, row, aim.c, aim.row_key);
  aim.middle = mean_depth(m);
  aim.total = m.mass;
  aim.target = doubt.target(m.mass);
  const std::int64_t known =
      depth_of_value(likely.low, aim) - 1 - aim.middle;  // of its depth others may be left
  if (known <= 0 || known >= typical_order::most_typical) return {};
  const std::uint64_t end =
      end_of_typical(work, swept, aim, typical_order::most_typical - static_cast<std::uint32_t>(known));
  if (end == 0) return {};
  return typical_selection(keep_typical(work, swept, aim, end), scanned);
}

/// select_typical of a row of which few tokens have most of the mass; nothing where what is in doubt could
/// change the result.
template <class Row>
__device__ __noinline__ std::optional<selection> typical_of_few(team_workspace& work, const Row& row,
                                                                const typical_doubt& doubt,
                                                                row_scan scanned) {
  team& together = work.together;
  typical_aim aim = doubt.most;
  const unsigned best = team_threads() / 4;
  if (scanned.maxima.size() < best) return {};
  const std::uint32_t bound = bound_of_best(work, scanned, best);
  const candidate_list found = collect(work, row, scanned.maxima, bound, kept_writer(work));
  if (found.size() > team_threads()) return {};
  const typical_candidate mine(found, aim);
  const std::int64_t deepest = min(depth_of_value(bound, aim), typical_candidate::out_of_reach);
  const depth_range means = mean_depths(mine.known(together, found.size()), doubt, row.size(), deepest);
  if (means.most - means.least > 0x1p16) return {};
  aim.middle = static_cast<std::int64_t>((means.least + means.most) / 2);
  const typical_order order{aim};
  const token_id id = threadIdx.x < found.size() ? found.id(threadIdx.x) : 0;
  note_token(threadIdx.x, order.key({mine.logit, id}), mine.mass);
  together.sync();
  const noted_place place = place_of_thread(static_cast<unsigned>(found.size()));
  const std::uint64_t target = max(aim.target, std::uint64_t{1});
  const bool keep = mine.mass != 0 && place.before < target;
  const std::uint64_t mass = together.sum(keep ? mine.mass : 0);
  if (mass < target) return {};
  const std::optional<typical_edges> edges = edges_of(together, mine, keep, deepest);
  if (!edges || !edges->are_sure(means, mass, doubt.target(doubt.least_total))) return {};
  const bool has_best = together.any(keep && ordered(mine.logit) == scanned.largest);
  selection kept = selected(keep_few(work, found, keep, kept_writer(work)), scanned, mass);
  if (!has_best) kept.largest = 0, kept.mass = 0;
  return kept;
}

/// select_typical, or nothing.
template <class Row>
__device__ __noinline__ std::optional<selection> typical_surely(team_workspace& work, const Row& row,
                                                                const typical_doubt& doubt,
                                                                row_scan scanned) {
  const auto few = typical_of_few(work, row, doubt, scanned);
  return few ? few : typical_of_many(work, row, doubt, scanned);
}

}  // namespace urn::kernel::cuda
