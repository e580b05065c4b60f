#pragma once
/// \file
/// The spread of a row by vectors.

#include <bit>
#include <cstddef>
#include <cstdint>

#include "urn/core/exact.hpp"
#include "urn/core/order_key.hpp"
#include "urn/core/row.hpp"
#include "urn/kernel/scalar/spread.hpp"
#include "urn/kernel/simd/block.hpp"

namespace urn::kernel::simd {

/// Sums over a block in which a token that does not survive counts as one 1024 away. Sums by lane of 2^10
/// distances, and of 2^8 squares, are exact.
template <class L>
struct distance_sum {
  typename L::words low = L::set(0U);
  typename L::words high = L::set(0U);
  typename L::longs squares = typename L::longs(0);
  std::uint32_t survivors = 0;

  URN_INLINE void add(typename L::floats logits, typename L::floats largest, typename L::floats floor) {
    const auto x = L::sub(largest, L::max(logits, floor)) * L::set(spread_unit);
    const auto d = L::truncated(x);
    const auto even = L::pairs(d);
    const auto odd = even >> 32;
    low = low + d;
    high = high + (d >> 16);
    squares = squares + L::multiply(even, even) + L::multiply(odd, odd);
    survivors += static_cast<std::uint32_t>(std::popcount(L::above(logits, L::set(exact::minus_infinity))));
  }
  /// The sums of the surviving tokens alone; the others' distance is `lost`.
  [[nodiscard]] URN_INLINE row_spread total(std::uint64_t lost) const {
    row_spread s{survivors, (std::uint64_t{L::sum_of(high)} << 16) + L::sum_of(low - (high << 16))};
    alignas(64) std::uint64_t lanes[L::width / 2];
    L::store(lanes, squares);
    __extension__ using wide = unsigned __int128;
    wide all = 0;
    for (const std::uint64_t lane : lanes) all += lane;
    const std::uint64_t others = block_size - survivors;
    all -= static_cast<wide>(lost * lost) * others;
    s.sum -= lost * others;
    s.squares_low = static_cast<std::uint64_t>(all);
    s.squares_high = static_cast<std::uint64_t>(all >> 64);
    return s;
  }
};

/// The distances of a block's tokens from the best of the row.
template <class L>
row_spread spread_of_block(const float* logits, float top) {
  const float floor = exact::sub(top, farthest);
  distance_sum<L> sum;
  for (std::size_t i = 0; i < block_size; i += L::width) {
    sum.add(L::load(logits + i), L::set(top), L::set(floor));
  }
  return sum.total(distance_of(floor, top));
}

/// As scalar::spread. One pass.
template <class L, logits_row Row>
row_spread spread(const Row& row, std::uint32_t largest) {
  const float top = logit_of(std::uint64_t{largest} << 32);
  row_spread all;
  buffer<L> space;
  for (std::size_t b = 0; b < block_count(row.size()); ++b) {
    all.add(spread_of_block<L>(load_block(row, b, space), top));
  }
  return all;
}

}  // namespace urn::kernel::simd
