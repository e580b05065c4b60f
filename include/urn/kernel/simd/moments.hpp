#pragma once
/// \file
/// The moments of a row by vectors.

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "urn/core/exact.hpp"
#include "urn/core/row.hpp"
#include "urn/kernel/scalar/moments.hpp"
#include "urn/kernel/simd/block.hpp"
#include "urn/kernel/simd/weight.hpp"

namespace urn::kernel::simd {

inline constexpr std::uint32_t depth_offset = 1U << 15;  ///< added to d, it is never negative

/// d + 2^15 of a vector of tokens.
template <class L>
URN_INLINE typename L::words depths_of(typename L::floats logits, typename L::floats c,
                                       typename L::words row_key) {
  const auto m = L::set(magic);
  const auto rounding = L::set(fraction_magic);
  const auto t = L::fma(logits, c, m);
  const auto f = L::fms(logits, c, L::sub(t, m));
  const auto fraction = L::bits(L::add(f, rounding)) - L::bits(rounding);
  return ((row_key - L::bits(t)) << 16) - fraction + L::set(depth_offset);
}

/// Sums of v and of v * (d + 2^15), by lane. A token less than 9 below the unit, by s, has a v of more than
/// 32 bits, but then v = a * 2^(9 - s), a of 32 bits, and the power goes to the other factor: v * d = a * (d
/// * 2^(9 - s)) is a product of two words. It is less than 2^56.2, whence 128 of them fit in 64 bits.
template <class L>
struct depth_sum {
  static constexpr std::size_t at_once = 4;                     ///< vectors side by side: 8 are no faster
  static constexpr std::size_t most_tokens = 64 * L::width;     ///< of two products a lane
  static constexpr std::uint32_t head = row_bits - block_bits;  ///< 9

  typename L::words low = L::set(0U);   ///< of v, may wrap
  typename L::words high = L::set(0U);  ///< of v >> 16
  typename L::longs depth = typename L::longs(0);

  URN_INLINE void add(const float* logits, typename L::floats c, typename L::words row_key) {
    typename L::floats l[at_once];
    unrolled<at_once>([&](auto i) URN_INLINE_LAMBDA { l[i] = L::load(logits + i * L::width); });
    const weights<L, at_once> w = weights_of<L, at_once>(l, c);
    unrolled<at_once>([&](auto i) URN_INLINE_LAMBDA {
      const auto s = row_key - w.exponent[i];
      const auto tail = L::max(s, L::set(head));
      const auto up = tail - s;
      const auto a = L::shift_right(w.mantissa[i], tail - L::set(head));
      const auto fraction = L::bits(L::add(w.fraction[i], L::set(fraction_magic)));
      const auto d = (s << 16) + L::set(exact::bits(fraction_magic) + depth_offset) - fraction;
      const auto de = L::shift_left(d, up);
      depth = depth + L::multiply(L::pairs(a), L::pairs(de));
      depth = depth + L::multiply(L::pairs(a) >> 32, L::pairs(de) >> 32);
      low = low + L::shift_left(a, up);
      high = high + L::shift_right(w.mantissa[i], s + L::set(16 - head));
    });
  }
  URN_INLINE void add_to(row_moments& m) const {
    const auto even = [](auto x) URN_INLINE_LAMBDA { return x & typename L::longs(0xFFFFFFFFU); };
    m.add_depth(L::sum_of(even(depth)), 0);
    m.add_depth(L::sum_of(depth >> 32), 32);
    const std::uint64_t upper = L::sum_of(even(L::pairs(high)) + (L::pairs(high) >> 32));
    m.add((upper << 16) + L::sum_of(low - (high << 16)), -static_cast<std::int64_t>(depth_offset));
  }
};

/// Adds a block's tokens.
template <class L>
void add_block(row_moments& m, const float* logits, float scale, std::uint32_t row_key) {
  constexpr std::size_t step = depth_sum<L>::at_once * L::width;
  constexpr std::size_t part = std::min(block_size, depth_sum<L>::most_tokens);
  for (std::size_t first = 0; first < block_size; first += part) {
    depth_sum<L> sum;
    for (std::size_t i = first; i < first + part; i += step) {
      sum.add(logits + i, L::set(scale), L::set(row_key));
    }
    sum.add_to(m);
  }
}

/// As scalar::moments.
template <class L, logits_row Row>
row_moments moments(const Row& row, float scale, std::uint32_t row_key) {
  row_moments m;
  buffer<L> space;
  for (std::size_t b = 0; b < block_count(row.size()); ++b) {
    add_block<L>(m, load_block(row, b, space), scale, row_key);
  }
  return m;
}

}  // namespace urn::kernel::simd
