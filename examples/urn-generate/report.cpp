#include "report.hpp"

#include <cmath>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>

namespace {

using nlohmann::json;

std::size_t count_tokens(const std::vector<continuation>& all) {
  std::size_t n = 0;
  for (const continuation& c : all) n += c.tokens.size();
  return n;
}

double tokens_per_second(const std::vector<continuation>& all, const timing& time) {
  const double seconds = time.prompt_seconds + time.decode_seconds;
  return seconds > 0 ? static_cast<double>(count_tokens(all)) / seconds : 0;
}

/// A token's text inside quotes, with control characters visible.
std::string quoted(const urn::tokenizer& words, urn::token_id token) {
  const urn::token_id one[] = {token};
  return json(words.decode(one, false)).dump(-1, ' ', false, json::error_handler_t::replace);
}

void print_logprobs(const continuation& c, const urn::tokenizer& words) {
  for (const reported_token& t : c.tokens) {
    std::printf("%-16s logprob %9.4f  raw %9.4f  rank %u", quoted(words, t.drawn.token).c_str(),
                static_cast<double>(t.drawn.logprob), static_cast<double>(t.drawn.raw_logprob), t.drawn.rank);
    for (const urn::token_logprob& a : t.alternatives) {
      if (a.token != urn::no_token) {
        std::printf("  %s %.4f", quoted(words, a.token).c_str(), static_cast<double>(a.logprob));
      }
    }
    std::printf("\n");
  }
}

json number(float x) { return std::isfinite(x) ? json(x) : json(nullptr); }

json to_json(const reported_token& t, const options& asked, const urn::tokenizer& words) {
  json out{{"token", t.drawn.token}, {"logprob", number(t.drawn.logprob)}};
  if (!asked.logprobs) return out;
  out["raw_logprob"] = number(t.drawn.raw_logprob);
  out["rank"] = t.drawn.rank;
  out["text"] = words.decode(std::span(&t.drawn.token, 1), false);
  out["top_logprobs"] = json::array();
  for (const urn::token_logprob& a : t.alternatives) {
    if (a.token == urn::no_token) continue;
    out["top_logprobs"].push_back({{"token", a.token}, {"logprob", number(a.logprob)}});
  }
  return out;
}

std::string reason_name(urn::stop_reason reason) {
  switch (reason) {
    case urn::stop_reason::length: return "length";
    case urn::stop_reason::stop: return "stop";
    case urn::stop_reason::abort: return "abort";
    case urn::stop_reason::none: break;
  }
  return "none";
}

}  // namespace

std::string describe_stop(const continuation& c, const options& asked) {
  if (c.stop.reason != urn::stop_reason::stop) return reason_name(c.stop.reason);
  if (c.stop.token != urn::no_token) return "end of text";
  return "stop " + json(asked.stop.at(c.stop.item)).dump();
}

void print_text(const std::vector<continuation>& all, const options& asked, const urn::tokenizer& words,
                const timing& time, std::size_t already_shown) {
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i > 0) std::printf("\n[sample %zu]\n%s", i, asked.prompt.c_str());
    std::printf("%s\n", all[i].text.c_str() + (i == 0 ? already_shown : 0));
    if (asked.logprobs) print_logprobs(all[i], words);
  }
  std::string stops;
  for (const continuation& c : all) stops += (stops.empty() ? "" : ", ") + describe_stop(c, asked);
  std::printf("\n[%s; %zu tokens at %.0f tokens/s; seed %llu]\n", stops.c_str(), count_tokens(all),
              tokens_per_second(all, time), static_cast<unsigned long long>(asked.seed));
}

void print_json(const std::vector<continuation>& all, const options& asked, const urn::tokenizer& words,
                const timing& time) {
  json out{{"prompt", asked.prompt}, {"seed", asked.seed}, {"sequences", json::array()}};
  for (const continuation& c : all) {
    json sequence{{"text", c.text}, {"stop_reason", reason_name(c.stop.reason)}, {"tokens", json::array()}};
    sequence["stop"] = describe_stop(c, asked);
    for (const reported_token& t : c.tokens) sequence["tokens"].push_back(to_json(t, asked, words));
    out["sequences"].push_back(std::move(sequence));
  }
  out["prompt_tokens"] = time.prompt_tokens;
  out["prompt_seconds"] = time.prompt_seconds;
  out["decode_seconds"] = time.decode_seconds;
  out["tokens_per_second"] = tokens_per_second(all, time);
  std::cout << out.dump(2, ' ', false, json::error_handler_t::replace) << '\n';
}
