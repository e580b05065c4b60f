#pragma once
/// \file
/// The tokens that stand before the one to draw.

#include <concepts>
#include <cstddef>
#include <limits>
#include <span>

#include "urn/core/token.hpp"

namespace urn {

/// A borrowed view of a sequence so far: what was given and what was drawn. Ids outside the vocabulary are
/// allowed (placeholders of images, padding) and never match a token.
struct token_history {
  std::span<const token_id> prompt;
  std::span<const token_id> output;

  constexpr token_history() = default;
  constexpr token_history(std::span<const token_id> prompt_tokens, std::span<const token_id> output_tokens)
      : prompt(prompt_tokens), output(output_tokens) {}

  /// A history that does not tell prompt and output apart: all of it counts as output.
  template <class Tokens>
    requires std::convertible_to<const Tokens&, std::span<const token_id>>
  constexpr token_history(const Tokens& tokens)  // NOLINT(google-explicit-constructor): `.history = tokens`
      : output(tokens) {}

  [[nodiscard]] constexpr std::size_t size() const { return prompt.size() + output.size(); }

  /// The part of this history inside the last n tokens.
  [[nodiscard]] constexpr token_history last(std::size_t n) const {
    const std::size_t from_output = n < output.size() ? n : output.size();
    const std::size_t rest = n - from_output;
    const std::size_t from_prompt = rest < prompt.size() ? rest : prompt.size();
    return {prompt.last(from_prompt), output.last(from_output)};
  }

  /// The token at a place, counted from the first of the prompt; i < size().
  [[nodiscard]] constexpr token_id at(std::size_t i) const {
    return i < prompt.size() ? prompt[i] : output[i - prompt.size()];
  }

  /// Whether the last tokens are these.
  [[nodiscard]] constexpr bool ends_with(std::span<const token_id> ids) const {
    if (ids.size() > size()) return false;
    std::size_t left = ids.size();
    while (left > 0 && ids[left - 1] == at(size() - ids.size() + left - 1)) --left;
    return left == 0;
  }
};

/// A window that is never smaller than the history.
inline constexpr std::size_t whole_history = std::numeric_limits<std::size_t>::max();

}  // namespace urn
