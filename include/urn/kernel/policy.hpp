#pragma once
/// \file
/// Execution policies: which implementation of the kernels runs. Every one gives the same results, bit for
/// bit.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include "urn/kernel/candidates.hpp"
#include "urn/kernel/scalar/mass.hpp"
#include "urn/kernel/scalar/max.hpp"
#include "urn/kernel/scalar/moments.hpp"
#include "urn/kernel/scalar/pick.hpp"
#include "urn/kernel/scalar/select.hpp"

namespace urn {

/// The kernel set in plain C++: the definition of every result, and the base of every other policy. A backend
/// derives from it and hides the members that it does better:
///
///     struct my_backend : urn::scalar_t {
///       template <urn::logits_row Row> static urn::kernel::row_max max(const Row& row);
///     };
///
/// Members are free of state and safe from many threads. See kernel/scalar/ for their contracts.
struct scalar_t {
  template <logits_row Row>
  static kernel::row_max max(const Row& row) {
    return kernel::scalar::max(row);
  }
  template <logits_row Row>
  static kernel::row_mass mass(const Row& row, float c, std::span<block_mass> blocks) {
    return kernel::scalar::mass(row, c, blocks);
  }
  template <logits_row Row>
  static kernel::row_mass mass_of_kept(const Row& row, float c) {
    return kernel::scalar::mass_of_kept(row, c);
  }
  template <logits_row Row>
  static kernel::selection select_k(const Row& row, std::size_t k, candidate_list out,
                                    std::span<ranked_mass> scratch) {
    return kernel::scalar::select_k(row, k, out, scratch);
  }
  template <logits_row Row>
  static kernel::selection select_mass(const Row& row, float c, std::uint32_t row_key, std::uint64_t target,
                                       candidate_list out, std::span<ranked_mass> scratch) {
    return kernel::scalar::select_mass(row, c, row_key, target, out, scratch);
  }
  template <logits_row Row>
  static kernel::selection select_above(const Row& row, float c, std::uint32_t row_key, std::uint64_t least,
                                        candidate_list out) {
    return kernel::scalar::select_above(row, c, row_key, least, out);
  }
  template <logits_row Row>
  static std::size_t pick(const Row& row, float c, std::span<const block_mass> blocks,
                          const kernel::row_mass& mass, const draw_key& key) {
    return kernel::scalar::pick(row, c, blocks, mass, key);
  }
  template <logits_row Row>
  static std::size_t pick_kept(const Row& kept, float c, const kernel::row_mass& mass, const draw_key& key) {
    return kernel::scalar::pick_kept(kept, c, mass, key);
  }
  template <logits_row Row>
  static kernel::row_moments moments(const Row& row, float c, std::uint32_t row_key) {
    return kernel::scalar::moments(row, c, row_key);
  }
  template <logits_row Row>
  static std::span<const ranked_mass> top_n(const Row& row, std::size_t n, std::span<ranked_mass> scratch) {
    return kernel::scalar::top_n(row, n, scratch);
  }
  template <logits_row Row>
  static std::size_t count_before(const Row& row, std::uint64_t key) {
    return kernel::scalar::count_before(row, key);
  }
};

inline constexpr scalar_t scalar{};

/// A policy: scalar_t or a backend derived from it.
template <class P>
concept execution_policy = std::derived_from<std::remove_cvref_t<P>, scalar_t>;

}  // namespace urn
