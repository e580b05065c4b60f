#pragma once
/// \file
/// What a conversion to or from transformers needs to know besides the parameters.

#include <cstddef>
#include <optional>
#include <vector>

#include "urn/core/token.hpp"
#include "urn/model/tokenizer.hpp"

namespace urn {

/// What generate() takes from the model and the tokenizer. What is absent makes some parameters a loss.
struct transformers_setting {
  std::optional<std::size_t> vocabulary_size{};  ///< to forbid all but the allowed tokens
  std::optional<std::size_t> context_size{};     ///< to go on until it is full
  std::vector<token_id> end_tokens{};            ///< the model's; empty: not known
  std::optional<token_id> pad_token{};           ///< follows sequences that ended early
  const tokenizer* words = nullptr;              ///< to encode bad words; borrowed for the call
};

}  // namespace urn
