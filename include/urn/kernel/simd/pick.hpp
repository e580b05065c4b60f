#pragma once
/// \file
/// The draw by vectors: only the winning block, or chunk of a kept set, is walked token by token.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "urn/core/draw.hpp"
#include "urn/core/row.hpp"
#include "urn/core/workspace.hpp"
#include "urn/kernel/candidates.hpp"
#include "urn/kernel/fraction.hpp"
#include "urn/kernel/scalar/mass.hpp"
#include "urn/kernel/scalar/pick.hpp"
#include "urn/kernel/simd/block.hpp"
#include "urn/random/random_bits.hpp"

namespace urn::kernel::simd {

/// The first of a block's `count` tokens at which their cumulative mass exceeds `s`, or the last one.
template <class L>
std::size_t pick_in_block(const float* logits, std::size_t count, float c, std::uint32_t key,
                          std::uint64_t s) {
  constexpr std::size_t step = vectors_at_once<L> * L::width;
  std::uint64_t before = 0;
  std::size_t i = 0;
  for (; i + step < block_size; i += step) {
    block_sum<L, vectors_at_once<L>> sum;
    sum.add(logits + i, L::set(c), L::set(key));
    const std::uint64_t mass_here = sum.total();
    if (before + mass_here > s) break;
    before += mass_here;
  }
  for (; i < count - 1; ++i) {
    before += mass_in_block(logits[i], c, key);
    if (before > s) break;
  }
  return std::min(i, count - 1);
}

/// As scalar::pick.
template <class L, logits_row Row>
std::size_t pick(const Row& row, float c, std::span<const block_mass> blocks, const row_mass& mass,
                 const draw_key& key) {
  const std::uint64_t r = uniform_below(random_bits(key, lane_purpose::draw), mass.total);
  const std::size_t b = scalar::pick_block(blocks.first(block_count(row.size())), mass.key, r);
  const std::uint64_t in_block = random_bits(key, lane_purpose::block, static_cast<std::uint32_t>(b));
  const std::uint64_t s = uniform_below(in_block, blocks[b].mass);
  buffer<L> space;
  const std::size_t count = std::min(block_size, row.size() - b * block_size);
  return b * block_size + pick_in_block<L>(load_block(row, b, space), count, c, blocks[b].key, s);
}

/// As scalar::pick_kept, by chunks from the end that is nearer.
template <class L>
std::size_t pick_kept(const candidate_list& kept, float c, const row_mass& mass, const draw_key& key) {
  const auto sum = [&](std::size_t first, std::size_t count) {
    return sum_in_row<L>(kept.logits.data() + first, count, c, mass.key);
  };
  const std::uint64_t r = uniform_below(random_bits(key, lane_purpose::draw), mass.total);
  constexpr std::size_t large = 1024;
  std::uint64_t before = 0;
  std::size_t i = 0;
  if (r >= mass.total / 2) {
    std::uint64_t behind = mass.total;  // before what is left
    std::size_t left = kept.size();
    for (; left > large; left -= large) {
      before = behind - sum(left - large, large);
      if (before <= r) break;
      behind = before;
    }
    i = left > large ? left - large : 0;
    if (i == 0) before = 0;
  }
  for (const std::size_t chunk : {large, std::size_t{64}}) {
    for (; i + chunk < kept.size(); i += chunk) {
      const std::uint64_t mass_here = sum(i, chunk);
      if (before + mass_here > r) break;
      before += mass_here;
    }
  }
  for (; i + 1 < kept.size(); ++i) {
    before += mass_in_row(kept.at(i), c, mass.key);
    if (before > r) break;
  }
  return i;
}

}  // namespace urn::kernel::simd
