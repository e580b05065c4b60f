#pragma once
/// \file
/// The weights of vectors of tokens, and sums of their masses.

#include <bit>
#include <cstddef>
#include <cstdint>

#include "urn/kernel/block_mass.hpp"
#include "urn/kernel/simd/lanes.hpp"

namespace urn::kernel::simd {

/// kernel::weight of N vectors of tokens.
template <class L, std::size_t N>
struct weights {
  typename L::words exponent[N];
  typename L::words mantissa[N];
  typename L::floats fraction[N];  ///< f of weight_of
};

/// One step of the polynomial for each of N vectors, so that their chains overlap.
template <class L, std::size_t N>
URN_INLINE void horner(typename L::floats (&p)[N], const typename L::floats (&f)[N], float coefficient) {
  unrolled<N>([&](auto i) URN_INLINE_LAMBDA { p[i] = L::fma(p[i], f[i], L::set(coefficient)); });
}

/// As kernel::weight_of.
template <class L, std::size_t N>
URN_INLINE weights<L, N> weights_of(const typename L::floats (&logits)[N], typename L::floats c) {
  const auto m = L::set(magic);
  typename L::floats p[N];
  weights<L, N> w;
  auto& f = w.fraction;
  unrolled<N>([&](auto i) URN_INLINE_LAMBDA { f[i] = L::fma(logits[i], c, m); });
  unrolled<N>([&](auto i) URN_INLINE_LAMBDA { w.exponent[i] = L::bits(f[i]); });
  unrolled<N>([&](auto i) URN_INLINE_LAMBDA { f[i] = L::fms(logits[i], c, L::sub(f[i], m)); });
  unrolled<N>([&](auto i) URN_INLINE_LAMBDA { p[i] = L::set(power_coefficient(0)); });
  unrolled<5>([&](auto k) URN_INLINE_LAMBDA { horner<L, N>(p, f, power_coefficient(k + 1)); });
  unrolled<N>([&](auto i) URN_INLINE_LAMBDA { w.mantissa[i] = L::up_a_byte(L::bits(p[i])); });
  return w;
}

/// Sums of masses in a block, N vectors at a time, by lane. The low sums may wrap: the averages of the
/// masses' upper halves tell how often. They are rounded up, so that N 2^16 times their sum is off by less
/// than 2^18 for each mass: 2^28 for the whole block.
template <class L, std::size_t N>
struct block_sum {
  typename L::words low = L::set(0U);
  typename L::words averages = L::set(0U);

  /// One vector after the other: side by side they need more registers than there are.
  URN_INLINE void add(const float* logits, typename L::floats c, typename L::words key) {
    typename L::words mass[N];
    unrolled<N>([&](auto i) URN_INLINE_LAMBDA {
      const weights<L, 1> w = weights_of<L, 1>({L::load(logits + i * L::width)}, c);
      mass[i] = L::shift_right(w.mantissa[0], key - w.exponent[0]);
      low = low + mass[i];
    });
    averages = averages + (average_of<N>(mass) >> 16);
  }
  [[nodiscard]] URN_INLINE std::uint64_t total() const {
    constexpr int shift = 16 + std::countr_zero(N);
    const auto rest = static_cast<std::int32_t>(L::sum_of(low - (averages << shift)));
    return (std::uint64_t{L::sum_of(averages)} << shift) + static_cast<std::uint64_t>(std::int64_t{rest});
  }

 private:
  template <std::size_t Count>
  URN_INLINE static typename L::words average_of(const typename L::words* x) {
    if constexpr (Count == 1) {
      return x[0];
    } else {
      return L::average(average_of<Count / 2>(x), average_of<Count / 2>(x + Count / 2));
    }
  }
};

/// Masses in the row's unit of one vector of tokens: v of kernel::mass_in_row, first and second half of the
/// lanes.
template <class L>
struct row_masses {
  typename L::longs low;
  typename L::longs high;
};
template <class L, std::size_t N>
URN_INLINE void masses_in_row(row_masses<L> (&v)[N], const typename L::floats (&logits)[N],
                              typename L::floats c, typename L::words row_key) {
  const weights<L, N> w = weights_of<L, N>(logits, c);
  const auto base = row_key + L::set(63 - row_bits);
  unrolled<N>([&](auto i) URN_INLINE_LAMBDA {
    const auto shift = base - w.exponent[i];
    v[i].low = L::shift_right(L::widen_low(w.mantissa[i]) << 32, L::widen_low(shift));
    v[i].high = L::shift_right(L::widen_high(w.mantissa[i]) << 32, L::widen_high(shift));
  });
}

/// Sums of masses in the row's unit, of the tokens in even lanes and in odd ones.
template <class L>
struct row_sum {
  typename L::longs even = typename L::longs(0);
  typename L::longs odd = typename L::longs(0);

  template <std::size_t N>
  URN_INLINE void add(const float* logits, typename L::floats c, typename L::words row_key) {
    typename L::floats l[N];
    unrolled<N>([&](auto i) URN_INLINE_LAMBDA { l[i] = L::load(logits + i * L::width); });
    add<N>(l, c, row_key);
  }
  template <std::size_t N>
  URN_INLINE void add(const typename L::floats (&l)[N], typename L::floats c, typename L::words row_key) {
    const weights<L, N> w = weights_of<L, N>(l, c);
    const auto base = row_key + L::set(63 - row_bits);
    const auto half = typename L::longs(0xFFFFFFFF);
    unrolled<N>([&](auto i) URN_INLINE_LAMBDA {
      const auto mantissas = L::pairs(w.mantissa[i]);
      const auto shifts = L::pairs(base - w.exponent[i]);
      even = even + L::shift_right(mantissas << 32, shifts & half);
      odd = odd + L::shift_right(mantissas & (half << 32), shifts >> 32);
    });
  }
  [[nodiscard]] URN_INLINE std::uint64_t total() const { return L::sum_of(even + odd); }
};

/// The sum of the masses of `count` logits in row units.
template <class L>
std::uint64_t sum_in_row(const float* logits, std::size_t count, float scale, std::uint32_t row_key) {
  const auto c = L::set(scale);
  const auto key = L::set(row_key);
  row_sum<L> sum;
  std::size_t i = 0;
  for (; i + 4 * L::width <= count; i += 4 * L::width) sum.template add<4>(logits + i, c, key);
  for (; i + L::width <= count; i += L::width) sum.template add<1>(logits + i, c, key);
  if (i < count) {
    const typename L::floats rest[1] = {L::load_first(logits + i, count - i)};
    sum.template add<1>(rest, c, key);
  }
  return sum.total();
}

}  // namespace urn::kernel::simd
