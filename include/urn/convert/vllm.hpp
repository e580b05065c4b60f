#pragma once
/// \file
/// sampling_params to and from vLLM's SamplingParams (0.33).

#include <algorithm>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "urn/convert/dialect.hpp"
#include "urn/convert/report.hpp"

namespace urn {
namespace detail {

struct vllm_dialect {
  static constexpr const char* engine = "vLLM";

  template <class Side>
  void describe(Side& side) const {
    using p = sampling_params;
    side.samples("n", {.one_if_greedy = true});
    side.temperature("temperature", {.least = 0.01F, .largest = 2.0F});
    side.same("top_p", &p::top_p);
    side.top_k("top_k", {.all = 0});
    side.same("min_p", &p::min_p);
    side.same("repetition_penalty", &p::repetition_penalty);
    side.same("frequency_penalty", &p::frequency_penalty);
    side.same("presence_penalty", &p::presence_penalty);
    side.max_tokens("max_tokens", 16);
    side.same("min_tokens", &p::min_tokens);
    side.same("ignore_eos", &p::ignore_eos);
    side.same("include_stop_str_in_output", &p::include_stop_in_output);
    side.seed("seed", most_signed_seed);
    side.stop({.texts = "stop", .tokens = "stop_token_ids"});
    side.lacks("stop_regex", &p::stop_regex, "is left out: vLLM stops at no expression");
    side.either([](params_writer& to) { to.if_set("repetition_detection", &p::repetition_detection); },
                read_repetition_detection);
    side.biases("logit_bias", {.largest = 100.0F});
    side.if_set("allowed_token_ids", &p::allowed_token_ids);
    side.either(put_bad_words, [](params_reader& from) { from.if_set("bad_words", &p::bad_words); });
    side.listed("logprobs", "logprobs", &p::logprobs);
    side.listed("prompt_logprobs", "prompt_logprobs", &p::prompt_logprobs);
    side.lacks("deadline", &p::deadline, "is left out: vLLM has no time limit, so abort the request");
    describe_foreign(side);
  }

  template <class Side>
  static void describe_foreign(Side& side) {
    side.foreign("prompt_logprob_token_ids", nullptr);
    side.foreign("prompt_logprob_start", nullptr);
    side.foreign("logprob_token_ids", nullptr);
    side.foreign("detokenize", true);
    side.foreign("skip_special_tokens", true);
    side.foreign("spaces_between_special_tokens", true);
    side.foreign("structured_outputs", nullptr);
    side.foreign("extra_args", nullptr);
    side.foreign("thinking_token_budget", -1);
    side.foreign("watermarking", false);
    side.foreign("trace_decode_token_ids", nullptr);
    side.known({"flat_logprobs", "output_kind", "stream_interval", "skip_clone", "skip_reading_prefix_cache",
                "routed_experts_prompt_start"});
  }

  /// Sizes of 0 are none, and at least 1.
  static void read_repetition_detection(params_reader& from) {
    from.if_set("repetition_detection", &sampling_params::repetition_detection);
    auto& limits = from.params().repetition_detection;
    if (limits && limits->max_pattern_size == 0) limits.reset();
    if (limits) limits->min_pattern_size = std::max<std::size_t>(limits->min_pattern_size, 1);
  }

  /// vLLM strips what Python takes for space; the ASCII part of it is looked for here.
  static void put_bad_words(params_writer& to) {
    std::vector<std::string> kept;
    for (const std::string& word : to.params().bad_words) {
      const std::size_t start = word.find_first_not_of(" \t\n\v\f\r\x1C\x1D\x1E\x1F");
      const std::size_t spaces = std::min(word.find_first_not_of(' '), word.size());
      if (start == std::string::npos) {
        to.lose("bad_words", json_excerpt(word) + " is left out: vLLM refuses words of spaces alone");
      } else {
        if (start != spaces) to.lose("bad_words", json_excerpt(word) + " loses the white space before it");
        kept.push_back(word);
      }
    }
    if (!to.params().bad_words.empty()) to.put("bad_words", std::move(kept));
  }
};

}  // namespace detail

/// The keyword arguments of vLLM's `SamplingParams.from_optional` that ask for the same. What a server could
/// fill in from a model's generation_config.json is always there, max_tokens too, whose null is no limit.
///
/// Losses: deadline; a temperature in (0, 0.01) or beyond 2; biases beyond +-100; several greedy samples;
/// seeds from 2^63; bad words that begin with white space other than ' '; stop_regex.
/// repetition_detection is an object, for RepetitionDetectionParams. Equal seeds give other tokens than
/// in urn. Throws request_error for invalid parameters, and urn::error with on_loss::refuse and a loss.
inline conversion to_vllm(const sampling_params& params, on_loss policy = on_loss::report) {
  return detail::export_params("to_vllm", detail::vllm_dialect{}, params, policy);
}

/// The parameters that vLLM's keyword arguments mean, its defaults (max_tokens 16) and its own corrections of
/// them (a temperature raised to 0.01, biases clamped) included. Losses: what urn does not have, stop strings
/// and stop tokens at once (the tokens are left out), negative seeds but -1, more than 100 logprobs. Throws
/// request_error for values of a wrong type or that are not valid, and urn::error with on_loss::refuse and a
/// loss.
inline imported_params from_vllm(const nlohmann::json& arguments, on_loss policy = on_loss::report) {
  return detail::import_params("from_vllm", detail::vllm_dialect{}, "SamplingParams", arguments, policy);
}

}  // namespace urn
