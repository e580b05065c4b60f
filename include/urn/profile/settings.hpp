#pragma once
/// \file
/// settings: what any engine may be asked for, whatever order it works in.

#include <cstddef>

#include "urn/processor/allowed_tokens.hpp"
#include "urn/processor/bad_words.hpp"
#include "urn/processor/bitmask.hpp"
#include "urn/processor/dry.hpp"
#include "urn/processor/dynamic_temperature.hpp"
#include "urn/processor/epsilon_cutoff.hpp"
#include "urn/processor/eta_cutoff.hpp"
#include "urn/processor/exponential_decay_length.hpp"
#include "urn/processor/forced_tokens.hpp"
#include "urn/processor/logit_bias.hpp"
#include "urn/processor/min_length.hpp"
#include "urn/processor/min_p.hpp"
#include "urn/processor/min_tokens.hpp"
#include "urn/processor/no_repeat_ngram.hpp"
#include "urn/processor/penalties.hpp"
#include "urn/processor/sequence_bias.hpp"
#include "urn/processor/smoothing.hpp"
#include "urn/processor/soft_cap.hpp"
#include "urn/processor/stage.hpp"
#include "urn/processor/suppressed_tokens.hpp"
#include "urn/processor/tail_free.hpp"
#include "urn/processor/temperature.hpp"
#include "urn/processor/top_a.hpp"
#include "urn/processor/top_h.hpp"
#include "urn/processor/top_k.hpp"
#include "urn/processor/top_n_sigma.hpp"
#include "urn/processor/top_p.hpp"
#include "urn/processor/top_p_decay.hpp"
#include "urn/processor/typical.hpp"
#include "urn/processor/watermark.hpp"
#include "urn/processor/xtc.hpp"

namespace urn::profile {

/// The parameters of every piece, each as the piece has them: a profile says in which order they act, and
/// sets those options in which engines differ (scopes, rules, what becomes of ties). All are neutral unless
/// set; lists are borrowed.
///
///     urn::profile::llama_cpp({.temperature = {0.8F}, .top_k = {40}, .top_p = {0.95F}})
struct settings {
  urn::bitmask bitmask{};
  urn::allowed_tokens allowed_tokens{};
  urn::suppressed_tokens suppressed_tokens{};
  urn::begin_suppressed begin_suppressed{};
  urn::bad_words bad_words{};
  urn::no_repeat_ngram no_repeat_ngram{};
  urn::encoder_no_repeat_ngram encoder_no_repeat_ngram{};
  urn::min_tokens min_tokens{};
  urn::min_length min_length{};
  urn::forced_tokens forced_tokens{};
  urn::forced_end forced_end{};
  urn::logit_bias logit_bias{};
  urn::sequence_bias sequence_bias{};
  urn::exponential_decay_length exponential_decay_length{};
  urn::penalties penalties{};
  urn::decaying_repetition decaying_repetition{};
  urn::encoder_repetition encoder_repetition{};
  urn::dry dry{};
  urn::soft_cap soft_cap{};
  urn::smoothing smoothing{};
  urn::temperature temperature{};
  urn::dynamic_temperature dynamic_temperature{};  ///< instead of temperature, where it is not neutral
  urn::top_k top_k{};
  urn::top_p top_p{};
  urn::top_p_decay top_p_decay{};
  urn::min_p min_p{};
  urn::typical typical{};
  urn::epsilon_cutoff epsilon_cutoff{};
  urn::eta_cutoff eta_cutoff{};
  urn::top_a top_a{};
  urn::tail_free tail_free{};
  urn::top_n_sigma top_n_sigma{};
  urn::top_h top_h{};
  urn::xtc xtc{};
  urn::expected_xtc expected_xtc{};
  urn::watermark watermark{};
  std::size_t min_keep = 1;  ///< what the cuts leave at least, in engines that have such a number
};

/// Calls use(name, piece) for each piece of `s`, const or not, by the name of its type.
template <class Settings, class Use>
constexpr void for_each_piece(Settings& s, Use&& use) {
  use("bitmask", s.bitmask);
  use("allowed_tokens", s.allowed_tokens);
  use("suppressed_tokens", s.suppressed_tokens);
  use("begin_suppressed", s.begin_suppressed);
  use("bad_words", s.bad_words);
  use("no_repeat_ngram", s.no_repeat_ngram);
  use("encoder_no_repeat_ngram", s.encoder_no_repeat_ngram);
  use("min_tokens", s.min_tokens);
  use("min_length", s.min_length);
  use("forced_tokens", s.forced_tokens);
  use("forced_end", s.forced_end);
  use("logit_bias", s.logit_bias);
  use("sequence_bias", s.sequence_bias);
  use("exponential_decay_length", s.exponential_decay_length);
  use("penalties", s.penalties);
  use("decaying_repetition", s.decaying_repetition);
  use("encoder_repetition", s.encoder_repetition);
  use("dry", s.dry);
  use("soft_cap", s.soft_cap);
  use("smoothing", s.smoothing);
  use("temperature", s.temperature);
  use("dynamic_temperature", s.dynamic_temperature);
  use("top_k", s.top_k);
  use("top_p", s.top_p);
  use("top_p_decay", s.top_p_decay);
  use("min_p", s.min_p);
  use("typical", s.typical);
  use("epsilon_cutoff", s.epsilon_cutoff);
  use("eta_cutoff", s.eta_cutoff);
  use("top_a", s.top_a);
  use("tail_free", s.tail_free);
  use("top_n_sigma", s.top_n_sigma);
  use("top_h", s.top_h);
  use("xtc", s.xtc);
  use("expected_xtc", s.expected_xtc);
  use("watermark", s.watermark);
}

}  // namespace urn::profile
