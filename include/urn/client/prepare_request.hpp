#pragma once
/// \file
/// A request on its way into the scheduler: refused for what is wrong with it, or made ready to run.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <utility>

#include "urn/client/backend.hpp"
#include "urn/client/request_pipeline.hpp"
#include "urn/client/request_state.hpp"
#include "urn/client/request_stop.hpp"
#include "urn/core/token.hpp"
#include "urn/model/causal_lm.hpp"
#include "urn/model/tokenizer.hpp"
#include "urn/stop/any_stop.hpp"

namespace urn {

/// Throws request_error (failure::invalid) for a prompt that is empty, does not fit into the context (with
/// room for one more token, unless it is only to be scored), or has ids outside the vocabulary.
inline void require_prompt(const sample_request& asked, std::size_t vocabulary_size,
                           std::size_t context_size) {
  const auto refuse = [](const std::string& problem, const std::string& remedy) {
    throw request_error(failure::invalid, "prompt", problem, remedy);
  };
  if (asked.prompt.empty()) refuse("it is empty", "give at least one token");
  const std::size_t most = context_size - (asked.score_only ? 0 : 1);
  if (asked.prompt.size() > most) {
    refuse(std::to_string(asked.prompt.size()) + " tokens are too many",
           "the context leaves room for " + std::to_string(most));
  }
  for (const token_id id : asked.prompt) {
    if (id >= 0 && std::cmp_less(id, vocabulary_size)) continue;
    refuse("token " + std::to_string(id) + " is outside the vocabulary",
           "ids are less than " + std::to_string(vocabulary_size));
  }
}

/// stops_of, if they can be met: throws request_error (failure::invalid) for text without a tokenizer,
/// and for what the criteria's own check names.
inline stop_list require_stops(const sampling_params& params, std::span<const token_id> end_tokens,
                               const tokenizer* words) {
  stop_list stops = stops_of(params, end_tokens);
  if (words == nullptr && stops_at_text(params)) {
    throw request_error(failure::invalid, "stop", "there is no tokenizer to find text with",
                        "give the scheduler one, or stop at tokens");
  }
  if (const stop_check checked = stops.check(); !checked) {
    throw request_error(failure::invalid, "stop", describe(checked.status));
  }
  return stops;
}

/// A request of `model`, ready to run, with a random seed if it names none. Borrows `words`, which may be
/// null. Throws request_error (failure::invalid) for what require_prompt, require_stops and Pipeline refuse.
/// Does no model work. Thread-safe.
template <class Pipeline = request_pipeline, causal_lm Model>
std::unique_ptr<request_state<Model, Pipeline>> prepare_request(sample_request asked, follower first,
                                                                const Model& model, const tokenizer* words,
                                                                std::span<const token_id> end_tokens) {
  const auto random_seed = [] {
    std::random_device device;
    return (std::uint64_t{device()} << 32) | device();
  };
  require_prompt(asked, model.vocabulary_size(), model.context_size());
  stop_list stops = require_stops(asked.params, end_tokens, words);
  Pipeline pipeline(asked.params, model.vocabulary_size(), end_tokens, words);
  const std::uint64_t seed = asked.params.seed ? *asked.params.seed : random_seed();
  auto made = std::make_unique<request_state<Model, Pipeline>>(
      std::move(asked), std::move(first), std::move(pipeline), std::move(stops), words, model.context_size());
  made->answer.seed = seed;
  return made;
}

}  // namespace urn
