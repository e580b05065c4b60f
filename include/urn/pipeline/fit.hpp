#pragma once
/// \file
/// What a piece of a user's own must have, said by the compiler in one sentence where it does not.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

#include "urn/core/draw.hpp"
#include "urn/core/platform.hpp"
#include "urn/core/token.hpp"
#include "urn/core/workspace.hpp"
#include "urn/processor/stage.hpp"

namespace urn::detail {

/// Each of these is true for stages of other kinds.
template <class S>
inline constexpr bool edits_a_logit = !stage_is<S, elementwise_edit> || requires(const S& s) {
  { s(0.0F, token_id{}) } -> std::convertible_to<float>;
};
template <class S>
inline constexpr bool edits_by_value =
    !(stage_is<S, sparse_edit> || stage_is<S, row_edit>) || requires(const S& s) {
  { s(0.0F, std::uint32_t{}) } -> std::convertible_to<float>;
};
template <class S>
inline constexpr bool names_its_tokens =
    !stage_is<S, sparse_edit> || requires(const S& s, const draw_context& context) {
  { s.touches(context) } -> std::convertible_to<std::size_t>;
  { s.touch(context, std::size_t{}) } -> std::convertible_to<touched_token>;
};
template <class S, class State>
inline constexpr bool lists_its_tokens =
    !stage_is<S, row_edit> || requires(const S& s, State& row, std::span<touched_token> room) {
  s.touched(row, room);
};
template <class S>
inline constexpr bool edits_by_the_largest = !stage_is<S, relative_edit> || requires(const S& s) {
  { s(0.0F, 0.0F) } -> std::convertible_to<float>;
};
template <class S>
inline constexpr bool takes_the_row =
    stage_is<S, scaling> || stage_is<S, cut> || stage_is<S, sampler> || stage_is<S, report>;
template <class S>
inline constexpr bool is_of_a_kind =
    takes_the_row<S> || stage_is<S, elementwise_edit> || stage_is<S, sparse_edit> || stage_is<S, row_edit> ||
    stage_is<S, relative_edit> || stage_is<S, composition>;

/// Whether a stage has what its kind needs; if not, the compiler says what is missing.
template <class S, class State>
URN_HOST_DEVICE constexpr bool fits() {
  constexpr bool takes_it = !takes_the_row<S> || requires(const S& s, State& row) { s(row); };
  static_assert(is_of_a_kind<S>,
                "urn: a piece's `using stage` is one of urn::elementwise_edit, sparse_edit, row_edit, "
                "relative_edit, scaling, cut, sampler, report");
  static_assert(edits_a_logit<S>,
                "urn: an elementwise_edit needs `float operator()(float logit, urn::token_id id) const`");
  static_assert(edits_by_value<S>,
                "urn: a sparse_edit or row_edit needs `float operator()(float logit, std::uint32_t value) "
                "const`");
  static_assert(names_its_tokens<S>,
                "urn: a sparse_edit needs `std::size_t touches(const urn::draw_context&) const` and "
                "`urn::touched_token touch(const urn::draw_context&, std::size_t i) const`");
  static_assert(lists_its_tokens<S, State>,
                "urn: a row_edit needs `template <class State> urn::kernel::gathered touched(State& row, "
                "std::span<urn::touched_token> room) const`");
  static_assert(edits_by_the_largest<S>,
                "urn: a relative_edit needs `float operator()(float logit, float largest) const`");
  static_assert(takes_it,
                "urn: a scaling, cut, sampler or report needs `template <class State> void "
                "operator()(State& row) const`");
  return is_of_a_kind<S> && edits_a_logit<S> && edits_by_value<S> && names_its_tokens<S> &&
         lists_its_tokens<S, State> && edits_by_the_largest<S> && takes_it;
}

}  // namespace urn::detail
