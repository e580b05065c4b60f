#pragma once
// Random rows, parameters and orders of stages, custom ones among them: what pipelines are compared on.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <type_traits>
#include <vector>

#include "support/naive_edits.hpp"
#include "support/naive_pipeline.hpp"
#include "support/rows.hpp"
#include "urn/urn.hpp"

namespace random_pipelines {

using rows::random_source;
using urn::token_id;

/// A custom elementwise edit.
struct soft_cap {
  using stage = urn::elementwise_edit;
  float cap;
  float operator()(float logit, token_id) const { return cap * std::tanh(logit / cap); }
};

/// A custom mask that may follow a cut.
struct ban_multiples {
  using stage = urn::elementwise_edit;
  static constexpr bool only_masks = true;
  token_id of;
  float operator()(float logit, token_id id) const { return id % of == 0 ? -naive::infinity : logit; }
};

/// A custom sparse edit: the last output tokens lose more the younger they are.
struct recency {
  using stage = urn::sparse_edit;
  float strength;
  static std::size_t touches(const urn::draw_context& context) { return context.history.output.size(); }
  static urn::touched_token touch(const urn::draw_context& context, std::size_t i) {
    return {context.history.output[i], static_cast<std::uint32_t>(i + 1)};
  }
  static std::uint32_t merge(std::uint32_t, std::uint32_t later) { return later; }
  float operator()(float logit, std::uint32_t place) const {
    return logit - strength * static_cast<float>(place);
  }
};
/// The same as naive::pipeline does it.
inline void apply(naive::row& r, const recency& edit) {
  std::map<token_id, std::uint32_t> places;
  std::uint32_t place = 0;
  for (const token_id id : r.context.history.output) {
    ++place;
    if (id >= 0 && static_cast<std::size_t>(id) < r.vocabulary()) places[id] = place;
  }
  r.edit_some(places, edit);
}

template <class T, std::size_t N>
T any_of(random_source& r, const std::array<T, N>& values) {
  return values[r.below(N)];
}

/// A special length or one up to 2^bits, each power of two as likely.
inline std::size_t random_size(random_source& r, float bits) {
  constexpr std::array<std::size_t, 8> special{1, 2, 3, 31, 1023, 1024, 1025, 2048};
  if (r.below(4) == 0) return any_of(r, special);
  return 1 + static_cast<std::size_t>(std::exp2(r.uniform() * bits));
}

inline std::vector<float> random_row(random_source& r, std::size_t size) {
  if (r.below(12) == 0) return rows::improper[r.below(rows::improper.size())].make(size, r);
  return rows::proper[r.below(rows::proper.size())].make(size, r);
}

/// What the spans of the parameters look at, for one case.
struct random_case {
  random_source r;
  std::size_t size = 0, different = 0;  ///< tokens of the vocabulary, and in the history
  std::vector<token_id> prompt, output, ends;
  std::vector<urn::token_bias> biases;
  std::vector<std::int32_t> words;
  std::vector<token_id> allowed;
  std::vector<urn::forced_token> forced;
  std::vector<urn::biased_sequence> biased;
  urn::dry_breakers breakers;
  urn::draw_context context;

  /// By itself a row of up to about 5000 tokens.
  explicit random_case(std::uint64_t seed, float bits = 12.29F) : r(seed) {
    size = random_size(r, bits);
    different = r.below(2) == 0 ? size : std::min(size, 1 + r.below(4));
    for (std::size_t n = r.below(20); n > 0; --n) prompt.push_back(perhaps_a_token());
    for (std::size_t n = r.below(20); n > 0; --n) output.push_back(perhaps_a_token());
    for (std::size_t n = r.below(4); n > 0; --n) ends.push_back(token());
    for (std::size_t n = r.below(10); n > 0; --n) biases.push_back({token(), bias()});
    const std::size_t all_words = (size + 31) / 32;
    words.resize(r.below(3) == 0 ? r.below(all_words + 1) : all_words);
    for (std::int32_t& w : words) w = static_cast<std::int32_t>(r.bits() | r.bits());
    for (std::size_t n = r.below(3) * size / 2; n > 0; --n) allowed.push_back(token());
    std::sort(allowed.begin(), allowed.end());
    for (std::size_t n = r.below(3); n > 0; --n) forced.push_back({r.below(20), token()});
    for (std::size_t n = r.below(10); n > 0; --n) {
      biased.push_back({{static_cast<token_id>(r.below(different)), token()}, bias()});
      if (r.below(2) == 0) biased.back().tokens.erase(biased.back().tokens.begin());
    }
    breakers = urn::dry_breakers({{perhaps_a_token()}, {token(), perhaps_a_token()}});
    context = {.history = {prompt, output},
               .seed = r.bits(),
               .sequence = r.bits(),
               .step = static_cast<std::uint32_t>(r.bits())};
  }

  token_id token() { return static_cast<token_id>(r.below(size)); }
  /// Now and then a placeholder, or a token of a larger vocabulary.
  token_id perhaps_a_token() {
    if (r.below(8) == 0) return static_cast<token_id>(r.below(2 * size)) - 1;
    return static_cast<token_id>(r.below(different));
  }
  float bias() {
    return any_of(r, std::array{1.5F, -2.25F, 0.0F, 100.0F, -100.0F, r.normal(3), -naive::infinity,
                                r.below(8) == 0 ? naive::infinity : 1.0F});
  }

  static constexpr std::array scopes{urn::penalty_scope::output, urn::penalty_scope::prompt_and_output,
                                     urn::penalty_scope::prompt_and_output};
  urn::bitmask bitmask() { return r.below(3) == 0 ? urn::bitmask{} : urn::bitmask{words}; }
  urn::min_tokens min_tokens() { return {r.below(25), ends}; }
  urn::logit_bias logit_bias() { return r.below(3) == 0 ? urn::logit_bias{} : urn::logit_bias{biases}; }
  urn::penalties penalties() {
    return {any_of(r, std::array{1.0F, 1.0F, 1.3F, 0.7F}),
            any_of(r, std::array{0.0F, 0.4F, -0.7F}),
            any_of(r, std::array{0.0F, 0.9F, -0.3F}),
            any_of(r, std::array{urn::whole_history, urn::whole_history, std::size_t{0}, std::size_t{5},
                                 std::size_t{25}}),
            r.below(3) == 0 ? r.below(30) : 0,
            any_of(r, scopes),
            any_of(r, scopes)};
  }
  urn::decaying_repetition decaying_repetition() {
    return {any_of(r, std::array{1.0F, 1.3F, 0.7F}), any_of(r, std::array{urn::whole_history, r.below(20)}),
            r.below(20)};
  }
  urn::encoder_repetition encoder_repetition() { return {any_of(r, std::array{1.0F, 1.3F, 0.7F}), prompt}; }
  urn::sequence_bias sequence_bias() { return {biased}; }
  urn::exponential_decay_length exponential_decay_length() {
    return {r.below(20), any_of(r, std::array{1.0, 1.1, 3.0, 0.8}), ends};
  }
  urn::allowed_tokens allowed_tokens() { return {allowed}; }
  urn::suppressed_tokens suppressed_tokens() { return {ends}; }
  urn::begin_suppressed begin_suppressed() { return {ends, r.below(20)}; }
  urn::min_length min_length() { return {r.below(45), ends}; }
  urn::watermark watermark() { return {any_of(r, std::array{2.0F, 0.0F, -0.3F}), words}; }
  urn::forced_tokens forced_tokens() { return {forced}; }
  urn::forced_end forced_end() { return {r.below(45), ends}; }
  urn::no_repeat_ngram no_repeat_ngram() { return {r.below(5)}; }
  urn::encoder_no_repeat_ngram encoder_no_repeat_ngram() { return {r.below(4), prompt}; }
  urn::dry dry() {
    return {any_of(r, std::array{0.0F, 0.8F, -0.3F}), any_of(r, std::array{1.75F, 1.1F, 3.0F}), r.below(4),
            any_of(r, std::array{urn::whole_history, std::size_t{12}, std::size_t{1}}),
            r.below(2) == 0 ? urn::dry_breaker_view{} : breakers.view()};
  }
  urn::temperature temperature() {
    return {any_of(r, std::array{1.0F, 0.7F, 0.7F, 1.5F, 0.1F, 100.0F, 0.0F, 1e-6F, 1e-5F, 1e-3F, 1e30F,
                                 0.2F + r.uniform()})};
  }
  urn::top_k top_k() {
    const auto v = static_cast<std::int32_t>(size);
    return {any_of(r, std::array{0, -1, 1, 2, 5, 40, 40, v - 1, v, v + 1, token() + 1})};
  }
  urn::top_p top_p() {
    return {
        any_of(r, std::array{1.0F, 2.0F, 0.9F, 0.95F, 0.5F, 0.99999994F, 0.0F, -1.0F, 1e-30F, r.uniform()}),
        any_of(r, std::array{urn::top_p_rule::reached, urn::top_p_rule::reached, urn::top_p_rule::beyond})};
  }
  urn::min_p min_p() {
    return {any_of(r, std::array{0.0F, -1.0F, 0.05F, 0.2F, 1.0F, 2.0F, 1e-9F, 1e-30F, r.uniform() * 0.1F})};
  }
  /// min_p with at least some tokens; or one of the cuts by a token's own probability.
  urn::min_keep<urn::min_p> enough() { return {r.below(40), min_p()}; }
  float share() { return any_of(r, std::array{0.0F, -1.0F, 3e-4F, 0.01F, 0.3F, 1.0F, r.uniform() * 0.05F}); }
  urn::top_n_sigma sigmas() {
    return {any_of(r, std::array{0.0F, -1.0F, 1.0F, 1.5F, 1e-3F, 1e30F, naive::infinity, r.uniform() * 3})};
  }
  urn::typical typical() {
    using urn::typical_rule;
    return {any_of(r, std::array{1.0F, 2.0F, 0.9F, 0.2F, 0.99999994F, 0.0F, -1.0F, 1e-30F, r.uniform()}),
            any_of(r, std::array{typical_rule::shortest, typical_rule::with_ties, typical_rule::beyond})};
  }
  urn::min_keep<urn::typical> enough_typical() { return {r.below(40), typical()}; }
  urn::top_h top_h() { return {any_of(r, std::array{0.0F, 0.4F, 0.9F, 1.0F, 1.5F, r.uniform()})}; }
  urn::tail_free tail_free() {
    return {any_of(r, std::array{1.0F, 2.0F, 0.95F, 0.0F, -1.0F, r.uniform()}),
            any_of(r, std::array{urn::tail_free_rule::through, urn::tail_free_rule::before})};
  }
  template <class Xtc>
  Xtc xtc() {
    Xtc one{any_of(r, std::array{0.1F, 0.51F, 0.5F, 0.02F, 0.02F + r.uniform() * 0.3F}),
            any_of(r, std::array{0.5F, 1.0F, 0.0F, 1.0F, r.uniform()}), ends};
    if constexpr (requires { one.min_keep; }) one.min_keep = r.below(4);
    return one;
  }
  urn::smoothing smoothing() {
    return {any_of(r, std::array{0.0F, 0.3F, 1.5F, 1e-3F}), any_of(r, std::array{1.0F, 1.5F, 3.0F, 4.0F})};
  }
  urn::dynamic_temperature dynamic_temperature() {
    const float low = any_of(r, std::array{0.0F, 0.5F, 1.0F});
    return {low, low + any_of(r, std::array{0.0F, 1.0F, 2.5F}),
            any_of(r, std::array{1.0F, 0.0F, 0.5F, 2.0F})};
  }
  soft_cap cap() { return {any_of(r, std::array{30.0F, 5.0F, 1.0F})}; }
  ban_multiples ban() { return {2 + static_cast<token_id>(r.below(5))}; }
  recency recent() { return {r.normal(0.2F)}; }
};

/// What a run over many cases met, so that a test knows that it tested something.
struct tally {
  std::size_t cases = 0, tokens = 0, cut_to_some = 0, failed = 0;
  void count(const urn::draw& d, std::size_t size) {
    ++cases;
    if (d.token != urn::no_token) ++tokens;
    if (d.kept > 1 && d.kept < size) ++cut_to_some;
    if (urn::failed(d.status)) ++failed;
  }
};

template <class T>
std::vector<T> stored_as(const std::vector<float>& logits) {
  std::vector<T> stored;
  for (const float l : logits) {
    if constexpr (std::is_same_v<T, float>) {
      stored.push_back(l);
    } else if constexpr (std::is_same_v<T, urn::bfloat16>) {
      stored.push_back(urn::to_bfloat16(l));
    } else {
      stored.push_back(urn::to_float16(l));
    }
  }
  return stored;
}
template <class T>
std::vector<float> as_floats(const std::vector<T>& stored) {
  std::vector<float> logits;
  for (const T l : stored) logits.push_back(urn::to_float(l));
  return logits;
}

/// Calls append(stage) with one of the stages that may stand where a row is still whole, or, after a `cut`,
/// is not.
template <class Append>
void append_any(random_case& c, bool& cut, Append&& append_stage) {
  const auto append = [&](auto stage) {
    append_stage(stage);
    cut = cut || urn::stage_is<decltype(stage), urn::cut>;
  };
  switch (c.r.below(c.r.below(3) == 0 ? 8 : cut ? 28 : 40)) {
    case 0: return append(c.temperature());
    case 1: return append(c.penalties());
    case 2: return append(c.top_k());
    case 3: return append(c.top_p());
    case 4: return append(c.min_p());
    case 5: return append(c.cap());
    case 6: return append(c.ban());
    case 7: return append(c.recent());
    case 8: return append(c.dry());
    case 9: return append(c.decaying_repetition());
    case 10: return append(c.encoder_repetition());
    case 11: return append(c.exponential_decay_length());
    case 12: return append(c.watermark());
    case 13: return append(c.enough());
    case 14: return append(urn::epsilon_cutoff{c.share()});
    case 15: return append(urn::eta_cutoff{c.share()});
    case 16: return append(urn::top_a{c.share()});
    case 17: return append(c.sigmas());
    case 18: return append(c.typical());
    case 19: return append(c.top_h());
    case 20: return append(c.tail_free());
    case 21: return append(c.xtc<urn::xtc>());
    case 22: return append(c.xtc<urn::expected_xtc>());
    case 23: return append(c.smoothing());
    case 24: return append(c.dynamic_temperature());
    case 25: return append(urn::soft_cap{c.cap().cap});
    case 26: return append(urn::top_k_with_ties{c.top_k().k});
    case 27: return append(c.enough_typical());
    case 28: return append(c.bitmask());
    case 29: return append(c.min_tokens());
    case 30: return append(c.no_repeat_ngram());
    case 31: return append(c.encoder_no_repeat_ngram());
    case 32: return append(c.allowed_tokens());
    case 33: return append(c.suppressed_tokens());
    case 34: return append(c.begin_suppressed());
    case 35: return append(c.min_length());
    case 36: return append(c.forced_tokens());
    case 37: return append(c.forced_end());
    case 38: return append(c.sequence_bias());
    default: return append(c.logit_bias());
  }
}

/// Calls append(stage) with up to eight of them.
template <class Append>
void append_some(random_case& c, Append&& append) {
  bool cut = false;
  for (std::size_t n = c.r.below(9); n > 0; --n) append_any(c, cut, append);
}

}  // namespace random_pipelines
