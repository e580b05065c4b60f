#pragma once
/// \file
/// lanes of AVX2, with an FMA unit and without.

#if defined(__AVX2__)
#include <immintrin.h>

#include "urn/kernel/simd/lanes.hpp"

namespace urn::kernel::simd {

template <class Arch>
struct avx2_lanes : batches<Arch> {
  using typename batches<Arch>::floats;
  using typename batches<Arch>::words;
  using typename batches<Arch>::longs;

  URN_INLINE static __m256 hidden(__m256 x) {
    asm("" : "+x"(x));
    return x;
  }
  URN_INLINE static floats sub(floats a, floats b) { return floats(hidden(_mm256_sub_ps(a.data, b.data))); }
  URN_INLINE static floats add(floats a, floats b) { return floats(hidden(_mm256_add_ps(a.data, b.data))); }
  URN_INLINE static floats max(floats a, floats b) {
    __m256 m;  // of the intrinsic, g++ -ffast-math may swap the operands
    asm("vmaxps %2, %1, %0" : "=x"(m) : "x"(a.data), "x"(b.data));
    return floats(m);
  }
  URN_INLINE static words max(words a, words b) { return words(_mm256_max_epu32(a.data, b.data)); }

  URN_INLINE static words shift_right(words x, words n) { return words(_mm256_srlv_epi32(x.data, n.data)); }
  URN_INLINE static longs shift_right(longs x, longs n) { return longs(_mm256_srlv_epi64(x.data, n.data)); }
  URN_INLINE static words shift_left(words x, words n) { return words(_mm256_sllv_epi32(x.data, n.data)); }
  /// By a shuffle, which ports are free for that multiply-adds and shifts do not share.
  URN_INLINE static words up_a_byte(words x) {
    const __m256i from =
        _mm256_broadcastsi128_si256(_mm_setr_epi8(-1, 0, 1, 2, -1, 4, 5, 6, -1, 8, 9, 10, -1, 12, 13, 14));
    return words(_mm256_shuffle_epi8(x.data, from));
  }
  URN_INLINE static words average(words a, words b) { return words(_mm256_avg_epu16(a.data, b.data)); }
  URN_INLINE static longs multiply(longs a, longs b) { return longs(_mm256_mul_epu32(a.data, b.data)); }
  URN_INLINE static longs widen_low(words x) {
    return longs(_mm256_cvtepu32_epi64(_mm256_castsi256_si128(x.data)));
  }
  URN_INLINE static longs widen_high(words x) {
    return longs(_mm256_cvtepu32_epi64(_mm256_extracti128_si256(x.data, 1)));
  }

  URN_INLINE static std::uint32_t above(floats a, floats b) {
    return bit_mask(_mm256_cmp_ps(a.data, b.data, _CMP_GT_OQ));
  }
  URN_INLINE static std::uint32_t at_least(floats a, floats b) {
    return bit_mask(_mm256_cmp_ps(a.data, b.data, _CMP_GE_OQ));
  }
  URN_INLINE static void compress(float* p, floats x, std::uint32_t mask) {
    _mm256_storeu_ps(p, _mm256_permutevar8x32_ps(x.data, order(mask)));
  }
  URN_INLINE static void compress(std::int32_t* p, words x, std::uint32_t mask) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm256_permutevar8x32_epi32(x.data, order(mask)));
  }

  URN_INLINE static floats keep(floats x, std::uint32_t mask) {
    const __m256i bit = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
    const __m256i bits = _mm256_and_si256(_mm256_set1_epi32(static_cast<int>(mask)), bit);
    const __m256 kept = _mm256_castsi256_ps(_mm256_cmpeq_epi32(bits, bit));
    return floats(_mm256_blendv_ps(_mm256_set1_ps(exact::minus_infinity), x.data, kept));
  }
  /// Each lane's bit becomes its sign, which is what a blend goes by.
  template <std::size_t First>
  URN_INLINE static floats keep_from(floats x, std::uint32_t mask) {
    constexpr int last = 31 - static_cast<int>(First);
    const __m256i up =
        _mm256_setr_epi32(last, last - 1, last - 2, last - 3, last - 4, last - 5, last - 6, last - 7);
    const __m256i kept = _mm256_sllv_epi32(_mm256_set1_epi32(static_cast<int>(mask)), up);
    return floats(_mm256_blendv_ps(_mm256_set1_ps(exact::minus_infinity), x.data, _mm256_castsi256_ps(kept)));
  }

  URN_INLINE static float min_of(floats x) {
    __m128 m = _mm_min_ps(_mm256_castps256_ps128(x.data), _mm256_extractf128_ps(x.data, 1));
    m = _mm_min_ps(m, _mm_movehl_ps(m, m));
    return _mm_cvtss_f32(_mm_min_ss(m, _mm_movehdup_ps(m)));
  }
  URN_INLINE static float max_of(floats x) {
    __m128 m = _mm_max_ps(_mm256_castps256_ps128(x.data), _mm256_extractf128_ps(x.data, 1));
    m = _mm_max_ps(m, _mm_movehl_ps(m, m));
    return _mm_cvtss_f32(_mm_max_ss(m, _mm_movehdup_ps(m)));
  }
  URN_INLINE static std::uint32_t max_of(words x) {
    __m128i m = _mm_max_epu32(_mm256_castsi256_si128(x.data), _mm256_extracti128_si256(x.data, 1));
    m = _mm_max_epu32(m, _mm_shuffle_epi32(m, 0x4E));
    return static_cast<std::uint32_t>(_mm_cvtsi128_si32(_mm_max_epu32(m, _mm_shuffle_epi32(m, 0xB1))));
  }
  URN_INLINE static std::uint32_t sum_of(words x) {
    __m128i s = _mm_add_epi32(_mm256_castsi256_si128(x.data), _mm256_extracti128_si256(x.data, 1));
    s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0x4E));
    return static_cast<std::uint32_t>(_mm_cvtsi128_si32(_mm_add_epi32(s, _mm_shuffle_epi32(s, 0xB1))));
  }
  URN_INLINE static std::uint64_t sum_of(longs x) {
    const __m128i s = _mm_add_epi64(_mm256_castsi256_si128(x.data), _mm256_extracti128_si256(x.data, 1));
    return static_cast<std::uint64_t>(_mm_cvtsi128_si64(_mm_add_epi64(s, _mm_unpackhi_epi64(s, s))));
  }

  URN_INLINE static floats divide(floats a, floats b) {
    __m256 q;
    asm("vdivps %2, %1, %0" : "=x"(q) : "x"(a.data), "x"(b.data));
    return floats(q);
  }
  URN_INLINE static floats from_bfloat16(const std::uint16_t* p) {
    const __m128i halves = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    return floats(_mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(halves), 16)));
  }
#if defined(__F16C__)
  URN_INLINE static floats from_float16(const std::uint16_t* p) {
    return floats(_mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))));
  }
#endif

 private:
  URN_INLINE static std::uint32_t bit_mask(__m256 m) {
    return static_cast<std::uint32_t>(_mm256_movemask_ps(m));
  }
  URN_INLINE static __m256i order(std::uint32_t mask) {
    static constexpr compression_table<8> table{};
    return _mm256_load_si256(reinterpret_cast<const __m256i*>(table.lanes[mask]));
  }
};

#if defined(__FMA__)
template <>
struct lanes<xsimd::fma3<xsimd::avx2>> : avx2_lanes<xsimd::fma3<xsimd::avx2>> {
  URN_INLINE static floats fma(floats a, floats b, floats c) {
    return floats(hidden(_mm256_fmadd_ps(a.data, b.data, c.data)));
  }
  URN_INLINE static floats fms(floats a, floats b, floats c) {
    return floats(hidden(_mm256_fmsub_ps(a.data, b.data, c.data)));
  }
};
#endif

/// As exact::fma_by_double: the product is exact in double, the sum is rounded to odd, then to float.
template <>
struct lanes<xsimd::avx2> : avx2_lanes<xsimd::avx2> {
  URN_INLINE static floats fma(floats a, floats b, floats c) {
    const __m128 low =
        fma(_mm256_castps256_ps128(a.data), _mm256_castps256_ps128(b.data), _mm256_castps256_ps128(c.data));
    const __m128 high = fma(_mm256_extractf128_ps(a.data, 1), _mm256_extractf128_ps(b.data, 1),
                            _mm256_extractf128_ps(c.data, 1));
    return floats(_mm256_insertf128_ps(_mm256_castps128_ps256(low), high, 1));
  }
  URN_INLINE static floats fms(floats a, floats b, floats c) {
    return fma(a, b, floats(_mm256_xor_ps(c.data, _mm256_castsi256_ps(_mm256_set1_epi32(INT32_MIN)))));
  }

 private:
  URN_INLINE static __m256d hidden(__m256d x) {
    asm("" : "+x"(x));
    return x;
  }
  URN_INLINE static __m128 fma(__m128 a, __m128 b, __m128 c) {
    const __m256d product = hidden(_mm256_mul_pd(_mm256_cvtps_pd(a), _mm256_cvtps_pd(b)));
    const __m256d addend = _mm256_cvtps_pd(c);
    const __m256d sum = hidden(_mm256_add_pd(product, addend));
    const __m256d part = hidden(_mm256_sub_pd(sum, product));
    const __m256d rest = hidden(_mm256_sub_pd(sum, part));
    const __m256d error =
        hidden(_mm256_add_pd(hidden(_mm256_sub_pd(product, rest)), hidden(_mm256_sub_pd(addend, part))));
    return _mm256_cvtpd_ps(_mm256_castsi256_pd(to_odd(_mm256_castpd_si256(sum), _mm256_castpd_si256(error))));
  }
  /// The sum, if it is even, finite and inexact, one step towards the true one.
  URN_INLINE static __m256i to_odd(__m256i sum, __m256i error) {
    const __m256i zero = _mm256_setzero_si256();
    const __m256i one = _mm256_set1_epi64x(1);
    const __m256i exponent = _mm256_set1_epi64x(0x7FF0000000000000);
    const __m256i exact = _mm256_cmpeq_epi64(_mm256_slli_epi64(error, 1), zero);
    const __m256i odd = _mm256_cmpeq_epi64(_mm256_and_si256(sum, one), one);
    const __m256i infinite = _mm256_cmpeq_epi64(_mm256_and_si256(sum, exponent), exponent);
    const __m256i stays = _mm256_or_si256(_mm256_or_si256(exact, odd), infinite);
    const __m256i down = _mm256_cmpgt_epi64(zero, _mm256_xor_si256(error, sum));
    return _mm256_add_epi64(sum, _mm256_andnot_si256(stays, _mm256_or_si256(down, one)));
  }
};

}  // namespace urn::kernel::simd
#endif
