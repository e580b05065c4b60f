#pragma once
/// \file
/// The inner loop of dense layers: one source, compiled for each instruction set, chosen when the program
/// runs.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

#include "urn/core/platform.hpp"

namespace urn::nn {

/// The outputs of a panel, which are computed side by side.
inline constexpr std::size_t panel_outputs = 32;

/// A panel of a layer and the rows that it is applied to.
struct panel_task {
  const float* weights;  ///< [inputs][panel_outputs]
  const float* bias;     ///< [panel_outputs]
  std::size_t inputs;
  std::size_t rows;
  const float* x;      ///< [rows][inputs]
  float* y;            ///< the panel's first output of the first row
  std::size_t stride;  ///< from one row's outputs to the next row's
  std::size_t width;   ///< the outputs wanted, the first of the panel
};

namespace detail {

/// `Rows` rows from `row` on, in registers of `Lanes` floats, eight sums at a time: enough to hide an
/// addition's latency, and few enough for 16 registers. An output is summed by itself, from left to right.
///
/// No product is fused with the addition that follows: clang++ does not look beyond a statement (unless
/// -ffp-contract=fast or -ffast-math asks for it), from g++ the barrier hides it.
template <std::size_t Lanes, std::size_t Rows>
URN_INLINE void multiply_rows(const panel_task& p, std::size_t row) {
  using floats [[gnu::vector_size(Lanes * sizeof(float))]] = float;
  constexpr std::size_t vectors = std::min(8 / Rows, panel_outputs / Lanes);
  const float* const x = p.x + row * p.inputs;
  float outputs[Rows][panel_outputs];
  for (std::size_t first = 0; first < panel_outputs; first += vectors * Lanes) {
    floats sums[Rows][vectors];
    for (auto& sum : sums) std::memcpy(sum, p.bias + first, sizeof sum);
    const float* weights = p.weights + first;
    for (std::size_t i = 0; i < p.inputs; ++i, weights += panel_outputs) {
#pragma GCC unroll 8
      for (std::size_t v = 0; v < vectors; ++v) {
        floats weight;
        std::memcpy(&weight, weights + v * Lanes, sizeof weight);
#pragma GCC unroll 4
        for (std::size_t r = 0; r < Rows; ++r) {
          floats product = weight * x[r * p.inputs + i];
#if !defined(__clang__) && defined(__x86_64__)
          asm("" : "+v"(product));
#elif !defined(__clang__) && defined(__aarch64__)
          asm("" : "+w"(product));
#endif
          sums[r][v] += product;
        }
      }
    }
    for (std::size_t r = 0; r < Rows; ++r) std::memcpy(outputs[r] + first, sums[r], sizeof sums[r]);
  }
  for (std::size_t r = 0; r < Rows; ++r) std::copy_n(outputs[r], p.width, p.y + (row + r) * p.stride);
}

/// All rows, `Rows` at a time.
template <std::size_t Lanes, std::size_t Rows>
URN_INLINE void multiply_panel(const panel_task& p, std::size_t row = 0) {
  for (; row + Rows <= p.rows; row += Rows) multiply_rows<Lanes, Rows>(p, row);
  if constexpr (Rows > 1) multiply_panel<Lanes, Rows - 1>(p, row);
}

inline void multiply_panel_4(const panel_task& p) { multiply_panel<4, 1>(p); }
#if defined(__x86_64__)
[[gnu::target("avx2")]] inline void multiply_panel_8(const panel_task& p) { multiply_panel<8, 4>(p); }
[[gnu::target("avx512f")]] inline void multiply_panel_16(const panel_task& p) { multiply_panel<16, 4>(p); }
#endif

}  // namespace detail

/// One of the compiled versions; all of them give the same bits.
struct panel_version {
  const char* name;
  bool available;  ///< on the machine that asks
  void (*multiply)(const panel_task&);
};

/// The versions there are, the widest first; the last is available everywhere.
inline auto panel_versions() {
#if defined(__x86_64__)
  return std::array{
      panel_version{"AVX-512", __builtin_cpu_supports("avx512f") != 0, detail::multiply_panel_16},
      panel_version{"AVX2", __builtin_cpu_supports("avx2") != 0, detail::multiply_panel_8},
      panel_version{"baseline", true, detail::multiply_panel_4}};
#else
  return std::array{panel_version{"baseline", true, detail::multiply_panel_4}};
#endif
}

/// The widest version that this machine has.
inline panel_version best_panel_version() {
  const auto versions = panel_versions();
  return *std::ranges::find_if(versions, &panel_version::available);
}

}  // namespace urn::nn
