#pragma once
/// \file
/// known_touches: a sparse edit whose tokens were found beforehand.

#include <cstddef>
#include <cstdint>
#include <span>

#include "urn/core/draw.hpp"
#include "urn/core/platform.hpp"
#include "urn/core/status.hpp"
#include "urn/core/workspace.hpp"
#include "urn/kernel/touch_list.hpp"
#include "urn/processor/stage.hpp"

namespace urn {

/// Edits these tokens with these values instead of those that `edit` finds in the history: for edits that a
/// caller can look up faster (see dry_matches). The list is borrowed; a token listed twice is merged.
template <class Edit>
struct known_touches {
  using stage = sparse_edit;
  static constexpr bool whole_row = needs_whole_row<Edit>;
  static constexpr bool only_masks = is_mask<Edit>;

  Edit edit;
  std::span<const touched_token> touched;

  [[nodiscard]] constexpr bool neutral() const { return is_neutral(edit); }
  template <class Checker = one_by_one>
  [[nodiscard]] constexpr status check(std::size_t vocabulary, const Checker& checker = {}) const {
    return check_stage(edit, vocabulary, checker);
  }
  [[nodiscard]] constexpr std::size_t touches(const draw_context&) const { return touched.size(); }
  [[nodiscard]] constexpr touched_token touch(const draw_context&, std::size_t i) const { return touched[i]; }
  [[nodiscard]] URN_HOST_DEVICE std::uint32_t merge(std::uint32_t a, std::uint32_t b) const {
    return merged_value(edit, a, b);
  }
  [[nodiscard]] URN_HOST_DEVICE float operator()(float logit, std::uint32_t value) const {
    return edit(logit, value);
  }
};
template <class Edit>
known_touches(Edit, std::span<const touched_token>) -> known_touches<Edit>;

}  // namespace urn
