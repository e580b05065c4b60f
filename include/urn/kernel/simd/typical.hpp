#pragma once
/// \file
/// The typical cut by vectors: candidates are collected down to a guessed logit, and the score at which the
/// kept set ends is found among them.

#include <algorithm>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>

#include "urn/core/row.hpp"
#include "urn/core/workspace.hpp"
#include "urn/kernel/block_mass.hpp"
#include "urn/kernel/candidates.hpp"
#include "urn/kernel/scalar/typical.hpp"
#include "urn/kernel/simd/collect.hpp"
#include "urn/kernel/simd/select.hpp"
#include "urn/kernel/simd/typical_cut.hpp"
#include "urn/kernel/simd/typical_ring.hpp"
#include "urn/kernel/simd/typical_score.hpp"
#include "urn/kernel/simd/weight.hpp"

namespace urn::kernel::simd {

/// A mass that is being filled up.
struct typical_rest {
  std::uint64_t wanted;
  std::uint64_t taken = 0;
};

/// Of tokens with one score, in the order of ids, those that it takes to fill the rest.
template <class L>
URN_INLINE std::uint32_t first_for(typical_rest& rest, typename L::floats logits, std::uint32_t equals,
                                   const typical_aim& aim) {
  if (rest.taken >= rest.wanted) return 0;
  const typename L::floats ties[1] = {L::keep(logits, equals)};
  row_sum<L> sum;
  sum.template add<1>(ties, L::set(aim.c), L::set(aim.row_key));
  if (const std::uint64_t all = sum.total(); all <= rest.wanted - rest.taken) {
    rest.taken += all;
    return equals;
  }
  alignas(64) float values[L::width];
  L::store(values, logits);
  std::uint32_t taken = 0;
  for (; equals != 0 && rest.taken < rest.wanted; equals &= equals - 1) {
    rest.taken += mass_in_row(values[std::countr_zero(equals)], aim.c, aim.row_key);
    taken |= equals & (0U - equals);
  }
  return taken;
}

/// Keeps of candidates those up to the end. The row's best may be among them, or not.
template <class L>
selection keep_typical(candidate_list from, const typical_aim& aim, const typical_end& end, float least,
                       const row_scan& scanned) {
  const typical_span within(aim, end.score, least);
  const typical_span before(aim, std::int64_t{end.score} - 1, least);
  const std::uint64_t target = std::max<std::uint64_t>(aim.target, 1);
  typical_rest rest{aim.with_ties ? ~std::uint64_t{0} : target - end.before};
  list_writer<L> kept(from);
  const auto mask_of = [&](auto l) URN_INLINE_LAMBDA {
    const std::uint32_t all = within.has<L>(l);
    const std::uint32_t equals = all & ~before.has<L>(l);
    return equals == 0 ? all : (all & ~equals) | first_for<L>(rest, l, equals, aim);
  };
  for (std::size_t first = 0; first < from.size(); first += strip_size) {
    const std::size_t count = std::min(strip_size, from.size() - first);
    kept.append(ids_from<L>(from, first), from.logits.subspan(first, count), mask_of);
  }
  if (!before.has(logit_of(std::uint64_t{scanned.largest} << 32))) return {kept.kept()};
  return selected(kept.kept(), scanned, end.before + rest.taken);
}

inline constexpr std::size_t least_sampled = 8192;  ///< tokens of a row of which samples are taken

/// What the best strips' tokens reach, where those alone may hold the target; -inf where not.
template <class L>
float peaky_bound(const typical_aim& aim, float least, const row_scan& scanned, workspace& scratch) {
  constexpr std::size_t best_strips = 64;
  const float bound = reached_by<L>(best_strips, scanned, scratch);
  const bool peaky = bound > least && looks_peaky<L>(scanned, bound, {aim.c, aim.row_key}, aim.target);
  return peaky ? bound : exact::minus_infinity;
}

/// The tokens that reach a guessed bound, which are those within the ring's outer score.
struct typical_find {
  candidate_list found;
  typical_ring ring{};
  float bound = exact::infinity;
};
template <class L, logits_row Row>
typical_find find_in_ring(const Row& row, const typical_aim& aim, float least, const row_scan& scanned,
                          workspace& scratch) {
  const typical_ring ring = guess_typical<L>(row, aim, scratch);
  if (ring.inner == 0) return {};  // of ties the sample says nothing
  const float bound = least_within(aim, aim.middle + ring.outer, least);
  return {collect<L>(row, scanned, {bound, threshold::unlimited}, room_in(scratch)), ring, bound};
}

/// As scalar::select_typical, which does what is seldom asked for. Of a peaky row the best strips' tokens are
/// candidates, of a flat one those down to a guess, and the cut is looked for in a ring around it; if that
/// goes wrong all that have a mass.
template <class L, logits_row Row>
selection select_typical(const Row& row, const typical_aim& aim, const row_scan& scanned,
                         workspace& scratch) {
  if (has(scanned.status, status::nan) || aim.least > 1) {
    return scalar::select_typical(row, aim, room_in(scratch), scratch.ranked());
  }
  const float least = least_with_mass(aim);
  typical_end end;
  const auto reaching = [&](float bound) {
    const candidate_list found = collect<L>(row, scanned, {bound, threshold::unlimited}, room_in(scratch));
    if (found.size() > 0) end = typical_cut<L>(found.logits, aim, aim.target, aim.total, space_in(scratch));
    return found;
  };
  const auto kept_of = [&](candidate_list found) { return keep_typical<L>(found, aim, end, least, scanned); };
  if constexpr (!std::same_as<Row, candidate_list>) {
    if (const float bound = peaky_bound<L>(aim, least, scanned, scratch); survives(bound)) {
      const candidate_list found = reaching(bound);
      if (end.is_reached && least_within(aim, aim.middle + end.score, least) >= bound) return kept_of(found);
    }
    if (row.size() >= least_sampled) {
      const typical_find in = find_in_ring<L>(row, aim, least, scanned, scratch);
      end = end_in_ring<L>(in.found.logits, aim, in.ring, least, space_in(scratch));
      if (end.is_reached) return kept_of(in.found);
    }
  }
  const candidate_list found = reaching(least);
  return found.size() == 0 ? selection{found, status::empty} : kept_of(found);
}

}  // namespace urn::kernel::simd
