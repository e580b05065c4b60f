#pragma once
/// \file
/// sampling_params to and from OpenAI's completions and chat completions.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>

#include "urn/convert/dialect.hpp"
#include "urn/convert/report.hpp"

namespace urn {

/// The two requests that differ in how they say lengths and logprobs.
enum class openai_api : std::uint8_t { completions, chat };

namespace detail {

struct openai_dialect {
  static constexpr const char* engine = "OpenAI";
  openai_api api;

  template <class Side>
  void describe(Side& side) const {
    using p = sampling_params;
    side.temperature("temperature", {.largest = 2.0F});
    side.same("top_p", &p::top_p);
    side.same("frequency_penalty", &p::frequency_penalty);
    side.same("presence_penalty", &p::presence_penalty);
    side.samples("n");
    side.seed("seed", most_signed_seed);
    side.stop({.texts = "stop", .most_texts = 4});
    side.biases("logit_bias", {.largest = 100.0F, .whole = true});
    if (api == openai_api::completions) {
      describe_completions(side);
    } else {
      describe_chat(side);
    }
    describe_lacking(side);
    side.known({"model", "stream", "stream_options", "user"});
  }

  template <class Side>
  static void describe_completions(Side& side) {
    constexpr std::size_t standard = 16;
    side.either(
        [](params_writer& to) {
          if (!to.params().max_tokens) to.lose("max_tokens", "is 16, OpenAI's default");
          if (to.params().max_tokens) to.put("max_tokens", *to.params().max_tokens);
        },
        [](params_reader& from) {
          from.params().max_tokens = from.from().value_or("max_tokens", standard);
          from.foreign("best_of", from.params().num_samples);
        });
    side.listed("logprobs", "logprobs", &sampling_params::logprobs, 5);
    side.foreign("echo", false);
    side.foreign("suffix", nullptr);
    side.known({"prompt"});
  }

  template <class Side>
  static void describe_chat(Side& side) {
    side.either(put_chat_fields, read_chat_fields);
    for (const char* name : {"audio", "functions", "function_call", "moderation", "prediction",
                             "reasoning_effort", "tools", "verbosity", "web_search_options"}) {
      side.foreign(name, nullptr);
    }
    side.foreign("modalities", {"text"});
    side.foreign("response_format", {{"type", "text"}});
    side.known({"messages", "metadata", "parallel_tool_calls", "prompt_cache_key", "prompt_cache_options",
                "prompt_cache_retention", "safety_identifier", "service_tier", "store", "tool_choice"});
  }
  static void put_chat_fields(params_writer& to) {
    to.if_set("max_completion_tokens", &sampling_params::max_tokens);
    if (to.params().logprobs) to.put("logprobs", true);
    to.listed("top_logprobs", "logprobs", &sampling_params::logprobs, 20);
  }
  static void read_chat_fields(params_reader& from) {
    std::optional<std::size_t> older;
    from.from().read("max_tokens", older);
    from.params().max_tokens = older;
    if (from.from().read("max_completion_tokens", from.params().max_tokens) && older &&
        older != from.params().max_tokens)
      from.lose("max_tokens", "is left out: max_completion_tokens is there");
    const bool wanted = from.from().value_or("logprobs", false);
    from.listed("top_logprobs", "", &sampling_params::logprobs);
    if (wanted && !from.params().logprobs) from.params().logprobs = 0;
    if (!wanted) from.params().logprobs.reset();
  }

  template <class Side>
  static void describe_lacking(Side& side) {
    using p = sampling_params;
    constexpr auto* left_out = "is left out: OpenAI has no such parameter";
    side.lacks("stop_regex", &p::stop_regex, left_out);
    side.lacks("repetition_detection", &p::repetition_detection, left_out);
    side.lacks("top_k", &p::top_k, left_out);
    side.lacks("min_p", &p::min_p, left_out);
    side.lacks("repetition_penalty", &p::repetition_penalty, left_out);
    side.lacks("min_tokens", &p::min_tokens, left_out);
    side.lacks("allowed_token_ids", &p::allowed_token_ids, left_out);
    side.lacks("bad_words", &p::bad_words, left_out);
    side.lacks("prompt_logprobs", &p::prompt_logprobs, left_out);
    side.lacks("ignore_eos", &p::ignore_eos, left_out);
    side.lacks("include_stop_in_output", &p::include_stop_in_output,
               "is false: OpenAI cuts stop strings off");
    side.lacks("deadline", &p::deadline, "is left out: give the HTTP client a time limit");
  }
};

}  // namespace detail

/// The members of a request's JSON that ask for the same; model and prompt or messages stand beside them.
///
/// Losses: what OpenAI does not have (top_k, min_p, a repetition penalty, min_tokens, allowed tokens, bad
/// words, stop tokens, stop_regex, repetition_detection, logprobs of the prompt, ignore_eos, stop strings
/// that stay, deadline); a temperature beyond 2; more than 4 stop strings; biases that are no whole numbers
/// from -100 to 100; more than 5 (completions) or 20 (chat) logprobs; no limit of completions, whose default
/// is 16 tokens; seeds from 2^63. Servers that know more than OpenAI take to_vllm's names. Throws
/// request_error for invalid parameters, and urn::error with on_loss::refuse and a loss.
inline conversion to_openai(const sampling_params& params, openai_api api, on_loss policy = on_loss::report) {
  return detail::export_params("to_openai", detail::openai_dialect{api}, params, policy);
}

/// The parameters that a request means, with OpenAI's defaults: completions end after 16 tokens, chat has no
/// limit. Losses: what urn does not have (tools, response_format, best_of beyond n, ...), negative seeds.
/// Throws request_error for values of a wrong type or that are not valid, and urn::error with on_loss::refuse
/// and a loss.
inline imported_params from_openai(const nlohmann::json& request, openai_api api,
                                   on_loss policy = on_loss::report) {
  return detail::import_params("from_openai", detail::openai_dialect{api}, "request", request, policy);
}

}  // namespace urn
