#pragma once
/// \file
/// suppressed_tokens, begin_suppressed: tokens that are never drawn, or not at the beginning.

#include <cstddef>
#include <cstdint>
#include <span>

#include "urn/core/draw.hpp"
#include "urn/core/exact.hpp"
#include "urn/core/status.hpp"
#include "urn/core/token.hpp"
#include "urn/core/workspace.hpp"
#include "urn/processor/stage.hpp"

namespace urn {

/// Sends these tokens to -inf (transformers' suppress_tokens). The ids are borrowed, in any order; ids
/// outside the vocabulary are refused.
struct suppressed_tokens {
  using stage = sparse_edit;
  static constexpr bool whole_row = true;
  static constexpr bool only_masks = true;

  std::span<const token_id> ids;

  [[nodiscard]] constexpr bool neutral() const { return ids.empty(); }
  template <class Checker = one_by_one>
  [[nodiscard]] constexpr status check(std::size_t vocabulary, const Checker& checker = {}) const {
    return check_ids(ids, vocabulary, checker);
  }
  [[nodiscard]] constexpr std::size_t touches(const draw_context&) const { return ids.size(); }
  [[nodiscard]] constexpr touched_token touch(const draw_context&, std::size_t i) const {
    return {ids[i], 0};
  }
  [[nodiscard]] constexpr float operator()(float, std::uint32_t) const { return exact::minus_infinity; }
};

/// The same for one token of the output alone: the one at `place`, by itself the first (transformers'
/// begin_suppress_tokens, whose begin_index counts the prompt too).
struct begin_suppressed {
  using stage = sparse_edit;
  static constexpr bool whole_row = true;
  static constexpr bool only_masks = true;

  std::span<const token_id> ids;
  std::size_t place = 0;

  [[nodiscard]] constexpr bool neutral() const { return ids.empty(); }
  template <class Checker = one_by_one>
  [[nodiscard]] constexpr status check(std::size_t vocabulary, const Checker& checker = {}) const {
    return check_ids(ids, vocabulary, checker);
  }
  [[nodiscard]] constexpr std::size_t touches(const draw_context& context) const {
    return context.history.output.size() == place ? ids.size() : 0;
  }
  [[nodiscard]] constexpr touched_token touch(const draw_context&, std::size_t i) const {
    return {ids[i], 0};
  }
  [[nodiscard]] constexpr float operator()(float, std::uint32_t) const { return exact::minus_infinity; }
};

}  // namespace urn
