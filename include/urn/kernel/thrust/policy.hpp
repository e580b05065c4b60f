#pragma once
/// \file
/// thrust_on: the kernels as Thrust's algorithms. The same results as `scalar`, bit for bit.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

#include "urn/core/draw.hpp"
#include "urn/core/row.hpp"
#include "urn/core/workspace.hpp"
#include "urn/kernel/candidates.hpp"
#include "urn/kernel/policy.hpp"
#include "urn/kernel/thrust/device_row.hpp"
#include "urn/kernel/thrust/mass.hpp"
#include "urn/kernel/thrust/max.hpp"
#include "urn/kernel/thrust/moments.hpp"
#include "urn/kernel/thrust/pick.hpp"
#include "urn/kernel/thrust/race.hpp"
#include "urn/kernel/thrust/select.hpp"
#include "urn/kernel/thrust/system.hpp"

namespace urn {

/// The kernels of whole rows as algorithms of Thrust, on whichever system the execution policy names; what a
/// cut keeps is copied to the workspace, in the host's memory, and goes on by scalar_t. Rows of a GPU are
/// given as device_row, custom edits must then be copyable to it and their operator() URN_HOST_DEVICE.
/// Kernels allocate, wait for their results, and throw what Thrust throws. Members: see scalar_t.
template <kernel::by_thrust::thrust_execution Exec>
struct thrust_t : scalar_t {
  Exec exec;

  explicit thrust_t(const Exec& on) : exec(on) {}

  template <logits_row Row>
  [[nodiscard]] kernel::row_scan scan(const Row& row, std::span<float> maxima) const {
    if constexpr (is_kept<Row>)
      return scalar_t::scan(row, maxima);
    else
      return kernel::by_thrust::scan(lent(row));
  }
  template <logits_row Row>
  [[nodiscard]] kernel::row_max max(const Row& row, const kernel::row_scan& scanned) const {
    if constexpr (is_kept<Row>)
      return scalar_t::max(row, scanned);
    else
      return kernel::by_thrust::max(lent(row));
  }
  template <logits_row Row>
  [[nodiscard]] kernel::row_mass mass(const Row& row, float c, std::span<block_mass> blocks,
                                      std::span<float> /*maxima*/) const {
    return kernel::by_thrust::mass(lent(row), c, blocks);
  }
  template <logits_row Row>
  [[nodiscard]] kernel::selection select_k(const Row& row, std::size_t k, const kernel::row_scan& scanned,
                                           workspace& scratch) const {
    if constexpr (is_kept<Row>)
      return scalar_t::select_k(row, k, scanned, scratch);
    else
      return kernel::by_thrust::select_k(lent(row), k, scanned, room_in(scratch));
  }
  template <logits_row Row>
  [[nodiscard]] kernel::selection select_mass(const Row& row, float c, const kernel::row_mass& mass,
                                              std::uint64_t target, const kernel::row_scan& scanned,
                                              workspace& scratch) const {
    if constexpr (is_kept<Row>)
      return scalar_t::select_mass(row, c, mass, target, scanned, scratch);
    else
      return kernel::by_thrust::select_mass(lent(row), c, mass.key, target, scanned, room_in(scratch));
  }
  template <logits_row Row>
  [[nodiscard]] kernel::selection select_above(const Row& row, float c, std::uint32_t row_key,
                                               std::uint64_t least, const kernel::row_scan& scanned,
                                               workspace& scratch) const {
    if constexpr (is_kept<Row>)
      return scalar_t::select_above(row, c, row_key, least, scanned, scratch);
    else
      return kernel::by_thrust::select_above(lent(row), c, row_key, least, scanned, room_in(scratch));
  }
  template <logits_row Row>
  [[nodiscard]] kernel::selection select_reaching(const Row& row, float least,
                                                  const kernel::row_scan& scanned, workspace& scratch) const {
    if constexpr (is_kept<Row>)
      return scalar_t::select_reaching(row, least, scanned, scratch);
    else
      return kernel::by_thrust::select_reaching(lent(row), least, scanned, room_in(scratch));
  }
  template <logits_row Row>
  [[nodiscard]] kernel::selection select_typical(const Row& row, const kernel::typical_aim& aim,
                                                 const kernel::row_scan& scanned, workspace& scratch) const {
    if constexpr (is_kept<Row>)
      return scalar_t::select_typical(row, aim, scanned, scratch);
    else
      return kernel::by_thrust::select_typical(lent(row), aim, scanned, room_in(scratch));
  }
  template <logits_row Row>
  [[nodiscard]] std::size_t pick(const Row& row, float c, std::span<const block_mass> blocks,
                                 const kernel::row_mass& mass, const draw_key& key) const {
    return kernel::by_thrust::pick(exec, row, c, blocks, mass, key);
  }
  template <logits_row Row>
  [[nodiscard]] std::size_t race(const Row& row, float c, std::span<const block_mass> /*blocks*/,
                                 const kernel::row_mass& mass, const draw_key& key) const {
    return kernel::by_thrust::race(lent(row), c, mass.key, key);
  }
  template <logits_row Row>
  [[nodiscard]] kernel::row_moments moments(const Row& row, float c, std::uint32_t row_key) const {
    if constexpr (is_kept<Row>)
      return scalar_t::moments(row, c, row_key);
    else
      return kernel::by_thrust::moments(lent(row), c, row_key);
  }
  template <logits_row Row>
  [[nodiscard]] kernel::row_spread spread(const Row& row, const kernel::row_scan& scanned) const {
    if constexpr (is_kept<Row>)
      return scalar_t::spread(row, scanned);
    else
      return kernel::by_thrust::spread(lent(row), scanned.largest);
  }
  template <logits_row Row>
  [[nodiscard]] std::span<const ranked_mass> top_n(const Row& row, std::size_t n,
                                                   const kernel::row_scan& scanned,
                                                   workspace& scratch) const {
    if constexpr (is_kept<Row>)
      return scalar_t::top_n(row, n, scanned, scratch);
    else
      return kernel::by_thrust::top_n(lent(row), n, scratch.ranked());
  }
  template <logits_row Row>
  [[nodiscard]] std::size_t count_before(const Row& row, std::uint64_t key,
                                         const kernel::row_scan& scanned) const {
    if constexpr (is_kept<Row>)
      return scalar_t::count_before(row, key, scanned);
    else
      return kernel::by_thrust::count_before(lent(row), key);
  }

 private:
  template <logits_row Row>
  [[nodiscard]] kernel::by_thrust::lent_row<Exec> lent(const Row& row) const {
    return {exec, row};
  }
  template <class Row>
  static constexpr bool is_kept = std::same_as<Row, candidate_list>;
};

/// The kernels on the system of a Thrust execution policy: urn::thrust_on(thrust::omp::par).
template <kernel::by_thrust::thrust_execution Exec>
thrust_t<Exec> thrust_on(const Exec& exec) {
  return thrust_t<Exec>(exec);
}

}  // namespace urn
