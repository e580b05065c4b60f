#pragma once
/// \file
/// The typical cut of a flat row without its moments, which cost half of its time.
///
/// There the tokens that are likelier than the mean all stay, far inside of the kept set, so that the others
/// follow by their own surprise alone: for that it is enough to know that the mean is nearer to the best
/// token than to the last one that is kept. And the bounds of the mass that blocks give are nearer together
/// than one token's mass. Whoever cannot be sure of both looks at the moments.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "urn/core/order_key.hpp"
#include "urn/core/row.hpp"
#include "urn/core/workspace.hpp"
#include "urn/kernel/block_mass.hpp"
#include "urn/kernel/candidates.hpp"
#include "urn/kernel/scalar/typical.hpp"
#include "urn/kernel/simd/moments.hpp"
#include "urn/kernel/simd/typical.hpp"

namespace urn::kernel::simd {

/// More than the mean depth, of a row some of whose tokens are kept. The depths of the others, whose masses v
/// are at most 2^(40.5 - d), add up to most where all have the same mass: sum of v (40.5 - log2 v) <= m (40.5
/// - log2(m / n)) for n tokens of mass m, as long as m / n < 2^39.
template <class L>
double most_mean_depth(const candidate_list& kept, std::uint64_t mass, const typical_doubt& doubt,
                       std::size_t tokens) {
  const row_moments inside = moments<L>(kept, doubt.most.c, doubt.most.row_key);
  const double depth =
      static_cast<double>(inside.depth_high) * 0x1p64 + static_cast<double>(inside.depth_low);
  const double others = static_cast<double>(tokens - kept.size() + 1);
  const double rest = static_cast<double>(doubt.most.total - std::min(doubt.most.total, mass)) + 1;
  if (!(rest < others * 0x1p39)) return 0x1p60;
  const double outside = rest * 0x1p16 * (row_bits + 0.51 + std::log2(others / rest));
  return 1 + std::max(0.0, depth + outside) / static_cast<double>(doubt.least_total) * (1 + 0x1p-30);
}

/// As select_typical with what is in doubt, if that cannot change the result; nothing otherwise.
template <class L, logits_row Row>
std::optional<selection> select_typical_of_flat(const Row& row, const typical_doubt& doubt,
                                                const row_scan& scanned, workspace& scratch) {
  if (has(scanned.status, status::nan) || row.size() < least_sampled) return {};
  typical_aim aim = doubt.most;
  aim.middle = depth_of(logit_of(std::uint64_t{scanned.largest} << 32), aim.c, aim.row_key);
  const float least = least_with_mass(aim);
  if (survives(peaky_bound<L>(aim, least, scanned, scratch))) return {};
  typical_end end;
  const candidate_list found = find_in_ring<L>(row, aim, least, scanned, scratch, end);
  if (!end.is_reached) return {};
  const selection cut = keep_typical<L>(found, aim, end, least, scanned);
  if (cut.mass == 0) return {};
  const std::uint64_t last = mass_in_row(typical_span(aim, end.score, least).low, aim.c, aim.row_key);
  const std::uint64_t before = aim.with_ties ? end.before : cut.mass - last;
  if (before >= std::max<std::uint64_t>(doubt.least_target, 1)) return {};
  const double mean = most_mean_depth<L>(cut.kept, cut.mass, doubt, row.size());
  const bool near = 2 * mean < 2 * static_cast<double>(aim.middle) + end.score;
  return near ? std::optional(cut) : std::nullopt;
}

}  // namespace urn::kernel::simd
