#pragma once
/// \file
/// The normaliser of a row, by blocks.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "urn/core/order_key.hpp"
#include "urn/core/platform.hpp"
#include "urn/core/row.hpp"
#include "urn/core/status.hpp"
#include "urn/core/workspace.hpp"
#include "urn/kernel/block_mass.hpp"
#include "urn/kernel/scalar/mass.hpp"
#include "urn/kernel/thrust/lent_row.hpp"
#include "urn/kernel/thrust/max.hpp"
#include "urn/kernel/thrust/system.hpp"
#include "urn/kernel/thrust/temporary.hpp"

URN_EITHER_SIDE_BEGIN
namespace urn::kernel::by_thrust {

/// The block that a place lies in.
struct block_at {
  URN_HOST_DEVICE std::uint32_t operator()(std::uint32_t place) const {
    return place / static_cast<std::uint32_t>(block_size);
  }
};

/// What a token adds to its block, whose best token is known.
struct in_block {
  const best_token* best;  ///< of each block
  float c;

  URN_HOST_DEVICE block_mass operator()(const placed_token& t) const {
    const std::uint64_t largest = best[block_at{}(t.place)].key;
    if (largest == 0) return {};
    const std::uint32_t key = block_key(logit_of(largest), c);
    if (key == no_mass_key || key == unbounded_key) return {0, key};
    return {mass_in_block(t.logit, c, key), key};
  }
};
struct sum_of_blocks {
  URN_HOST_DEVICE block_mass operator()(const block_mass& a, const block_mass& b) const {
    return {a.mass + b.mass, a.key};
  }
};

/// Writes what `sum` makes of the values of each block's tokens.
template <thrust_execution Exec, class Value, class T, class Sum>
void reduce_blocks(const lent_row<Exec>& row, Value value, const temporary<T, Exec>& sums, Sum sum) {
  const auto blocks = each_of(thrust::counting_iterator<std::uint32_t>(0), block_at{});
  thrust::reduce_by_key(row.exec(), blocks, blocks + row.size(), row.each(value),
                        thrust::make_discard_iterator(), sums.begin(), thrust::equal_to<std::uint32_t>{},
                        sum);
}

/// See scalar::mass.
template <thrust_execution Exec>
row_mass mass(const lent_row<Exec>& row, float c, std::span<block_mass> blocks) {
  blocks = blocks.first(block_count(static_cast<std::size_t>(row.size())));
  const temporary<best_token, Exec> best(row.exec(), blocks.size());
  const temporary<block_mass, Exec> masses(row.exec(), blocks.size());
  reduce_blocks(row, as_best{}, best, better{});
  reduce_blocks(row, in_block{best.begin(), c}, masses, sum_of_blocks{});
  masses.to_host(blocks);
  const best_token first = thrust::reduce(row.exec(), best.begin(), best.end(), best_token{}, better{});
  row_mass result{0, no_mass_key, static_cast<std::uint32_t>(first.key >> 32)};
  for (const block_mass& block : blocks) result.key = std::max(result.key, block.key);
  result.status = status_of_mass(result.largest, result.key, first.nan);
  if (!has(result.status, status::infinite | status::empty | status::out_of_range)) {
    result.total = scalar::total_mass(blocks, result.key);
  }
  return result;
}

}  // namespace urn::kernel::by_thrust
URN_EITHER_SIDE_END
