#pragma once
/// \file
/// The typical cut by vectors: candidates are collected down to a guessed logit, and the score at which the
/// kept set ends is found among them by quickselect.

#include <algorithm>
#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "urn/core/order_key.hpp"
#include "urn/core/row.hpp"
#include "urn/core/workspace.hpp"
#include "urn/kernel/block_mass.hpp"
#include "urn/kernel/candidates.hpp"
#include "urn/kernel/scalar/typical.hpp"
#include "urn/kernel/simd/collect.hpp"
#include "urn/kernel/simd/moments.hpp"
#include "urn/kernel/simd/select.hpp"
#include "urn/kernel/simd/threshold.hpp"

namespace urn::kernel::simd {

/// The least logit for which is_true(logit), of those from -inf up; where it is true it is for all above.
template <class IsTrue>
float least_logit(IsTrue&& is_true) {
  std::uint32_t low = ordered_minus_infinity;
  std::uint32_t high = ordered_infinity;
  while (low < high) {
    const std::uint32_t middle = low + (high - low) / 2;
    if (is_true(logit_of(std::uint64_t{middle} << 32))) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return logit_of(std::uint64_t{low} << 32);
}

/// The least logit that has a mass: 40 powers of two below the unit one is left.
inline float least_with_mass(const typical_aim& aim) {
  return least_logit([&](float l) {
    const std::uint32_t t = exponent_bits(l, aim.c);
    return (t >> 31) == 0 && t >= aim.row_key - row_bits;
  });
}
/// The least logit, of those with a mass, of at most this score where it is less likely than the mean.
inline float least_within(const typical_aim& aim, std::uint32_t score, float least) {
  const std::int64_t deepest = aim.middle + score;
  return std::max(least, least_logit([&](float l) {
                    if (l < least) return false;
                    const auto above = static_cast<std::int32_t>(exponent_bits(l, aim.c) - aim.row_key);
                    return above > 0 || depth_of(l, aim.c, aim.row_key) <= deepest;
                  }));
}

/// Scores of vectors of tokens with a mass, as floats: 2^23 + score.
template <class L>
struct typical_scores {
  typename L::floats c;
  typename L::words row_key;
  typename L::words middle;

  explicit typical_scores(const typical_aim& aim)
      : c(L::set(aim.c)),
        row_key(L::set(aim.row_key)),
        middle(L::set(static_cast<std::uint32_t>(aim.middle) + depth_offset)) {}

  [[nodiscard]] URN_INLINE typename L::floats operator()(typename L::floats logits) const {
    const auto off = depths_of<L>(logits, c, row_key) - middle;
    return L::of_bits(xsimd::min(off, L::set(0U) - off) | L::set(0x4B000000U));
  }
  [[nodiscard]] static typename L::floats of(std::uint32_t score) {
    return L::set(exact::float_of(0x4B000000U + score));
  }
};

/// Where a typical cut ends: at this score, less than whose tokens have so much mass.
struct typical_end {
  std::uint32_t score = 0;
  std::uint64_t before = 0;
  bool is_reached = false;  ///< the target, by the tokens that were looked at
};

/// Some tokens by ascending scores.
class scored_few {
 public:
  static constexpr std::size_t most = 64;

  template <class L>
  scored_few(const few<L>& of, const typical_aim& aim) {
    const typical_scores<L> scores(aim);
    alignas(64) std::uint32_t score[L::width];
    alignas(64) std::uint64_t mass[L::width];
    for_each_vector<L>(of.values(), [&](auto logits, std::uint32_t valid) {
      row_masses<L> v[1];
      masses_in_row<L, 1>(v, {logits}, scores.c, scores.row_key);
      L::store(score, L::bits(scores(logits)));
      L::store(mass, v[0].low);
      L::store(mass + L::width / 2, v[0].high);
      for (std::size_t i = 0; (valid >> i & 1U) != 0; ++i) tokens_[size_++] = {score[i] & 0x7FFFFFU, mass[i]};
    });
    const auto by_score = [](const token& a, const token& b) { return a.score < b.score; };
    std::sort(tokens_.begin(), tokens_.begin() + static_cast<std::ptrdiff_t>(size_), by_score);
  }
  /// As typical_cut.
  [[nodiscard]] typical_end end(std::uint64_t target) const {
    typical_end found;
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < size_; ++i) {
      if (i == 0 || tokens_[i].score != found.score) found = {tokens_[i].score, sum, false};
      sum += tokens_[i].mass;
      if (sum >= target) {
        found.is_reached = true;
        break;
      }
    }
    return found;
  }
  /// A score, not the first and not the last, `aside` places from where a share of the mass lies.
  [[nodiscard]] std::uint32_t pivot(double share, std::ptrdiff_t aside) const {
    double sum = 0;
    for (std::size_t i = 0; i < size_; ++i) sum += static_cast<double>(tokens_[i].mass);
    std::size_t at = 0;
    for (double left = share * sum; at < size_; ++at) {
      left -= static_cast<double>(tokens_[at].mass);
      if (left <= 0) break;
    }
    const auto place = static_cast<std::ptrdiff_t>(at) + aside;
    return tokens_[static_cast<std::size_t>(
                       std::clamp<std::ptrdiff_t>(place, 1, static_cast<std::ptrdiff_t>(size_) - 2))]
        .score;
  }

 private:
  struct token {
    std::uint32_t score;
    std::uint64_t mass;
  };
  std::array<token, most> tokens_;
  std::size_t size_ = 0;
};

/// The tokens of smaller scores than a pivot's, those of larger ones, and the mass of the others.
struct typical_parts {
  std::span<float> inner;
  std::span<float> outer;
  std::uint64_t equals = 0;
};

/// Splits `in`, which may be one of the two rows.
template <class L>
typical_parts split_by_score(std::span<const float> in, const typical_aim& aim, std::uint32_t pivot,
                             partition_space space) {
  const typical_scores<L> scores(aim);
  row_sum<L> equals;
  std::size_t inner = 0;
  std::size_t outer = 0;
  for_each_vector<L>(in, [&, p = scores.of(pivot)](auto l, std::uint32_t valid) URN_INLINE_LAMBDA {
    const auto score = scores(l);
    const std::uint32_t low = L::above(p, score) & valid;
    const std::uint32_t high = L::above(score, p) & valid;
    L::compress(space.left.data() + inner, l, low);
    L::compress(space.right.data() + outer, l, high);
    inner += static_cast<std::size_t>(std::popcount(low));
    outer += static_cast<std::size_t>(std::popcount(high));
    if (const std::uint32_t same = valid & ~(low | high); same != 0) {
      const typename L::floats ties[1] = {L::keep(l, same)};
      equals.template add<1>(ties, scores.c, scores.row_key);
    }
  });
  return {space.left.first(inner), space.right.first(outer), equals.total()};
}

/// Where the shortest prefix by scores with a mass of at least `target` ends, or the last score if all have
/// less. All values, of which there is one, have a mass; together about `total`. O(n).
template <class L>
typical_end typical_cut(std::span<const float> values, const typical_aim& aim, std::uint64_t target,
                        std::uint64_t total, partition_space space) {
  std::uint64_t before = 0;
  std::ptrdiff_t aside = -2;
  target = std::max<std::uint64_t>(target, 1);
  while (values.size() > few<L>::most) {
    const std::uint64_t rest = target - before;
    const double share = static_cast<double>(rest) / static_cast<double>(std::max<std::uint64_t>(total, 1));
    const std::uint32_t pivot = scored_few(few<L>(values), aim).pivot(share, aside);
    aside = -aside;  // first what surely is kept goes, then what surely is not
    const typical_parts parts = split_by_score<L>(values, aim, pivot, space);
    const std::uint64_t inner = sum_in_row<L>(parts.inner.data(), parts.inner.size(), aim.c, aim.row_key);
    if (inner >= rest) {
      values = parts.inner;
      total = inner;
    } else if (inner + parts.equals >= rest || parts.outer.empty()) {
      return {pivot, before + inner, inner + parts.equals >= rest};
    } else {
      before += inner + parts.equals;
      values = parts.outer;
      total -= std::min(total, inner + parts.equals);
    }
  }
  typical_end found = scored_few(few<L>(values), aim).end(target - before);
  found.before += before;
  return found;
}

/// Of tokens with one score, in the order of ids, those that a mass still to be had takes.
template <class L>
URN_INLINE std::uint32_t first_for(std::uint64_t& rest, typename L::floats logits, std::uint32_t equals,
                                   const typical_aim& aim) {
  if (rest == 0) return 0;
  const typename L::floats ties[1] = {L::keep(logits, equals)};
  row_sum<L> sum;
  sum.template add<1>(ties, L::set(aim.c), L::set(aim.row_key));
  if (const std::uint64_t all = sum.total(); all <= rest) {
    rest -= all;
    return equals;
  }
  alignas(64) float values[L::width];
  L::store(values, logits);
  std::uint32_t taken = 0;
  for (; equals != 0 && rest > 0; equals &= equals - 1) {
    rest -= std::min(rest, mass_in_row(values[std::countr_zero(equals)], aim.c, aim.row_key));
    taken |= equals & (0U - equals);
  }
  return taken;
}

/// Keeps of candidates those up to the end.
template <class L>
candidate_list keep_typical(candidate_list from, const typical_aim& aim, const typical_end& end) {
  const typical_scores<L> scores(aim);
  const auto last = scores.of(end.score);
  std::uint64_t rest =
      aim.with_ties ? ~std::uint64_t{0} : std::max<std::uint64_t>(aim.target, 1) - end.before;
  list_writer<L> kept(from);
  const auto mask_of = [&](auto l) URN_INLINE_LAMBDA {
    const auto score = scores(l);
    const std::uint32_t within = L::at_least(last, score) & L::above(l, L::set(exact::minus_infinity));
    const std::uint32_t equals = within & L::at_least(score, last);
    return equals == 0 ? within : (within & ~equals) | first_for<L>(rest, l, equals, aim);
  };
  for (std::size_t first = 0; first < from.size(); first += strip_size) {
    const std::size_t count = std::min(strip_size, from.size() - first);
    kept.append(ids_from<L>(from, first), from.logits.subspan(first, count), mask_of);
  }
  return kept.kept();
}

/// A logit down to which a typical cut probably reaches, from a sample: a fifth of what lies outside the
/// target is still taken in.
template <class L, logits_row Row>
float guess_typical(const Row& row, const typical_aim& aim, float least, workspace& scratch) {
  if (row.size() < 8192) return least;
  const std::span<float> left = scratch.left();
  const std::span<const float> sample = sample_of<L>(row, left);
  std::size_t size = 0;
  for_each_vector<L>(sample, [&, bound = L::set(least)](auto l, std::uint32_t valid) URN_INLINE_LAMBDA {
    const std::uint32_t mask = L::at_least(l, bound) & valid;
    L::compress(left.data() + size, l, mask);
    size += static_cast<std::size_t>(std::popcount(mask));
  });
  const std::span<const float> with_mass = left.first(size);
  const std::uint64_t sampled = sum_in_row<L>(with_mass.data(), with_mass.size(), aim.c, aim.row_key);
  if (with_mass.empty()) return least;
  const double outside = 0.8 * (1.0 - static_cast<double>(aim.target) / static_cast<double>(aim.total));
  const auto wanted = static_cast<std::uint64_t>((1.0 - outside) * static_cast<double>(sampled));
  return least_within(aim, typical_cut<L>(with_mass, aim, wanted, sampled, space_in(scratch)).score, least);
}

/// As scalar::select_typical, which does what is seldom asked for. Of a peaky row the best strips' tokens are
/// candidates, of a flat one those above a guess, then all that have a mass.
template <class L, logits_row Row>
selection select_typical(const Row& row, const typical_aim& aim, const row_scan& scanned,
                         workspace& scratch) {
  constexpr std::size_t best_strips = 64;
  const candidate_list room = room_in(scratch);
  if (has(scanned.status, status::nan) || aim.least > 1) {
    return scalar::select_typical(row, aim, room, scratch.ranked());
  }
  const float least = least_with_mass(aim);
  float bound = least;
  bool guess = false;
  if constexpr (!std::same_as<Row, candidate_list>) {
    bound = std::max(least, reached_by<L>(best_strips, scanned, scratch));
    guess = bound > least && !looks_peaky<L>(scanned, bound, {aim.c, aim.row_key}, aim.target);
  }
  for (int step = 0;; ++step) {
    if (step > 1) bound = least;
    if (step == 1 || guess) bound = std::min(bound, guess_typical<L>(row, aim, least, scratch));
    guess = false;
    const candidate_list found = collect<L>(row, scanned, {bound, threshold::unlimited}, room);
    if (found.size() == 0) return {found, status::empty};
    const typical_end end = typical_cut<L>(found.logits, aim, aim.target, aim.total, space_in(scratch));
    if (bound <= least || (end.is_reached && least_within(aim, end.score, least) >= bound)) {
      return {keep_typical<L>(found, aim, end)};
    }
  }
}

}  // namespace urn::kernel::simd
