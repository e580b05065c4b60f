#pragma once
/// \file
/// One sample of a running request: from drawn tokens to a sampled_sequence and its events.

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "urn/client/backend.hpp"
#include "urn/client/request_stop.hpp"
#include "urn/client/sample_response.hpp"
#include "urn/client/sampling_params.hpp"
#include "urn/core/draw.hpp"
#include "urn/core/status.hpp"
#include "urn/core/token.hpp"
#include "urn/model/tokenizer.hpp"
#include "urn/stop/any_stop.hpp"
#include "urn/stop/stop.hpp"
#include "urn/stop/text_release.hpp"

namespace urn {

/// Why a row gave no token, as a sentence.
constexpr std::string_view why_no_token(status s) {
  if (has(s, status::bad_argument)) return "a parameter does not fit the model's vocabulary";
  if (has(s, status::no_space)) return "the workspace is too small for the row";
  if (has(s, status::out_of_range)) return "the largest logit divided by the temperature is out of range";
  return "no token is left: every logit is -inf or NaN";
}

/// A sequence and how its text grew: what its events are made of, however often they are asked for.
struct told_sequence {
  sampled_sequence out;
  std::vector<std::size_t> shown;  ///< the text's size after each event; an end without a token is one too
  bool ended = false;

  /// Event `i` < shown.size().
  [[nodiscard]] stream_event event(std::size_t sequence, std::size_t i) const {
    stream_event e{.sequence = sequence};
    if (i < out.tokens.size()) {
      e.token = out.tokens[i];
      e.logprob = out.logprobs[i];
      e.sampling_logprob = out.sampling_logprobs[i];
      e.rank = out.ranks[i];
      if (!out.top_logprobs.empty()) e.top_logprobs = out.top_logprobs[i];
    }
    const std::size_t before = i == 0 ? 0 : shown[i - 1];
    e.text = out.text.substr(before, shown[i] - before);
    if (ended && i + 1 == shown.size()) e.finished = out.reason;
    return e;
  }
};

/// The answer with the sequences as they are now.
template <class Sequences>
sample_response with_sequences(sample_response answer, const Sequences& told) {
  for (const told_sequence& t : told) answer.sequences.push_back(t.out);
  return answer;
}

/// A sample while it runs.
template <class Sequence>
struct continuation : told_sequence {
  std::size_t index;             ///< which of the request's samples
  std::optional<Sequence> past;  ///< all tokens but the last drawn one; none once ended
  stop_list::state stopping;
  std::optional<token_stream> decoder;
  text_release release;
  std::size_t told = 0;  ///< events that listeners have

  continuation(std::size_t i, Sequence state, const stop_list& stops, const tokenizer* words)
      : index(i), past(std::move(state)), stopping(stops.start()) {
    if (words != nullptr) decoder.emplace(*words);
  }

  /// Appends a drawn token; `room` is how many tokens the context has left for it and those after.
  void take(const draw& drawn, const stop_list& stops, const sampling_params& params, std::size_t room) {
    if (drawn.token == no_token) return fail(std::string(why_no_token(drawn.status)));
    out.tokens.push_back(drawn.token);
    out.logprobs.push_back(drawn.raw_logprob);
    out.sampling_logprobs.push_back(drawn.logprob);
    out.ranks.push_back(drawn.rank);
    std::string piece = decoder ? decoder->push(drawn.token) : std::string();
    stop_decision stop = stops.update(stopping, {.token = drawn.token, .text = piece, .output = out.tokens});
    if (!stop.stop() && room <= 1) stop.reason = stop_reason::length;
    if (stop.stop() && stop.drop == 0 && decoder) piece += decoder->finish();
    show(release.push(piece, stop));
    if (!stop.stop()) return;
    explain_stop(stop, params, out);
    close();
  }

  /// Ends without a further token.
  void abort() { end(finish_reason::abort); }
  void fail(const std::string& why) {
    out.error = why;
    end(finish_reason::error);
  }

 private:
  void end(finish_reason reason) {
    out.reason = reason;
    show(release.finish());
    close();
  }
  void show(std::string_view text) {
    out.text += text;
    shown.push_back(out.text.size());
  }
  void close() {
    ended = true;
    past.reset();
  }
};

}  // namespace urn
