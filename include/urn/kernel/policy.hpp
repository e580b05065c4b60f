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
#include "urn/kernel/edited_row.hpp"
#include "urn/kernel/scalar/bends.hpp"
#include "urn/kernel/scalar/mass.hpp"
#include "urn/kernel/scalar/max.hpp"
#include "urn/kernel/scalar/moments.hpp"
#include "urn/kernel/scalar/pick.hpp"
#include "urn/kernel/scalar/race.hpp"
#include "urn/kernel/scalar/select.hpp"
#include "urn/kernel/scalar/spread.hpp"
#include "urn/kernel/scalar/typical.hpp"
#include "urn/kernel/touch_list.hpp"

namespace urn {

/// The kernel set in plain C++: the definition of every result, and the base of every other policy. A backend
/// derives from it and hides the members that it does better:
///
///     struct my_backend : urn::scalar_t {
///       template <urn::logits_row Row>
///       static urn::kernel::row_max max(const Row& row, const urn::kernel::row_scan& scanned);
///     };
///
/// `scanned` is what scan, or mass, said of the same row; a backend may skip what it rules out, this one does
/// not. Cuts write what they keep to scratch.ids() and scratch.logits(), even while they read a kept set from
/// there; they use its ranked(), left() and right(). Members are free of state and safe from many threads,
/// each with its own workspace. See kernel/scalar/ for the contracts.
struct scalar_t {
  using workspace = urn::workspace;

  /// Calls do_one(i) for each i < n; one does not depend on another.
  template <class DoOne>
  static constexpr void each(std::size_t n, DoOne&& do_one) {
    for (std::size_t i = 0; i < n; ++i) do_one(i);
  }
  /// Whether is_good(i) for each i < n.
  template <class IsGood>
  static constexpr bool all(std::size_t n, IsGood&& is_good) {
    std::size_t good = 0;
    while (good < n && is_good(good)) ++good;
    return good == n;
  }
  /// The tokens that a sparse edit touches, in scratch.touched() past the first `used`.
  template <class Edit>
  static kernel::gathered gather(const Edit& edit, const draw_context& context, std::size_t vocabulary,
                                 std::size_t used, workspace& scratch) {
    return kernel::scalar::gather(edit, context, vocabulary, scratch.touched().subspan(used),
                                  scratch.slots());
  }
  /// The row with an edit of the touched tokens, after a temperature.
  template <logits_row Row, class Edit>
  URN_HOST_DEVICE static sparse_row<Row, Edit> touch(const Row& row, const Edit& edit,
                                                     std::span<const touched_token> touched,
                                                     float temperature) {
    return {row, edit, touched, temperature};
  }
  /// The largest logit. `maxima` has room for those of the strips (or for none), if the backend notes them.
  template <logits_row Row>
  static kernel::row_scan scan(const Row& row, std::span<float> /*maxima*/) {
    return kernel::scalar::scan(row);
  }
  template <logits_row Row>
  static kernel::row_max max(const Row& row, const kernel::row_scan&) {
    return kernel::scalar::max(row);
  }
  /// The masses of the row's blocks and, by the way, what scan says.
  template <logits_row Row>
  static kernel::row_mass mass(const Row& row, float c, std::span<block_mass> blocks,
                               std::span<float> /*maxima*/) {
    return kernel::scalar::mass(row, c, blocks);
  }
  static kernel::row_mass mass_of_kept(const candidate_list& kept, float c, const kernel::row_scan&) {
    return kernel::scalar::mass_of_kept(kept, c);
  }
  template <logits_row Row>
  static kernel::selection select_k(const Row& row, std::size_t k, const kernel::row_scan&,
                                    workspace& scratch) {
    return kernel::scalar::select_k(row, k, room_in(scratch), scratch.ranked());
  }
  template <logits_row Row>
  static kernel::selection select_mass(const Row& row, float c, const kernel::row_mass& mass,
                                       std::uint64_t target, const kernel::row_scan&, workspace& scratch) {
    return kernel::scalar::select_mass(row, c, mass.key, target, room_in(scratch), scratch.ranked());
  }
  template <logits_row Row>
  static kernel::selection select_above(const Row& row, float c, std::uint32_t row_key, std::uint64_t least,
                                        const kernel::row_scan&, workspace& scratch) {
    return kernel::scalar::select_above(row, c, row_key, least, room_in(scratch));
  }
  template <logits_row Row>
  static kernel::selection select_reaching(const Row& row, float least, const kernel::row_scan&,
                                           workspace& scratch) {
    return kernel::scalar::select_reaching(row, least, room_in(scratch));
  }
  template <logits_row Row>
  static kernel::selection select_typical(const Row& row, const kernel::typical_aim& aim,
                                          const kernel::row_scan&, workspace& scratch) {
    return kernel::scalar::select_typical(row, aim, room_in(scratch), scratch.ranked());
  }
  template <logits_row Row>
  static std::size_t pick(const Row& row, float c, std::span<const block_mass> blocks,
                          const kernel::row_mass& mass, const draw_key& key) {
    return kernel::scalar::pick(row, c, blocks, mass, key);
  }
  static std::size_t pick_kept(const candidate_list& kept, float c, const kernel::row_mass& mass,
                               const draw_key& key) {
    return kernel::scalar::pick_kept(kept, c, mass, key);
  }
  template <logits_row Row>
  static std::size_t race(const Row& row, float c, std::span<const block_mass> blocks,
                          const kernel::row_mass& mass, const draw_key& key) {
    return kernel::scalar::race(row, c, blocks, mass, key);
  }
  static std::size_t race_kept(const candidate_list& kept, float c, const kernel::row_mass& mass,
                               const draw_key& key) {
    return kernel::scalar::race_kept(kept, c, mass, key);
  }
  template <logits_row Row>
  static kernel::row_moments moments(const Row& row, float c, std::uint32_t row_key) {
    return kernel::scalar::moments(row, c, row_key);
  }
  /// Of a row whose largest logit is finite.
  template <logits_row Row>
  static kernel::row_spread spread(const Row& row, const kernel::row_scan& scanned) {
    return kernel::scalar::spread(row, scanned.largest);
  }
  template <logits_row Row>
  static std::span<const ranked_mass> top_n(const Row& row, std::size_t n, const kernel::row_scan&,
                                            workspace& scratch) {
    return kernel::scalar::top_n(row, n, scratch.ranked());
  }
  /// Of what top_n gave.
  static std::size_t leading_bends(std::span<const ranked_mass> ranked, float c, std::uint32_t row_key,
                                   std::uint64_t share) {
    return kernel::scalar::leading_bends(ranked, c, row_key, share);
  }
  template <logits_row Row>
  static std::size_t count_before(const Row& row, std::uint64_t key, const kernel::row_scan&) {
    return kernel::scalar::count_before(row, key);
  }
};

/// The policy that defines every result: `sampler(urn::scalar, logits, context, scratch)`.
inline constexpr scalar_t scalar{};

/// A policy: scalar_t or a backend derived from it.
template <class P>
concept execution_policy = std::derived_from<std::remove_cvref_t<P>, scalar_t>;

}  // namespace urn
