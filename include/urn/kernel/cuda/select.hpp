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
#include "urn/kernel/cuda/threshold.hpp"
#include "urn/kernel/scalar/select.hpp"

namespace urn::kernel::cuda {

/// Anything but a list that a cut kept.
template <class Row>
concept whole_row = !std::same_as<Row, candidate_list>;

/// What a cut says of what it kept.
__device__ inline selection selected(candidate_list kept, row_scan scanned) {
  return {kept, (scanned.status & status::nan) | (kept.size() == 0 ? status::empty : status::ok)};
}

/// The k-th largest of what the threads find to be the largest of their strips: at least k strips reach it.
__device__ __noinline__ inline std::uint32_t bound_of_few(team_workspace& work, std::span<const float> maxima,
                                                          unsigned k) {
  std::uint32_t largest = 0;
  for (std::size_t i = threadIdx.x; i < maxima.size(); i += team_threads)
    largest = max(largest, ordered(maxima[i]));
  const unsigned mine = rank_among(work, largest, team_threads);
  const auto bound = static_cast<std::uint32_t>(work.together.found(mine + 1 == k, largest, 0));
  return max(bound, least_survivor);
}

/// A value that at least k tokens reach, not much less than what the k-th best one has: of the strips'
/// largest logits the k-th, or one soon after. The least of all survivors if fewer than k strips have any.
__device__ __noinline__ inline std::uint32_t bound_of_best(team_workspace& work, row_scan scanned,
                                                           std::size_t k) {
  if (k <= team_threads) return bound_of_few(work, scanned.maxima, static_cast<unsigned>(k));
  const auto each = [maxima = scanned.maxima](auto&& see) {
    for (std::size_t i = threadIdx.x; i < maxima.size(); i += team_threads) see(ordered(maxima[i]), 1);
  };
  const interval at = close_in(work, {least_survivor, scanned.largest}, k, k / 8 + 4, each);
  return at.is_reached ? at.low : least_survivor;
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

/// The tokens that reach a bound.
template <class Row, class Writer>
__device__ __noinline__ auto reaching(team_workspace& work, const Row& row, row_scan scanned,
                                      std::uint32_t bound, Writer writer) {
  const float least = logit_of(std::uint64_t{bound} << 32);
  return collect(
      work, row, scanned.maxima, bound, [=](float l) { return l >= least; }, writer);
}

/// The best k of a row, or all that survive.
template <whole_row Row, class Writer>
__device__ __noinline__ auto best_of(team_workspace& work, const Row& row, std::size_t k, row_scan scanned,
                                     Writer writer) {
  const std::uint32_t bound = bound_of_best(work, scanned, k);
  const auto list = reaching(work, row, scanned, bound, writer);
  if (list.size() <= k) return list;
  return keep_by(work, list, cutoff_by_count(work, list, bound, scanned.largest, k), writer);
}
template <class Writer>
__device__ __noinline__ auto best_of(team_workspace& work, candidate_list list, std::size_t k,
                                     row_scan scanned, Writer writer) {
  const cutoff cut = cutoff_by_count(work, list, least_survivor, scanned.largest, k);
  return keep_by(work, list, cut, writer);
}

/// The sum of a list's masses in row units.
__device__ __noinline__ inline std::uint64_t mass_of(team_workspace& work, candidate_list list, float c,
                                                     std::uint32_t row_key) {
  std::uint64_t mass = 0;
  for_each_of(list, [&](float l, std::size_t) { mass += mass_in_row(l, c, row_key); });
  return work.together.sum(mass);
}

struct mass_target {
  float c;
  std::uint32_t row_key;
  std::uint64_t mass;
};

/// Keeps the prefix of a list that reaches the target; the cut lies within `at`.
__device__ __noinline__ inline candidate_list prefix_of(team_workspace& work, candidate_list list,
                                                        mass_target target, interval at) {
  if (list.size() == 0) return list;
  return keep_by(work, list, cutoff_by_mass(work, list, at, target.mass, target.c, target.row_key),
                 kept_writer(work));
}

/// One of 256 parts of the values in which the cut of a whole row lies. Tokens so light that all of them
/// together could be spared are not looked at.
template <class Row>
__device__ __noinline__ interval part_with_cut(team_workspace& work, const Row& row, mass_target target,
                                               std::uint64_t total, row_scan scanned) {
  const std::uint32_t bound = bound_of_mass(target.c, target.row_key, (total - target.mass) / row.size());
  const float least = logit_of(std::uint64_t{bound} << 32);
  return part_of(work, {bound, scanned.largest}, target.mass, [&](auto&& see) {
    look_through(work, row, scanned.maxima, bound, [&](float l, token_id) {
      if (l >= least) see(ordered(l), mass_in_row(l, target.c, target.row_key));
    });
  });
}

/// Looks at the tokens of the best strips first, which is enough where few tokens have most of the mass.
template <whole_row Row>
__device__ __noinline__ candidate_list prefix_of(team_workspace& work, const Row& row, mass_target target,
                                                 std::uint64_t total, row_scan scanned) {
  constexpr std::size_t first_strips = 128;
  interval at{bound_of_best(work, scanned, first_strips), scanned.largest};
  candidate_list list = reaching(work, row, scanned, at.low, kept_writer(work));
  if (at.low > least_survivor && mass_of(work, list, target.c, target.row_key) < target.mass) {
    at = part_with_cut(work, row, target, total, scanned);
    list = reaching(work, row, scanned, at.low, kept_writer(work));
  }
  return prefix_of(work, list, target, at);
}
__device__ __noinline__ inline candidate_list prefix_of(team_workspace& work, candidate_list list,
                                                        mass_target target, std::uint64_t, row_scan scanned) {
  return prefix_of(work, list, target, {least_survivor, scanned.largest});
}

/// The tokens whose own mass is at least `least`.
template <whole_row Row>
__device__ __noinline__ candidate_list heavy_of(team_workspace& work, const Row& row, float c,
                                                std::uint32_t row_key, std::uint64_t least,
                                                row_scan scanned) {
  const std::uint32_t bound = bound_of_mass(c, row_key, least);
  const float above = logit_of(std::uint64_t{bound} << 32);
  const auto keep = [=](float l) { return l >= above && mass_in_row(l, c, row_key) >= least; };
  return collect(work, row, scanned.maxima, bound, keep, kept_writer(work));
}
__device__ __noinline__ inline candidate_list heavy_of(team_workspace& work, candidate_list list, float c,
                                                       std::uint32_t row_key, std::uint64_t least, row_scan) {
  return keep_if(
      work, list, [=](float l) { return mass_in_row(l, c, row_key) >= least; }, kept_writer(work));
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
  for (std::size_t i = threadIdx.x; i < list.size(); i += team_threads) {
    n += order_key(list.at(i), list.id(i)) > key ? 1 : 0;
  }
  return work.together.sum(n);
}

}  // namespace urn::kernel::cuda
