#pragma once
/// \file
/// What a client may ask of a continuation, in the names that the serving APIs share.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "urn/core/token.hpp"
#include "urn/processor/logit_bias.hpp"

namespace urn {

/// Where a continuation ends besides its end token: nowhere, before one string, before any of several, or at
/// any of several tokens.
using stop_condition =
    std::variant<std::monostate, std::string, std::vector<std::string>, std::vector<token_id>>;

/// A pattern of tokens that repeats itself: one of min_pattern_size to max_pattern_size tokens that stands
/// there min_count times in a row, as in repetition_stop and vLLM.
struct repetition_limits {
  std::size_t max_pattern_size = 0;  ///< at least min_pattern_size
  std::size_t min_pattern_size = 1;  ///< at least 1
  std::size_t min_count = 2;         ///< at least 2
  friend bool operator==(const repetition_limits&, const repetition_limits&) = default;
};

/// The parameters of a request. A plain aggregate: an absent value is an empty optional, never a special
/// number; the one exception is top_k, whose -1 every serving API knows as "all". `validate` says what is
/// wrong with one.
struct sampling_params {
  std::optional<std::size_t> max_tokens{};  ///< at least 1; absent: until the context is full
  std::optional<std::uint64_t>
      seed{};             ///< equal seeds give equal tokens; absent: a random one, which the response names
  stop_condition stop{};  ///< strings must not be empty
  std::vector<std::string> stop_regex{};  ///< a match of one ends too; expressions that urn::stop_regex takes
  std::optional<repetition_limits> repetition_detection{};  ///< an output that repeats itself ends
  float temperature = 1.0F;                                 ///< finite, >= 0; 0 is greedy
  std::int32_t top_k = -1;                                  ///< -1, or at least 1
  float top_p = 1.0F;                                       ///< 0 < p <= 1
  float min_p = 0.0F;                                       ///< 0 <= p <= 1
  float repetition_penalty = 1.0F;                          ///< finite, > 0; over prompt and output
  float frequency_penalty = 0.0F;                           ///< -2 to 2; over the output
  float presence_penalty = 0.0F;                            ///< -2 to 2; over the output
  std::size_t min_tokens = 0;                               ///< no end before; at most max_tokens
  std::vector<token_bias> logit_bias{};  ///< added to the logits; ids of the vocabulary, each once, no NaN
  std::optional<std::vector<token_id>> allowed_token_ids{};  ///< only these; not empty, ids of the vocabulary
  std::vector<std::string> bad_words{};                      ///< texts never to be written; not empty
  std::optional<std::size_t> logprobs{};  ///< list the n best tokens with each drawn one; at most 100
  std::optional<std::size_t>
      prompt_logprobs{};        ///< score the prompt, and list the n best tokens at each place; at most 100
  std::size_t num_samples = 1;  ///< 1 to 1024 continuations of the prompt
  bool ignore_eos = false;      ///< go on after the model's end token
  bool include_stop_in_output = false;  ///< keep a stop string in the text
  std::optional<std::chrono::milliseconds>
      deadline{};  ///< from submission; then what there is ends with `abort`

  friend bool operator==(const sampling_params&, const sampling_params&) = default;
};

}  // namespace urn
