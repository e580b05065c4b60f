#pragma once
// What reading a row costs, in the same vectors as urn::simd: the floors that the benchmarks are measured
// against.

#include <cstddef>
#include <span>
#include <xsimd/xsimd.hpp>

#include "urn/kernel/simd/policy.hpp"

namespace floors {

using lanes = urn::native_simd_t::lanes;
using floats = lanes::floats;
inline constexpr std::size_t chains = 8;
inline constexpr std::size_t step = chains * lanes::width;

/// Floor 1: the largest logit, one pass. Rows are multiples of 16 long.
inline float max(std::span<const float> row) {
  floats m[chains];
  for (auto& x : m) x = lanes::set(-3e38F);
  std::size_t i = 0;
  for (; i + step <= row.size(); i += step) {
    urn::kernel::simd::unrolled<chains>(
        [&](auto j) { m[j] = lanes::max(lanes::load(row.data() + i + j * lanes::width), m[j]); });
  }
  for (; i < row.size(); i += lanes::width) m[0] = lanes::max(lanes::load(row.data() + i), m[0]);
  for (std::size_t j = 1; j < chains; ++j) m[0] = lanes::max(m[0], m[j]);
  return lanes::max_of(m[0]);
}

/// e^x for x <= 0 in float, as fast as it goes: a polynomial of degree 5, the exponent added as an integer.
inline floats exp(floats x) {
  const floats magic(12582912.0F);
  const floats bounded = lanes::max(x, lanes::set(-87.0F));
  const floats t = lanes::fma(bounded, lanes::set(1.44269504F), magic);
  const floats f = lanes::fms(bounded, lanes::set(1.44269504F), t - magic);
  floats p = lanes::set(1.8775767e-3F);
  for (const float c : {8.9893397e-3F, 5.5826318e-2F, 2.4015361e-1F, 6.9315308e-1F, 9.9999994e-1F}) {
    p = lanes::fma(p, f, lanes::set(c));
  }
  const lanes::words scaled = lanes::bits(p) + (lanes::bits(t) << 23);
#if XSIMD_VERSION_MAJOR >= 9
  return xsimd::bitwise_cast<float>(scaled);
#else
  return xsimd::bitwise_cast<floats>(scaled);
#endif
}

/// Floor 2: the float softmax normaliser, two passes.
inline float max_exp_sum(std::span<const float> row) {
  const floats m = lanes::set(max(row));
  floats sums[chains];
  for (auto& s : sums) s = lanes::set(0.0F);
  std::size_t i = 0;
  for (; i + step <= row.size(); i += step) {
    urn::kernel::simd::unrolled<chains>(
        [&](auto j) { sums[j] = sums[j] + exp(lanes::load(row.data() + i + j * lanes::width) - m); });
  }
  for (; i < row.size(); i += lanes::width) sums[0] = sums[0] + exp(lanes::load(row.data() + i) - m);
  float values[lanes::width];
  for (std::size_t j = 1; j < chains; ++j) sums[0] = sums[0] + sums[j];
  lanes::store(values, sums[0]);
  float sum = 0;
  for (const float v : values) sum += v;
  return sum;
}

}  // namespace floors
