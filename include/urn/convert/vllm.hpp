#pragma once
/// \file
/// sampling_params to and from vLLM's SamplingParams (0.33).

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "urn/convert/report.hpp"
#include "urn/core/token.hpp"
#include "urn/processor/temperature.hpp"

namespace urn {
namespace detail {

inline constexpr float vllm_least_temperature = 0.01F;
inline constexpr float vllm_largest_temperature = 2.0F;
inline constexpr float vllm_largest_bias = 100.0F;
inline constexpr std::size_t vllm_max_tokens = 16;  ///< its default

class vllm_export {
 public:
  explicit vllm_export(const sampling_params& params) : p_(params) {}

  conversion operator()() && {
    to_["n"] = samples();
    to_["temperature"] = json_of(temperature());
    to_["top_p"] = json_of(p_.top_p);
    to_["top_k"] = std::max(p_.top_k, 0);
    to_["min_p"] = json_of(p_.min_p);
    to_["repetition_penalty"] = json_of(p_.repetition_penalty);
    to_["frequency_penalty"] = json_of(p_.frequency_penalty);
    to_["presence_penalty"] = json_of(p_.presence_penalty);
    to_["max_tokens"] = json_of(p_.max_tokens);  // null is no limit; its default is 16
    to_["min_tokens"] = p_.min_tokens;
    to_["ignore_eos"] = p_.ignore_eos;
    to_["include_stop_str_in_output"] = p_.include_stop_in_output;
    if (p_.seed) to_["seed"] = seed();
    put_stop();
    if (!p_.logit_bias.empty()) to_["logit_bias"] = biases();
    if (p_.allowed_token_ids) to_["allowed_token_ids"] = *p_.allowed_token_ids;
    if (!p_.bad_words.empty()) to_["bad_words"] = bad_words();
    if (p_.logprobs) to_["logprobs"] = *p_.logprobs;
    if (p_.prompt_logprobs) to_["prompt_logprobs"] = *p_.prompt_logprobs;
    if (p_.deadline) lose("deadline", "is left out: vLLM has no time limit, so abort the request");
    return {std::move(to_), std::move(losses_), std::nullopt};
  }

 private:
  void lose(const char* field, std::string happens) { losses_.push_back({field, std::move(happens)}); }

  std::size_t samples() {
    const bool one_for_all = p_.num_samples > 1 && is_greedy();
    if (one_for_all) lose("num_samples", "is 1: vLLM refuses more when greedy; all would be equal");
    return one_for_all ? 1 : p_.num_samples;
  }

  /// vLLM raises 0 < T < 0.01 to 0.01, even where it would be greedy in urn.
  float temperature() {
    if (is_greedy()) return 0.0F;
    if (p_.temperature < vllm_least_temperature) lose("temperature", "is 0.01, vLLM's least but 0");
    if (p_.temperature > vllm_largest_temperature) lose("temperature", "is 2, vLLM's largest");
    return std::clamp(p_.temperature, vllm_least_temperature, vllm_largest_temperature);
  }
  [[nodiscard]] bool is_greedy() const { return p_.temperature < urn::temperature::greedy_below; }

  std::uint64_t seed() {
    constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (*p_.seed > most) lose("seed", "loses its highest bit: vLLM's seeds are signed");
    return *p_.seed & most;
  }

  void put_stop() {
    if (const auto* ids = std::get_if<std::vector<token_id>>(&p_.stop)) {
      to_["stop_token_ids"] = *ids;
    } else if (!std::holds_alternative<std::monostate>(p_.stop)) {
      to_["stop"] = json_of(p_.stop);
    }
  }

  nlohmann::ordered_json biases() {
    std::vector<token_bias> clamped = p_.logit_bias;
    for (token_bias& b : clamped) b.bias = std::clamp(b.bias, -vllm_largest_bias, vllm_largest_bias);
    if (clamped != p_.logit_bias)
      lose("logit_bias", "is clamped to [-100, 100]: what was banned may be drawn");
    return json_of(clamped);
  }

  /// vLLM strips what Python takes for space; the ASCII part of it is looked for here.
  std::vector<std::string> bad_words() {
    for (const std::string& word : p_.bad_words) {
      const std::size_t start = word.find_first_not_of(" \t\n\v\f\r\x1C\x1D\x1E\x1F");
      const std::size_t spaces = std::min(word.find_first_not_of(' '), word.size());
      if (start == std::string::npos) {
        lose("bad_words", json_excerpt(word) + " is left out: vLLM refuses words of spaces alone");
      } else {
        if (start != spaces) lose("bad_words", json_excerpt(word) + " loses the white space before it");
        kept_words_.push_back(word);
      }
    }
    return kept_words_;
  }

  const sampling_params& p_;
  nlohmann::ordered_json to_ = nlohmann::ordered_json::object();
  std::vector<loss> losses_;
  std::vector<std::string> kept_words_;
};

/// What changes what is generated or reported. How the output is delivered or cached is not the parameters'
/// affair, and known without a loss.
inline void look_at_foreign_of_vllm(argument_reader& from, std::vector<loss>& losses) {
  const std::array foreign{foreign_field{"prompt_logprob_token_ids", nullptr},
                           foreign_field{"prompt_logprob_start", nullptr},
                           foreign_field{"logprob_token_ids", nullptr},
                           foreign_field{"detokenize", true},
                           foreign_field{"skip_special_tokens", true},
                           foreign_field{"spaces_between_special_tokens", true},
                           foreign_field{"structured_outputs", nullptr},
                           foreign_field{"extra_args", nullptr},
                           foreign_field{"thinking_token_budget", -1},
                           foreign_field{"repetition_detection", nullptr},
                           foreign_field{"watermarking", false},
                           foreign_field{"trace_decode_token_ids", nullptr}};
  from.look_at_foreign(foreign, losses);
  for (const char* name : {"flat_logprobs", "output_kind", "stream_interval", "skip_clone",
                           "skip_reading_prefix_cache", "routed_experts_prompt_start"}) {
    from.find(name);
  }
}

class vllm_import {
 public:
  explicit vllm_import(const nlohmann::json& arguments) : from_("SamplingParams", arguments) {}

  imported_params operator()() && {
    read_numbers();
    read_seed();
    read_stop();
    read_constraints();
    p().logprobs = listed("logprobs");
    p().prompt_logprobs = listed("prompt_logprobs");
    look_at_foreign_of_vllm(from_, result_.losses);
    result_.unknown = from_.unknown();
    return std::move(result_);
  }

 private:
  sampling_params& p() { return result_.params; }
  void lose(const char* field, std::string happens) { result_.losses.push_back({field, std::move(happens)}); }

  void read_numbers() {
    from_.read("n", p().num_samples);
    from_.read("temperature", p().temperature);
    if (p().temperature > 0) p().temperature = std::max(p().temperature, vllm_least_temperature);
    from_.read("top_p", p().top_p);
    from_.read("top_k", p().top_k);
    if (p().top_k == 0) p().top_k = -1;
    from_.read("min_p", p().min_p);
    from_.read("repetition_penalty", p().repetition_penalty);
    from_.read("frequency_penalty", p().frequency_penalty);
    from_.read("presence_penalty", p().presence_penalty);
    if (!from_.says_null("max_tokens")) p().max_tokens = vllm_max_tokens;
    from_.read("max_tokens", p().max_tokens);
    from_.read("min_tokens", p().min_tokens);
    from_.read("ignore_eos", p().ignore_eos);
    from_.read("include_stop_str_in_output", p().include_stop_in_output);
  }

  void read_seed() {
    const nlohmann::json* const value = from_.find("seed");
    if (value == nullptr || *value == -1) return;
    if (value->is_number_integer() && *value < 0) {
      lose("seed", "is left out: urn's are not negative, so the seed is random");
    } else {
      read_json(*value, "seed", p().seed);
    }
  }

  void read_stop() {
    const nlohmann::json* const texts = from_.find("stop");
    const nlohmann::json* const ids = from_.find("stop_token_ids");
    const bool has_texts = texts != nullptr && *texts != nlohmann::json::array();
    const bool has_ids = ids != nullptr && *ids != nlohmann::json::array();
    if (has_ids) read_json(*ids, "stop_token_ids", p().stop.emplace<std::vector<token_id>>());
    if (!has_texts) return;
    if (has_ids) lose("stop_token_ids", "is left out: urn stops at strings or at tokens, not at both");
    if (texts->is_string()) {
      p().stop = texts->get<std::string>();
    } else {
      read_json(*texts, "stop", p().stop.emplace<std::vector<std::string>>());
    }
  }

  void read_constraints() {
    from_.read("logit_bias", p().logit_bias);
    for (token_bias& b : p().logit_bias) b.bias = std::clamp(b.bias, -vllm_largest_bias, vllm_largest_bias);
    from_.read("allowed_token_ids", p().allowed_token_ids);
    from_.read("bad_words", p().bad_words);
  }

  /// true is 1, and -1 is all.
  std::optional<std::size_t> listed(const char* field) {
    const nlohmann::json* const value = from_.find(field);
    if (value == nullptr || *value == false) return std::nullopt;
    if (*value == true) return 1;
    std::int64_t n = 0;
    read_json(*value, field, n);
    if (n < -1) refuse_json(field, *value, "at least 0, or -1 for all");
    if (n >= 0 && n <= static_cast<std::int64_t>(most_logprobs)) return static_cast<std::size_t>(n);
    lose(field, "is " + text_of(most_logprobs) + ", urn's largest");
    return most_logprobs;
  }

  argument_reader from_;
  imported_params result_;
};

}  // namespace detail

/// The keyword arguments of vLLM's `SamplingParams.from_optional` that ask for the same. What a server could
/// fill in from a model's generation_config.json is always there, max_tokens too, whose null is no limit.
///
/// Losses: deadline; a temperature in (0, 0.01) or beyond 2; biases beyond +-100; several greedy samples;
/// seeds from 2^63; bad words that begin with white space other than ' '. Equal seeds give other tokens than
/// in urn. Throws request_error for invalid parameters, and urn::error with on_loss::refuse and a loss.
inline conversion to_vllm(const sampling_params& params, on_loss policy = on_loss::report) {
  require_valid(params);
  conversion result = detail::vllm_export(params)();
  detail::refuse_losses("to_vllm", result.losses, policy);
  return result;
}

/// The parameters that vLLM's keyword arguments mean, its defaults (max_tokens 16) and its own corrections of
/// them (a temperature raised to 0.01, biases clamped) included. Losses: what urn does not have, stop strings
/// and stop tokens at once (the tokens are left out), negative seeds but -1, more than 100 logprobs. Throws
/// request_error for values of a wrong type or that are not valid, and urn::error with on_loss::refuse and a
/// loss.
inline imported_params from_vllm(const nlohmann::json& arguments, on_loss policy = on_loss::report) {
  return detail::finish_import("from_vllm", detail::vllm_import(arguments)(), policy);
}

}  // namespace urn
