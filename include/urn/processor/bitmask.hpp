#pragma once
/// \file
/// bitmask: only the tokens that a grammar allows.

#include <cstddef>
#include <cstdint>
#include <span>

#include "urn/core/exact.hpp"
#include "urn/core/token.hpp"
#include "urn/processor/stage.hpp"

namespace urn {

/// Bit v % 32 of word v / 32 is 1 where token v is allowed; the others, and tokens past the mask, go to -inf:
/// the layout of xgrammar, outlines-core and vLLM. The words are borrowed. A mask without words allows
/// everything.
struct bitmask {
  using stage = elementwise_edit;
  static constexpr bool whole_row = true;
  static constexpr bool only_masks = true;

  std::span<const std::int32_t> words;

  [[nodiscard]] constexpr bool neutral() const { return words.empty(); }
  [[nodiscard]] constexpr bool allows(token_id id) const {
    const auto v = static_cast<std::uint32_t>(id);
    return v / 32 < words.size() && ((static_cast<std::uint32_t>(words[v / 32]) >> (v % 32)) & 1U) != 0;
  }
  constexpr float operator()(float logit, token_id id) const {
    if (!allows(id)) return exact::minus_infinity;
    return logit;
  }
};

}  // namespace urn
