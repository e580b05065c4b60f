#pragma once
/// \file
/// The three cuts by vectors: one look at the maxima of the strips, one at the strips that matter, and work
/// on what is left. A row with NaN goes to the scalar kernels.

#include <algorithm>
#include <bit>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "urn/core/order_key.hpp"
#include "urn/core/row.hpp"
#include "urn/core/workspace.hpp"
#include "urn/kernel/candidates.hpp"
#include "urn/kernel/scalar/mass.hpp"
#include "urn/kernel/scalar/select.hpp"
#include "urn/kernel/simd/block.hpp"
#include "urn/kernel/simd/collect.hpp"
#include "urn/kernel/simd/nucleus.hpp"
#include "urn/kernel/simd/threshold.hpp"

namespace urn::kernel::simd {

inline partition_space space_in(workspace& scratch) { return {scratch.left(), scratch.right()}; }

/// A kept set in which the row's best token still is.
inline selection selected(candidate_list kept, const row_scan& scanned, std::uint64_t mass = 0) {
  const bool none = kept.size() == 0;
  return {kept, none ? status::empty : status::ok, none ? 0 : scanned.largest, mass};
}

/// A value that at least k logits of the row reach, k of the strips' maxima; -inf if there are not so many.
template <class L>
float reached_by(std::size_t k, const row_scan& scanned, workspace& scratch) {
  if (k > scanned.maxima.size()) return exact::minus_infinity;
  return kth_largest<L>(scanned.maxima, k, space_in(scratch)).value;
}

/// As scalar::select_k. The k-th largest of the strips' maxima bounds the k-th logit from below; of logits
/// equal to the bound no more than k can be kept, so long runs of ties cost nothing.
template <class L, logits_row Row>
selection select_k(const Row& row, std::size_t k, const row_scan& scanned, workspace& scratch) {
  const candidate_list room = room_in(scratch);
  if (has(scanned.status, status::nan)) return scalar::select_k(row, k, room, scratch.ranked());
  const threshold bound{reached_by<L>(k, scanned, scratch), k};
  const candidate_list kept = collect<L>(row, scanned, bound, room);
  if (kept.size() <= k) return selected(kept, scanned);
  const threshold keep = kth_largest<L>(kept.logits, k, space_in(scratch));
  return selected(collect<L>(kept, {}, keep, room), scanned);
}

/// The logits between which a token's mass decides whether it reaches `least` > 0: below `possible` none
/// does, from `sure` on all do. 2^-16 of a power of two apart, where 1e-6 would do.
struct mass_bounds {
  float possible;
  float sure;

  mass_bounds(mass_unit unit, std::uint64_t least) {
    const auto n = static_cast<double>(static_cast<std::int32_t>(unit.row_key - magic_bits));
    const double power = n - (row_bits + 0.5) + std::log2(static_cast<double>(least));
    const double low = (power - 0x1p-16) / static_cast<double>(unit.c);
    const double high = (power + 0x1p-16) / static_cast<double>(unit.c);
    possible = static_cast<float>(low - std::abs(low) * 0x1p-20);
    sure = static_cast<float>(high + std::abs(high) * 0x1p-20);
  }
};

/// Removes from a list the tokens whose mass is less than `least`; only those below `sure` are in doubt, most
/// often none. Equal logits, of which there may be many, are weighed once.
template <class L>
candidate_list remove_lighter(candidate_list kept, float sure, mass_unit unit, std::uint64_t least) {
  if (count_at_least<L>(kept.logits, sure) == kept.size()) return kept;
  std::size_t size = 0;
  float last = sure;
  bool last_kept = true;
  for (std::size_t i = 0; i < kept.size(); ++i) {
    const float l = kept.logits[i];
    if (l < sure && exact::bits(l) != exact::bits(last)) {
      last = l;
      last_kept = unit.mass(l) >= least;
    }
    kept.ids[size] = kept.ids[i];
    kept.logits[size] = l;
    size += l >= sure || last_kept ? 1U : 0U;
  }
  return kept.first(size);
}

/// As scalar::select_above. A token's mass decides only near the bound; elsewhere its logit does.
template <class L, logits_row Row>
selection select_above(const Row& row, float c, std::uint32_t row_key, std::uint64_t least,
                       const row_scan& scanned, workspace& scratch) {
  const candidate_list room = room_in(scratch);
  if (has(scanned.status, status::nan)) return scalar::select_above(row, c, row_key, least, room);
  if (least == 0) return selected(collect<L>(row, scanned, {}, room), scanned);
  const mass_unit unit{c, row_key};
  const mass_bounds bounds(unit, least);
  const candidate_list kept = collect<L>(row, scanned, {bounds.possible, threshold::unlimited}, room);
  return selected(remove_lighter<L>(kept, bounds.sure, unit, least), scanned);
}

/// As scalar::select_reaching.
template <class L, logits_row Row>
selection select_reaching(const Row& row, float least, const row_scan& scanned, workspace& scratch) {
  const candidate_list room = room_in(scratch);
  if (has(scanned.status, status::nan)) return scalar::select_reaching(row, least, room);
  const candidate_list kept = collect<L>(row, scanned, {least, threshold::unlimited}, room);
  return selected(kept, scanned);
}

/// Some logits from all over the row, 64 of every 2048 (of a short row, of every 512).
template <class L, logits_row Row>
std::span<const float> sample_of(const Row& row, std::span<float> out) {
  constexpr std::size_t run = 64;
  const std::size_t stride = row.size() >= 65536 ? 2048 : 512;
  std::size_t n = 0;
  buffer<L> space;
  for (std::size_t first = 0; first + run <= row.size(); first += stride, n += run) {
    std::ranges::copy(row.load(first, run, space), out.begin() + static_cast<std::ptrdiff_t>(n));
  }
  return out.first(n);
}

/// Where a nucleus probably ends.
struct nucleus_guess {
  float bound = exact::minus_infinity;
  bool most = false;  ///< more than a third of the row's tokens reach it
};

/// From a sample: a fifth of what lies below the target is still taken in.
template <class L, logits_row Row>
nucleus_guess guess_nucleus(const Row& row, mass_unit unit, std::uint64_t total, std::uint64_t target,
                            workspace& scratch) {
  if (row.size() < 8192) return {};
  const std::span<const float> sample = sample_of<L>(row, scratch.left());
  const std::uint64_t sampled = sum_in_row<L>(sample.data(), sample.size(), unit.c, unit.row_key);
  const double share = static_cast<double>(sample.size()) / static_cast<double>(row.size());
  const double below = 0.8 * share * static_cast<double>(total - std::min(total, target));
  const double wanted = static_cast<double>(sampled) - below;
  if (wanted < 1.0) return {};
  const few<L> some(sample);  // before the sample is taken apart
  const threshold found =
      nucleus<L>(sample, unit, static_cast<std::uint64_t>(wanted), sampled, space_in(scratch));
  const std::size_t reach = count_at_least<L>(some.values(), found.value);
  return {found.value, 3 * reach > some.size()};
}

/// The logits of a whole row that lie in memory as floats; none of another row.
template <logits_row Row>
std::span<const float> floats_of(const Row& row) {
  if constexpr (requires {
                  { row.data() } -> std::same_as<const float*>;
                })
    return {row.data(), row.size()};
  return {};
}

/// True if the best token of each of the best strips could make up the target, so that few tokens will.
template <class L>
bool looks_peaky(const row_scan& scanned, float bound, mass_unit unit, std::uint64_t target) {
  row_sum<L> sum;
  for_each_vector<L>(scanned.maxima, [&](auto m, std::uint32_t valid) {
    const typename L::floats best[1] = {L::keep(m, L::at_least(m, L::set(bound)) & valid)};
    sum.template add<1>(best, L::set(unit.c), L::set(unit.row_key));
  });
  return sum.total() >= target / 2;
}

/// As scalar::select_mass. Collects candidates until they hold the target: of a peaky row those in the best
/// strips, of a flat one those above a guess from a sample, then lower and lower. Where most tokens are
/// candidates, the row itself is searched.
template <class L, logits_row Row>
selection select_mass(const Row& row, float c, const row_mass& mass, std::uint64_t target,
                      const row_scan& scanned, workspace& scratch) {
  constexpr std::size_t best_strips = 64;
  const candidate_list room = room_in(scratch);
  if (has(scanned.status, status::nan)) {
    return scalar::select_mass(row, c, mass.key, target, room, scratch.ranked());
  }
  const mass_unit unit{c, mass.key};
  const auto cut_of = [&](std::span<const float> logits) {
    return nucleus<L>(logits, unit, target, mass.total, space_in(scratch));
  };
  if constexpr (std::same_as<Row, candidate_list>) {  // lies where candidates would be collected
    if (row.size() == 0) return selected(row, scanned);
    const threshold keep = cut_of(row.logits);
    return selected(collect<L>(row, {}, keep, room), scanned, keep.mass);
  }
  float bound = reached_by<L>(best_strips, scanned, scratch);
  bool guess = !survives(bound) || !looks_peaky<L>(scanned, bound, unit, target);
  for (int step = 1;; step *= 2) {
    if (guess) {
      const nucleus_guess guessed = guess_nucleus<L>(row, unit, mass.total, target, scratch);
      if (const std::span<const float> all = floats_of(row); guessed.most && !all.empty()) {
        const threshold keep = cut_of(all);
        return selected(collect<L>(row, scanned, keep, room), scanned, keep.mass);
      }
      bound = std::min(bound, guessed.bound);
    }
    const candidate_list found = collect<L>(row, scanned, {bound, threshold::unlimited}, room);
    if (found.size() == 0) return selected(found, scanned);
    const threshold keep = cut_of(found.logits);
    if (keep.mass >= target || !survives(bound)) {
      return selected(collect<L>(found, {}, keep, room), scanned, keep.mass);
    }
    if (std::exchange(guess, true)) {
      bound = step < 16 ? bound - static_cast<float>(step) / c : exact::minus_infinity;
    }
  }
}

/// As scalar::top_n.
template <class L, logits_row Row>
std::span<const ranked_mass> top_n(const Row& row, std::size_t n, const row_scan& scanned,
                                   workspace& scratch) {
  if (has(scanned.status, status::nan) || n == 0 || n > scanned.maxima.size()) {
    return scalar::top_n(row, n, scratch.ranked());
  }
  const float bound = reached_by<L>(n, scanned, scratch);
  if (!survives(bound)) return scalar::top_n(row, n, scratch.ranked());
  const std::span<ranked_mass> ranked = scratch.ranked();
  std::size_t size = 0;
  buffer<L> space;
  for_each_strip_reaching<L>(row, bound, scanned.maxima, [&](std::size_t s) {
    const std::size_t first = s * strip_size;
    const std::span<const float> logits = row.load(first, std::min(strip_size, row.size() - first), space);
    for (std::size_t i = 0; i < logits.size(); ++i) {
      if (logits[i] >= bound) ranked[size++] = {order_key(logits[i], row.id(first + i)), 0};
    }
  });
  const std::span<ranked_mass> best = ranked.first(n);
  std::partial_sort(ranked.begin(), best.end(), ranked.begin() + static_cast<std::ptrdiff_t>(size),
                    scalar::by_descending_key);
  return best;
}

/// As scalar::count_before, of a whole row.
template <class L, logits_row Row>
std::size_t count_before(const Row& row, std::uint64_t key, const row_scan& scanned) {
  if (has(scanned.status, status::nan)) return scalar::count_before(row, key);
  const float logit = logit_of(key);
  const auto position = static_cast<std::size_t>(id_of(key));
  std::size_t before = 0;
  buffer<L> space;
  for (std::size_t first = 0; first < row.size(); first += strip_size) {
    const std::uint32_t largest = scanned.maxima.empty() ? ~0U : ordered(scanned.maxima[first / strip_size]);
    if (largest < ordered(logit) || (largest == ordered(logit) && first >= position)) continue;
    const std::span<const float> logits = row.load(first, std::min(strip_size, row.size() - first), space);
    std::size_t at = first;
    for_each_vector<L>(logits, [&, x = L::set(logit)](auto l, std::uint32_t valid) URN_INLINE_LAMBDA {
      const std::size_t earlier = position - std::min(position, at);
      const std::uint32_t lower_ids = earlier >= L::width ? L::all : (1U << earlier) - 1U;
      const std::uint32_t mask = L::above(l, x) | (L::at_least(l, x) & lower_ids);
      before += static_cast<std::size_t>(std::popcount(mask & valid));
      at += L::width;
    });
  }
  return before;
}

}  // namespace urn::kernel::simd
