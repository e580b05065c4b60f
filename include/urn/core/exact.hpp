#pragma once
/// \file
/// Float arithmetic whose every bit is decided here, whatever the compiler's flags and whatever the machine.
///
/// Each operation rounds once, to nearest. A value barrier hides operands and results from the optimiser, so
/// that -ffast-math, -ffp-contract and -freciprocal-math of the including program change nothing (measured:
/// without it 31% of the masses change under contraction, 58% under -ffast-math).

#include <cfloat>
#include <cmath>
#include <cstdint>

#include "urn/core/platform.hpp"

/// True where the target's instruction set has a fused multiply-add.
#if defined(__FMA__) || defined(__aarch64__) || defined(__FP_FAST_FMAF)
#define URN_HAS_FMA 1
#else
#define URN_HAS_FMA 0
#endif

namespace urn::exact {

static_assert(URN_DEVICE_PASS || FLT_EVAL_METHOD == 0,
              "urn needs float operations that round to float (not x87)");

/// A number's bits, and the number that has them.
URN_HOST_DEVICE constexpr std::uint32_t bits(float x) { return __builtin_bit_cast(std::uint32_t, x); }
URN_HOST_DEVICE constexpr std::uint64_t bits(double x) { return __builtin_bit_cast(std::uint64_t, x); }
URN_HOST_DEVICE constexpr float float_of(std::uint32_t b) { return __builtin_bit_cast(float, b); }
URN_HOST_DEVICE constexpr double double_of(std::uint64_t b) { return __builtin_bit_cast(double, b); }

/// -inf, NaN and +inf as bit patterns: comparisons with them survive -ffinite-math-only.
inline constexpr std::uint32_t infinity_bits = 0x7F800000U;
inline constexpr float infinity = float_of(infinity_bits);
inline constexpr float minus_infinity = float_of(0xFF800000U);
inline constexpr float quiet_nan = float_of(0x7FC00000U);
URN_HOST_DEVICE constexpr bool is_nan(float x) { return (bits(x) & 0x7FFFFFFFU) > infinity_bits; }
/// Neither infinite nor NaN.
URN_HOST_DEVICE constexpr bool is_finite(float x) { return (bits(x) & 0x7FFFFFFFU) < infinity_bits; }
URN_HOST_DEVICE constexpr bool is_finite(double x) { return (bits(x) >> 52 & 0x7FF) != 0x7FF; }

/// The same value, which the optimiser no longer knows.
template <class T>
URN_HOST_DEVICE inline T opaque(T x) {
#if !URN_DEVICE_PASS
#if defined(__x86_64__)
  asm("" : "+x"(x));
#elif defined(__aarch64__)
  asm("" : "+w"(x));
#else
  volatile T hidden = x;
  x = hidden;
#endif
#endif
  return x;
}

/// The same for what lies in memory: between two calls a loop of one operation an element is as exact as that
/// operation, and may become vector code.
inline void hide(const float* memory) {
#if !URN_DEVICE_PASS
  asm volatile("" : : "r"(memory) : "memory");
#endif
}

/// Each is one operation of IEEE 754, rounded to nearest, whatever the flags: of floats or of doubles.
#if URN_DEVICE_PASS
// By PTX: of the intrinsics of these names, and of conversions, -use_fast_math makes ones that flush
// subnormals to zero.
#define URN_EXACT_PTX(name, instruction)                                    \
  URN_HOST_DEVICE inline float name(float a, float b) {                     \
    float result;                                                           \
    asm(instruction ".rn.f32 %0, %1, %2;" : "=f"(result) : "f"(a), "f"(b)); \
    return result;                                                          \
  }
URN_EXACT_PTX(add, "add")
URN_EXACT_PTX(sub, "sub")
URN_EXACT_PTX(mul, "mul")
#undef URN_EXACT_PTX
URN_HOST_DEVICE inline double add(double a, double b) { return __dadd_rn(a, b); }
URN_HOST_DEVICE inline double sub(double a, double b) { return __dsub_rn(a, b); }
URN_HOST_DEVICE inline double mul(double a, double b) { return __dmul_rn(a, b); }
URN_HOST_DEVICE inline double div(double a, double b) { return __ddiv_rn(a, b); }
URN_HOST_DEVICE inline float fma(float a, float b, float c) {
  float result;
  asm("fma.rn.f32 %0, %1, %2, %3;" : "=f"(result) : "f"(a), "f"(b), "f"(c));
  return result;
}
URN_HOST_DEVICE inline double fma(double a, double b, double c) { return __fma_rn(a, b, c); }
URN_HOST_DEVICE inline double sqrt(double x) { return __dsqrt_rn(x); }
/// A float as a double, and the nearest float to a double.
URN_HOST_DEVICE inline double widened(float a) {
  double result;
  asm("cvt.f64.f32 %0, %1;" : "=d"(result) : "f"(a));
  return result;
}
URN_HOST_DEVICE inline float narrowed(double a) {
  float result;
  asm("cvt.rn.f32.f64 %0, %1;" : "=f"(result) : "d"(a));
  return result;
}
/// By doubles, whose quotient is nearer to the true one than any midpoint of floats. (For div.rn.f32's rare
/// cases ptxas 13 calls a function that leaves a warp apart whose lanes take different ways through it; the
/// next barrier then stops with an illegal instruction.)
URN_HOST_DEVICE inline float div(float a, float b) {
  const auto is_usual = [](float x) { return (__float_as_uint(x) & 0x7FFFFFFFU) - 1 < 0x7F7FFFFFU; };
  const double x = widened(a), y = widened(b);
  double reciprocal;
  asm("rcp.approx.ftz.f64 %0, %1;" : "=d"(reciprocal) : "d"(y));
  for (int i = 0; i < 2 && is_usual(b); ++i) {  // from 19 bits to all; not of 0, infinity or NaN
    reciprocal = fma(fma(-y, reciprocal, 1.0), reciprocal, reciprocal);
  }
  const double rough = mul(x, reciprocal);
  const double close = fma(fma(-rough, y, x), reciprocal, rough);
  return narrowed(is_usual(a) && is_usual(b) ? close : rough);
}
#else
inline double widened(float a) { return static_cast<double>(a); }
inline float narrowed(double a) { return static_cast<float>(a); }
template <class T>
inline T add(T a, T b) {
  return opaque(opaque(a) + opaque(b));
}
template <class T>
inline T sub(T a, T b) {
  return opaque(opaque(a) - opaque(b));
}
template <class T>
inline T mul(T a, T b) {
  return opaque(opaque(a) * opaque(b));
}
template <class T>
inline T div(T a, T b) {
  return opaque(opaque(a) / opaque(b));
}

/// By the instruction, where it is known: -ffast-math may make more than one of the function.
inline double sqrt(double x) {
#if defined(__AVX__)
  asm("vsqrtsd %0, %0, %0" : "+x"(x));
  return x;
#elif defined(__x86_64__)
  asm("sqrtsd %0, %0" : "+x"(x));
  return x;
#elif defined(__aarch64__)
  asm("fsqrt %d0, %d0" : "+w"(x));
  return x;
#else
  return opaque(std::sqrt(opaque(x)));
#endif
}

/// a * b + c rounded once, from double arithmetic: the product is exact in double, the sum is rounded to odd,
/// and a double rounded to odd rounds to the right float (Boldo and Melquiond, 2008). For targets without an
/// FMA unit.
inline float fma_by_double(float a, float b, float c) {
  const double product = mul(static_cast<double>(a), static_cast<double>(b));
  const auto addend = static_cast<double>(c);
  const double sum = add(product, addend);
  const double part = sub(sum, product);
  const double error = add(sub(product, sub(sum, part)), sub(addend, part));
  std::uint64_t odd = bits(sum);
  const bool finite = ((odd >> 52) & 0x7FF) != 0x7FF;
  if (finite && (bits(error) << 1) != 0 && (odd & 1) == 0)
    odd += (bits(error) >> 63) == (odd >> 63) ? 1ULL : ~0ULL;
  return static_cast<float>(opaque(double_of(odd)));
}

/// True if the machine has an FMA unit, whatever this file is compiled for.
inline bool machine_has_fma() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("fma") != 0;
#else
  return false;
#endif
}

/// a * b + c, rounded once. Compiled for plain x86-64 it asks the machine each time: 5 times as fast as the
/// emulation where there is an FMA unit.
inline float fma(float a, float b, float c) {
#if URN_HAS_FMA
  return opaque(__builtin_fmaf(opaque(a), opaque(b), opaque(c)));
#else
#if defined(__x86_64__)
  if (machine_has_fma()) {
    asm("vfmadd213ss %2, %1, %0" : "+x"(a) : "x"(b), "x"(c));
    return a;
  }
#endif
  return fma_by_double(a, b, c);
#endif
}
inline double fma(double a, double b, double c) {
#if URN_HAS_FMA
  return opaque(__builtin_fma(opaque(a), opaque(b), opaque(c)));
#else
#if defined(__x86_64__)
  if (machine_has_fma()) {
    asm("vfmadd213sd %2, %1, %0" : "+x"(a) : "x"(b), "x"(c));
    return a;
  }
#endif
  // The C library's, by a hidden pointer: without an FMA unit clang++ -ffast-math turns the builtin into a *
  // b + c.
  double (*correct)(double, double, double) = &::fma;
  asm("" : "+r"(correct));
  return correct(a, b, c);
#endif
}
#endif

/// The high 64 bits of a 128-bit product.
URN_HOST_DEVICE constexpr std::uint64_t multiply_high(std::uint64_t a, std::uint64_t b) {
  __extension__ using wide = unsigned __int128;
  return static_cast<std::uint64_t>((static_cast<wide>(a) * b) >> 64);
}

/// The position of the highest set bit of x > 0.
URN_HOST_DEVICE constexpr int highest_bit(std::uint64_t x) {
#if URN_DEVICE_PASS
  return 63 - __clzll(static_cast<long long>(x));
#else
  return 63 - __builtin_clzll(x);
#endif
}

/// x >> n where n may be anything: shifts by the width and more give 0 (which a GPU's own shift does).
URN_HOST_DEVICE constexpr std::uint32_t shift_right(std::uint32_t x, std::uint32_t n) {
#if URN_DEVICE_PASS
  std::uint32_t shifted = 0;
  asm("shr.u32 %0, %1, %2;" : "=r"(shifted) : "r"(x), "r"(n));
  return shifted;
#else
  return n > 31 ? 0 : x >> n;
#endif
}
URN_HOST_DEVICE constexpr std::uint64_t shift_right(std::uint64_t x, std::uint32_t n) {
#if URN_DEVICE_PASS
  std::uint64_t shifted = 0;
  asm("shr.u64 %0, %1, %2;" : "=l"(shifted) : "l"(x), "r"(n));
  return shifted;
#else
  return n > 63 ? 0 : x >> n;
#endif
}

}  // namespace urn::exact
