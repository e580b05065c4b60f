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

/// Sums of v and of v * (d + 2^15), by lane. Below the unit by s, a token has v = a * e, a of 32 bits and
/// e = 2^max(9 - s, 0), so that v * d = a * (e * d) is a product of two words. It is less than 2^56.2, whence
/// 128 of them fit in 64 bits.
template <class L>
struct depth_sum {
  static constexpr std::size_t most_vectors = 64;  ///< of two products a lane
  static constexpr std::uint32_t head = row_bits - block_bits;

  typename L::longs mass = typename L::longs(0);
  typename L::longs depth = typename L::longs(0);

  template <std::size_t N>
  URN_INLINE void add(const typename L::floats (&logits)[N], typename L::floats c,
                      typename L::words row_key) {
    const weights<L, N> w = weights_of<L, N>(logits, c);
    unrolled<N>([&](auto i) URN_INLINE_LAMBDA {
      const auto s = row_key - w.exponent[i];
      const auto down = L::max(s, L::set(head)) - L::set(head);
      const auto a = L::shift_right(w.mantissa[i], down);
      const auto e = L::shift_right(L::set(1U << head), s - down);
      const auto fraction = L::bits(L::add(w.fraction[i], L::set(fraction_magic)));
      const auto d = (s << 16) + L::set(exact::bits(fraction_magic) + depth_offset) - fraction;
      add(L::pairs(a), L::pairs(e), L::pairs(d * e));
      add(L::pairs(a) >> 32, L::pairs(e) >> 32, L::pairs(d * e) >> 32);
    });
  }
  URN_INLINE void add_to(row_moments& m) const {
    alignas(64) std::uint64_t lanes[L::width / 2];
    L::store(lanes, depth);
    for (const std::uint64_t lane : lanes) m.add_depth(lane, 0);
    m.add(L::sum_of(mass), -static_cast<std::int64_t>(depth_offset));
  }

 private:
  URN_INLINE void add(typename L::longs a, typename L::longs e, typename L::longs d) {
    mass = mass + L::multiply(a, e);
    depth = depth + L::multiply(a, d);
  }
};

/// Adds a block's tokens.
template <class L>
void add_block(row_moments& m, const float* logits, float scale, std::uint32_t row_key) {
  constexpr std::size_t n = vectors_at_once<L>;
  constexpr std::size_t part = std::min(block_size, depth_sum<L>::most_vectors * L::width);
  for (std::size_t first = 0; first < block_size; first += part) {
    depth_sum<L> sum;
    for (std::size_t i = first; i < first + part; i += n * L::width) {
      typename L::floats l[n];
      unrolled<n>([&](auto j) URN_INLINE_LAMBDA { l[j] = L::load(logits + i + j * L::width); });
      sum.template add<n>(l, L::set(scale), L::set(row_key));
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
