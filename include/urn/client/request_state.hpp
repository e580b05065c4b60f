#pragma once
/// \file
/// A request in the scheduler: what it asks for, made ready; how far it is; who listens.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "urn/client/backend.hpp"
#include "urn/client/continuation.hpp"
#include "urn/client/sample_response.hpp"
#include "urn/core/draw.hpp"
#include "urn/core/workspace.hpp"
#include "urn/kernel/policy.hpp"
#include "urn/logprob/logprobs.hpp"
#include "urn/model/causal_lm.hpp"
#include "urn/model/tokenizer.hpp"
#include "urn/stop/any_stop.hpp"

namespace urn {

/// Someone who waits for a request, and may give up.
struct follower {
  listener who;
  std::stop_token cancel;

  /// Listeners should not throw; one that does harms nobody else.
  void tell(const stream_event& event) const noexcept {
    try {
      if (who.event) who.event(event);
    } catch (...) {  // NOLINT(bugprone-empty-catch)
    }
  }
  void end(outcome result) const noexcept {
    try {
      if (who.done) who.done(std::move(result));
    } catch (...) {  // NOLINT(bugprone-empty-catch)
    }
  }
};

/// A request from its acceptance to its answer. Its parts may be worked on by different threads at a time:
/// each sample by one, the prompt by one.
template <causal_lm Model, class Pipeline>
struct request_state {
  /// Of submission, start and deadline.
  using clock = std::chrono::steady_clock;
  using sequence = typename Model::sequence;
  using sample = continuation<sequence>;

  sample_request request;
  std::vector<follower> followers;
  Pipeline pipeline;
  stop_list stops;
  const tokenizer* words;  ///< the scheduler's; may be null
  std::size_t context_size;

  clock::time_point submitted = clock::now();
  clock::time_point started;
  std::optional<clock::time_point> deadline;

  sample_response answer;                ///< what is known of it, without the sequences
  std::optional<sequence> prompt_state;  ///< of the prompt's tokens so far; gone when every sample has it
  std::size_t computed = 0;              ///< the prompt's tokens with a state
  std::vector<float> first_row;          ///< the logits after the prompt
  std::vector<sample> samples;           ///< those that run or have ended
  bool kept = false;                     ///< the cache was given the prompt's state
  std::optional<request_error> failed;

  request_state(sample_request r, follower who, Pipeline p, stop_list s, const tokenizer* w,
                std::size_t context)
      : request(std::move(r)), pipeline(std::move(p)), stops(std::move(s)), words(w), context_size(context) {
    followers.push_back(std::move(who));
    constexpr auto never = std::chrono::hours(24 * 365 * 100);
    if (request.params.deadline && *request.params.deadline < never) {
      deadline = submitted + *request.params.deadline;
    }
    samples.reserve(request.score_only ? 0 : request.params.num_samples);
    answer.id = request.id;
    answer.prompt_tokens = request.prompt;
  }

  /// The first failure counts; who works on the request leaves it alone from then on.
  void fail(failure kind, const std::string& why) {
    if (!failed) failed.emplace(kind, "model", why);
  }

  /// Does something with the model outside of its forward; what is thrown fails this request alone.
  template <class Action>
  void attempt(const Action& action) {
    try {
      action();
    } catch (const std::exception& thrown) {
      fail(failure::model, thrown.what());
    }
  }

  [[nodiscard]] bool wants_scores() const {
    return request.include_prompt_logprobs || request.score_only || listed_scores() > 0 ||
           request.params.prompt_logprobs;
  }
  [[nodiscard]] std::size_t listed_scores() const {
    return std::max(request.topk_prompt_logprobs, request.params.prompt_logprobs.value_or(0));
  }
  [[nodiscard]] bool prefilled() const { return computed == request.prompt.size(); }
  [[nodiscard]] std::size_t unstarted() const {
    return request.score_only ? 0 : request.params.num_samples - samples.size();
  }
  [[nodiscard]] std::size_t running() const {
    return static_cast<std::size_t>(std::ranges::count(samples, false, &sample::ended));
  }
  [[nodiscard]] bool finished() const { return prefilled() && unstarted() == 0 && running() == 0; }
  [[nodiscard]] bool has_tokens() const {
    return std::ranges::any_of(samples, [](const sample& s) { return !s.out.tokens.empty(); });
  }

  /// The next `count` tokens of the prompt.
  [[nodiscard]] std::span<const token_id> chunk(std::size_t count) const {
    return std::span(request.prompt).subspan(computed, count);
  }
  /// The rows that a chunk of so many tokens must give.
  [[nodiscard]] logits_wanted rows_for(std::size_t count) const {
    if (wants_scores()) return logits_wanted::all;
    return computed + count == request.prompt.size() ? logits_wanted::last : logits_wanted::none;
  }

  /// Takes in a computed chunk of `count` tokens and its rows, which begin at `row` of `logits`.
  void take_chunk(std::size_t count, const logits_buffer& logits, std::size_t row, workspace& scratch) {
    if (wants_scores()) {
      if (computed == 0) score(no_token, {}, scratch);
      for (std::size_t i = 0; i < count && computed + i + 1 < request.prompt.size(); ++i) {
        score(request.prompt[computed + i + 1], logits.row(row + i), scratch);
      }
    }
    const bool last = computed + count == request.prompt.size();
    if (last && !request.score_only) {
      const auto after = logits.row(wants_scores() ? row + count - 1 : row);
      first_row.assign(after.begin(), after.end());
    }
    computed += count;
  }

  /// Begins the next sample, which has no token yet.
  sample& start_sample() {
    sequence past = unstarted() > 1 ? prompt_state->fork() : std::move(*prompt_state);
    if (unstarted() == 1) prompt_state.reset();
    return samples.emplace_back(samples.size(), std::move(past), stops, words);
  }

  /// Ends the samples that run or have not begun, with what they have.
  void abort() {
    while (unstarted() > 0) start_sample();
    for (sample& s : samples) {
      if (!s.ended) s.abort();
    }
  }

  /// Draws the sample's next token from `row`.
  void draw_for(sample& s, std::span<const float> row, workspace& scratch) {
    std::vector<token_logprob> best(std::min(request.params.logprobs.value_or(0), row.size()));
    const draw drawn = pipeline(scalar, row,
                                draw_context{.history = {request.prompt, s.out.tokens},
                                             .seed = answer.seed,
                                             .sequence = s.index,
                                             .step = static_cast<std::uint32_t>(s.out.tokens.size()),
                                             .raw_top_logprobs = best},
                                scratch);
    if (request.params.logprobs && drawn.token != no_token) s.out.top_logprobs.push_back(std::move(best));
    s.take(drawn, stops, request.params, context_size - request.prompt.size() - s.out.tokens.size());
  }

 private:
  /// Adds the score of the prompt's next token given the row before it; the first has none.
  void score(token_id token, std::span<const float> row, workspace& scratch) {
    std::vector<token_logprob> best(std::min(listed_scores(), row.size()));
    std::optional<float> logprob;
    if (token != no_token) logprob = score_token(scalar, row, token, scratch, best).raw_logprob;
    answer.prompt_logprobs.push_back(logprob);
    if (listed_scores() > 0) answer.topk_prompt_logprobs.push_back(std::move(best));
  }
};

}  // namespace urn
