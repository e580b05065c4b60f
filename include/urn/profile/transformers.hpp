#pragma once
/// \file
/// profile::transformers: settings as transformers' generate() acts on them.

#include "urn/logprob/logprobs.hpp"
#include "urn/pipeline/pipeline.hpp"
#include "urn/processor/min_keep.hpp"
#include "urn/processor/stage.hpp"
#include "urn/processor/top_k.hpp"
#include "urn/profile/scopes.hpp"
#include "urn/profile/settings.hpp"
#include "urn/sampler/categorical.hpp"

namespace urn::profile {

/// The order in which transformers (5.23) puts its logits processors:
///
///     sequence_bias | logit_bias | encoder_repetition | repetition | no_repeat_ngram
///       | encoder_no_repeat_ngram | bad_words | min_length | min_tokens | allowed_tokens | forced_tokens
///       | forced_end | exponential_decay_length | suppressed_tokens | begin_suppressed | bitmask
///       | temperature | top_h | top_k with ties | top_p | min_p | typical with ties | epsilon_cutoff
///       | eta_cutoff | watermark | draw
///
/// logit_bias is sequence_bias for sequences of one token; the bitmask stands where processors of the user's
/// own do; min_keep is min_tokens_to_keep. It has neither frequency nor presence penalties. A temperature of
/// 0 is do_sample=False.
struct transformers_t {
  static constexpr const char* name = "transformers";
  static constexpr bool has_min_keep = true;
  static constexpr urn::logprobs report{.raw = false};  ///< of its scores

 private:
  static constexpr auto processors(const settings& s) {
    constexpr auto everywhere = penalty_scope::prompt_and_output;
    return s.sequence_bias | s.logit_bias | s.encoder_repetition |
           detail::only_repetition(detail::scoped(s.penalties, everywhere, everywhere)) | s.no_repeat_ngram |
           s.encoder_no_repeat_ngram | detail::in_history(s.bad_words) | s.min_length | s.min_tokens |
           s.allowed_tokens | s.forced_tokens | s.forced_end | s.exponential_decay_length |
           s.suppressed_tokens | s.begin_suppressed | s.bitmask;
  }
  static constexpr auto warpers(const settings& s) {
    const std::size_t n = s.min_keep;
    return s.temperature | s.top_h | top_k_with_ties{at_least(s.top_k.k, n)} |
           urn::min_keep{n, detail::reaching(s.top_p)} | urn::min_keep{n, s.min_p} |
           urn::min_keep{n, detail::by(typical_rule::with_ties, s.typical)} |
           urn::min_keep{n, s.epsilon_cutoff} | urn::min_keep{n, s.eta_cutoff};
  }
  static constexpr std::int32_t at_least(std::int32_t k, std::size_t n) {
    return k > 0 && static_cast<std::size_t>(k) < n ? static_cast<std::int32_t>(n) : k;
  }

 public:
  /// The pipeline, with `draw` at its end; it borrows what the settings borrow.
  template <pipeline_stage Sampler = categorical>
  constexpr auto operator()(const settings& s, Sampler draw = {}) const {
    return processors(s) | warpers(s) | s.watermark | draw;
  }
};
inline constexpr transformers_t transformers{};

}  // namespace urn::profile
