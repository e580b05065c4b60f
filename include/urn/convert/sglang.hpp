#pragma once
/// \file
/// sampling_params to and from SGLang's requests (0.5).

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "urn/convert/dialect.hpp"
#include "urn/convert/report.hpp"
#include "urn/stop/stop.hpp"
#include "urn/stop/stop_regex.hpp"

namespace urn {
namespace detail {

/// SGLang's class SamplingParams.
struct sglang_sampling {
  static constexpr const char* engine = "SGLang";

  template <class Side>
  void describe(Side& side) const {
    using p = sampling_params;
    side.max_tokens("max_new_tokens", 128);
    side.temperature("temperature");
    side.same("top_p", &p::top_p);
    side.top_k("top_k", {.all = -1});
    side.either([](params_writer&) {}, whole_vocabulary_is_all);
    side.same("min_p", &p::min_p);
    side.same("frequency_penalty", &p::frequency_penalty);
    side.same("presence_penalty", &p::presence_penalty);
    side.at_most("repetition_penalty", "repetition_penalty", &p::repetition_penalty, 2.0F);
    side.differs("repetition_penalty", "repetition_penalty", &p::repetition_penalty,
                 "is over the output alone", "is over the prompt too");
    side.same("min_new_tokens", &p::min_tokens);
    side.samples("n");
    side.same("ignore_eos", &p::ignore_eos);
    side.same("no_stop_trim", &p::include_stop_in_output);
    side.seed("sampling_seed", most_signed_seed);
    side.stop({.texts = "stop", .tokens = "stop_token_ids", .most_texts = 32});
    side.either(put_stop_regex, read_stop_regex);
    side.lacks("repetition_detection", &p::repetition_detection, "is left out: SGLang has no such parameter");
    side.biases("logit_bias");
    side.lacks("allowed_token_ids", &p::allowed_token_ids,
               "is left out: give a custom_logit_processor of your own");
    side.lacks("bad_words", &p::bad_words, "is left out: give a custom_logit_processor of your own");
    side.lacks("deadline", &p::deadline, "is left out: SGLang has no time limit, so abort the request");
    for (const char* name :
         {"beam_width", "json_schema", "regex", "ebnf", "structural_tag", "custom_params", "watermark"}) {
      side.foreign(name, nullptr);
    }
    side.foreign("skip_special_tokens", true);
    side.foreign("spaces_between_special_tokens", true);
    side.known({"stream_interval", "stop_strs", "stop_regex_strs", "stop_str_max_len", "stop_regex_max_len",
                "is_normalized", "ebnf_full_assistant"});
  }

  static constexpr std::size_t most_expressions = 32;
  static constexpr std::size_t most_expression_bytes = 256;
  static constexpr const char* of_all_unicode =
      R"(has \d, \w or \s: SGLang's are of all Unicode, urn's of ASCII)";
  static bool has_class(const std::string& expression) {
    for (std::size_t i = 0; i + 1 < expression.size(); ++i) {
      if (expression[i] != '\\') continue;
      if (std::string_view("dDwWsS").find(expression[++i]) != std::string_view::npos) return true;
    }
    return false;
  }
  static void put_stop_regex(params_writer& to) {
    std::vector<std::string> kept;
    for (const std::string& expression : to.params().stop_regex) {
      const bool fits = expression.size() <= most_expression_bytes && kept.size() < most_expressions;
      if (fits) kept.push_back(expression);
      if (fits && has_class(expression)) to.lose("stop_regex", of_all_unicode);
      if (!fits) to.lose("stop_regex", "is 32 of at most 256 bytes each: SGLang takes no more");
    }
    if (!kept.empty()) to.put("stop_regex", std::move(kept));
  }
  static void read_stop_regex(params_reader& from) {
    const nlohmann::json* const value = from.from().find("stop_regex");
    if (value == nullptr) return;
    std::vector<std::string> expressions;
    if (value->is_string()) {
      expressions = {value->get<std::string>()};
    } else {
      read_json(*value, "stop_regex", expressions);
    }
    for (std::string& expression : expressions) {
      const stop_check checked = stop_regex(expression).check();
      if (!checked)
        from.lose("stop_regex",
                  json_excerpt(expression) + " is left out: " + std::string(urn::describe(checked.status)));
      if (checked && has_class(expression)) from.lose("stop_regex", of_all_unicode);
      if (checked) from.params().stop_regex.push_back(std::move(expression));
    }
  }

  static void whole_vocabulary_is_all(params_reader& from) {
    constexpr std::int32_t all = 1 << 30;
    if (from.params().top_k >= all) from.params().top_k = -1;
  }
};

/// What stands beside it in a request: one number of logprobs, for the output and for the prompt.
struct sglang_request {
  static constexpr const char* engine = "SGLang";

  template <class Side>
  void describe(Side& side) const {
    side.either(put_logprobs, read_logprobs);
    side.foreign("token_ids_logprob", nullptr);
    side.foreign("return_sampling_mask", false);
    side.foreign("sampling_logprobs_mode", nullptr);
    side.foreign("return_hidden_states", false);
    side.foreign("return_entropy", false);
    side.foreign("custom_logit_processor", nullptr);
    side.foreign("watermark", nullptr);
    side.foreign("require_reasoning", false);
    side.foreign("max_thinking_tokens", nullptr);
    side.foreign("return_routed_experts", false);
    side.foreign("return_indexer_topk", false);
    describe_the_rest(side);
  }

  /// The prompt, where it is computed, and how the answer comes.
  template <class Side>
  static void describe_the_rest(Side& side) {
    side.known({"prompt",
                "text",
                "input_ids",
                "input_embeds",
                "positional_embed_overrides",
                "image_data",
                "audio_data",
                "video_data",
                "video_config",
                "use_audio_in_video",
                "modalities",
                "images_config",
                "mm_hashes",
                "mm_content_hashes",
                "mm_processor_kwargs",
                "max_dynamic_patch",
                "min_dynamic_patch",
                "image_max_dynamic_patch",
                "video_max_dynamic_patch",
                "multi_item_delimiter_indices",
                "token_indices_to_pool"});
    side.known({"rid",
                "session_id",
                "session_params",
                "conversation_id",
                "lora_path",
                "lora_id",
                "priority",
                "cache_salt",
                "extra_key",
                "kv_hints",
                "routing_key",
                "routed_dp_rank",
                "data_parallel_rank",
                "disagg_prefill_dp_rank",
                "decode_tp_size",
                "bootstrap_host",
                "bootstrap_port",
                "bootstrap_room",
                "bootstrap_pair_key",
                "http_worker_ipc",
                "encoder_urls",
                "num_items_assigned",
                "need_wait_for_mm_inputs"});
    side.known({"stream", "background", "log_metrics", "no_logs", "custom_labels", "external_trace_header",
                "received_time", "routed_experts_start_len", "return_text_in_logprobs",
                "return_prompt_token_ids", "return_bytes", "return_flat_raw_top_logprobs",
                "return_flat_raw_output_top_logprobs", "return_flat_raw_top_logprobs_b64"});
  }

  static void put_logprobs(params_writer& to) {
    const std::optional<std::size_t>& output = to.params().logprobs;
    const std::optional<std::size_t>& prompt = to.params().prompt_logprobs;
    if (!output && !prompt) return;
    const std::size_t most = std::max(output.value_or(0), prompt.value_or(0));
    to.put("return_logprob", true);
    to.put("top_logprobs_num", most);
    if (prompt) to.put("logprob_start_len", 0);
    if (output != most) to.lose("logprobs", "lists " + text_of(most) + ", as prompt_logprobs");
    if (prompt && prompt != most) to.lose("prompt_logprobs", "lists " + text_of(most) + ", as logprobs");
  }
  static void read_logprobs(params_reader& from) {
    std::int64_t start = -1;
    from.from().read("logprob_start_len", start);
    from.listed("top_logprobs_num", "", &sampling_params::logprobs);
    sampling_params& p = from.params();
    const bool wanted = from.from().value_or("return_logprob", false);
    const std::size_t n = std::exchange(p.logprobs, std::nullopt).value_or(0);
    if (!wanted) return;
    p.logprobs = n;
    if (start == 0) p.prompt_logprobs = n;
    if (start > 0)
      from.lose("logprob_start_len", "is left out: urn scores the whole prompt or nothing of it");
  }
};

}  // namespace detail

/// The keyword arguments of SGLang's `Engine.generate`, which are the body of a POST to /generate, that ask
/// for the same: `sampling_params`, and beside them what to say of logprobs.
///
/// Losses: a repetition penalty, which SGLang applies to the output alone, up to 2; allowed tokens; bad
/// words; infinite biases, which become +-1e9; more than 32 stop strings; different numbers of logprobs for
/// prompt and output; seeds from 2^63; more than 32 expressions, or longer than 256 bytes;
/// repetition_detection; deadline. A seed counts where the server was started with
/// --enable-deterministic-inference. Throws request_error for invalid parameters, and urn::error with
/// on_loss::refuse and a loss.
inline conversion to_sglang(const sampling_params& params, on_loss policy = on_loss::report) {
  require_valid(params);
  conversion result = detail::write_params(detail::sglang_request{}, params);
  conversion inner = detail::write_params(detail::sglang_sampling{}, params);
  result.arguments["sampling_params"] = std::move(inner.arguments);
  result.losses.insert(result.losses.end(), inner.losses.begin(), inner.losses.end());
  detail::refuse_losses("to_sglang", result.losses, policy);
  return result;
}

/// The parameters that a request means, with SGLang's own defaults (max_new_tokens 128). Losses: what urn
/// does not have, the scope of a repetition penalty, stop strings and stop tokens at once (the tokens are
/// left out), negative seeds. Throws request_error for values of a wrong type or that are not valid, and
/// urn::error with on_loss::refuse and a loss.
inline imported_params from_sglang(const nlohmann::json& request, on_loss policy = on_loss::report) {
  imported_params result;
  nlohmann::json outer = request;
  nlohmann::json inner = nlohmann::json::object();
  if (outer.is_object() && outer.contains("sampling_params")) {
    inner = std::exchange(outer["sampling_params"], nullptr);
    outer.erase("sampling_params");
  }
  if (inner.is_null()) inner = nlohmann::json::object();
  detail::read_params(detail::sglang_request{}, "generate", outer, result);
  detail::read_params(detail::sglang_sampling{}, "sampling_params", inner, result);
  return detail::finish_import("from_sglang", std::move(result), policy);
}

}  // namespace urn
