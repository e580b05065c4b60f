#pragma once
/// \file
/// The draw: from a whole row by its blocks, or from a kept set.

#include <cstddef>
#include <cstdint>
#include <span>

#include "urn/core/draw.hpp"
#include "urn/core/row.hpp"
#include "urn/core/workspace.hpp"
#include "urn/kernel/block_mass.hpp"
#include "urn/kernel/fraction.hpp"
#include "urn/kernel/scalar/mass.hpp"
#include "urn/random/random_bits.hpp"

namespace urn::kernel::scalar {

/// The block that a uniform integer `r` < total falls into.
inline std::size_t pick_block(std::span<const block_mass> blocks, std::uint32_t row_key, std::uint64_t r) {
  std::uint64_t before = 0;
  for (std::size_t b = 0; b < blocks.size(); ++b) {
    before += block_in_row(blocks[b].mass, blocks[b].key, row_key);
    if (before > r) return b;
  }
  return blocks.size();
}

/// The position of the row's drawn token: lane 0 picks a block by the blocks' masses in row units, the
/// block's own lane a token of it by its masses in block units. So a block's candidate can be drawn before
/// anyone knows which block wins. `row` and `blocks` as given to `mass`, whose total is > 0. O(V / 1024 +
/// 1024).
template <logits_row Row>
std::size_t pick(const Row& row, float c, std::span<const block_mass> blocks, const row_mass& mass,
                 const draw_key& key) {
  const std::uint64_t r = uniform_below(random_bits(key, lane_purpose::draw), mass.total);
  const std::size_t b = pick_block(blocks.first(block_count(row.size())), mass.key, r);
  const std::uint64_t in_block = random_bits(key, lane_purpose::block, static_cast<std::uint32_t>(b));
  const std::uint64_t s = uniform_below(in_block, blocks[b].mass);
  block_buffer buffer;
  const std::size_t first = b * block_size;
  const std::span<const float> logits = row.load(first, std::min(block_size, row.size() - first), buffer);
  std::uint64_t before = 0;
  std::size_t i = 0;
  for (; i + 1 < logits.size(); ++i) {
    before += mass_in_block(logits[i], c, blocks[b].key);
    if (before > s) break;
  }
  return first + i;
}

/// The position of the kept set's drawn token: the first in id order whose cumulative mass in row units
/// exceeds floor(u * total). `mass` as given by `mass_of_kept`, total > 0. O(n).
template <logits_row Row>
std::size_t pick_kept(const Row& kept, float c, const row_mass& mass, const draw_key& key) {
  const std::uint64_t r = uniform_below(random_bits(key, lane_purpose::draw), mass.total);
  std::uint64_t before = 0;
  std::size_t i = 0;
  for (; i + 1 < kept.size(); ++i) {
    before += mass_in_row(kept.at(i), c, mass.key);
    if (before > r) break;
  }
  return i;
}

}  // namespace urn::kernel::scalar
