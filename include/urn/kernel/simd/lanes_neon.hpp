#pragma once
/// \file
/// lanes of 64-bit NEON.

#if defined(__aarch64__)
#include <arm_neon.h>

#include "urn/kernel/simd/lanes.hpp"

namespace urn::kernel::simd {

template <>
struct lanes<xsimd::neon64> : batches<xsimd::neon64> {
  URN_INLINE static floats hidden(floats x) {
    asm("" : "+w"(x.data));
    return x;
  }
  URN_INLINE static floats fma(floats a, floats b, floats c) {
    return hidden(floats(vfmaq_f32(c.data, a.data, b.data)));
  }
  URN_INLINE static floats fms(floats a, floats b, floats c) {
    return hidden(floats(vfmaq_f32(vnegq_f32(c.data), a.data, b.data)));
  }
  URN_INLINE static floats sub(floats a, floats b) { return hidden(floats(vsubq_f32(a.data, b.data))); }
  URN_INLINE static floats add(floats a, floats b) { return hidden(floats(vaddq_f32(a.data, b.data))); }
  URN_INLINE static floats max(floats a, floats b) {
    return floats(vbslq_f32(vcgtq_f32(a.data, b.data), a.data, b.data));
  }
  URN_INLINE static words max(words a, words b) { return words(vmaxq_u32(a.data, b.data)); }

  // USHL shifts left by a signed byte: counts are clamped to the width first.
  URN_INLINE static words shift_right(words x, words n) {
    const uint32x4_t count = vminq_u32(n.data, vdupq_n_u32(32));
    return words(vshlq_u32(x.data, vnegq_s32(vreinterpretq_s32_u32(count))));
  }
  URN_INLINE static words shift_left(words x, words n) {
    return words(vshlq_u32(x.data, vreinterpretq_s32_u32(vminq_u32(n.data, vdupq_n_u32(32)))));
  }
  URN_INLINE static longs shift_right(longs x, longs n) {
    const uint64x2_t most = vdupq_n_u64(64);
    const uint64x2_t count = vbslq_u64(vcgtq_u64(n.data, most), most, n.data);
    return longs(vshlq_u64(x.data, vnegq_s64(vreinterpretq_s64_u64(count))));
  }
  URN_INLINE static words up_a_byte(words x) { return x << 8; }
  URN_INLINE static words average(words a, words b) {
    return words(
        vreinterpretq_u32_u16(vrhaddq_u16(vreinterpretq_u16_u32(a.data), vreinterpretq_u16_u32(b.data))));
  }
  URN_INLINE static longs multiply(longs a, longs b) {
    return longs(vmull_u32(vmovn_u64(a.data), vmovn_u64(b.data)));
  }
  URN_INLINE static longs widen_low(words x) { return longs(vmovl_u32(vget_low_u32(x.data))); }
  URN_INLINE static longs widen_high(words x) { return longs(vmovl_u32(vget_high_u32(x.data))); }

  URN_INLINE static std::uint32_t above(floats a, floats b) { return bit_mask(vcgtq_f32(a.data, b.data)); }
  URN_INLINE static std::uint32_t at_least(floats a, floats b) { return bit_mask(vcgeq_f32(a.data, b.data)); }
  URN_INLINE static void compress(float* p, floats x, std::uint32_t mask) {
    const uint8x16_t bytes = vqtbl1q_u8(vreinterpretq_u8_f32(x.data), order(mask));
    vst1q_f32(p, vreinterpretq_f32_u8(bytes));
  }
  URN_INLINE static void compress(std::int32_t* p, words x, std::uint32_t mask) {
    const uint8x16_t bytes = vqtbl1q_u8(vreinterpretq_u8_u32(x.data), order(mask));
    vst1q_s32(p, vreinterpretq_s32_u8(bytes));
  }

  URN_INLINE static floats keep(floats x, std::uint32_t mask) {
    static constexpr std::uint32_t bit[4] = {1, 2, 4, 8};
    const uint32x4_t kept = vtstq_u32(vdupq_n_u32(mask), vld1q_u32(bit));
    return floats(vbslq_f32(kept, x.data, vdupq_n_f32(exact::minus_infinity)));
  }
  template <std::size_t First>
  URN_INLINE static floats keep_from(floats x, std::uint32_t mask) {
    return keep(x, (mask >> First) & all);
  }

  URN_INLINE static float min_of(floats x) { return vminvq_f32(x.data); }
  URN_INLINE static float max_of(floats x) { return vmaxvq_f32(x.data); }
  URN_INLINE static std::uint32_t max_of(words x) { return vmaxvq_u32(x.data); }
  URN_INLINE static std::uint32_t sum_of(words x) { return vaddvq_u32(x.data); }
  URN_INLINE static std::uint64_t sum_of(longs x) { return vaddvq_u64(x.data); }

  URN_INLINE static floats divide(floats a, floats b) {
    float32x4_t q;
    asm("fdiv %0.4s, %1.4s, %2.4s" : "=w"(q) : "w"(a.data), "w"(b.data));
    return floats(q);
  }
  URN_INLINE static floats from_bfloat16(const std::uint16_t* p) {
    return floats(vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(p), 16)));
  }
  URN_INLINE static floats from_float16(const std::uint16_t* p) {
    return floats(vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p))));
  }

 private:
  URN_INLINE static std::uint32_t bit_mask(uint32x4_t m) {
    static constexpr std::uint32_t weights[4] = {1, 2, 4, 8};
    return vaddvq_u32(vandq_u32(m, vld1q_u32(weights)));
  }
  /// The bytes of the lanes in the mask.
  URN_INLINE static uint8x16_t order(std::uint32_t mask) {
    static constexpr compression_table<4> table{};
    const uint32x4_t lane = vld1q_u32(table.lanes[mask]);
    const uint32x4_t bytes = vdupq_n_u32(0x03020100U);
    return vreinterpretq_u8_u32(vmlaq_u32(bytes, lane, vdupq_n_u32(0x04040404U)));
  }
};

}  // namespace urn::kernel::simd
#endif
