#pragma once
/// \file
/// The names of stages and of their parameters, for whoever writes them down.

#include <cstdint>
#include <span>

#include "urn/logprob/kept_set.hpp"
#include "urn/logprob/logprobs.hpp"
#include "urn/processor/forced_tokens.hpp"
#include "urn/processor/renormalise.hpp"
#include "urn/processor/top_k.hpp"
#include "urn/profile/settings.hpp"
#include "urn/sampler/adaptive_p.hpp"
#include "urn/sampler/categorical.hpp"
#include "urn/sampler/greedy.hpp"
#include "urn/sampler/gumbel.hpp"
#include "urn/sampler/mirostat.hpp"

namespace urn::profile {

/// What a text says of the stage synthid, whose keys are made of all of it.
struct synthid_text {
  std::span<const std::int64_t> keys{};
  std::uint32_t ngram = 5;
  std::uint32_t table = 65536;
  std::int64_t seed = 0;
  std::uint32_t memory = 1024;
  bool skips_first = false;
};

namespace detail {

/// A stage's parameters: calls use(name, member) for each, in the order of the declaration.
template <class Use>
struct fields {
  Use use;

  void operator()(bitmask& s) const { use("words", s.words); }
  void operator()(allowed_tokens& s) const { use("ids", s.ids); }
  void operator()(suppressed_tokens& s) const { use("ids", s.ids); }
  void operator()(begin_suppressed& s) const { use("ids", s.ids), use("place", s.place); }
  void operator()(bad_words& s) const { use("sequences", s.sequences), use("output_only", s.output_only); }
  void operator()(no_repeat_ngram& s) const { use("n", s.n); }
  void operator()(encoder_no_repeat_ngram& s) const { use("n", s.n), use("encoder", s.encoder); }
  void operator()(min_tokens& s) const { use("count", s.count), use("end_tokens", s.end_tokens); }
  void operator()(min_length& s) const { use("length", s.length), use("end_tokens", s.end_tokens); }
  void operator()(forced_tokens& s) const { use("entries", s.entries); }
  void operator()(forced_end& s) const { use("length", s.length), use("end_tokens", s.end_tokens); }
  void operator()(forced_choice& s) const { use("ids", s.ids); }
  void operator()(logit_bias& s) const { use("entries", s.entries); }
  void operator()(sequence_bias& s) const { use("entries", s.entries); }
  void operator()(exponential_decay_length& s) const {
    use("start", s.start), use("factor", s.factor), use("end_tokens", s.end_tokens);
  }
  void operator()(penalties& s) const {
    use("repetition", s.repetition), use("frequency", s.frequency), use("presence", s.presence);
    use("window", s.window), use("ignored", s.ignored);
    use("repeated_in", s.repeated_in), use("counted_in", s.counted_in);
  }
  void operator()(decaying_repetition& s) const {
    use("penalty", s.penalty), use("sustain", s.sustain), use("decay", s.decay);
  }
  void operator()(encoder_repetition& s) const { use("penalty", s.penalty), use("encoder", s.encoder); }
  void operator()(dry& s) const {
    use("multiplier", s.multiplier), use("base", s.base), use("allowed_length", s.allowed_length);
    use("window", s.window), use("breakers", s.breakers);
  }
  void operator()(soft_cap& s) const { use("cap", s.cap); }
  void operator()(smoothing& s) const { use("factor", s.factor), use("curve", s.curve); }
  void operator()(temperature& s) const { use("value", s.value); }
  void operator()(dynamic_temperature& s) const {
    use("min", s.min), use("max", s.max), use("exponent", s.exponent);
  }
  void operator()(renormalise&) const {}
  void operator()(top_k& s) const { use("k", s.k); }
  void operator()(top_k_with_ties& s) const { use("k", s.k); }
  void operator()(top_p& s) const { use("p", s.p), use("rule", s.rule); }
  void operator()(top_p_decay& s) const {
    use("start", s.start), use("decay", s.decay), use("least", s.least), use("reset", s.reset);
  }
  void operator()(min_p& s) const { use("value", s.value); }
  void operator()(typical& s) const { use("p", s.p), use("rule", s.rule); }
  void operator()(epsilon_cutoff& s) const { use("epsilon", s.epsilon); }
  void operator()(eta_cutoff& s) const { use("epsilon", s.epsilon); }
  void operator()(top_a& s) const { use("a", s.a); }
  void operator()(tail_free& s) const { use("z", s.z), use("rule", s.rule); }
  void operator()(top_n_sigma& s) const { use("n", s.n); }
  void operator()(top_h& s) const { use("h", s.h); }
  void operator()(xtc& s) const {
    use("threshold", s.threshold), use("probability", s.probability);
    use("spared", s.spared), use("min_keep", s.min_keep);
  }
  void operator()(expected_xtc& s) const {
    use("threshold", s.threshold), use("probability", s.probability), use("spared", s.spared);
  }
  void operator()(watermark& s) const { use("bias", s.bias), use("green", s.green); }
  void operator()(synthid_text& s) const {
    use("keys", s.keys), use("ngram", s.ngram), use("table", s.table), use("seed", s.seed);
    use("memory", s.memory), use("skips_first", s.skips_first);
  }
  void operator()(categorical&) const {}
  void operator()(greedy&) const {}
  void operator()(gumbel&) const {}
  void operator()(mirostat_v1& s) const { use("mu", s.mu), use("sample", s.sample); }
  void operator()(mirostat_v2& s) const { use("mu", s.mu); }
  void operator()(adaptive_p& s) const { use("target", s.target); }
  void operator()(logprobs& s) const { use("raw", s.raw), use("value", s.value), use("of", s.of); }
  void operator()(kept_set& s) const { use("summary", s.summary); }
};
template <class Use>
fields(Use) -> fields<Use>;

}  // namespace detail

/// Calls use(name, member) for each parameter of a stage.
template <class Stage, class Use>
void for_each_field(Stage& stage, Use use) {
  detail::fields{use}(stage);
}

/// Calls use(name, stage) with each of urn's stages as it is by itself: the pieces of the settings, then what
/// no settings have.
template <class Use>
void for_each_known_stage(Use&& use) {
  settings neutral;
  for_each_piece(neutral, use);
  const auto also = [&](const char* name, auto stage) { use(name, stage); };
  also("top_k_with_ties", top_k_with_ties{});
  also("forced_choice", forced_choice{});
  also("renormalise", renormalise{});
  also("synthid", synthid_text{});
  also("categorical", categorical{});
  also("greedy", greedy{});
  also("gumbel", gumbel{});
  also("mirostat_v1", mirostat_v1{});
  also("mirostat_v2", mirostat_v2{});
  also("adaptive_p", adaptive_p{});
  also("logprobs", logprobs{});
  also("kept_set", kept_set{});
}

}  // namespace urn::profile
