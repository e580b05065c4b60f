#pragma once
/// \file
/// The vector operations of the kernels: xsimd's batches, and what they lack or do inexactly.
///
/// Without an FMA unit xsimd::fma becomes a * b + c, in 8.1 on AVX-512 with one too; 8.1 has neither per-lane
/// shifts nor compression there, and no version compares into a bit mask everywhere. So lanes<Arch> adds, for
/// each architecture:
///
///     fma(a, b, c), fms(a, b, c)    a * b + c and a * b - c, rounded once
///     add(a, b), sub(a, b)          not to be reassociated
///     max(a, b)                     a > b ? a : b: the second where one is NaN
///     shift_right(x, n), shift_left by lane; 0 from the width on
///     up_a_byte(x)                  x << 8
///     average(a, b)                 of their 16-bit halves, rounded up
///     truncated(x)                  to integers, rounded to 0
///     pairs(w)                      two words as one of 64 bits, the first one below
///     multiply(x, y)                the products of the lower halves of 64-bit lanes
///     widen_low(x), widen_high(x)   the first, the second half of the lanes as 64-bit integers
///     above(a, b), at_least(a, b)   one bit a lane
///     compress(p, x, mask)          the lanes in the mask to p, p + 1, ...; may write a whole vector
///     keep(x, mask)                 the lanes in the mask, -inf in the others
///     keep_from<I>(x, mask)         the same by the mask's bits from bit I on
///     max_of(x), min_of(x)          of all lanes
///     sum_of(x)                     of all lanes
///
/// The architecture is part of every type, and every function here is always inlined, so that vector code
/// compiled with some -m flags is never taken for that of another file.

#include <cstddef>
#include <cstdint>
#include <utility>
#include <xsimd/xsimd.hpp>

#include "urn/core/exact.hpp"
#include "urn/core/platform.hpp"

namespace urn::kernel::simd {

/// What xsimd has on every architecture.
template <class Arch>
struct batches {
  using floats = xsimd::batch<float, Arch>;
  using words = xsimd::batch<std::uint32_t, Arch>;
  using longs = xsimd::batch<std::uint64_t, Arch>;
  static constexpr std::size_t width = floats::size;
  static constexpr std::uint32_t all = static_cast<std::uint32_t>((std::uint64_t{1} << width) - 1);

  URN_INLINE static floats load(const float* p) { return floats::load_unaligned(p); }
  URN_INLINE static words load(const std::int32_t* p) {
    return words::load_unaligned(reinterpret_cast<const std::uint32_t*>(p));
  }
  URN_INLINE static void store(float* p, floats x) { x.store_unaligned(p); }
  URN_INLINE static void store(std::uint32_t* p, words x) { x.store_unaligned(p); }
  URN_INLINE static void store(std::int32_t* p, words x) { store(reinterpret_cast<std::uint32_t*>(p), x); }
  URN_INLINE static void store(std::uint64_t* p, longs x) { x.store_unaligned(p); }
  URN_INLINE static floats set(float x) { return floats(x); }
  URN_INLINE static words set(std::uint32_t x) { return words(x); }
#if XSIMD_VERSION_MAJOR >= 9
  URN_INLINE static words bits(floats x) { return xsimd::bitwise_cast<std::uint32_t>(x); }
  URN_INLINE static floats of_bits(words x) { return xsimd::bitwise_cast<float>(x); }
  URN_INLINE static words truncated(floats x) { return xsimd::bitwise_cast<std::uint32_t>(xsimd::to_int(x)); }
  URN_INLINE static longs pairs(words x) { return xsimd::bitwise_cast<std::uint64_t>(x); }
  URN_INLINE static words halves(longs x) { return xsimd::bitwise_cast<std::uint32_t>(x); }
#else
  URN_INLINE static words bits(floats x) { return xsimd::bitwise_cast<words>(x); }
  URN_INLINE static floats of_bits(words x) { return xsimd::bitwise_cast<floats>(x); }
  URN_INLINE static words truncated(floats x) { return xsimd::bitwise_cast<words>(xsimd::to_int(x)); }
  URN_INLINE static longs pairs(words x) { return xsimd::bitwise_cast<longs>(x); }
  URN_INLINE static words halves(longs x) { return xsimd::bitwise_cast<words>(x); }
#endif

  /// `count` < width floats, then -inf.
  URN_INLINE static floats load_first(const float* p, std::size_t count) {
    alignas(64) float padded[width];
    for (std::size_t i = 0; i < width; ++i) padded[i] = i < count ? p[i] : exact::minus_infinity;
    return load(padded);
  }
};

template <class Arch>
struct lanes;

/// Calls use(0), use(1), ..., use(N - 1), unrolled at every optimisation level; the argument is a constant.
template <std::size_t N, class Use>
URN_INLINE void unrolled(Use&& use) {
  [&]<std::size_t... I>(std::index_sequence<I...>) URN_INLINE_LAMBDA {
    (use(std::integral_constant<std::size_t, I>{}), ...);
  }
  (std::make_index_sequence<N>{});
}

/// For each mask of `Width` lanes the lanes that are in it, first ones first.
template <std::size_t Width>
struct compression_table {
  alignas(32) std::uint32_t lanes[std::size_t{1} << Width][Width]{};
  constexpr compression_table() {
    for (std::size_t mask = 0; mask < (std::size_t{1} << Width); ++mask) {
      std::size_t n = 0;
      for (std::uint32_t lane = 0; lane < Width; ++lane) {
        if (((mask >> lane) & 1U) != 0) lanes[mask][n++] = lane;
      }
    }
  }
};

}  // namespace urn::kernel::simd

#if defined(__AVX512F__)
#include "urn/kernel/simd/lanes_avx512.hpp"
#endif
#if defined(__AVX2__)
#include "urn/kernel/simd/lanes_avx2.hpp"
#endif
#if defined(__SSE4_2__)
#include "urn/kernel/simd/lanes_sse.hpp"
#endif
#if defined(__aarch64__)
#include "urn/kernel/simd/lanes_neon.hpp"
#endif
