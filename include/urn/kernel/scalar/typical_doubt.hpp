#pragma once
/// \file
/// What can be said of a typical cut before the row's moments are known: bounds of the mean depth, and
/// whether every mean and total within bounds keeps the same tokens.

#include <cstddef>
#include <cstdint>

#include "urn/core/platform.hpp"
#include "urn/kernel/block_mass.hpp"
#include "urn/kernel/fraction.hpp"
#include "urn/kernel/scalar/moments.hpp"
#include "urn/kernel/scalar/typical.hpp"

namespace urn::kernel {

/// A typical cut of a row of which not all is known: `middle` not at all, `total` and `target` only that they
/// are no more than those of `most`, and no less than these.
struct typical_doubt {
  typical_aim most;
  std::uint64_t least_total;
  float share;          ///< of the total that is kept
  bool beyond = false;  ///< and more

  [[nodiscard]] URN_HOST_DEVICE std::uint64_t target(std::uint64_t total) const {
    return typical_target(total, share, beyond);
  }
};

/// Between what the mean depth lies.
struct depth_range {
  double least;
  double most;
};

/// Some of a row's tokens: their number, and the sums of their masses and of mass times depth.
struct known_depths {
  std::size_t tokens;
  std::uint64_t mass;
  double depth;
};

/// The tokens whose moments these are.
URN_HOST_DEVICE inline known_depths known_by(const row_moments& m, std::size_t tokens) {
  return {tokens, m.mass, static_cast<double>(m.depth_high) * 0x1p64 + static_cast<double>(m.depth_low)};
}

/// Of a row of `tokens`, some of which are known, and the others at least so deep (or nothing is: 0). The
/// depths of n others, whose masses v are at most 2^(40.5 - d), add up to most where all have the same mass:
/// sum of v * (40.5 - log2 v) <= m * (40.5 + log2(n / m)) if their masses add up to m < n * 2^39.
URN_HOST_DEVICE inline depth_range mean_depths(const known_depths& known, const typical_doubt& doubt,
                                               std::size_t tokens, std::int64_t deep) {
  constexpr double rounding = 1 + 0x1p-30;
  const auto rest_of = [&](std::uint64_t total) {
    return static_cast<double>(total - (total < known.mass ? total : known.mass));
  };
  const double rest = rest_of(doubt.most.total) + 1;
  const auto others = static_cast<double>(tokens - known.tokens + 1);
  if (!(rest < others * 0x1p39)) return {-0x1p60, 0x1p60};
  const double outside = rest * 0x1p16 * (row_bits + 0.51 + natural_log_of(others / rest) / ln2);
  const double inside_least = rest_of(doubt.least_total) * static_cast<double>(deep < 0 ? 0 : deep);
  const double least = (known.depth + inside_least) / static_cast<double>(doubt.most.total);
  const double sum = known.depth + outside;
  const double most = (sum < 0 ? 0 : sum) / static_cast<double>(doubt.least_total);
  return {(least < 0 ? least * 2 : least / rounding) - 1, most * rounding + 1};
}

/// A little less than the mass v of a token: no other one of its depth, which has 2^-16 bits, weighs less.
URN_HOST_DEVICE constexpr std::uint64_t least_of_depth(std::uint64_t v) {
  return v - (v >> 15) - (v != 0 ? 1 : 0);
}

/// The depths of the kept tokens that are likeliest and least likely, and of the next ones beyond.
struct typical_edges {
  std::int64_t first, last;
  std::int64_t above, below;
  std::uint64_t first_mass;  ///< of one of the first
  std::uint64_t last_mass;   ///< of one of the last

  /// Whether exactly these, whose mass is `mass`, are nearer to every mean in the range than all others, and
  /// fall short of the least target without the one that is farthest.
  [[nodiscard]] URN_HOST_DEVICE bool are_sure(const depth_range& means, std::uint64_t mass,
                                              std::uint64_t least_target) const {
    const auto sum = [](std::int64_t a, std::int64_t b) { return static_cast<double>(a + b); };
    const bool first_is_farthest = 2 * means.least > sum(first, last);
    const std::uint64_t last_in_order = least_of_depth(first_is_farthest ? first_mass : last_mass);
    return 2 * means.most < sum(first, below) && 2 * means.least > sum(above, last) &&
           mass - last_in_order < least_target;
  }
};

}  // namespace urn::kernel
