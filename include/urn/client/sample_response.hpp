#pragma once
/// \file
/// What a request gives: sequences with their logprobs, and the prompt's.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "urn/core/draw.hpp"
#include "urn/core/token.hpp"

namespace urn {

/// Why a sequence ended.
enum class finish_reason : std::uint8_t {
  length,  ///< max_tokens, or the context is full
  stop,    ///< an end token, a stop token, text or a repetition; `matched_...` says which
  abort,   ///< a deadline, or the request was cancelled after this much
  error    ///< a row gave no token; `sequence::error` says why
};

/// One continuation. Per-token lists are as long as `tokens`.
struct sampled_sequence {
  std::vector<token_id> tokens{};  ///< what was drawn, the end token included
  std::string text{};              ///< their text, without what a stop string cut off
  std::vector<float>
      logprobs{};  ///< ln softmax of the model's own logits, at temperature 1: what a trainer computes
  std::vector<float>
      sampling_logprobs{};  ///< ln of the probability each token was drawn with, after all processors
  std::vector<std::uint32_t> ranks{};  ///< of each in the model's own logits: 1 is the best
  std::vector<std::vector<token_logprob>>
      top_logprobs{};  ///< the n best of the model's own logits; empty if not asked for
  finish_reason reason = finish_reason::length;
  std::optional<std::string> matched_text{};  ///< the stop string or the expression that ended it
  std::optional<token_id> matched_token{};    ///< the end or stop token that ended it
  std::string error{};                        ///< of reason `error`: what was wrong
};

/// Where the time went, in seconds.
struct request_timing {
  double queued = 0;       ///< from submission to the first model step
  double first_token = 0;  ///< from submission to the first drawn token
  double total = 0;        ///< from submission to the end
};

/// The whole answer to a request.
struct sample_response {
  std::string id{};
  std::vector<sampled_sequence> sequences{};  ///< num_samples of them
  /// If asked for: ln softmax of each prompt token given those before it; nothing for the first.
  std::vector<std::optional<float>> prompt_logprobs{};
  /// If asked for: the k best tokens at each place of the prompt; nothing for the first.
  std::vector<std::vector<token_logprob>> topk_prompt_logprobs{};
  std::vector<token_id> prompt_tokens{};
  std::size_t cached_prompt_tokens = 0;  ///< prompt tokens whose state was there already
  std::uint64_t seed = 0;                ///< the one used
  request_timing timing{};
};

}  // namespace urn
