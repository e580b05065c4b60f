#pragma once
/// \file
/// The three cuts, the best tokens and the rank, of a whole row or of a list, by a team.

#include <cstddef>
#include <cstdint>
#include <span>

#include "urn/core/order_key.hpp"
#include "urn/core/status.hpp"
#include "urn/kernel/block_mass.hpp"
#include "urn/kernel/cuda/collect.hpp"
#include "urn/kernel/cuda/gather.hpp"
#include "urn/kernel/cuda/scratch.hpp"
#include "urn/kernel/cuda/sweep.hpp"
#include "urn/kernel/cuda/threshold.hpp"
#include "urn/kernel/cuda/token_lists.hpp"
#include "urn/kernel/scalar/max.hpp"
#include "urn/kernel/scalar/select.hpp"

namespace urn::kernel::cuda {

/// Anything but a list that a cut kept.
template <class Row>
concept whole_row = !std::same_as<Row, candidate_list>;

/// What a cut says of what it kept: the best token is always among it.
__device__ inline selection selected(candidate_list kept, row_scan scanned, std::uint64_t mass = 0) {
  const bool none = kept.size() == 0;
  return {kept, (scanned.status & status::nan) | (none ? status::empty : status::ok),
          none ? 0 : scanned.largest, mass};
}

/// A value that at least k tokens reach, not much less than what the k-th best one has: the k-th of what the
/// threads find to be the largest of their strips, or of the strips' largest logits. The least of all
/// survivors if fewer have any.
__device__ __noinline__ inline std::uint32_t bound_of_best(team_workspace& work, row_scan scanned,
                                                           std::size_t k) {
  const std::span<const float> maxima = scanned.maxima;
  if (k <= team_threads()) {
    float largest = exact::minus_infinity;
    for_each_of(row_view(maxima), [&](float l, std::size_t) { largest = fmaxf(largest, l); });
    const std::uint32_t bound = value_reached_by(static_cast<unsigned>(k), ordered(largest), scanned.largest);
    return max(bound, least_survivor);
  }
  const auto each = [maxima](auto&& see) {
    for_each_of(row_view(maxima), [&](float l, std::size_t) { see(ordered(l), [] { return 1U; }); });
  };
  const interval at = close_in(work, {least_survivor, scanned.largest}, k, k / 8 + 4, each);
  return at.holds(k) ? at.low : least_survivor;
}

/// A value such that whatever weighs at least `least` reaches it, as `ordered`; P's error and the roundings
/// here are far below the 0.01 that it lies too low.
__device__ __noinline__ inline std::uint32_t bound_of_mass(float c, std::uint32_t row_key,
                                                           std::uint64_t least) {
  if (least == 0) return least_survivor;
  const auto unit = static_cast<double>(static_cast<std::int32_t>(row_key - magic_bits)) - (row_bits + 0.51);
  const double logit = (unit + exact::highest_bit(least)) / static_cast<double>(c);
  const auto bound = static_cast<float>(logit - 2e-7 * fabs(logit));
  return max(ordered(bound), least_survivor);
}

/// Keeps the best k of a list, none of which is above `largest`.
template <class List, class Writer>
__device__ __noinline__ auto keep_best(team_workspace& work, List list, std::uint32_t least,
                                       std::uint32_t largest, std::uint64_t k, Writer writer) {
  if (list.size() <= team_threads()) {
    const auto count = static_cast<unsigned>(list.size());
    const std::uint32_t value = threadIdx.x < count ? ordered(list.at(threadIdx.x)) : 0;
    const unsigned rank = rank_among(work, value, count);
    return keep_few(work, list, value >= least_survivor && rank < k, writer);
  }
  const auto each = [list](auto&& see) {
    for_each_of(list, [&](float l, std::size_t) { see(ordered(l), [] { return 1U; }); });
  };
  return keep_by(work, list, cutoff_at(close_in(work, {least, largest}, k, 0, each), k, 1), writer);
}

/// The best k of a row, or all that survive.
template <whole_row Row, class Writer>
__device__ __noinline__ auto best_of(team_workspace& work, const Row& row, std::size_t k, row_scan scanned,
                                     Writer writer) {
  const std::uint32_t bound = bound_of_best(work, scanned, k);
  const auto list = collect(work, row, scanned.maxima, bound, writer);
  if (list.size() <= k) return list;
  return keep_best(work, list, bound, scanned.largest, k, writer);
}
template <class Writer>
__device__ __noinline__ auto best_of(team_workspace& work, candidate_list list, std::size_t k,
                                     row_scan scanned, Writer writer) {
  return keep_best(work, list, least_survivor, scanned.largest, k, writer);
}

/// The sum of a list's masses in row units.
__device__ __noinline__ inline std::uint64_t mass_of(team_workspace& work, candidate_list list, float c,
                                                     std::uint32_t row_key) {
  std::uint64_t mass = 0;
#pragma unroll 1
  for (std::size_t i = threadIdx.x; i < list.size(); i += team_threads()) {
    mass += mass_in_row(list.at(i), c, row_key);
  }
  return work.together.sum(mass);
}

struct mass_target {
  float c;
  std::uint32_t row_key;
  std::uint64_t mass;

  [[nodiscard]] __device__ std::uint64_t weight(float logit) const { return mass_in_row(logit, c, row_key); }
};

/// The cutoff that an interval means. The tokens that have no mass lie below all others: where it begins with
/// those, they go.
__device__ __noinline__ inline cutoff cutoff_of_mass(interval at, mass_target target) {
  const auto weight = [&](std::uint32_t value) {
    return target.weight(logit_of(std::uint64_t{value} << 32));
  };
  if (at.holds(target.mass) && weight(at.low) == 0) {
    for (std::uint32_t high = at.high; at.low < high;) {
      const std::uint32_t middle = at.low + (high - at.low) / 2;
      const bool has_mass = weight(middle) != 0;
      high = has_mass ? middle : high;
      at.low = has_mass ? at.low : middle + 1;
    }
  }
  return cutoff_at(at, target.mass, weight(at.low));
}

/// Kept tokens and their mass in row units.
struct kept_prefix {
  candidate_list list;
  std::uint64_t mass;
};

/// The same of a list that has at most a token a thread: kept is what has less than the target before it.
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

/// Where the cut of a whole row is looked for: from a value so light that all tokens below it together could
/// be spared.
struct mass_search {
  mass_target target;
  std::uint64_t total;
  std::uint32_t low, high;

  __device__ mass_search(mass_target wanted, std::uint64_t of_row, std::size_t size, row_scan scanned)
      : target(wanted),
        total(of_row),
        low(bound_of_mass(wanted.c, wanted.row_key, spare() / size)),
        high(scanned.largest) {}
  /// What may be spared. The target may be a sum of tokens' masses, which is a little more than that of
  /// blocks.
  [[nodiscard]] __device__ std::uint64_t spare() const { return total - min(total, target.mass); }
  [[nodiscard]] __device__ std::uint64_t weight(float logit) const { return target.weight(logit); }
};

/// By the strips' largest logits, which have the target mass where few tokens have most of it.
__device__ __noinline__ inline interval part_by_strips(team_workspace& work, mass_search search,
                                                       std::span<const float> maxima) {
  return part_reaching(work, search.low, search.high, search.total, search.target.mass, [=](auto&& see) {
    for_each_of(row_view(maxima), [&](float l, std::size_t) { see(ordered(l), search.weight(l)); });
  });
}

/// By one round of strips from all over the row: below the part lies about 3/4 of what may be spared, so that
/// what lies above it has the target mass, most of the time.
template <class Row>
__device__ __noinline__ interval part_by_sample(team_workspace& work, const Row& row, mass_search search) {
  constexpr unsigned of_warp = 4;
  const unsigned sampled = team_warps() * of_warp;  // strips
  constexpr unsigned likely_parts = 8;
  team_memory& near = work.near();
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
  const auto most = static_cast<std::uint32_t>((spared - spared / 4) >> shift);
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
  const auto each = [=](auto&& see) {
    swept.each([&](swept_token t) { see(ordered_number(t.logit), [=] { return search.weight(t.logit); }); });
  };
  const auto weight = [=](std::uint32_t value) {
    return search.weight(logit_of(std::uint64_t{value} << 32));
  };
  const std::uint64_t mass = search.target.mass;
  const interval at = close_in_by_weight(work, {likely.low, likely.high}, mass, weight, each);
  if (at.above < mass) return at;
  return close_in_by_weight(work, {likely.high + 1, search.high}, mass, weight, each);
}

/// The prefix where many tokens are kept: a sample says where the cut will be.
template <class Row>
__device__ __noinline__ kept_prefix prefix_of_many(team_workspace& work, const Row& row, mass_search search,
                                                   std::span<const float> maxima) {
  const mass_target target = search.target;
  interval likely = part_by_sample(work, row, search);
  if (likely.high == 0) likely = {search.low, search.high};
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

template <whole_row Row>
__device__ __noinline__ kept_prefix prefix_of(team_workspace& work, const Row& row, mass_target target,
                                              std::uint64_t total, row_scan scanned) {
  target.mass = max(target.mass, std::uint64_t{1});
  const mass_search search(target, total, row.size(), scanned);
  interval at = part_by_strips(work, search, scanned.maxima);
  const bool is_sure = at.holds(target.mass);
  // Some strips have two of the best.
  const bool is_likely = !is_sure && at.inside >= target.mass - target.mass / 8;
  if (is_likely) at = {bound_of_best(work, scanned, team_threads() / 2), search.high};
  if (is_sure || is_likely) {
    at.low = max(at.low, search.low);
    const candidate_list list = collect(work, row, scanned.maxima, at.low, kept_writer(work));
    if (is_sure || mass_of(work, list, target.c, target.row_key) >= target.mass) {
      return prefix_of(work, list, target, at, scanned.largest);
    }
  }
  return prefix_of_many(work, row, search, scanned.maxima);
}
__device__ __noinline__ inline kept_prefix prefix_of(team_workspace& work, candidate_list list,
                                                     mass_target target, std::uint64_t, row_scan scanned) {
  target.mass = max(target.mass, std::uint64_t{1});
  return prefix_of(work, list, target, {least_survivor, scanned.largest}, scanned.largest);
}

/// Whether strips that reach `bound`, as what weighs `least` does, are so many that it pays to sweep the row.
__device__ __noinline__ inline bool is_all_over(std::span<const float> maxima, std::uint32_t bound,
                                                std::uint64_t least) {
  if (least >> (row_bits - 8) != 0) return false;  // too near to the best for that, most of the time
  bool any = false;
  for (std::size_t i = threadIdx.x; i < maxima.size(); i += team_threads())
    any |= ordered(maxima[i]) >= bound;
  return team::count(any) > team_threads() / 2;
}

/// The tokens whose own mass is at least `least`.
template <whole_row Row>
__device__ __noinline__ candidate_list heavy_of(team_workspace& work, const Row& row, float c,
                                                std::uint32_t row_key, std::uint64_t least,
                                                row_scan scanned) {
  const std::uint32_t bound = bound_of_mass(c, row_key, least);
  const auto is_heavy = [=](float l) { return mass_in_row(l, c, row_key) >= least; };
  if (is_all_over(scanned.maxima, bound, least)) {
    const swept_tokens swept = sweep(work, row, scanned.maxima, bound);
    return keep_swept_if(work, swept, [=](swept_token t) { return survives(t.logit) && is_heavy(t.logit); });
  }
  return keep_if(work, collect(work, row, scanned.maxima, bound, kept_writer(work)), is_heavy,
                 kept_writer(work));
}
__device__ __noinline__ inline candidate_list heavy_of(team_workspace& work, candidate_list list, float c,
                                                       std::uint32_t row_key, std::uint64_t least, row_scan) {
  return keep_if(
      work, list, [=](float l) { return mass_in_row(l, c, row_key) >= least; }, kept_writer(work));
}

/// The tokens whose logit is at least `least`.
template <whole_row Row>
__device__ __noinline__ candidate_list reaching_of(team_workspace& work, const Row& row, float least,
                                                   row_scan scanned) {
  return collect(work, row, scanned.maxima, max(ordered(least), least_survivor), kept_writer(work));
}
__device__ __noinline__ inline candidate_list reaching_of(team_workspace& work, candidate_list list,
                                                          float least, row_scan) {
  return keep_by(work, list, {max(ordered(least), least_survivor) - 1, 0}, kept_writer(work));
}

/// How many tokens stand before `key` in the order of candidates.
template <whole_row Row>
__device__ __noinline__ std::size_t count_before_key(team_workspace& work, const Row& row, std::uint64_t key,
                                                     row_scan scanned) {
  std::uint32_t n = 0;
  look_through(work, row, scanned.maxima, static_cast<std::uint32_t>(key >> 32),
               [&](float l, token_id id) { n += order_key(l, id) > key ? 1 : 0; });
  return work.together.sum(n);
}
__device__ __noinline__ inline std::size_t count_before_key(team_workspace& work, candidate_list list,
                                                            std::uint64_t key, row_scan) {
  std::uint32_t n = 0;
  for (std::size_t i = threadIdx.x; i < list.size(); i += team_threads()) {
    n += order_key(list.at(i), list.id(i)) > key ? 1 : 0;
  }
  return work.together.sum(n);
}

}  // namespace urn::kernel::cuda
