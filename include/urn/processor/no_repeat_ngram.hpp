#pragma once
/// \file
/// no_repeat_ngram, encoder_no_repeat_ngram: no n tokens in a row that were there before.

#include <cstddef>
#include <cstdint>
#include <span>

#include "urn/core/draw.hpp"
#include "urn/core/exact.hpp"
#include "urn/core/history.hpp"
#include "urn/core/token.hpp"
#include "urn/core/workspace.hpp"
#include "urn/processor/stage.hpp"

namespace urn {

/// Sends to -inf each token that followed an earlier occurrence of the last n - 1 tokens, in prompt and
/// output together (transformers' no_repeat_ngram_size; n = 1 bans every token of the history). Neutral: 0.
/// O(length of the history) a row, times n at worst.
struct no_repeat_ngram {
  using stage = sparse_edit;
  static constexpr bool whole_row = true;
  static constexpr bool only_masks = true;

  std::size_t n = 0;

  [[nodiscard]] constexpr bool neutral() const { return n == 0; }
  [[nodiscard]] constexpr std::size_t touches(const draw_context& context) const {
    const std::size_t size = context.history.size();
    return size < n ? 0 : size - n + 1;
  }
  [[nodiscard]] constexpr touched_token touch(const draw_context& context, std::size_t i) const {
    const token_history& seen = context.history;
    std::size_t left = n - 1;
    while (left > 0 && seen.at(i + left - 1) == seen.at(seen.size() - n + left)) --left;
    return {left == 0 ? seen.at(i + n - 1) : no_token, 0};
  }
  [[nodiscard]] constexpr float operator()(float, std::uint32_t) const { return exact::minus_infinity; }
};

/// The same for the n-grams of another text, the encoder's input (transformers'
/// encoder_no_repeat_ngram_size). The ids are borrowed; those outside the vocabulary match nothing that can
/// be drawn. O(length of that text) a row, times n at worst.
struct encoder_no_repeat_ngram {
  using stage = sparse_edit;
  static constexpr bool whole_row = true;
  static constexpr bool only_masks = true;

  std::size_t n = 0;
  std::span<const token_id> encoder;

  [[nodiscard]] constexpr bool neutral() const { return n == 0 || encoder.size() < n; }
  [[nodiscard]] constexpr std::size_t touches(const draw_context&) const {
    return encoder.size() < n ? 0 : encoder.size() - n + 1;
  }
  [[nodiscard]] constexpr touched_token touch(const draw_context& context, std::size_t i) const {
    return {context.history.ends_with(encoder.subspan(i, n - 1)) ? encoder[i + n - 1] : no_token, 0};
  }
  [[nodiscard]] constexpr float operator()(float, std::uint32_t) const { return exact::minus_infinity; }
};

}  // namespace urn
