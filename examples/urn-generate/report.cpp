#include "report.hpp"

#include <cmath>
#include <cstddef>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <utility>

#include "urn/client/response_json.hpp"

namespace {

using nlohmann::json;

std::size_t count_tokens(const urn::sample_response& response) {
  std::size_t n = 0;
  for (const urn::sampled_sequence& s : response.sequences) n += s.tokens.size();
  return n;
}

double tokens_per_second(const urn::sample_response& response) {
  const double seconds = response.timing.total;
  return seconds > 0 ? static_cast<double>(count_tokens(response)) / seconds : 0;
}

/// "length", "end of text", "stop \"...\"" or "error: <why>".
std::string describe_stop(const urn::sampled_sequence& s) {
  if (s.matched_token) return "end of text";
  if (s.matched_text) return "stop " + json(*s.matched_text).dump();
  return std::string(urn::name_of(s.reason)) + (s.error.empty() ? "" : ": " + s.error);
}

/// A token's text inside quotes, with control characters visible.
std::string quoted(const urn::tokenizer& words, urn::token_id token) {
  const std::string text = words.decode(std::span(&token, 1), false);
  return json(text).dump(-1, ' ', false, json::error_handler_t::replace);
}

void print_logprobs(const urn::sampled_sequence& s, const urn::tokenizer& words) {
  for (std::size_t i = 0; i < s.tokens.size(); ++i) {
    std::printf("%-16s logprob %9.4f  raw %9.4f", quoted(words, s.tokens[i]).c_str(),
                static_cast<double>(s.sampling_logprobs[i]), static_cast<double>(s.logprobs[i]));
    for (const urn::token_logprob& best : s.top_logprobs[i]) {
      if (best.token == urn::no_token) continue;
      std::printf("  %s %.4f", quoted(words, best.token).c_str(), static_cast<double>(best.logprob));
    }
    std::printf("\n");
  }
}

json number(float x) { return std::isfinite(x) ? json(x) : json(nullptr); }

json token_json(const urn::sampled_sequence& s, std::size_t i, const options& asked,
                const urn::tokenizer& words) {
  json out{{"token", s.tokens[i]}, {"logprob", number(s.sampling_logprobs[i])}};
  if (!asked.logprobs) return out;
  out["raw_logprob"] = number(s.logprobs[i]);
  out["text"] = words.decode(std::span(&s.tokens[i], 1), false);
  out["top_logprobs"] = json::array();
  for (const urn::token_logprob& best : s.top_logprobs[i]) {
    if (best.token == urn::no_token) continue;
    out["top_logprobs"].push_back({{"token", best.token}, {"logprob", number(best.logprob)}});
  }
  return out;
}

json sequence_json(const urn::sampled_sequence& s, const options& asked, const urn::tokenizer& words) {
  json out{{"text", s.text},
           {"stop_reason", urn::name_of(s.reason)},
           {"stop", describe_stop(s)},
           {"tokens", json::array()}};
  for (std::size_t i = 0; i < s.tokens.size(); ++i) out["tokens"].push_back(token_json(s, i, asked, words));
  return out;
}

}  // namespace

void print_rest(const urn::sample_response& response, const options& asked, const urn::tokenizer& words) {
  std::string stops;
  for (std::size_t i = 0; i < response.sequences.size(); ++i) {
    const urn::sampled_sequence& s = response.sequences[i];
    if (i > 0) std::printf("\n[sample %zu]\n%s%s", i, asked.prompt.c_str(), s.text.c_str());
    std::printf("\n");
    if (asked.logprobs) print_logprobs(s, words);
    stops += (stops.empty() ? "" : ", ") + describe_stop(s);
  }
  std::printf("\n[%s; %zu tokens at %.0f tokens/s; seed %llu]\n", stops.c_str(), count_tokens(response),
              tokens_per_second(response), static_cast<unsigned long long>(response.seed));
}

void print_json(const urn::sample_response& response, const options& asked, const urn::tokenizer& words) {
  const urn::request_timing& timing = response.timing;
  json out{{"prompt", asked.prompt}, {"seed", response.seed}, {"sequences", json::array()}};
  for (const urn::sampled_sequence& s : response.sequences) {
    out["sequences"].push_back(sequence_json(s, asked, words));
  }
  out["prompt_tokens"] = response.prompt_tokens.size();
  out["prompt_seconds"] = timing.first_token;
  out["decode_seconds"] = timing.total - timing.first_token;
  out["tokens_per_second"] = tokens_per_second(response);
  std::cout << out.dump(2, ' ', false, json::error_handler_t::replace) << '\n';
}
