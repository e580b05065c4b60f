#pragma once
/// \file
/// sampling_params to and from the search options of ONNX Runtime GenAI (0.18).

#include <cstddef>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "urn/convert/dialect.hpp"
#include "urn/convert/report.hpp"

namespace urn {

/// What a conversion to or from ONNX Runtime GenAI needs to know besides the parameters. Its lengths are of
/// prompt and output; what is absent makes them a loss.
struct ort_genai_setting {
  std::optional<std::size_t> prompt_size{};   ///< tokens of the prompt
  std::optional<std::size_t> context_size{};  ///< tokens that prompt and output may have together
};

namespace detail {

struct ort_genai_dialect {
  static constexpr const char* engine = "ONNX Runtime GenAI";
  const ort_genai_setting& setting;

  template <class Side>
  void describe(Side& side) const {
    using p = sampling_params;
    side.either(put_sampling, read_sampling);
    side.same("repetition_penalty", &p::repetition_penalty);
    side.either([this](params_writer& to) { put_lengths(to); },
                [this](params_reader& from) { read_lengths(from); });
    side.either(put_seed, [](params_reader& from) { from.seed("random_seed", most_seed); });
    describe_lacking(side);
    side.foreign("num_return_sequences", 1);
    side.foreign("num_beams", 1);
    side.foreign("no_repeat_ngram_size", 0);
    side.foreign("diversity_penalty", 0.0);
    side.foreign("blank_penalty", 0.0);
    side.known({"batch_size", "early_stopping", "length_penalty", "past_present_share_buffer", "chunk_size"});
  }

  template <class Side>
  static void describe_lacking(Side& side) {
    using p = sampling_params;
    constexpr auto* left_out = "is left out: ONNX Runtime GenAI has no such option";
    constexpr auto* logits = "is left out: take the generator's logits";
    side.lacks("min_p", &p::min_p, left_out);
    side.lacks("frequency_penalty", &p::frequency_penalty, left_out);
    side.lacks("presence_penalty", &p::presence_penalty, left_out);
    side.lacks("stop", &p::stop, "is left out: look for it in what the generator gives");
    side.lacks("stop_regex", &p::stop_regex, "is left out: look for it in what the generator gives");
    side.lacks("repetition_detection", &p::repetition_detection, left_out);
    side.lacks("logit_bias", &p::logit_bias, left_out);
    side.lacks("allowed_token_ids", &p::allowed_token_ids, left_out);
    side.lacks("bad_words", &p::bad_words, left_out);
    side.lacks("logprobs", &p::logprobs, logits);
    side.lacks("prompt_logprobs", &p::prompt_logprobs, logits);
    side.lacks("num_samples", &p::num_samples, "is 1: make a batch of the prompt");
    side.lacks("ignore_eos", &p::ignore_eos, left_out);
    side.lacks("include_stop_in_output", &p::include_stop_in_output, "is left out with the stop strings");
    side.lacks("deadline", &p::deadline, "is left out: the loop is the caller's");
  }

  /// Greedy is do_sample false. top_k is cut before top_p, at the temperature.
  static void put_sampling(params_writer& to) {
    to.put("do_sample", !to.is_greedy());
    if (to.is_greedy()) return;
    to.temperature("temperature");
    to.top_k("top_k", {.all = 0});
    to.same("top_p", &sampling_params::top_p);
  }
  /// A top_p of 0, its default, cuts nothing.
  static void read_sampling(params_reader& from) {
    sampling_params& p = from.params();
    from.temperature("temperature");
    from.top_k("top_k", {.all = 0, .standard = 50});
    from.same("top_p", &sampling_params::top_p, 0.0F);
    if (p.top_p == 0) p.top_p = 1;
    if (from.from().value_or("do_sample", false)) return;
    p.temperature = 0;
    p.top_p = 1;
    p.top_k = -1;
  }

  void put_lengths(params_writer& to) const {
    const sampling_params& p = to.params();
    constexpr auto* give = "is left out: the prompt counts, so give its size";
    const std::size_t prompt = setting.prompt_size.value_or(0);
    if (p.min_tokens > 0 && !setting.prompt_size) to.lose("min_tokens", give);
    to.put("min_length", p.min_tokens > 0 && setting.prompt_size ? prompt + p.min_tokens : 0);
    if (p.max_tokens && !setting.prompt_size) to.lose("max_tokens", give);
    if (p.max_tokens && setting.prompt_size) {
      to.put("max_length", prompt + *p.max_tokens);
    } else if (setting.context_size) {
      to.put("max_length", *setting.context_size);
    } else {
      to.lose("max_tokens", "is the model's max_length: give the context's size");
    }
  }
  void read_lengths(params_reader& from) const {
    sampling_params& p = from.params();
    const auto least = from.from().value_or<std::size_t>("min_length", 0);
    const auto most = from.from().value_or<std::size_t>("max_length", 0);  // 0 is the context
    const bool to_the_end = most == 0 || most == setting.context_size;
    if (!setting.prompt_size) {
      constexpr auto* give = "is left out: the prompt counts, so give its size";
      if (least > 0) from.lose("min_length", give);
      if (!to_the_end) from.lose("max_length", give);
      return;
    }
    const std::size_t prompt = *setting.prompt_size;
    if (least > prompt) p.min_tokens = least - prompt;
    if (to_the_end) return;
    if (most <= prompt)
      refuse_json("max_length", most, "more than the prompt's " + text_of(prompt) + " tokens");
    p.max_tokens = most - prompt;
  }

  /// -1 is a random one.
  static constexpr auto most_seed = static_cast<std::uint64_t>(std::numeric_limits<std::int32_t>::max());
  static void put_seed(params_writer& to) {
    to.put("random_seed", -1);
    to.seed("random_seed", most_seed);
  }
};

}  // namespace detail

/// The search options, of genai_config.json or GeneratorParams.set_search_options, that ask for the same.
///
/// Losses: all that GenAI leaves to the caller's loop (stop strings and tokens, logprobs, deadline) or does
/// not have (min_p, frequency and presence penalties, biases, allowed tokens, bad words, ignore_eos); several
/// samples; lengths without the prompt's and the context's size; seeds from 2^31. Throws request_error for
/// invalid parameters, and urn::error with on_loss::refuse and a loss.
inline conversion to_ort_genai(const sampling_params& params, const ort_genai_setting& setting = {},
                               on_loss policy = on_loss::report) {
  return detail::export_params("to_ort_genai", detail::ort_genai_dialect{setting}, params, policy);
}

/// The parameters that search options mean, with GenAI's own defaults (greedy; with do_sample, top_k 50).
/// Losses: beams, n-grams that must not repeat, lengths without the prompt's size. Throws request_error for
/// values of a wrong type or that are not valid, and urn::error with on_loss::refuse and a loss.
inline imported_params from_ort_genai(const nlohmann::json& search, const ort_genai_setting& setting = {},
                                      on_loss policy = on_loss::report) {
  return detail::import_params("from_ort_genai", detail::ort_genai_dialect{setting}, "search", search,
                               policy);
}

}  // namespace urn
