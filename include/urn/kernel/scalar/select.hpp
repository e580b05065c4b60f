#pragma once
/// \file
/// The three cuts: by count, by mass, by each token's own mass. All keep ids ascending, so that a later walk
/// is in id order.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "urn/core/order_key.hpp"
#include "urn/core/row.hpp"
#include "urn/core/status.hpp"
#include "urn/core/workspace.hpp"
#include "urn/kernel/block_mass.hpp"
#include "urn/kernel/candidates.hpp"

namespace urn::kernel {

/// What a cut kept, whether it met NaN on its way, and, where it came to know them, the largest logit of what
/// it kept and its mass.
struct selection {
  candidate_list kept;
  urn::status status = urn::status::ok;
  std::uint32_t largest = 0;  ///< as `ordered`; 0: not known
  std::uint64_t mass = 0;     ///< in row units; 0: not known
};

namespace scalar {

/// Copies to `out` the tokens of `row` that `keep(logit, id)` accepts, in id order; `out` may be the row
/// itself.
template <logits_row Row, class Keep>
selection collect(const Row& row, candidate_list out, Keep&& keep) {
  std::size_t n = 0;
  bool nan = false;
  for_each_block(row, [&](std::size_t first, std::span<const float> logits) {
    for (std::size_t i = 0; i < logits.size(); ++i) {
      const float logit = logits[i];
      const token_id id = row.id(first + i);
      nan |= exact::is_nan(logit);
      if (!survives(logit) || !keep(logit, id)) continue;
      out.ids[n] = id;
      out.logits[n] = logit;
      ++n;
    }
  });
  return {out.first(n), (nan ? status::nan : status::ok) | (n == 0 ? status::empty : status::ok)};
}

/// Keeps the tokens whose order key is at least `lowest`.
template <logits_row Row>
selection select_keys(const Row& row, candidate_list out, std::uint64_t lowest) {
  return collect(row, out, [=](float l, token_id id) { return order_key(l, id) >= lowest; });
}

/// The surviving tokens with their keys, in id order, without masses.
template <logits_row Row>
std::span<ranked_mass> rank_survivors(const Row& row, std::span<ranked_mass> ranked) {
  std::size_t n = 0;
  for_each_block(row, [&](std::size_t first, std::span<const float> logits) {
    for (std::size_t i = 0; i < logits.size(); ++i) {
      if (survives(logits[i])) ranked[n++] = {order_key(logits[i], row.id(first + i)), 0};
    }
  });
  return ranked.first(n);
}

inline constexpr auto by_descending_key = [](const ranked_mass& a, const ranked_mass& b) {
  return a.key > b.key;
};

/// The key of the k-th best token of the row (k >= 1), or of the worst survivor if there are fewer; 0 if
/// there are none. Holds the best k so far in `heap`: most tokens are compared once. O(V log k).
template <logits_row Row>
std::uint64_t kth_key(const Row& row, std::size_t k, std::span<ranked_mass> heap) {
  auto end = heap.begin();
  for_each_block(row, [&](std::size_t first, std::span<const float> logits) {
    for (std::size_t i = 0; i < logits.size(); ++i) {
      const ranked_mass token{order_key(logits[i], row.id(first + i)), 0};
      const bool full = static_cast<std::size_t>(end - heap.begin()) == k;
      if (!survives(logits[i]) || (full && token.key < heap.front().key)) continue;
      if (full) std::pop_heap(heap.begin(), end--, by_descending_key);
      *end++ = token;
      std::push_heap(heap.begin(), end, by_descending_key);
    }
  });
  return end == heap.begin() ? 0 : heap.front().key;
}

/// Keeps exactly min(k, survivors) tokens, the best in the order of candidates; k >= 1. O(V log k), no sort.
template <logits_row Row>
selection select_k(const Row& row, std::size_t k, candidate_list out, std::span<ranked_mass> scratch) {
  return select_keys(row, out, kth_key(row, k, scratch));
}

/// The key at which the shortest prefix of the order of candidates ends whose mass is at least `target`, with
/// at least `least` keys; the first key if both are 0, the last if all do not reach it. Reorders `ranked`,
/// which is not empty. O(n): each step halves it.
inline std::uint64_t prefix_key(std::span<ranked_mass> ranked, std::uint64_t target, std::size_t least = 0) {
  std::uint64_t before = 0;
  while (ranked.size() > 1) {
    const std::size_t half = ranked.size() / 2;
    std::nth_element(ranked.begin(), ranked.begin() + static_cast<std::ptrdiff_t>(half), ranked.end(),
                     by_descending_key);
    std::uint64_t upper = 0;
    for (const ranked_mass& r : ranked.first(half)) upper += r.mass;
    if (before + upper >= target && half >= least) {
      ranked = ranked.first(half);
    } else {
      before += upper;
      least -= least < half ? least : half;
      ranked = ranked.subspan(half);
    }
  }
  return ranked.front().key;
}

/// Keeps the shortest prefix of the order of candidates whose mass in row units is at least `target`, and at
/// least one token. `row_key` is the unit. O(V), no sort.
template <logits_row Row>
selection select_mass(const Row& row, float c, std::uint32_t row_key, std::uint64_t target,
                      candidate_list out, std::span<ranked_mass> scratch) {
  const std::span<ranked_mass> ranked = rank_survivors(row, scratch);
  for (ranked_mass& r : ranked) r.mass = mass_in_row(logit_of(r.key), c, row_key);
  return select_keys(row, out, ranked.empty() ? 0 : prefix_key(ranked, target));
}

/// Keeps the tokens whose own mass in row units is at least `least`. O(V).
template <logits_row Row>
selection select_above(const Row& row, float c, std::uint32_t row_key, std::uint64_t least,
                       candidate_list out) {
  return collect(row, out, [=](float l, token_id) { return mass_in_row(l, c, row_key) >= least; });
}

/// Keeps the tokens whose logit is at least `least`. O(V).
template <logits_row Row>
selection select_reaching(const Row& row, float least, candidate_list out) {
  return collect(row, out, [=](float l, token_id) { return ordered(l) >= ordered(least); });
}

/// The min(n, survivors) best tokens in the order of candidates, in `scratch`. O(V + n log n).
template <logits_row Row>
std::span<const ranked_mass> top_n(const Row& row, std::size_t n, std::span<ranked_mass> scratch) {
  const std::span<ranked_mass> ranked = rank_survivors(row, scratch);
  const std::span<ranked_mass> best = ranked.first(std::min(n, ranked.size()));
  if (best.size() == ranked.size()) {
    std::sort(ranked.begin(), ranked.end(), by_descending_key);
  } else {
    std::partial_sort(ranked.begin(), best.end(), ranked.end(), by_descending_key);
  }
  return best;
}

/// How many tokens of the row stand before `key` in the order of candidates. O(V).
template <logits_row Row>
std::size_t count_before(const Row& row, std::uint64_t key) {
  std::size_t n = 0;
  for_each_block(row, [&](std::size_t first, std::span<const float> logits) {
    for (std::size_t i = 0; i < logits.size(); ++i)
      n += order_key(logits[i], row.id(first + i)) > key ? 1U : 0U;
  });
  return n;
}

}  // namespace scalar
}  // namespace urn::kernel
