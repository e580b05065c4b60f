#pragma once
/// \file
/// The draw from a whole row, by its blocks.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "urn/core/draw.hpp"
#include "urn/core/platform.hpp"
#include "urn/core/row.hpp"
#include "urn/core/workspace.hpp"
#include "urn/kernel/block_mass.hpp"
#include "urn/kernel/fraction.hpp"
#include "urn/kernel/scalar/mass.hpp"
#include "urn/kernel/scalar/pick.hpp"
#include "urn/kernel/thrust/lent_row.hpp"
#include "urn/kernel/thrust/system.hpp"
#include "urn/kernel/thrust/temporary.hpp"
#include "urn/random/random_bits.hpp"

URN_EITHER_SIDE_BEGIN
namespace urn::kernel::by_thrust {

/// A token's mass in its block.
struct mass_in_its_block {
  float c;
  std::uint32_t key;

  URN_HOST_DEVICE std::uint64_t operator()(const placed_token& t) const {
    return mass_in_block(t.logit, c, key);
  }
};
struct at_most {
  std::uint64_t limit;

  URN_HOST_DEVICE bool operator()(std::uint64_t x) const { return x <= limit; }
};

/// See scalar::pick.
template <thrust_execution Exec, logits_row Row>
std::size_t pick(const Exec& exec, const Row& row, float c, std::span<const block_mass> blocks,
                 const row_mass& mass, const draw_key& key) {
  const std::uint64_t r = uniform_below(random_bits(key, lane_purpose::draw), mass.total);
  const std::size_t b = scalar::pick_block(blocks.first(block_count(row.size())), mass.key, r);
  const std::uint64_t in_block = random_bits(key, lane_purpose::block, static_cast<std::uint32_t>(b));
  const at_most not_past{uniform_below(in_block, blocks[b].mass)};
  const std::size_t first = b * block_size;
  const std::size_t count = std::min(block_size, row.size() - first);
  const lent_row lent(exec, row, first, count);
  const auto masses = lent.each(mass_in_its_block{c, blocks[b].key});
  const temporary<std::uint64_t, Exec> sums(exec, count);
  thrust::inclusive_scan(exec, masses, masses + lent.size(), sums.begin());
  const auto before = thrust::count_if(exec, sums.begin(), sums.end(), not_past);
  return first + std::min(static_cast<std::size_t>(before), count - 1);
}

}  // namespace urn::kernel::by_thrust
URN_EITHER_SIDE_END
