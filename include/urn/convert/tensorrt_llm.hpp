#pragma once
/// \file
/// sampling_params to and from the SamplingParams of TensorRT-LLM's LLM API (1.2).

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "urn/convert/dialect.hpp"
#include "urn/convert/report.hpp"
#include "urn/core/exact.hpp"
#include "urn/core/token.hpp"

namespace urn {

/// What a conversion to TensorRT-LLM needs to know besides the parameters.
struct tensorrt_llm_setting {
  std::optional<std::size_t> vocabulary_size{};  ///< of the biases, which are a whole row there
};

namespace detail {

struct tensorrt_llm_dialect {
  static constexpr const char* engine = "TensorRT-LLM";
  static constexpr std::int32_t whole_prompt = std::numeric_limits<std::int32_t>::max();
  const tensorrt_llm_setting& setting;

  template <class Side>
  void describe(Side& side) const {
    using p = sampling_params;
    side.max_tokens("max_tokens", 32);
    side.same("min_tokens", &p::min_tokens);
    side.samples("n", {.one_if_greedy = true, .one_if_top_1 = true});
    side.temperature("temperature");
    side.top_k("top_k", {.all = 0});
    side.either([](params_writer& to) { to.same("top_p", &p::top_p); }, read_top_p);
    side.same("min_p", &p::min_p);
    side.same("repetition_penalty", &p::repetition_penalty);
    side.same("frequency_penalty", &p::frequency_penalty);
    side.same("presence_penalty", &p::presence_penalty);
    side.either(put_scope, read_scope);
    side.seed("seed", std::numeric_limits<std::uint64_t>::max());
    side.stop({.texts = "stop", .tokens = "stop_token_ids"});
    side.either([](params_writer& to) { tell_of_stop("stop", to); },
                [](params_reader& from) { tell_of_stop("stop", from); });
    side.same("include_stop_str_in_output", &p::include_stop_in_output);
    side.same("ignore_eos", &p::ignore_eos);
    side.either([this](params_writer& to) { put_biases(to); }, read_biases);
    side.either([](params_writer& to) { to.if_set("bad", &p::bad_words); }, read_bad_words);
    side.differs("bad", "bad_words", &p::bad_words, "are banned as they are encoded alone, not after a space",
                 "are banned after a space too");
    side.listed("logprobs", "logprobs", &p::logprobs);
    side.listed("prompt_logprobs", "prompt_logprobs", &p::prompt_logprobs);
    constexpr auto* processor = "is left out: give a logits_processor of your own";
    side.lacks("allowed_token_ids", &p::allowed_token_ids, processor);
    constexpr auto* left_out = "is left out: TensorRT-LLM has no such parameter";
    side.lacks("stop_regex", &p::stop_regex, left_out);
    side.lacks("repetition_detection", &p::repetition_detection, left_out);
    side.lacks("deadline", &p::deadline, "is left out: TensorRT-LLM has no time limit, so abort the request");
    describe_foreign(side);
  }

  template <class Side>
  static void describe_foreign(Side& side) {
    for (const char* name :
         {"end_id", "logits_processor", "beam_width_array", "additional_model_outputs", "guided_decoding",
          "truncate_prompt_tokens", "thinking_token_budget", "logprobs_mode"}) {
      side.foreign(name, nullptr);
    }
    side.foreign("top_p_decay", 1.0);
    side.foreign("no_repeat_ngram_size", 1 << 30);
    for (const char* name : {"apply_batched_logits_processor", "use_beam_search", "return_context_logits",
                             "return_generation_logits", "return_encoder_output"}) {
      side.foreign(name, false);
    }
    for (const char* name : {"exclude_input_from_output", "detokenize", "add_special_tokens",
                             "skip_special_tokens", "spaces_between_special_tokens"}) {
      side.foreign(name, true);
    }
    side.either([](params_writer&) {},
                [](params_reader& from) { from.foreign("best_of", from.params().num_samples); });
    side.known({"pad_id", "top_p_min", "top_p_reset_ids", "beam_search_diversity_rate", "length_penalty",
                "early_stopping", "return_perf_metrics", "lookahead_config", "logprobs_simple_format",
                "prompt_logprobs_simple_format"});
  }

  /// Greedy where nothing says otherwise, and where top_p is 0.
  static void read_top_p(params_reader& from) {
    sampling_params& p = from.params();
    const bool silent = from.from().find("temperature") == nullptr && from.from().find("top_k") == nullptr &&
                        from.from().find("top_p") == nullptr;
    from.same("top_p", &sampling_params::top_p);
    if (silent || p.top_p == 0) p.temperature = 0;
    if (p.top_p == 0) p.top_p = 1;
  }

  /// The output's penalties: all of the prompt is ignored.
  static void put_scope(params_writer& to) {
    if (to.params().frequency_penalty != 0 || to.params().presence_penalty != 0)
      to.put("prompt_ignore_length", whole_prompt);
  }
  static void read_scope(params_reader& from) {
    const bool over_prompt = from.from().value_or("prompt_ignore_length", 0) < whole_prompt;
    constexpr auto* happens = "is over the output alone: of prompt_ignore_length urn has only all";
    if (over_prompt && from.params().frequency_penalty != 0) from.lose("frequency_penalty", happens);
    if (over_prompt && from.params().presence_penalty != 0) from.lose("presence_penalty", happens);
  }

  template <class Side>
  static void tell_of_stop(const char* name, Side& side) {
    const stop_condition& stop = side.params().stop;
    if (std::holds_alternative<std::string>(stop) || std::holds_alternative<std::vector<std::string>>(stop))
      side.lose(name, "is found by TensorRT-LLM as the tokens it is encoded to, by urn in the text");
  }

  /// What is banned is a list of tokens; the other biases are a row of the vocabulary.
  void put_biases(params_writer& to) const {
    std::vector<token_id> banned;
    bool has_row = false;
    for (const token_bias& b : to.params().logit_bias) {
      if (b.bias == exact::minus_infinity) banned.push_back(b.token);
      has_row = has_row || b.bias != exact::minus_infinity;
    }
    if (!banned.empty()) to.put("bad_token_ids", banned);
    if (!has_row) return;
    if (!setting.vocabulary_size) return to.lose("logit_bias", "is left out: give the vocabulary's size");
    std::vector<float> row(*setting.vocabulary_size, 0.0F);
    for (const token_bias& b : to.params().logit_bias) {
      if (b.bias > forcing_bias) to.lose("logit_bias", "is 1e9 where it is infinite");
      if (b.bias != exact::minus_infinity)
        row[static_cast<std::size_t>(b.token)] = std::min(b.bias, forcing_bias);
    }
    auto& list = to.put("embedding_bias", nlohmann::ordered_json::array());
    for (const float bias : row) list.push_back(json_of(bias));
  }
  static void read_biases(params_reader& from) {
    std::vector<float> row;
    std::vector<token_id> banned;
    from.from().read("embedding_bias", row);
    from.from().read("bad_token_ids", banned);
    std::map<token_id, float> biases;
    for (std::size_t id = 0; id < row.size(); ++id) {
      if (row[id] != 0) biases[static_cast<token_id>(id)] = row[id];
    }
    for (const token_id id : banned) biases[id] = exact::minus_infinity;
    for (const auto& [token, bias] : biases) from.params().logit_bias.push_back({token, bias});
  }

  static void read_bad_words(params_reader& from) {
    const nlohmann::json* const bad = from.from().find("bad");
    if (bad == nullptr) return;
    if (bad->is_string()) {
      from.params().bad_words = {bad->get<std::string>()};
    } else {
      from.if_set("bad", &sampling_params::bad_words);
    }
  }
};

}  // namespace detail

/// The keyword arguments of TensorRT-LLM's `SamplingParams` that ask for the same. max_tokens is always
/// there: null is what the context has room for, the default 32.
///
/// Losses: stop strings, found as the tokens they are encoded to; bad words, banned in one spelling; biases
/// but -inf without the vocabulary's size, and +inf, which is 1e9; several samples that are greedy or of
/// top_k 1; allowed tokens; stop_regex; repetition_detection; deadline. Throws request_error for invalid
/// parameters, and urn::error with on_loss::refuse and a loss.
inline conversion to_tensorrt_llm(const sampling_params& params, const tensorrt_llm_setting& setting = {},
                                  on_loss policy = on_loss::report) {
  require_valid(params, {.vocabulary_size = setting.vocabulary_size});
  return detail::export_params("to_tensorrt_llm", detail::tensorrt_llm_dialect{setting}, params, policy);
}

/// The parameters that keyword arguments mean, with TensorRT-LLM's defaults (max_tokens 32; greedy where
/// temperature, top_p and top_k are all absent). bad_token_ids become biases of -inf, embedding_bias biases.
/// Losses: what urn does not have, penalties of the prompt's tokens, how stop strings and bad words are
/// found. Throws request_error for values of a wrong type or that are not valid, and urn::error with
/// on_loss::refuse and a loss.
inline imported_params from_tensorrt_llm(const nlohmann::json& arguments, on_loss policy = on_loss::report) {
  const tensorrt_llm_setting nothing_known;
  return detail::import_params("from_tensorrt_llm", detail::tensorrt_llm_dialect{nothing_known},
                               "SamplingParams", arguments, policy);
}

}  // namespace urn
