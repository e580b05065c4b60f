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
  /// The same for tokens first, first + 1, ...: a word at a time.
  void edit_run(token_id first, std::span<float> logits) const {
    std::size_t i = 0;
    for (; i < logits.size() && (static_cast<std::size_t>(first) + i) % 32 != 0; ++i)
      logits[i] = (*this)(logits[i], token_at(first, i));
    for (; i + 32 <= logits.size(); i += 32) {
      const std::size_t word = (static_cast<std::size_t>(first) + i) / 32;
      keep_allowed(word < words.size() ? static_cast<std::uint32_t>(words[word]) : 0, logits.data() + i);
    }
    for (; i < logits.size(); ++i) logits[i] = (*this)(logits[i], token_at(first, i));
  }

 private:
  static constexpr token_id token_at(token_id first, std::size_t i) {
    return first + static_cast<token_id>(i);
  }

  /// Integers, so that the loop becomes vector code.
  static void keep_allowed(std::uint32_t allowed, float* logits) {
    for (std::uint32_t bit = 0; bit < 32; ++bit) {
      const std::uint32_t keep = 0U - ((allowed >> bit) & 1U);
      const std::uint32_t l = exact::bits(logits[bit]);
      logits[bit] = exact::float_of((l & keep) | (exact::bits(exact::minus_infinity) & ~keep));
    }
  }
};

}  // namespace urn
