#pragma once
/// \file
/// The moments of a row by vectors.

#include <cstddef>
#include <cstdint>
#include <utility>

#include "urn/core/exact.hpp"
#include "urn/core/row.hpp"
#include "urn/kernel/scalar/moments.hpp"
#include "urn/kernel/simd/block.hpp"
#include "urn/kernel/simd/weight.hpp"

namespace urn::kernel::simd {

/// Sums of v * (d + 2^15) over some tokens of a block, by lane; d of depth_of, so that the factor is not
/// negative and below 2^23 wherever v is not 0. The halves of v < 2^41 apart: 2^9 products of a lower half
/// fit in 64 bits.
template <class L>
struct depth_sum {
  static constexpr std::uint32_t offset = 1U << 15;

  typename L::longs mass = typename L::longs(0);
  typename L::longs low = typename L::longs(0);
  typename L::longs high = typename L::longs(0);

  URN_INLINE void add(typename L::longs v, typename L::longs depth) {
    mass = mass + v;
    low = low + L::multiply(v, depth);
    high = high + L::multiply(v >> 32, depth);
  }
  URN_INLINE void add_to(row_moments& m) const {
    const std::uint64_t v = L::sum_of(mass);
    for (const auto& [sum, shift] : {std::pair(low, 0), std::pair(high, 32)}) {
      alignas(64) std::uint64_t lanes[L::width / 2];
      L::store(lanes, sum);
      for (const std::uint64_t lane : lanes) m.add_depth(lane, shift);
    }
    m.add(v, -static_cast<std::int64_t>(offset));
  }
};

/// d + 2^15 of a vector of tokens.
template <class L>
URN_INLINE typename L::words depths_of(typename L::floats logits, typename L::floats c,
                                       typename L::words row_key) {
  const auto m = L::set(magic);
  const auto rounding = L::set(fraction_magic);
  const auto t = L::fma(logits, c, m);
  const auto f = L::fms(logits, c, L::sub(t, m));
  const auto fraction = L::bits(L::add(f, rounding)) - L::bits(rounding);
  return ((row_key - L::bits(t)) << 16) - fraction + L::set(depth_sum<L>::offset);
}

/// As scalar::moments.
template <class L, logits_row Row>
row_moments moments(const Row& row, float scale, std::uint32_t row_key) {
  const auto c = L::set(scale);
  const auto key = L::set(row_key);
  row_moments m;
  buffer<L> space;
  for (std::size_t b = 0; b < block_count(row.size()); ++b) {
    const float* logits = load_block(row, b, space);
    depth_sum<L> sum;
    for (std::size_t i = 0; i < block_size; i += L::width) {
      const typename L::floats l[1] = {L::load(logits + i)};
      row_masses<L> v[1];
      masses_in_row<L, 1>(v, l, c, key);
      const auto depth = depths_of<L>(l[0], c, key);
      sum.add(v[0].low, L::widen_low(depth));
      sum.add(v[0].high, L::widen_high(depth));
    }
    sum.add_to(m);
  }
  return m;
}

}  // namespace urn::kernel::simd
