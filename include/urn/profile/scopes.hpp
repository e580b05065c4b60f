#pragma once
/// \file
/// The options of pieces in which engines differ, set.

#include "urn/processor/bad_words.hpp"
#include "urn/processor/penalties.hpp"
#include "urn/processor/temperature.hpp"
#include "urn/processor/top_p.hpp"
#include "urn/processor/typical.hpp"
#include "urn/profile/settings.hpp"

namespace urn::profile::detail {

constexpr penalties scoped(penalties p, penalty_scope repeated_in, penalty_scope counted_in) {
  p.repeated_in = repeated_in;
  p.counted_in = counted_in;
  return p;
}
constexpr penalties only_repetition(penalties p) {
  p.frequency = p.presence = 0.0F;
  return p;
}
constexpr penalties only_counted(penalties p) {
  p.repetition = 1.0F;
  return p;
}

constexpr bad_words in_output(const bad_words& words) { return {words.sequences, true}; }
constexpr bad_words in_history(const bad_words& words) { return {words.sequences, false}; }

constexpr top_p reaching(const top_p& cut) { return {cut.p, top_p_rule::reached}; }
constexpr top_p beyond(const top_p& cut) { return {cut.p, top_p_rule::beyond}; }
constexpr typical by(typical_rule rule, const typical& cut) { return {cut.p, rule}; }

/// The temperature, unless a dynamic one stands in for it.
constexpr temperature fixed_temperature(const settings& s) {
  return s.dynamic_temperature.neutral() ? s.temperature : temperature{};
}

}  // namespace urn::profile::detail
