#pragma once
/// \file
/// profile::sglang: settings as SGLang acts on them.

#include "urn/logprob/logprobs.hpp"
#include "urn/pipeline/pipeline.hpp"
#include "urn/processor/stage.hpp"
#include "urn/profile/scopes.hpp"
#include "urn/profile/settings.hpp"
#include "urn/sampler/categorical.hpp"

namespace urn::profile {

/// SGLang's sampler, as its PyTorch backend defines it:
///
///     frequency, presence | repetition | min_tokens | bitmask | logit_bias | temperature
///       | top_p and top_k of the same row | min_p | draw
///
/// All penalties look at the output alone. top_p is measured on the whole row, not on what top_k keeps, and
/// where p is met exactly one token more stays. Logprobs are of the row at its temperature, before the cuts.
struct sglang_t {
  static constexpr const char* name = "sglang";
  static constexpr bool has_min_keep = false;
  static constexpr urn::logprobs report{.raw = false, .of = logprob_row::uncut};

  /// The pipeline, with `draw` at its end; it borrows what the settings borrow.
  template <pipeline_stage Sampler = categorical>
  constexpr auto operator()(const settings& s, Sampler draw = {}) const {
    const penalties p = detail::scoped(s.penalties, penalty_scope::output, penalty_scope::output);
    // Both cuts keep a prefix of one order: the shorter is what they keep together.
    return detail::only_counted(p) | detail::only_repetition(p) | s.min_tokens | s.bitmask | s.logit_bias |
           s.temperature | detail::beyond(s.top_p) | s.top_k | s.min_p | draw;
  }
};
inline constexpr sglang_t sglang{};

}  // namespace urn::profile
