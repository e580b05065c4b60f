#pragma once
/// \file
/// What generation tells, one token at a time.

#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "urn/core/draw.hpp"
#include "urn/core/token.hpp"
#include "urn/stop/stop.hpp"

namespace urn {

/// One token of one of the sequences. The views live until the next event is asked for.
struct generate_event {
  std::size_t sequence = 0;  ///< which of the samples, from 0
  draw drawn;                ///< the token, its logprobs and the row's status
  std::string_view text;     ///< the text that may be shown now: whole characters, no part of a stop string
  stop_decision stop;        ///< `stop.stop()`: this was the sequence's last token, and why
  std::span<const token_logprob> top_logprobs;      ///< as many as asked for, of what was drawn from
  std::span<const token_logprob> raw_top_logprobs;  ///< as many as asked for, of the model's own distribution
};

/// Makes text of tokens one at a time, as urn::token_stream does: never half a character.
template <class D>
concept token_decoder = std::copyable<D> && requires(D decoder, token_id token) {
  { decoder.push(token) } -> std::convertible_to<std::string>;
  { decoder.finish() } -> std::convertible_to<std::string>;
};

/// The decoder of a caller who wants tokens only.
struct no_text {
  static std::string push(token_id) { return {}; }
  static std::string finish() { return {}; }
};

}  // namespace urn
