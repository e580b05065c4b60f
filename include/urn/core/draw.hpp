#pragma once
/// \file
/// What one draw takes besides its logits, and what it gives.

#include <cstddef>
#include <cstdint>
#include <span>

#include "urn/core/exact.hpp"
#include "urn/core/history.hpp"
#include "urn/core/status.hpp"
#include "urn/core/token.hpp"

namespace urn {

/// Names one draw: who asks (seed, sequence) and for which token (step), never a place in a batch. Equal keys
/// give equal random bits on every backend.
struct draw_key {
  std::uint64_t seed = 0;
  std::uint64_t sequence = 0;  ///< which of the request's sequences, 0 for the first sample
  std::uint32_t step = 0;      ///< the position of the token to draw
};

/// A token with its natural logarithm of probability.
struct token_logprob {
  token_id token = no_token;
  float logprob = exact::minus_infinity;
  friend constexpr bool operator==(const token_logprob&, const token_logprob&) = default;
};

/// What is left of a row, in two numbers.
struct kept_summary {
  float mass = exact::quiet_nan;  ///< the kept tokens' share of what came to the first cut; 1 without a cut
  float entropy = exact::quiet_nan;  ///< of what was drawn from, in nats
};

/// The parameters of one row: `sampler(urn::scalar, logits, {.history = tokens, .seed = 42, .step = n},
/// scratch)`.
struct draw_context {
  token_history history{};                  ///< read by penalties and min_tokens
  std::uint64_t seed = 0;                   ///< see draw_key
  std::uint64_t sequence = 0;               ///< see draw_key
  std::uint32_t step = 0;                   ///< see draw_key
  std::span<token_logprob> top_logprobs{};  ///< filled by the stage `logprobs`: the best of the processed row
  std::span<token_logprob>
      raw_top_logprobs{};  ///< filled by the stage `logprobs`: the best of the row as it came
  std::span<token_logprob> given_logprobs{};      ///< completed by `logprobs`: of these tokens, as processed
  std::span<token_logprob> raw_given_logprobs{};  ///< the same of the row as it came
  std::span<token_logprob> kept_set{};            ///< filled by the stage `kept_set`: the tokens left, by ids
  kept_summary* summary = nullptr;                ///< filled by the stage `kept_set`

  [[nodiscard]] constexpr draw_key key() const { return {seed, sequence, step}; }
};

/// The result for one row.
struct draw {
  token_id token = no_token;             ///< no_token if there is none; the status says why
  urn::status status = urn::status::ok;  ///< what was unusual about the row
  float logprob = exact::quiet_nan;  ///< ln of the token's share of what was drawn from; NaN if not asked for
  float raw_logprob =
      exact::quiet_nan;    ///< ln softmax of the row as it came, at temperature 1; NaN if not asked for
  std::uint32_t rank = 0;  ///< 1 + tokens of the row as it came that stand before; 0 if not asked for
  std::uint32_t kept = 0;  ///< tokens in the kept set; of an uncut row, its size
  std::uint64_t mass = 0;  ///< their mass in the row's units of 2^-40 of its largest power of two
  /// ln of the token's share of what came to a sampler that adapts (mirostat, adaptive_p), before it cut or
  /// reshaped that; NaN without one. Its state takes it back.
  float prior_logprob = exact::quiet_nan;
};

}  // namespace urn
