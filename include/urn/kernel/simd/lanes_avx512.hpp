#pragma once
/// \file
/// lanes of AVX-512 (F, BW, DQ, VL).

#if defined(__AVX512BW__) && defined(__AVX512CD__) && defined(__AVX512DQ__) && defined(__AVX512VL__)
#include <immintrin.h>

#include "urn/kernel/simd/lanes.hpp"

namespace urn::kernel::simd {

template <>
struct lanes<xsimd::avx512bw> : batches<xsimd::avx512bw> {
  URN_INLINE static floats hidden(floats x) {
    asm("" : "+v"(x.data));
    return x;
  }
  URN_INLINE static floats fma(floats a, floats b, floats c) {
    return hidden(floats(_mm512_fmadd_ps(a.data, b.data, c.data)));
  }
  URN_INLINE static floats fms(floats a, floats b, floats c) {
    return hidden(floats(_mm512_fmsub_ps(a.data, b.data, c.data)));
  }
  URN_INLINE static floats sub(floats a, floats b) { return hidden(floats(_mm512_sub_ps(a.data, b.data))); }
  URN_INLINE static floats add(floats a, floats b) { return hidden(floats(_mm512_add_ps(a.data, b.data))); }
  URN_INLINE static floats max(floats a, floats b) {
    __m512 m;  // of the intrinsic, g++ -ffast-math may swap the operands
    asm("vmaxps %2, %1, %0" : "=v"(m) : "v"(a.data), "v"(b.data));
    return floats(m);
  }
  URN_INLINE static words max(words a, words b) { return words(_mm512_max_epu32(a.data, b.data)); }

  URN_INLINE static words shift_right(words x, words n) { return words(_mm512_srlv_epi32(x.data, n.data)); }
  URN_INLINE static longs shift_right(longs x, longs n) { return longs(_mm512_srlv_epi64(x.data, n.data)); }
  URN_INLINE static words shift_left(words x, words n) { return words(_mm512_sllv_epi32(x.data, n.data)); }
  URN_INLINE static words up_a_byte(words x) { return x << 8; }
  URN_INLINE static words average(words a, words b) { return words(_mm512_avg_epu16(a.data, b.data)); }
  URN_INLINE static longs multiply(longs a, longs b) { return longs(_mm512_mul_epu32(a.data, b.data)); }
  URN_INLINE static longs widen_low(words x) {
    return longs(_mm512_cvtepu32_epi64(_mm512_castsi512_si256(x.data)));
  }
  URN_INLINE static longs widen_high(words x) {
    return longs(_mm512_cvtepu32_epi64(_mm512_extracti64x4_epi64(x.data, 1)));
  }

  URN_INLINE static std::uint32_t above(floats a, floats b) {
    return _mm512_cmp_ps_mask(a.data, b.data, _CMP_GT_OQ);
  }
  URN_INLINE static std::uint32_t at_least(floats a, floats b) {
    return _mm512_cmp_ps_mask(a.data, b.data, _CMP_GE_OQ);
  }
  URN_INLINE static void compress(float* p, floats x, std::uint32_t mask) {
    _mm512_storeu_ps(p, _mm512_maskz_compress_ps(static_cast<__mmask16>(mask), x.data));
  }
  URN_INLINE static void compress(std::int32_t* p, words x, std::uint32_t mask) {
    _mm512_storeu_si512(p, _mm512_maskz_compress_epi32(static_cast<__mmask16>(mask), x.data));
  }

  URN_INLINE static floats keep(floats x, std::uint32_t mask) {
    return floats(_mm512_mask_mov_ps(set(exact::minus_infinity).data, static_cast<__mmask16>(mask), x.data));
  }
  template <std::size_t First>
  URN_INLINE static floats keep_from(floats x, std::uint32_t mask) {
    return keep(x, (mask >> First) & all);
  }

  URN_INLINE static float min_of(floats x) { return _mm512_reduce_min_ps(x.data); }
  URN_INLINE static float max_of(floats x) { return _mm512_reduce_max_ps(x.data); }
  URN_INLINE static std::uint32_t max_of(words x) { return _mm512_reduce_max_epu32(x.data); }
  URN_INLINE static std::uint32_t sum_of(words x) {
    return static_cast<std::uint32_t>(_mm512_reduce_add_epi32(x.data));
  }
  URN_INLINE static std::uint64_t sum_of(longs x) {
    return static_cast<std::uint64_t>(_mm512_reduce_add_epi64(x.data));
  }

  URN_INLINE static floats divide(floats a, floats b) {
    __m512 q;
    asm("vdivps %2, %1, %0" : "=v"(q) : "v"(a.data), "v"(b.data));
    return floats(q);
  }
  URN_INLINE static floats from_float16(const std::uint16_t* p) {
    return floats(_mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))));
  }
  URN_INLINE static floats from_bfloat16(const std::uint16_t* p) {
    const __m256i halves = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
    return floats(_mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16)));
  }
};

}  // namespace urn::kernel::simd
#endif
