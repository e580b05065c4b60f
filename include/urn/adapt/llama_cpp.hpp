#pragma once
/// \file
/// llama.cpp: a pipeline as a `llama_sampler`. The caller has llama.h, of the llama.cpp it links.

#include <llama.h>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "urn/core/draw.hpp"
#include "urn/core/exact.hpp"
#include "urn/core/status.hpp"
#include "urn/core/token.hpp"
#include "urn/core/workspace.hpp"
#include "urn/kernel/policy.hpp"
#include "urn/pipeline/pipeline.hpp"
#include "urn/processor/stage.hpp"

namespace urn {

/// What the draws of one llama_sampler have in common.
struct llama_draws {
  std::size_t vocabulary = 0;  ///< llama_vocab_n_tokens of the model
  std::uint64_t seed = 0;      ///< see draw_key
  std::uint64_t sequence = 0;  ///< see draw_key
  std::size_t context = 0;     ///< llama_n_ctx: room for so many tokens, accepting more of them allocates
  std::size_t edits = 0;       ///< see workspace; 0: as many as the vocabulary has tokens
};

namespace detail {

/// What each such sampler keeps from token to token.
struct llama_memory {
  llama_draws with;
  std::vector<token_id> history;  ///< what was accepted
  std::uint32_t step = 0;         ///< draws so far
  draw last{};
  std::vector<float> row;
  workspace scratch;

  explicit llama_memory(const llama_draws& d)
      : with(d), row(d.vocabulary), scratch(d.vocabulary, d.edits != 0 ? d.edits : d.vocabulary) {
    history.reserve(d.context);
  }

  /// The candidates as a row of the whole vocabulary, in which what is not among them is -inf; false if one
  /// of them is no token of it.
  bool spread(std::span<const llama_token_data> candidates) {
    std::fill(row.begin(), row.end(), exact::minus_infinity);
    for (const llama_token_data& c : candidates) {
      if (c.id < 0 || static_cast<std::size_t>(c.id) >= row.size()) return false;
      row[static_cast<std::size_t>(c.id)] = c.logit;
    }
    return true;
  }
};

/// Where a token stands; -1 if it does not. An array that nobody has sorted or cut has it in its place.
inline std::int64_t place_among(std::span<const llama_token_data> candidates, token_id token) {
  if (token == no_token) return -1;
  const auto place = static_cast<std::size_t>(token);
  if (place < candidates.size() && candidates[place].id == token) return token;
  const auto found = std::find_if(candidates.begin(), candidates.end(),
                                  [=](const llama_token_data& c) { return c.id == token; });
  return found == candidates.end() ? -1 : found - candidates.begin();
}

/// The functions behind a llama_sampler that draws with `Sampler`.
template <class Sampler>
struct llama_calls : llama_memory {
  Sampler fresh, sampler;

  llama_calls(const Sampler& s, const llama_draws& d) : llama_memory(d), fresh(s), sampler(s) {}

  static llama_calls& of(const llama_sampler* s) {
    return static_cast<llama_calls&>(*static_cast<llama_memory*>(s->ctx));
  }
  /// Freed by llama_sampler_free, or by the chain that takes it.
  static llama_sampler* wrap(llama_calls* calls) {
    return llama_sampler_init(table(), static_cast<llama_memory*>(calls));
  }

  void apply_to(llama_token_data_array& candidates) {
    const std::span<const llama_token_data> all{candidates.data, candidates.size};
    last = {.status = status::bad_argument};
    if (spread(all)) {
      const draw_context context{
          .history = history, .seed = with.seed, .sequence = with.sequence, .step = step};
      last = sampler(std::span<const float>(row), context, scratch);
    }
    ++step;
    candidates.selected = place_among(all, last.token);
  }

  static const char* name(const llama_sampler*) { return "urn"; }
  static void accept(llama_sampler* s, llama_token token) { of(s).history.push_back(token); }
  static void apply(llama_sampler* s, llama_token_data_array* candidates) { of(s).apply_to(*candidates); }
  static void reset(llama_sampler* s) {
    llama_calls& calls = of(s);
    calls.history.clear();
    calls.step = 0;
    calls.last = {};
    calls.sampler = calls.fresh;
  }
  static llama_sampler* clone(const llama_sampler* s) {
    auto* copy = new llama_calls(of(s));
    copy->history.reserve(copy->with.context);
    return wrap(copy);
  }
  static void free(llama_sampler* s) { delete &of(s); }

  /// One for each type, which llama.cpp compares by its address.
  static llama_sampler_i* table() {
    static llama_sampler_i all = functions();
    return &all;
  }
  static llama_sampler_i functions() {
    llama_sampler_i i{};  // newer ones have members for sampling on a backend, which stay null
    i.name = &name;
    i.accept = &accept;
    i.apply = &apply;
    i.reset = &reset;
    i.clone = &clone;
    i.free = &free;
    return i;
  }
};

}  // namespace detail

/// Draws from contiguous floats, one a token: an any_pipeline, or a callable of your own with a state in it.
template <class S>
concept row_sampler = std::copyable<S> &&
    requires(S sampler, std::span<const float> row, const draw_context& context, workspace& scratch) {
  { sampler(row, context, scratch) } -> std::same_as<draw>;
};

/// A llama_sampler that selects a token by `sampler`, for a chain (as its last) or alone; the caller or the
/// chain frees it by llama_sampler_free.
///
/// * The candidates may be sorted or cut by samplers before it; what they cut off is -inf to the pipeline.
///   They are not written, `p` neither; `selected` is the drawn token's place, or -1 without one: see
///   last_draw. A candidate outside `vocabulary` is bad_argument.
/// * The history is what was accepted, prompt and output alike, all of it `.output` to the pipeline. The
///   step is the number of draws since it was made or reset.
/// * A clone goes on as its original would, and shares nothing with it; reset makes it as it was made.
///
/// O(V) beside the draw, to spread the candidates to a row. One thread at a time, as any llama_sampler.
template <row_sampler Sampler>
[[nodiscard]] llama_sampler* make_llama_sampler(const Sampler& sampler, const llama_draws& draws) {
  return detail::llama_calls<Sampler>::wrap(new detail::llama_calls<Sampler>(sampler, draws));
}

/// The same by a typed pipeline and the policy it runs with.
template <execution_policy Policy, pipeline_stage Pipeline>
[[nodiscard]] llama_sampler* make_llama_sampler(Policy policy, const Pipeline& pipeline,
                                                const llama_draws& draws) {
  // A lambda cannot be assigned, which reset asks for.
  struct bound {
    Policy policy;
    Pipeline pipeline;
    draw operator()(std::span<const float> row, const draw_context& context, workspace& scratch) const {
      return draw_row(policy, pipeline, row, context, scratch);
    }
  };
  return make_llama_sampler(bound{policy, pipeline}, draws);
}

/// What the sampler, one of make_llama_sampler, drew last: status, logprob, kept. Before the first draw its
/// token is no_token.
inline const draw& last_draw(const llama_sampler* sampler) {
  return static_cast<const detail::llama_memory*>(sampler->ctx)->last;
}

}  // namespace urn
