#pragma once
/// \file
/// profile::vllm: settings as vLLM acts on them.

#include "urn/logprob/logprobs.hpp"
#include "urn/pipeline/pipeline.hpp"
#include "urn/processor/stage.hpp"
#include "urn/processor/top_k.hpp"
#include "urn/profile/scopes.hpp"
#include "urn/profile/settings.hpp"
#include "urn/sampler/categorical.hpp"

namespace urn::profile {

/// vLLM's V1 sampler:
///
///     bitmask | allowed_tokens | bad_words | min_tokens | logit_bias | penalties | temperature | min_p
///       | top_k with ties | top_p | draw
///
/// Bad words and counted penalties look at the output, repetition at the prompt too. A temperature between 0
/// and 0.01 is 0.01. What else is set in the settings is left out: left_out says what.
struct vllm_t {
  static constexpr const char* name = "vllm";
  static constexpr bool has_min_keep = false;
  static constexpr float least_temperature = 0.01F;
  static constexpr urn::logprobs report{.raw = true};  ///< its raw_logprobs; processed ones come with them

  /// The pipeline, with `draw` at its end; it borrows what the settings borrow.
  template <pipeline_stage Sampler = categorical>
  constexpr auto operator()(const settings& s, Sampler draw = {}) const {
    return s.bitmask | s.allowed_tokens | detail::in_output(s.bad_words) | s.min_tokens | s.logit_bias |
           detail::scoped(s.penalties, penalty_scope::prompt_and_output, penalty_scope::output) |
           raised(s.temperature) | s.min_p | top_k_with_ties{s.top_k.k} | detail::reaching(s.top_p) | draw;
  }

 private:
  static constexpr temperature raised(temperature t) {
    return t.value > 0.0F && t.value < least_temperature ? temperature{least_temperature} : t;
  }
};
inline constexpr vllm_t vllm{};

}  // namespace urn::profile
