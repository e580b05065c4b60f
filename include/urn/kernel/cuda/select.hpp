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
#include "urn/kernel/cuda/radix_sort.hpp"
#include "urn/kernel/cuda/read_blocks.hpp"
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
    for_each_of(row_view(maxima), [&](float l, std::size_t) { largest = max_or_nan(largest, l); });
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
  const double logit = (unit + exact::highest_bit(least)) / exact::widened(c);
  const float bound = exact::narrowed(logit - 2e-7 * fabs(logit));
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

/// The best n of a list that has at most one token a thread, in order: each has its place.
__device__ __noinline__ inline key_list rank_few(team_workspace& work, candidate_list list, std::size_t n) {
  const bool is_mine = threadIdx.x < list.size();
  const std::uint32_t value = is_mine ? ordered(list.at(threadIdx.x)) : 0;
  const unsigned rank = rank_among(work, value, static_cast<unsigned>(list.size()));
  const bool is_wanted = value >= least_survivor && rank < n;
  if (is_wanted) work.near().ranked[rank] = order_key(list.at(threadIdx.x), list.id(threadIdx.x));
  return {{work.near().ranked, team::count(is_wanted)}};
}

/// The best n of a row or of a list, in the order of candidates.
template <class Row>
__device__ key_list best_in_order(team_workspace& work, const Row& row, std::size_t n, row_scan scanned) {
  if constexpr (!whole_row<Row>) {
    if (row.size() <= team_threads()) return rank_few(work, row, n);
  }
  const key_list best = best_of(work, row, n, scanned, key_writer(work));
  rank_keys(work, best.keys);
  return best;
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
