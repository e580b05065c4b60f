#pragma once
/// \file
/// The typical cut of a weighed row without its moments, where they can be done without.
///
/// The candidates' own moments, and the mass that is left for all others, bound the mean; the masses of
/// blocks bound the total, more nearly than by one token's mass. What is kept for every mean and total in
/// between is kept for the true ones. Whoever finds that it is not the same for all looks at the moments.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "urn/core/order_key.hpp"
#include "urn/core/row.hpp"
#include "urn/core/workspace.hpp"
#include "urn/kernel/block_mass.hpp"
#include "urn/kernel/candidates.hpp"
#include "urn/kernel/scalar/typical.hpp"
#include "urn/kernel/scalar/typical_doubt.hpp"
#include "urn/kernel/simd/collect.hpp"
#include "urn/kernel/simd/moments.hpp"
#include "urn/kernel/simd/typical.hpp"

namespace urn::kernel::simd {

/// As select_typical, by the row's moments, of a row whose tokens down to a bound are known.
template <class L, logits_row Row>
selection select_typical_of_found(const Row& row, const typical_doubt& doubt, const typical_find& in,
                                  float least, const row_scan& scanned, workspace& scratch) {
  typical_aim aim = doubt.most;
  const row_moments m = moments<L>(row, aim.c, aim.row_key);
  aim.middle = mean_depth(m);
  aim.total = m.mass;
  aim.target = doubt.target(m.mass);
  typical_ring ring = guess_typical<L>(row, aim, scratch);
  const std::int64_t known = depth_of(in.bound, aim.c, aim.row_key) - aim.middle;
  if (ring.inner != 0 && ring.inner < known) {
    ring.outer = static_cast<std::uint32_t>(std::min<std::int64_t>(ring.outer, known));
    const typical_end end = end_in_ring<L>(in.found.logits, aim, ring, least, space_in(scratch));
    if (end.is_reached) return keep_typical<L>(in.found, aim, end, least, scanned);
  }
  return select_typical<L>(row, aim, scanned, scratch);
}

/// As select_typical, of a flat row. Most often the tokens that are likelier than the mean all stay, far
/// inside of the kept set, so the others follow by their own surprise: it is enough that the mean is nearer
/// to the best token than to the last one that is kept. Elsewhere the moments decide.
template <class L, logits_row Row>
std::optional<selection> select_typical_of_flat(const Row& row, const typical_doubt& doubt, float least,
                                                const row_scan& scanned, workspace& scratch) {
  typical_aim aim = doubt.most;
  aim.middle = depth_of(logit_of(std::uint64_t{scanned.largest} << 32), aim.c, aim.row_key);
  const typical_find in = find_in_ring<L>(row, aim, least, scanned, scratch);
  if (in.found.size() == 0) return {};
  const row_moments known = moments<L>(in.found, aim.c, aim.row_key);
  const partition_space space = space_in(scratch);
  const typical_rim rim = rim_of<L>(in.found.logits, known.mass, aim, in.ring, least, space.left);
  const typical_end end = end_in_ring<L>(rim, aim, in.ring, least, space);
  if (!end.is_reached) return {};
  const double mean = mean_depths(known_by(known, in.found.size()), doubt, row.size(), 0).most;
  if (!(2 * mean < 2 * static_cast<double>(aim.middle) + end.score)) {
    return select_typical_of_found<L>(row, doubt, in, least, scanned, scratch);
  }
  const selection cut = keep_typical<L>(in.found, aim, end, least, scanned);
  if (cut.mass == 0) return {};
  const std::uint64_t last = mass_in_row(typical_span(aim, end.score, least).low, aim.c, aim.row_key);
  const std::uint64_t before = aim.with_ties ? end.before : cut.mass - least_of_depth(last);
  if (before >= doubt.target(doubt.least_total)) return {};
  return cut;
}

/// The edges of what is kept of candidates down to `bound`, and how many of these lie between them.
struct found_edges {
  typical_edges edges;
  std::size_t size = 0;

  found_edges(std::span<const float> logits, const typical_aim& aim, const typical_span& within,
              float bound) {
    float largest = exact::minus_infinity, smallest = exact::infinity;
    float higher = exact::infinity, lower = bound;
    for (const float l : logits) {
      if (within.has(l)) {
        largest = std::max(largest, l);
        smallest = std::min(smallest, l);
        ++size;
      } else if (l >= within.high) {
        higher = std::min(higher, l);
      } else {
        lower = std::max(lower, l);
      }
    }
    const auto depth = [&](float l) { return depth_of(l, aim.c, aim.row_key); };
    const auto mass = [&](float l) { return mass_in_row(l, aim.c, aim.row_key); };
    const bool none_above = ordered(higher) == ordered_infinity;
    edges = {depth(largest), depth(smallest), none_above ? -(std::int64_t{1} << 40) : depth(higher),
             depth(lower),   mass(largest),   mass(smallest)};
  }
};

/// The same of a peaky row, whose candidates reach a bound.
template <class L, logits_row Row>
std::optional<selection> select_typical_of_peaky(const Row& row, const typical_doubt& doubt, float bound,
                                                 float least, const row_scan& scanned, workspace& scratch) {
  typical_aim aim = doubt.most;
  const candidate_list found = collect<L>(row, scanned, {bound, threshold::unlimited}, room_in(scratch));
  const depth_range means = mean_depths(known_by(moments<L>(found, aim.c, aim.row_key), found.size()), doubt,
                                        row.size(), depth_of(bound, aim.c, aim.row_key));
  if (means.most - means.least > 0x1p16) return {};
  aim.middle = static_cast<std::int64_t>((means.least + means.most) / 2);
  const typical_end end = typical_cut<L>(found.logits, aim, aim.target, aim.total, space_in(scratch));
  if (!end.is_reached || least_within(aim, aim.middle + end.score, least) < bound) return {};
  const found_edges kept(found.logits, aim, typical_span(aim, end.score, least), bound);
  const selection cut = keep_typical<L>(found, aim, end, least, scanned);
  if (cut.kept.size() != kept.size) return {};
  const std::uint64_t mass = sum_in_row<L>(cut.kept.logits.data(), kept.size, aim.c, aim.row_key);
  if (!kept.edges.are_sure(means, mass, doubt.target(doubt.least_total))) return {};
  return cut;
}

/// As select_typical; nothing where what is in doubt could change the result and this could not resolve it.
template <class L, logits_row Row>
std::optional<selection> select_typical_surely(const Row& row, const typical_doubt& doubt,
                                               const row_scan& scanned, workspace& scratch) {
  if (has(scanned.status, status::nan) || row.size() < least_sampled) return {};
  const float least = least_with_mass(doubt.most);
  const float bound = peaky_bound<L>(doubt.most, least, scanned, scratch);
  if (survives(bound)) {
    const auto cut = select_typical_of_peaky<L>(row, doubt, bound, least, scanned, scratch);
    if (cut) return cut;
  }
  return select_typical_of_flat<L>(row, doubt, least, scanned, scratch);
}

}  // namespace urn::kernel::simd
