#pragma once
// The pipelines of the corpus, each with what a case says.

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>

#include "corpus.hpp"
#include "urn/urn.hpp"

namespace proof {

/// A custom edit in arithmetic that is the same everywhere: l / (1 + |l| / cap).
struct soft_cap {
  using stage = urn::elementwise_edit;
  float cap;
  URN_HOST_DEVICE float operator()(float logit, urn::token_id) const {
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
  constexpr float operator()(float logit, urn::token_id id) const {
    return id % of == 0 ? urn::exact::minus_infinity : logit;
  }
};

/// What the stages of a case borrow, wherever it lies.
template <class BadWords>
struct borrowed {
  std::span<const std::int32_t> allowed;
  std::span<const urn::token_bias> biases;
  std::span<const urn::token_id> ends;
  BadWords never;
};

/// The case's sampler, if its pipeline is `Pipeline`.
template <std::size_t Pipeline, class BadWords>
constexpr auto sampler_of(const sample_case& c, const borrowed<BadWords>& with) {
  constexpr urn::categorical sample{};
  constexpr urn::greedy best{};
  const urn::bitmask mask{with.allowed};
  const urn::logit_bias bias{with.biases};
  const urn::min_tokens not_yet{c.min_tokens, with.ends};
  const BadWords never = with.never;
  const auto all = [](const auto&... stages) { return urn::compose(stages..., urn::logprobs{}); };
  static_assert(Pipeline < pipelines + second_pipelines);
  if constexpr (Pipeline == 0) return all(best);
  if constexpr (Pipeline == 1) return all(not_yet, never, c.past, best);
  if constexpr (Pipeline == 2) return all(c.heat, sample);
  if constexpr (Pipeline == 3) return all(mask, c.heat, sample);
  if constexpr (Pipeline == 4) return all(c.heat, c.k, sample);
  if constexpr (Pipeline == 5) return all(c.heat, c.p, sample);
  if constexpr (Pipeline == 6) return all(c.heat, c.least, sample);
  if constexpr (Pipeline == 7) return all(c.heat, c.k, c.p, c.least, sample);
  if constexpr (Pipeline == 8) return all(mask, not_yet, bias, c.past, c.heat, c.k, c.p, c.least, sample);
  if constexpr (Pipeline == 9) return all(c.heat, c.past, bias, c.more_heat, c.p, sample);
  if constexpr (Pipeline == 10) return all(c.p, c.k, c.more_heat, sample);
  if constexpr (Pipeline == 11) return all(c.heat, soft_cap{5.0F}, c.more_heat, sample);
  if constexpr (Pipeline == 12) return all(soft_cap{30.0F}, c.least, c.heat, c.p, sample);
  if constexpr (Pipeline == 13) {
    return all(c.k, c.heat, c.past, ban_multiples{3}, c.p, c.least, c.more_heat, sample);
  }
  const urn::xtc exclude{c.exclude.threshold, c.exclude.probability, with.ends};
  const urn::expected_xtc expected{c.exclude.threshold, c.exclude.probability, with.ends};
  if constexpr (Pipeline == 14) return all(c.heat, c.common, sample);
  if constexpr (Pipeline == 15) return all(c.heat, c.sigmas, sample);
  if constexpr (Pipeline == 16) return all(c.heat, c.epsilon, c.eta, sample);
  if constexpr (Pipeline == 17)
    return all(mask, c.heat, c.squared, urn::min_keep{c.at_least, c.least}, sample);
  if constexpr (Pipeline == 18) return all(c.past, c.heat, c.k, c.common, c.p, sample);
  if constexpr (Pipeline == 19) return all(c.heat, c.h, sample);
  if constexpr (Pipeline == 20) return all(c.heat, c.tail, c.sigmas, sample);
  if constexpr (Pipeline == 21) return all(c.heat, exclude, c.more_heat, sample);
  if constexpr (Pipeline == 22) return all(c.k, c.heat, expected, c.p, sample);
  if constexpr (Pipeline == 23) return all(c.smooth, c.dynamic, bias, c.eta, sample);
  if constexpr (Pipeline == 24) return all(c.heat, c.dynamic, c.cap, c.common, urn::renormalise{}, sample);
  if constexpr (Pipeline == 25) return all(expected, c.heat, c.smooth, urn::min_keep{c.at_least, c.p}, best);
}

template <class Policy, urn::logit_type T>
urn::draw draw_by_pipeline(const Policy& policy, const sample_case& c, std::span<const T> row,
                           const urn::draw_context& context, urn::workspace& scratch) {
  const borrowed<urn::bad_words> with{c.allowed, c.biases, c.ends, {c.bad}};
  urn::draw result;
  const auto draw_if = [&]<std::size_t Pipeline>(std::integral_constant<std::size_t, Pipeline>) {
    if (c.pipeline == Pipeline) result = sampler_of<Pipeline>(c, with)(policy, row, context, scratch);
  };
  [&]<std::size_t... All>(std::index_sequence<All...>) {
    (draw_if(std::integral_constant<std::size_t, All>{}), ...);
  }
  (std::make_index_sequence<built_pipelines>{});
  return result;
}

}  // namespace proof
