#pragma once
/// \file
/// simd: the kernels by vectors. The same results as `scalar`, bit for bit.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <type_traits>
#include <xsimd/xsimd.hpp>

#include "urn/kernel/policy.hpp"
#include "urn/kernel/simd/lanes.hpp"
#include "urn/kernel/simd/mass.hpp"
#include "urn/kernel/simd/moments.hpp"
#include "urn/kernel/simd/pick.hpp"
#include "urn/kernel/simd/race.hpp"
#include "urn/kernel/simd/select.hpp"
#include "urn/kernel/simd/spread.hpp"
#include "urn/kernel/simd/typical.hpp"
#include "urn/kernel/simd/typical_sure.hpp"

namespace urn {

/// The execution policy of one architecture: xsimd::avx512bw, xsimd::fma3<xsimd::avx2>, xsimd::avx2,
/// xsimd::sse4_2 or xsimd::neon64, for which the file must be compiled. The architecture is part of the type,
/// so that files compiled with different -m flags can be linked together. Members: see scalar_t.
template <class Arch>
struct simd_t : scalar_t {
  /// The vectors of the architecture.
  using lanes = kernel::simd::lanes<Arch>;

  template <logits_row Row>
  static kernel::row_scan scan(const Row& row, std::span<float> maxima) {
    return kernel::simd::scan<lanes>(row, maxima);
  }
  template <logits_row Row>
  static kernel::row_max max(const Row& row, const kernel::row_scan& scanned) {
    return kernel::simd::max<lanes>(row, scanned);
  }
  template <logits_row Row>
  static kernel::row_mass mass(const Row& row, float c, std::span<block_mass> blocks,
                               std::span<float> maxima) {
    return kernel::simd::mass<lanes>(row, c, blocks, maxima);
  }
  static kernel::row_mass mass_of_kept(const candidate_list& kept, float c, const kernel::row_scan& scanned) {
    return kernel::simd::mass_of_kept<lanes>(kept, c, scanned);
  }
  template <logits_row Row>
  static kernel::selection select_k(const Row& row, std::size_t k, const kernel::row_scan& scanned,
                                    workspace& scratch) {
    return kernel::simd::select_k<lanes>(row, k, scanned, scratch);
  }
  template <logits_row Row>
  static kernel::selection select_mass(const Row& row, float c, const kernel::row_mass& mass,
                                       std::uint64_t target, const kernel::row_scan& scanned,
                                       workspace& scratch) {
    return kernel::simd::select_mass<lanes>(row, c, mass, target, scanned, scratch);
  }
  template <logits_row Row>
  static kernel::selection select_above(const Row& row, float c, std::uint32_t row_key, std::uint64_t least,
                                        const kernel::row_scan& scanned, workspace& scratch) {
    return kernel::simd::select_above<lanes>(row, c, row_key, least, scanned, scratch);
  }
  template <logits_row Row>
  static kernel::selection select_reaching(const Row& row, float least, const kernel::row_scan& scanned,
                                           workspace& scratch) {
    return kernel::simd::select_reaching<lanes>(row, least, scanned, scratch);
  }
  template <logits_row Row>
  static kernel::selection select_typical(const Row& row, const kernel::typical_aim& aim,
                                          const kernel::row_scan& scanned, workspace& scratch) {
    return kernel::simd::select_typical<lanes>(row, aim, scanned, scratch);
  }
  /// Between what the masses of a weighed row's tokens add up to.
  static kernel::mass_range range_of(const kernel::row_mass& mass, std::span<const block_mass> blocks,
                                     std::size_t tokens) {
    return kernel::range_of(mass, blocks, tokens);
  }
  /// select_typical without moments, where nothing is in doubt.
  template <logits_row Row>
  static std::optional<kernel::selection> select_typical_surely(const Row& row,
                                                                const kernel::typical_doubt& doubt,
                                                                const kernel::row_scan& scanned,
                                                                workspace& scratch) {
    return kernel::simd::select_typical_surely<lanes>(row, doubt, scanned, scratch);
  }
  template <logits_row Row>
  static std::size_t pick(const Row& row, float c, std::span<const block_mass> blocks,
                          const kernel::row_mass& mass, const draw_key& key) {
    return kernel::simd::pick<lanes>(row, c, blocks, mass, key);
  }
  static std::size_t pick_kept(const candidate_list& kept, float c, const kernel::row_mass& mass,
                               const draw_key& key) {
    return kernel::simd::pick_kept<lanes>(kept, c, mass, key);
  }
  template <logits_row Row>
  static std::size_t race(const Row& row, float c, std::span<const block_mass> blocks,
                          const kernel::row_mass& mass, const draw_key& key) {
    return kernel::simd::race<lanes>(row, c, blocks, mass, key);
  }
  template <logits_row Row>
  static kernel::row_moments moments(const Row& row, float c, std::uint32_t row_key) {
    return kernel::simd::moments<lanes>(row, c, row_key);
  }
  template <logits_row Row>
  static kernel::row_spread spread(const Row& row, const kernel::row_scan& scanned) {
    return kernel::simd::spread<lanes>(row, scanned.largest);
  }
  template <logits_row Row>
  static std::span<const ranked_mass> top_n(const Row& row, std::size_t n, const kernel::row_scan& scanned,
                                            workspace& scratch) {
    return kernel::simd::top_n<lanes>(row, n, scanned, scratch);
  }
  template <logits_row Row>
  static std::size_t count_before(const Row& row, std::uint64_t key, const kernel::row_scan& scanned) {
    return kernel::simd::count_before<lanes>(row, key, scanned);
  }
};

/// The best architecture that this file is compiled for; without one (plain x86-64 has SSE2 only), scalar.
#if defined(__AVX512BW__) && defined(__AVX512CD__) && defined(__AVX512DQ__) && defined(__AVX512VL__)
using native_simd_t = simd_t<xsimd::avx512bw>;
#elif defined(__AVX2__) && defined(__FMA__)
using native_simd_t = simd_t<xsimd::fma3<xsimd::avx2> >;
#elif defined(__AVX2__)
using native_simd_t = simd_t<xsimd::avx2>;
#elif defined(__SSE4_2__)
using native_simd_t = simd_t<xsimd::sse4_2>;
#elif defined(__aarch64__)
using native_simd_t = simd_t<xsimd::neon64>;
#else
using native_simd_t = scalar_t;
#endif

/// The kernels by vectors of the best architecture that this file is compiled for. (Not inline: its type is
/// not the same in every file.)
constexpr native_simd_t simd{};

}  // namespace urn
