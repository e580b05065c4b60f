#pragma once
/// \file
/// min_tokens: no end before its time.

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

/// Sends the end tokens to -inf while the output has fewer than `count` tokens (vLLM's min_tokens). The ids
/// are borrowed; ids outside the vocabulary are refused.
struct min_tokens {
  using stage = sparse_edit;
  static constexpr bool whole_row = true;
  static constexpr bool only_masks = true;

  std::size_t count = 0;
  std::span<const token_id> end_tokens;

  [[nodiscard]] constexpr bool neutral() const { return count == 0 || end_tokens.empty(); }
  template <class Checker = one_by_one>
  [[nodiscard]] constexpr status check(std::size_t vocabulary, const Checker& checker = {}) const {
    return check_ids(end_tokens, vocabulary, checker);
  }
  [[nodiscard]] constexpr std::size_t touches(const draw_context& context) const {
    return context.history.output.size() < count ? end_tokens.size() : 0;
  }
  [[nodiscard]] constexpr touched_token touch(const draw_context&, std::size_t i) const {
    return {end_tokens[i], 0};
  }
  [[nodiscard]] constexpr float operator()(float, std::uint32_t) const { return exact::minus_infinity; }
};

}  // namespace urn
