#pragma once
/// \file
/// The score at which a typical cut ends, by quickselect.

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include "urn/kernel/scalar/typical.hpp"
#include "urn/kernel/simd/threshold.hpp"
#include "urn/kernel/simd/typical_score.hpp"
#include "urn/kernel/simd/weight.hpp"

namespace urn::kernel::simd {

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

}  // namespace urn::kernel::simd
