#pragma once
/// \file
/// The stop criteria that a request's parameters ask for.

#include <cstddef>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "urn/client/sample_response.hpp"
#include "urn/client/sampling_params.hpp"
#include "urn/core/token.hpp"
#include "urn/stop/any_stop.hpp"
#include "urn/stop/end_token.hpp"
#include "urn/stop/max_tokens.hpp"
#include "urn/stop/not_before.hpp"
#include "urn/stop/repetition_stop.hpp"
#include "urn/stop/stop.hpp"
#include "urn/stop/stop_regex.hpp"
#include "urn/stop/stop_text.hpp"

namespace urn {

/// The strings of a stop condition, none if it has tokens.
inline std::vector<std::string> stop_strings(const stop_condition& condition) {
  if (const auto* one = std::get_if<std::string>(&condition)) return {*one};
  if (const auto* several = std::get_if<std::vector<std::string>>(&condition)) return *several;
  return {};
}

/// Whether the parameters end a sequence by its text, for which there must be a tokenizer.
inline bool stops_at_text(const sampling_params& params) {
  return !stop_strings(params.stop).empty() || !params.stop_regex.empty();
}

/// The model's end tokens unless ignore_eos with the stop tokens (always there, if empty), the stop strings,
/// each expression, a repetition, then max_tokens: a stop at the very last token is reported as such. Nothing
/// but max_tokens ends the first min_tokens tokens.
inline stop_list stops_of(const sampling_params& params, std::span<const token_id> end_tokens) {
  const stop_options options{.include_stop = params.include_stop_in_output};
  stop_list stops;
  const auto add = [&](auto criterion) {
    stops.criteria.emplace_back(not_before{params.min_tokens, std::move(criterion)});
  };
  std::vector<token_id> tokens;
  if (!params.ignore_eos) tokens.assign(end_tokens.begin(), end_tokens.end());
  if (const auto* ids = std::get_if<std::vector<token_id>>(&params.stop)) {
    tokens.insert(tokens.end(), ids->begin(), ids->end());
  }
  add(end_token(std::span<const token_id>(tokens), options));
  const std::vector<std::string> strings = stop_strings(params.stop);
  if (!strings.empty()) add(stop_text(std::span<const std::string>(strings), options));
  for (const std::string& expression : params.stop_regex) add(stop_regex(expression, options));
  if (const auto& limits = params.repetition_detection) {
    add(repetition_stop{limits->max_pattern_size, limits->min_pattern_size, limits->min_count});
  }
  if (params.max_tokens) stops.criteria.emplace_back(max_tokens{*params.max_tokens});
  return stops;
}

/// Writes why a sequence ended into it; `decision` is of the criteria of `params`.
inline void explain_stop(const stop_decision& decision, const sampling_params& params,
                         sampled_sequence& ended) {
  ended.reason = decision.reason == stop_reason::stop    ? finish_reason::stop
                 : decision.reason == stop_reason::abort ? finish_reason::abort
                                                         : finish_reason::length;
  if (decision.reason != stop_reason::stop) return;
  if (decision.token != no_token) {
    ended.matched_token = decision.token;
    return;
  }
  constexpr std::size_t token_criteria = 1;
  const std::vector<std::string> strings = stop_strings(params.stop);
  const std::size_t first_expression = token_criteria + (strings.empty() ? 0 : 1);
  if (decision.criterion < first_expression) {
    ended.matched_text = strings[decision.item];
  } else if (decision.criterion - first_expression < params.stop_regex.size()) {
    ended.matched_text = params.stop_regex[decision.criterion - first_expression];
  }
}

}  // namespace urn
