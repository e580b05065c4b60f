#pragma once
// The pipelines of the corpus, each with what a case says.

#include <span>

#include "corpus.hpp"
#include "urn/urn.hpp"

namespace proof {

/// A custom edit in arithmetic that is the same everywhere: l / (1 + |l| / cap).
struct soft_cap {
  using stage = urn::elementwise_edit;
  float cap;
  float operator()(float logit, urn::token_id) const {
    if (!urn::survives(logit)) return logit;
    const float size = urn::exact::float_of(urn::exact::bits(logit) & 0x7FFFFFFFU);
    return urn::exact::div(logit, urn::exact::add(1.0F, urn::exact::div(size, cap)));
  }
};

/// A custom mask that may follow a cut.
struct ban_multiples {
  using stage = urn::elementwise_edit;
  static constexpr bool only_masks = true;
  urn::token_id of;
  float operator()(float logit, urn::token_id id) const {
    return id % of == 0 ? urn::exact::minus_infinity : logit;
  }
};

template <class Policy, urn::logit_type T>
urn::draw draw_by_pipeline(const Policy& policy, const sample_case& c, std::span<const T> row,
                           const urn::draw_context& context, urn::workspace& scratch) {
  constexpr urn::categorical sample{};
  constexpr urn::greedy best{};
  const urn::bitmask mask{c.allowed};
  const urn::logit_bias bias{c.biases};
  const urn::min_tokens not_yet{c.min_tokens, c.ends};
  const urn::bad_words never{c.bad};
  const auto draw = [&](const auto&... stages) {
    return urn::compose(stages..., urn::logprobs{})(policy, row, context, scratch);
  };
  switch (c.pipeline) {
    case 0: return draw(best);
    case 1: return draw(not_yet, never, c.past, best);
    case 2: return draw(c.heat, sample);
    case 3: return draw(mask, c.heat, sample);
    case 4: return draw(c.heat, c.k, sample);
    case 5: return draw(c.heat, c.p, sample);
    case 6: return draw(c.heat, c.least, sample);
    case 7: return draw(c.heat, c.k, c.p, c.least, sample);
    case 8: return draw(mask, not_yet, bias, c.past, c.heat, c.k, c.p, c.least, sample);
    case 9: return draw(c.heat, c.past, bias, c.more_heat, c.p, sample);
    case 10: return draw(c.p, c.k, c.more_heat, sample);
    case 11: return draw(c.heat, soft_cap{5.0F}, c.more_heat, sample);
    case 12: return draw(soft_cap{30.0F}, c.least, c.heat, c.p, sample);
    default: return draw(c.k, c.heat, c.past, ban_multiples{3}, c.p, c.least, c.more_heat, sample);
  }
}

}  // namespace proof
