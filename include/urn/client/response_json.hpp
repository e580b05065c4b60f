#pragma once
/// \file
/// sample_response as JSON.

#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <vector>

#include "urn/client/params_json.hpp"
#include "urn/client/sample_response.hpp"
#include "urn/core/draw.hpp"
#include "urn/core/token.hpp"

namespace urn {

/// The word of the serving APIs.
constexpr std::string_view name_of(finish_reason reason) {
  constexpr std::string_view names[] = {"length", "stop", "abort", "error"};
  return names[static_cast<std::size_t>(reason)];
}

namespace detail {

/// The places of a list of best tokens that no token fills are left out.
inline nlohmann::ordered_json json_of(const std::vector<token_logprob>& best) {
  auto list = nlohmann::ordered_json::array();
  for (const token_logprob& b : best) {
    if (b.token != no_token) list.push_back({{"token", b.token}, {"logprob", json_of(b.logprob)}});
  }
  return list;
}

inline nlohmann::ordered_json json_of(const sampled_sequence& s);

template <class T>
nlohmann::ordered_json json_list(const std::vector<T>& values) {
  auto list = nlohmann::ordered_json::array();
  for (const T& value : values) list.push_back(json_of(value));
  return list;
}

inline nlohmann::ordered_json json_of(const sampled_sequence& s) {
  nlohmann::ordered_json object{{"tokens", s.tokens},
                                {"text", s.text},
                                {"logprobs", json_list(s.logprobs)},
                                {"sampling_logprobs", json_list(s.sampling_logprobs)}};
  if (!s.ranks.empty()) object["ranks"] = s.ranks;
  if (!s.top_logprobs.empty()) object["top_logprobs"] = json_list(s.top_logprobs);
  object["finish_reason"] = name_of(s.reason);
  if (s.matched_text) object["matched_text"] = *s.matched_text;
  if (s.matched_token) object["matched_token"] = *s.matched_token;
  if (!s.error.empty()) object["error"] = s.error;
  return object;
}

inline nlohmann::ordered_json json_of(const request_timing& t) {
  return {{"queued", t.queued}, {"first_token", t.first_token}, {"total", t.total}};
}

}  // namespace detail

/// A response, its fields in the order of their declaration, what was not asked for left out. Logprobs are
/// the shortest decimals that read back as the same float, an infinite one the string "-Infinity", and one
/// that is not there (the first prompt token's) null; best tokens are {"token", "logprob"}. Times are
/// seconds. The seed may take 64 bits, more than a JavaScript number holds.
inline nlohmann::ordered_json to_json(const sample_response& response) {
  nlohmann::ordered_json object{{"id", response.id}, {"sequences", detail::json_list(response.sequences)}};
  if (!response.prompt_logprobs.empty())
    object["prompt_logprobs"] = detail::json_list(response.prompt_logprobs);
  if (!response.topk_prompt_logprobs.empty())
    object["topk_prompt_logprobs"] = detail::json_list(response.topk_prompt_logprobs);
  object["prompt_tokens"] = response.prompt_tokens;
  object["cached_prompt_tokens"] = response.cached_prompt_tokens;
  object["seed"] = response.seed;
  object["timing"] = detail::json_of(response.timing);
  return object;
}

}  // namespace urn
