#pragma once
/// \file
/// lanes of SSE4.2. What it lacks (fused multiply-add, shifts by lane, 16-bit floats) goes lane by lane:
/// exact before fast.

#if defined(__SSE4_2__)
#include <immintrin.h>

#include <algorithm>

#include "urn/core/float16.hpp"
#include "urn/kernel/simd/lanes.hpp"

namespace urn::kernel::simd {

template <>
struct lanes<xsimd::sse4_2> : batches<xsimd::sse4_2> {
  URN_INLINE static floats hidden(floats x) {
    asm("" : "+x"(x.data));
    return x;
  }
  URN_INLINE static floats fma(floats a, floats b, floats c) {
    return lane_by_lane(a, b, c, [](float x, float y, float z) { return exact::fma(x, y, z); });
  }
  URN_INLINE static floats fms(floats a, floats b, floats c) {
    return lane_by_lane(a, b, c, [](float x, float y, float z) { return exact::fma(x, y, -z); });
  }
  URN_INLINE static floats sub(floats a, floats b) { return hidden(floats(_mm_sub_ps(a.data, b.data))); }
  URN_INLINE static floats add(floats a, floats b) { return hidden(floats(_mm_add_ps(a.data, b.data))); }
  URN_INLINE static floats max(floats a, floats b) {
    asm("maxps %1, %0"
        : "+x"(a.data)
        : "x"(b.data));  // of the intrinsic, g++ -ffast-math may swap the operands
    return a;
  }
  URN_INLINE static words max(words a, words b) { return words(_mm_max_epu32(a.data, b.data)); }

  URN_INLINE static words shift_right(words x, words n) {
    alignas(16) std::uint32_t values[4];
    alignas(16) std::uint32_t counts[4];
    store(values, x);
    store(counts, n);
    for (std::size_t i = 0; i < 4; ++i) values[i] = exact::shift_right(values[i], counts[i]);
    return words::load_aligned(values);
  }
  URN_INLINE static words shift_left(words x, words n) {
    alignas(16) std::uint32_t values[4];
    alignas(16) std::uint32_t counts[4];
    store(values, x);
    store(counts, n);
    for (std::size_t i = 0; i < 4; ++i) values[i] = counts[i] < 32 ? values[i] << counts[i] : 0U;
    return words::load_aligned(values);
  }
  URN_INLINE static longs shift_right(longs x, longs n) {
    alignas(16) std::uint64_t values[2];
    alignas(16) std::uint64_t counts[2];
    store(values, x);
    store(counts, n);
    for (std::size_t i = 0; i < 2; ++i) {
      values[i] =
          exact::shift_right(values[i], static_cast<std::uint32_t>(std::min<std::uint64_t>(counts[i], 64)));
    }
    return longs::load_aligned(values);
  }
  URN_INLINE static words up_a_byte(words x) { return x << 8; }
  URN_INLINE static words average(words a, words b) { return words(_mm_avg_epu16(a.data, b.data)); }
  URN_INLINE static longs multiply(longs a, longs b) { return longs(_mm_mul_epu32(a.data, b.data)); }
  URN_INLINE static longs widen_low(words x) { return longs(_mm_cvtepu32_epi64(x.data)); }
  URN_INLINE static longs widen_high(words x) { return longs(_mm_cvtepu32_epi64(_mm_srli_si128(x.data, 8))); }

  URN_INLINE static std::uint32_t above(floats a, floats b) {
    return static_cast<std::uint32_t>(_mm_movemask_ps(_mm_cmpgt_ps(a.data, b.data)));
  }
  URN_INLINE static std::uint32_t at_least(floats a, floats b) {
    return static_cast<std::uint32_t>(_mm_movemask_ps(_mm_cmpge_ps(a.data, b.data)));
  }
  URN_INLINE static void compress(float* p, floats x, std::uint32_t mask) {
    alignas(16) float values[4];
    x.store_aligned(values);
    compress_each(p, values, mask);
  }
  URN_INLINE static void compress(std::int32_t* p, words x, std::uint32_t mask) {
    alignas(16) std::uint32_t values[4];
    store(values, x);
    compress_each(p, values, mask);
  }

  URN_INLINE static floats keep(floats x, std::uint32_t mask) {
    const __m128i bit = _mm_setr_epi32(1, 2, 4, 8);
    const __m128i bits = _mm_and_si128(_mm_set1_epi32(static_cast<int>(mask)), bit);
    const __m128 kept = _mm_castsi128_ps(_mm_cmpeq_epi32(bits, bit));
    return floats(_mm_blendv_ps(_mm_set1_ps(exact::minus_infinity), x.data, kept));
  }
  template <std::size_t First>
  URN_INLINE static floats keep_from(floats x, std::uint32_t mask) {
    return keep(x, (mask >> First) & all);
  }

  URN_INLINE static float min_of(floats x) {
    const __m128 m = _mm_min_ps(x.data, _mm_movehl_ps(x.data, x.data));
    return _mm_cvtss_f32(_mm_min_ss(m, _mm_movehdup_ps(m)));
  }
  URN_INLINE static float max_of(floats x) {
    const __m128 m = _mm_max_ps(x.data, _mm_movehl_ps(x.data, x.data));
    return _mm_cvtss_f32(_mm_max_ss(m, _mm_movehdup_ps(m)));
  }
  URN_INLINE static std::uint32_t max_of(words x) {
    const __m128i m = _mm_max_epu32(x.data, _mm_shuffle_epi32(x.data, 0x4E));
    return static_cast<std::uint32_t>(_mm_cvtsi128_si32(_mm_max_epu32(m, _mm_shuffle_epi32(m, 0xB1))));
  }
  URN_INLINE static std::uint32_t sum_of(words x) {
    const __m128i s = _mm_add_epi32(x.data, _mm_shuffle_epi32(x.data, 0x4E));
    return static_cast<std::uint32_t>(_mm_cvtsi128_si32(_mm_add_epi32(s, _mm_shuffle_epi32(s, 0xB1))));
  }
  URN_INLINE static std::uint64_t sum_of(longs x) {
    return static_cast<std::uint64_t>(
        _mm_cvtsi128_si64(_mm_add_epi64(x.data, _mm_unpackhi_epi64(x.data, x.data))));
  }

  URN_INLINE static floats divide(floats a, floats b) {
    asm("divps %1, %0" : "+x"(a.data) : "x"(b.data));
    return a;
  }
  URN_INLINE static floats from_bfloat16(const std::uint16_t* p) {
    const __m128i halves = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(p));
    return floats(_mm_castsi128_ps(_mm_slli_epi32(_mm_cvtepu16_epi32(halves), 16)));
  }

 private:
  template <class Function>
  URN_INLINE static floats lane_by_lane(floats a, floats b, floats c, Function&& f) {
    alignas(16) float x[4];
    alignas(16) float y[4];
    alignas(16) float z[4];
    a.store_aligned(x);
    b.store_aligned(y);
    c.store_aligned(z);
    for (std::size_t i = 0; i < 4; ++i) x[i] = f(x[i], y[i], z[i]);
    return floats::load_aligned(x);
  }
  template <class Out, class T>
  URN_INLINE static void compress_each(Out* p, const T (&values)[4], std::uint32_t mask) {
    for (std::size_t i = 0; i < 4; ++i) {
      *p = static_cast<Out>(values[i]);
      p += (mask >> i) & 1U;
    }
  }
};

}  // namespace urn::kernel::simd
#endif
