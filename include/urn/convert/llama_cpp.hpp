#pragma once
/// \file
/// sampling_params to and from the requests of llama.cpp's server.

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "urn/convert/dialect.hpp"
#include "urn/convert/llama_cpp_samplers.hpp"
#include "urn/convert/report.hpp"
#include "urn/core/exact.hpp"
#include "urn/core/token.hpp"

namespace urn {

/// What a conversion to or from llama.cpp needs to know besides the parameters.
struct llama_cpp_setting {
  std::optional<std::size_t> context_size{};  ///< penalties look back as far; absent: a loss
};

namespace detail {

struct llama_cpp_dialect {
  static constexpr const char* engine = "llama.cpp";
  const llama_cpp_setting& setting;

  template <class Side>
  void describe(Side& side) const {
    using p = sampling_params;
    side.either(put_length, read_length);
    side.either([](params_writer& to) { to.samples("n_cmpl"); },
                [](params_reader& from) {
                  from.samples(from.first_of({"n_cmpl", "n"}));
                });
    side.either(put_seed, read_seed);
    side.temperature("temperature", {}, 0.8F);
    side.top_k("top_k", {.all = 0, .standard = 40});
    side.same("top_p", &p::top_p, 0.95F);
    side.same("min_p", &p::min_p, 0.05F);
    side.same("repeat_penalty", &p::repetition_penalty);
    side.same("frequency_penalty", &p::frequency_penalty);
    side.same("presence_penalty", &p::presence_penalty);
    side.either([](params_writer&) {}, make_own_corrections);
    side.either([](params_writer& to) { to.put("samplers", llama_cpp_own_samplers); },
                read_llama_cpp_samplers);
    side.either([this](params_writer& to) { put_scope(to); },
                [this](params_reader& from) { read_scope(from); });
    constexpr auto* counted = "counts the prompt's tokens too";
    constexpr auto* output_alone = "is over the output alone";
    side.differs("frequency_penalty", "frequency_penalty", &p::frequency_penalty, counted, output_alone);
    side.differs("presence_penalty", "presence_penalty", &p::presence_penalty, counted, output_alone);
    side.stop({.texts = "stop"});
    side.either(put_biases, read_biases);
    side.same("ignore_eos", &p::ignore_eos);
    side.differs("ignore_eos", "ignore_eos", &p::ignore_eos, "bans the end tokens: they are not drawn",
                 "lets the end tokens be drawn, and goes on");
    side.either(put_logprobs, read_logprobs);
    side.either(put_deadline, read_deadline);
    describe_lacking(side);
    describe_foreign(side);
  }

  template <class Side>
  static void describe_lacking(Side& side) {
    using p = sampling_params;
    constexpr auto* left_out = "is left out: llama.cpp has no such parameter";
    side.lacks("stop_regex", &p::stop_regex, left_out);
    side.lacks("repetition_detection", &p::repetition_detection, left_out);
    side.lacks("min_tokens", &p::min_tokens, left_out);
    side.lacks("allowed_token_ids", &p::allowed_token_ids, left_out);
    side.lacks("bad_words", &p::bad_words, left_out);
    side.lacks("prompt_logprobs", &p::prompt_logprobs, left_out);
    side.lacks("include_stop_in_output", &p::include_stop_in_output,
               "is false: llama.cpp cuts stop strings off");
  }

  template <class Side>
  static void describe_foreign(Side& side) {
    for (const char* name : {"json_schema", "lora", "grammar_triggers"}) side.foreign(name, nullptr);
    for (const char* name : {"post_sampling_probs", "grammar_lazy"}) side.foreign(name, false);
    side.foreign("grammar", "");
    side.foreign("min_keep", 0);
    side.foreign("n_indent", 0);
    side.foreign("reasoning_budget_tokens", -1);
    side.known({"prompt",
                "messages",
                "model",
                "verbose",
                "timings_per_token",
                "stream",
                "stream_options",
                "cache_prompt",
                "return_tokens",
                "return_progress",
                "sse_ping_interval",
                "n_keep",
                "n_discard",
                "n_cache_reuse",
                "response_fields",
                "backend_sampling",
                "chat_format",
                "reasoning_format",
                "generation_prompt",
                "parse_tool_calls",
                "chat_parser",
                "continue_final_message",
                "echo",
                "preserved_tokens",
                "reasoning_control",
                "reasoning_budget_start_tag",
                "reasoning_budget_end_tags",
                "reasoning_budget_end_tag",
                "reasoning_budget_message"});
  }

  /// -1 is no limit.
  static void put_length(params_writer& to) {
    const std::optional<std::size_t>& most = to.params().max_tokens;
    to.put("n_predict", most ? nlohmann::ordered_json(*most) : nlohmann::ordered_json(-1));
  }
  static void read_length(params_reader& from) {
    const char* const name = from.first_of({"n_predict", "max_completion_tokens", "max_tokens"});
    const nlohmann::json* const value = from.from().find(name);
    if (value != nullptr && *value != -1) read_json(*value, name, from.params().max_tokens);
  }

  /// The seeds have 32 bits, and the largest is a random one.
  static constexpr std::uint64_t random_seed = std::numeric_limits<std::uint32_t>::max();
  static void put_seed(params_writer& to) {
    to.put("seed", -1);
    to.seed("seed", random_seed - 1);
  }
  static void read_seed(params_reader& from) {
    from.seed("seed", random_seed - 1);
    if (from.params().seed == random_seed) from.params().seed.reset();
  }

  static void make_own_corrections(params_reader& from) {
    sampling_params& p = from.params();
    p.temperature = std::max(p.temperature, 0.0F);
    if (p.top_k < 0) p.top_k = -1;
    if (from.from().value_or<std::int64_t>("repeat_last_n", 64) != 0) return;
    p.repetition_penalty = 1;
    p.frequency_penalty = p.presence_penalty = 0;
  }

  /// urn's repetition penalty is over prompt and output, llama.cpp's over the last tokens of both.
  void put_scope(params_writer& to) const {
    if (setting.context_size) {
      to.put("repeat_last_n", *setting.context_size);
    } else if (to.params().repetition_penalty != 1) {
      to.lose("repetition_penalty",
              "is over the last 64 tokens, llama.cpp's default: give the context's size");
    }
  }
  void read_scope(params_reader& from) const {
    const auto n = from.from().value_or<std::int64_t>("repeat_last_n", 64);
    const bool all = n < 0 || (setting.context_size && std::cmp_greater_equal(n, *setting.context_size));
    if (from.params().repetition_penalty != 1 && !all)
      from.lose("repeat_last_n", "is the whole text: urn's repetition_penalty has no other scope");
  }

  /// [[token, bias], ...], and false for -inf.
  static void put_biases(params_writer& to) {
    if (to.params().logit_bias.empty()) return;
    auto& list = to.put("logit_bias", nlohmann::ordered_json::array());
    for (const token_bias& b : to.params().logit_bias) {
      if (b.bias > forcing_bias) to.lose("logit_bias", "is 1e9 where it is more");
      const bool banned = b.bias == exact::minus_infinity;
      const auto bias = banned ? nlohmann::ordered_json(false) : json_of(std::min(b.bias, forcing_bias));
      list.push_back({b.token, bias});
    }
  }
  /// Or an object {"<token>": bias}. A text in the place of a token is lost.
  static void read_biases(params_reader& from) {
    const nlohmann::json* const value = from.from().find("logit_bias");
    if (value == nullptr) return;
    std::map<token_id, float> biases;
    const auto add = [&](token_id token, const nlohmann::json& bias, const std::string& where) {
      float& sum = biases[token];
      float read = exact::minus_infinity;
      if (bias != false) read_json(bias, where, read);
      sum += read;
    };
    if (value->is_object()) {
      for (const auto& [name, bias] : value->items()) {
        if (const auto token = token_of(name)) {
          add(*token, bias, "logit_bias[" + name + "]");
        } else {
          from.lose("logit_bias", json_excerpt(name) + " is left out: give its tokens");
        }
      }
    } else {
      read_bias_pairs(*value, from, add);
    }
    for (const auto& [token, bias] : biases) from.params().logit_bias.push_back({token, bias});
  }
  template <class Add>
  static void read_bias_pairs(const nlohmann::json& list, params_reader& from, const Add& add) {
    if (!list.is_array()) refuse_json("logit_bias", list, "a list of [token, bias]");
    std::size_t i = 0;
    for (const nlohmann::json& pair : list) {
      const std::string where = "logit_bias[" + text_of(i++) + "]";
      if (!pair.is_array() || pair.size() != 2) refuse_json(where, pair, "[token, bias]");
      if (pair[0].is_string()) {
        from.lose("logit_bias", json_excerpt(pair[0]) + " is left out: give its tokens");
        continue;
      }
      token_id token = 0;
      read_json(pair[0], where + "[0]", token);
      add(token, pair[1], where + "[1]");
    }
  }
  static std::optional<token_id> token_of(const std::string& name) {
    token_id token = 0;
    const char* const end = name.data() + name.size();
    const auto [stopped, problem] = std::from_chars(name.data(), end, token);
    return problem == std::errc{} && stopped == end ? std::optional(token) : std::nullopt;
  }

  /// 0 gives none, not the drawn token's alone.
  static void put_logprobs(params_writer& to) {
    const std::optional<std::size_t>& n = to.params().logprobs;
    if (!n) return;
    if (*n == 0) to.lose("logprobs", "lists 1: llama.cpp gives none for 0");
    to.put("n_probs", std::max<std::size_t>(*n, 1));
  }
  static void read_logprobs(params_reader& from) {
    from.listed(from.first_of({"n_probs", "logprobs"}), "", &sampling_params::logprobs);
    if (from.params().logprobs == 0U) from.params().logprobs.reset();
  }

  static constexpr const char* deadline_differs =
      "is counted from the first token, and met at the end of a line, by llama.cpp";
  static void put_deadline(params_writer& to) {
    if (!to.params().deadline) return;
    to.put("t_max_predict_ms", to.params().deadline->count());
    to.lose("deadline", deadline_differs);
  }
  static void read_deadline(params_reader& from) {
    const auto ms = from.from().value_or<std::int64_t>("t_max_predict_ms", -1);
    if (ms <= 0) return;
    from.params().deadline = std::chrono::milliseconds(ms);
    from.lose("t_max_predict_ms", deadline_differs);
  }
};

}  // namespace detail

/// The members of a request to llama.cpp's server (/completion) that ask for the same: every one that the
/// server could have another default for, and `samplers` in urn's order, penalties | temperature | top_k |
/// top_p | min_p.
///
/// Losses: penalties, which llama.cpp counts over the last tokens of prompt and output (a repetition penalty
/// is the same where the context's size is given); ignore_eos, which bans; stop tokens and stop strings that
/// stay; min_tokens; allowed tokens; bad words; logprobs of the prompt, and of the drawn token alone; seeds
/// from 2^32 - 1; infinite biases; when a deadline is met. Throws request_error for invalid parameters, and
/// urn::error with on_loss::refuse and a loss.
inline conversion to_llama_cpp(const sampling_params& params, const llama_cpp_setting& setting = {},
                               on_loss policy = on_loss::report) {
  return detail::export_params("to_llama_cpp", detail::llama_cpp_dialect{setting}, params, policy);
}

/// The parameters that a request means, with llama.cpp's own defaults (temperature 0.8, top_k 40, top_p 0.95,
/// min_p 0.05); a sampler that `samplers` does not name does nothing. Losses: samplers and parameters that
/// urn's client does not have (see docs/convert.md), samplers in an order that draws otherwise than urn's,
/// the scope of penalties, biases of texts. Throws request_error for values of a wrong type or that are not
/// valid, and urn::error with on_loss::refuse and a loss.
inline imported_params from_llama_cpp(const nlohmann::json& request, const llama_cpp_setting& setting = {},
                                      on_loss policy = on_loss::report) {
  return detail::import_params("from_llama_cpp", detail::llama_cpp_dialect{setting}, "request", request,
                               policy);
}

}  // namespace urn
