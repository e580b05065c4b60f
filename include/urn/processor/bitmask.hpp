#pragma once
/// \file
/// bitmask: only the tokens that a grammar allows.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "urn/core/exact.hpp"
#include "urn/core/platform.hpp"
#include "urn/core/row.hpp"
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
  /// Bit i: whether it allows first + i, of 32 tokens from a multiple of 32 on, which a device reads
  /// together.
  [[nodiscard]] URN_HOST_DEVICE constexpr std::uint32_t allowed_of(token_id first) const {
    const auto word = static_cast<std::uint32_t>(first) / 32;
    return word < words.size() ? static_cast<std::uint32_t>(words[word]) : 0;
  }
  /// Masks tokens first, first + 1, ..., whole words by the buffer's conversions.
  void edit_run(token_id first, std::span<const float> from, block_buffer& to) const {
    const auto start = static_cast<std::size_t>(first);
    const std::size_t known = words.size() * 32 > start ? words.size() * 32 - start : 0;
    const std::size_t whole = start % 32 == 0 ? std::min(from.size(), known) / 32 * 32 : 0;
    if (whole > 0) to.conversions->mask(from.data(), &words[start / 32], whole, to.logits);
    for (std::size_t i = whole; i < from.size(); ++i) {
      to.logits[i] = (*this)(from[i], static_cast<token_id>(start + i));
    }
  }
};

}  // namespace urn
