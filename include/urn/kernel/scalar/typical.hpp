#pragma once
/// \file
/// The cut by how near a token's surprise is to the mean one: locally typical sampling.

#include <cstddef>
#include <cstdint>
#include <span>

#include "urn/core/order_key.hpp"
#include "urn/core/platform.hpp"
#include "urn/core/row.hpp"
#include "urn/core/workspace.hpp"
#include "urn/kernel/block_mass.hpp"
#include "urn/kernel/candidates.hpp"
#include "urn/kernel/fraction.hpp"
#include "urn/kernel/scalar/moments.hpp"
#include "urn/kernel/scalar/select.hpp"

namespace urn::kernel {

/// What a typical cut goes by. A token's score is |d_i - middle|, d_i of row_moments and `middle` the mean of
/// the d_i by mass, rounded to an integer: |-ln p_i - H| in units of 2^-16 bits.
struct typical_aim {
  float c;
  std::uint32_t row_key;
  std::int64_t middle;
  std::uint64_t target;    ///< of `total`
  std::uint64_t total;     ///< the row's mass in row units
  bool with_ties = false;  ///< all tokens of the last one's score stay
  std::size_t least = 1;   ///< so many tokens stay, if they have a mass

  /// Of a token that has a mass.
  [[nodiscard]] URN_HOST_DEVICE std::uint32_t score(float logit) const {
    const std::int64_t off = depth_of(logit, c, row_key) - middle;
    return static_cast<std::uint32_t>(off < 0 ? -off : off);
  }
};

/// The mass that a share of a total asks for: at least so much, or more than that.
URN_HOST_DEVICE inline std::uint64_t typical_target(std::uint64_t total, float share, bool beyond) {
  return beyond ? floor_share(total, share) + 1 : ceil_share(total, share);
}

/// The mean of d_i by mass, rounded to the nearest integer, halves up.
URN_HOST_DEVICE inline std::int64_t mean_depth(const row_moments& m) {
  __extension__ using wide = __int128;
  constexpr std::int64_t lift = 1 << 16;  // the mean is above -2^15
  const wide depth = (static_cast<wide>(m.depth_high) << 64) | m.depth_low;
  const wide lifted = depth + static_cast<wide>(m.mass) * lift + m.mass / 2;
  return static_cast<std::int64_t>(lifted / static_cast<wide>(m.mass)) - lift;
}

namespace scalar {

/// A token's place among the others: smaller score first, then smaller id; 0 if it has no mass.
URN_HOST_DEVICE inline std::uint64_t typical_key(float logit, token_id id, const typical_aim& aim) {
  if (mass_in_row(logit, aim.c, aim.row_key) == 0) return 0;
  return (std::uint64_t{~aim.score(logit)} << 32) | static_cast<std::uint32_t>(~id);
}

/// The least key that is kept, where the shortest prefix ends at `last`.
URN_HOST_DEVICE constexpr std::uint64_t typical_bound(std::uint64_t last, const typical_aim& aim) {
  return aim.with_ties ? last >> 32 << 32 : last;
}

/// Of the tokens that have a mass, by ascending scores and then ids, keeps the shortest prefix whose mass is
/// at least the target, and at least `least` tokens and one; if so wished, with what ties with its last.
/// O(V), no sort.
template <logits_row Row>
selection select_typical(const Row& row, const typical_aim& aim, candidate_list out,
                         std::span<ranked_mass> scratch) {
  std::size_t n = 0;
  for_each_block(row, [&](std::size_t first, std::span<const float> logits) {
    for (std::size_t i = 0; i < logits.size(); ++i) {
      const std::uint64_t key = typical_key(logits[i], row.id(first + i), aim);
      if (key != 0) scratch[n++] = {key, mass_in_row(logits[i], aim.c, aim.row_key)};
    }
  });
  const std::uint64_t last = n == 0 ? ~std::uint64_t{0} : prefix_key(scratch.first(n), aim.target, aim.least);
  const std::uint64_t least = typical_bound(last, aim);
  return collect(row, out, [&](float l, token_id id) { return typical_key(l, id, aim) >= least; });
}

}  // namespace scalar
}  // namespace urn::kernel
