#pragma once
/// \file
/// The normaliser of a row, by blocks, and of a kept set.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "urn/core/order_key.hpp"
#include "urn/core/platform.hpp"
#include "urn/core/row.hpp"
#include "urn/core/workspace.hpp"
#include "urn/kernel/block_mass.hpp"
#include "urn/kernel/scalar/max.hpp"

namespace urn::kernel {

/// A row's unit and total: `total` * 2^-40 * 2^(key - magic_bits) = sum over tokens of 2^(l * c + 1/2).
struct row_mass {
  std::uint64_t total = 0;
  std::uint32_t key = no_mass_key;  ///< the largest block's key
  std::uint32_t largest = 0;        ///< the largest logit, as `ordered`
  urn::status status = urn::status::empty;
  std::span<const float> maxima{};  ///< see row_scan
};

/// What a weighed row also tells.
constexpr row_scan scan_of(const row_mass& mass) {
  constexpr status of_scan = status::nan | status::infinite | status::empty;
  return {mass.largest, mass.status & of_scan, mass.maxima};
}

/// A row's status once its largest ordered logit and key are known: adds out_of_range.
constexpr status status_of_mass(std::uint32_t largest, std::uint32_t key, bool nan) {
  status s = status_of_row(largest, nan);
  if (!has(s, status::empty | status::infinite) && !in_range(key)) s |= status::out_of_range;
  return s;
}

/// A row's unit, without its total.
URN_HOST_DEVICE inline row_mass unit_of(const row_scan& scanned, float c) {
  row_mass unit{0, no_mass_key, scanned.largest, scanned.status};
  if (has(scanned.status, status::empty)) return unit;
  unit.key = block_key(logit_of(std::uint64_t{scanned.largest} << 32), c);
  unit.status = status_of_mass(unit.largest, unit.key, has(scanned.status, status::nan));
  return unit;
}

/// What the masses in row units of all tokens of a row add up to lies between these.
struct mass_range {
  std::uint64_t least = 0;
  std::uint64_t most = 0;
};
/// Of a weighed row, without what roundings took from its blocks: a token's mass in its block, one's in the
/// row and a block's in the row are each rounded down by less than one of their units.
URN_HOST_DEVICE constexpr mass_range range_of(const row_mass& mass, std::size_t tokens) {
  return {mass.total - (mass.total < tokens ? mass.total : tokens), mass.total};
}
/// More than roundings took from a block.
URN_HOST_DEVICE constexpr std::uint64_t lost_of_block(std::uint32_t block_key, std::uint32_t row_key) {
  return 1 + exact::shift_right(std::uint64_t{block_size} << (row_bits - block_bits), row_key - block_key) +
         1;
}
inline mass_range range_of(const row_mass& mass, std::span<const block_mass> blocks, std::size_t tokens) {
  mass_range range = range_of(mass, tokens);
  for (const block_mass& b : blocks) range.most += lost_of_block(b.key, mass.key);
  return range;
}

/// The mass of a weighed or measured row's best token, at least 2^40.
URN_HOST_DEVICE inline std::uint64_t mass_of_best(const row_mass& mass, float c) {
  return mass_in_row(logit_of(std::uint64_t{mass.largest} << 32), c, mass.key);
}

namespace scalar {

/// One block's key and mass, and its part in the row's largest logit and NaN flag.
inline block_mass mass_of_block(std::span<const float> logits, float c, std::uint32_t& largest, bool& nan) {
  std::uint32_t best = 0;
  for (const float l : logits) {
    best = std::max(best, ordered(l));
    nan |= exact::is_nan(l);
  }
  largest = std::max(largest, best);
  block_mass block;
  if (best <= ordered_minus_infinity) return block;
  block.key = block_key(logit_of(std::uint64_t{best} << 32), c);
  if (block.key == no_mass_key || block.key == unbounded_key) return block;
  for (const float l : logits) block.mass += mass_in_block(l, c, block.key);
  return block;
}

/// The sum of the blocks in row units.
inline std::uint64_t total_mass(std::span<const block_mass> blocks, std::uint32_t row_key) {
  std::uint64_t total = 0;
  for (const block_mass& b : blocks) total += block_in_row(b.mass, b.key, row_key);
  return total;
}

/// Keys and masses of the row's blocks, and their sum W. Status: nan, infinite, empty, out_of_range; with any
/// of the last three the total is 0. `blocks` holds at least block_count(row.size()). O(V), one pass.
template <logits_row Row>
row_mass mass(const Row& row, float c, std::span<block_mass> blocks) {
  row_mass result;
  bool nan = false;
  for_each_block(row, [&](std::size_t first, std::span<const float> logits) {
    block_mass& block = blocks[first / block_size];
    block = mass_of_block(logits, c, result.largest, nan);
    result.key = std::max(result.key, block.key);
  });
  result.status = status_of_mass(result.largest, result.key, nan);
  if (result.status == status::ok || result.status == status::nan) {
    result.total = total_mass(blocks.first(block_count(row.size())), result.key);
  }
  return result;
}

/// The unit of a row and, as total, the sum of its tokens' masses in that unit: the normaliser of a kept set.
/// Status as for `mass`. O(n), two passes.
template <logits_row Row>
row_mass mass_of_kept(const Row& row, float c) {
  const row_max best = max(row);
  row_mass result{0, no_mass_key, ordered(best.logit()), best.status};
  if (has(best.status, status::empty)) return result;
  result.key = block_key(best.logit(), c);
  result.status = status_of_mass(result.largest, result.key, has(best.status, status::nan));
  if (has(result.status, status::infinite | status::out_of_range)) return result;
  for_each_block(row, [&](std::size_t, std::span<const float> logits) {
    for (const float l : logits) result.total += mass_in_row(l, c, result.key);
  });
  return result;
}

}  // namespace scalar
}  // namespace urn::kernel
