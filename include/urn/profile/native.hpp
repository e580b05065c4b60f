#pragma once
/// \file
/// profile::native: settings in urn's own order.

#include "urn/logprob/logprobs.hpp"
#include "urn/pipeline/pipeline.hpp"
#include "urn/processor/min_keep.hpp"
#include "urn/processor/stage.hpp"
#include "urn/profile/scopes.hpp"
#include "urn/profile/settings.hpp"
#include "urn/sampler/categorical.hpp"

namespace urn::profile {

/// Every piece as it is, with the scopes and rules that the settings say: masks, biases, penalties, scalings,
/// cuts, in the order in which `settings` lists them, with forced tokens last of the masks. What the client
/// draws with, where it has the parameter.
struct native_t {
  static constexpr const char* name = "native";
  static constexpr bool has_min_keep = true;
  static constexpr urn::logprobs report{};

 private:
  static constexpr auto masks(const settings& s) {
    return s.bitmask | s.allowed_tokens | s.suppressed_tokens | s.begin_suppressed | s.bad_words |
           s.no_repeat_ngram | s.encoder_no_repeat_ngram | s.min_tokens | s.min_length | s.forced_tokens |
           s.forced_end;
  }
  static constexpr auto edits(const settings& s) {
    return s.logit_bias | s.sequence_bias | s.exponential_decay_length | s.penalties | s.decaying_repetition |
           s.encoder_repetition | s.dry | s.soft_cap | s.smoothing | detail::fixed_temperature(s) |
           s.dynamic_temperature;
  }
  static constexpr auto cuts(const settings& s) {
    const std::size_t n = s.min_keep;
    return s.top_k | urn::min_keep{n, s.top_p} | s.top_p_decay | urn::min_keep{n, s.min_p} |
           urn::min_keep{n, s.typical} | urn::min_keep{n, s.epsilon_cutoff} | urn::min_keep{n, s.eta_cutoff} |
           urn::min_keep{n, s.top_a} | urn::min_keep{n, s.tail_free} | urn::min_keep{n, s.top_n_sigma} |
           urn::min_keep{n, s.top_h};
  }

 public:
  /// The pipeline, with `draw` at its end; it borrows what the settings borrow.
  template <pipeline_stage Sampler = categorical>
  constexpr auto operator()(const settings& s, Sampler draw = {}) const {
    return masks(s) | edits(s) | cuts(s) | s.xtc | s.expected_xtc | s.watermark | draw;
  }
};
inline constexpr native_t native{};

}  // namespace urn::profile
