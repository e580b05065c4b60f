#pragma once
/// \file
/// sampling_params to the keyword arguments of generate() in transformers (5.23).

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "urn/client/request_pipeline.hpp"
#include "urn/convert/dialect.hpp"
#include "urn/convert/report.hpp"
#include "urn/convert/transformers_setting.hpp"
#include "urn/core/exact.hpp"
#include "urn/core/token.hpp"
#include "urn/processor/temperature.hpp"

namespace urn {
namespace detail {

class transformers_export {
 public:
  transformers_export(const sampling_params& params, const transformers_setting& setting)
      : p_(params), s_(setting) {}

  conversion operator()() && {
    put_sampling();
    put_length();
    put_samples();
    put_ends();
    put_biases();
    put_allowed();
    put_bad_words();
    if (!suppressed_.empty()) to_["suppress_tokens"] = suppressed_;
    if (p_.deadline) to_["max_time"] = static_cast<double>(p_.deadline->count()) / 1000.0;
    put_logprobs();
    return {std::move(to_), std::move(losses_), p_.seed};
  }

 private:
  void lose(const char* field, std::string happens) { losses_.push_back({field, std::move(happens)}); }
  [[nodiscard]] bool is_greedy() const { return p_.temperature < urn::temperature::greedy_below; }

  void put_sampling() {
    to_["do_sample"] = !is_greedy();
    if (!is_greedy()) {
      to_["temperature"] = json_of(p_.temperature);
      to_["top_k"] = std::max(p_.top_k, 0);  // its default is 50
      to_["top_p"] = json_of(p_.top_p);
      to_["min_p"] = json_of(p_.min_p);
    }
    to_["repetition_penalty"] = json_of(p_.repetition_penalty);
    constexpr auto* left_out = "is left out: transformers has no such penalty";
    if (p_.frequency_penalty != 0) lose("frequency_penalty", left_out);
    if (p_.presence_penalty != 0) lose("presence_penalty", left_out);
  }

  void put_length() {
    if (p_.max_tokens) {
      to_["max_new_tokens"] = *p_.max_tokens;
    } else if (s_.context_size) {
      to_["max_length"] = *s_.context_size;
    } else {
      lose("max_tokens", "is the model's default, 20 tokens with the prompt: give the context's size");
    }
    if (p_.min_tokens > 0) to_["min_new_tokens"] = p_.min_tokens;
  }

  void put_samples() {
    const bool one_for_all = p_.num_samples > 1 && is_greedy();
    if (one_for_all) lose("num_samples", "is 1: transformers refuses more when greedy; all would be equal");
    to_["num_return_sequences"] = one_for_all ? 1 : p_.num_samples;
  }

  /// eos_token_id replaces the model's end tokens, null by none.
  void put_ends() {
    std::vector<token_id> ends;
    if (!p_.ignore_eos) ends = s_.end_tokens;
    const bool unknown = ends.empty() && !p_.ignore_eos;
    if (const auto* ids = std::get_if<std::vector<token_id>>(&p_.stop)) {
      if (unknown) lose("stop", "replaces the model's end tokens: give them");
      ends.insert(ends.end(), ids->begin(), ids->end());
    } else if (!std::holds_alternative<std::monostate>(p_.stop)) {
      to_["stop_strings"] = json_of(p_.stop);
      if (!p_.include_stop_in_output)
        lose("include_stop_in_output", "is true: transformers leaves the stop string in the text");
    }
    if (!ends.empty()) {
      to_["eos_token_id"] = ends;
      to_["pad_token_id"] = s_.pad_token.value_or(ends.front());
    } else if (p_.ignore_eos) {
      to_["eos_token_id"] = nullptr;
    }
    ends_ = std::move(ends);
    constexpr auto* criterion = "is left out: give a StoppingCriteria of your own";
    if (!p_.stop_regex.empty()) lose("stop_regex", criterion);
    if (p_.repetition_detection) lose("repetition_detection", criterion);
  }

  void put_biases() {
    auto biases = nlohmann::ordered_json::array();
    for (const token_bias& b : p_.logit_bias) {
      if (b.bias == exact::minus_infinity) {
        suppressed_.push_back(b.token);
        continue;
      }
      if (std::isinf(b.bias)) lose("logit_bias", "of " + text_of(b.token) + " is 1e9, not infinite");
      const float finite = std::isinf(b.bias) ? forcing_bias : b.bias;
      biases.push_back({{b.token}, json_of(finite)});
    }
    if (!biases.empty()) to_["sequence_bias"] = std::move(biases);
  }

  void put_allowed() {
    if (!p_.allowed_token_ids) return;
    if (!s_.vocabulary_size) {
      return lose("allowed_token_ids",
                  "is left out: give the vocabulary's size, or a prefix_allowed_tokens_fn to generate()");
    }
    std::vector<bool> allowed(*s_.vocabulary_size, false);
    for (const token_id id : *p_.allowed_token_ids) allowed[static_cast<std::size_t>(id)] = true;
    for (const token_id id : suppressed_) allowed[static_cast<std::size_t>(id)] = false;
    suppressed_.clear();
    for (std::size_t id = 0; id < allowed.size(); ++id) {
      if (!allowed[id]) suppressed_.push_back(static_cast<token_id>(id));
    }
  }

  /// bad_words_ids ignores end tokens.
  void put_bad_words() {
    if (p_.bad_words.empty()) return;
    if (s_.words == nullptr) return lose("bad_words", "is left out: give a tokenizer");
    auto sequences = nlohmann::ordered_json::array();
    for (const std::string& word : p_.bad_words) {
      for (const std::vector<token_id>& ids : token_sequences_of(word, *s_.words)) {
        const bool is_end = ids.size() == 1 && std::find(ends_.begin(), ends_.end(), ids[0]) != ends_.end();
        if (is_end) {
          suppressed_.push_back(ids[0]);
        } else {
          sequences.push_back(ids);
        }
      }
    }
    if (!sequences.empty()) to_["bad_words_ids"] = std::move(sequences);
  }

  void put_logprobs() {
    if (p_.logprobs) {
      to_["output_logits"] = true;
      to_["return_dict_in_generate"] = true;
      lose("logprobs", "is whole rows of logits: take their log_softmax, and the best of it");
    }
    if (p_.prompt_logprobs) lose("prompt_logprobs", "is left out: call the model on the prompt");
  }

  const sampling_params& p_;
  const transformers_setting& s_;
  nlohmann::ordered_json to_ = nlohmann::ordered_json::object();
  std::vector<loss> losses_;
  std::vector<token_id> ends_;
  std::vector<token_id> suppressed_;
};

}  // namespace detail

/// The keyword arguments of generate() that ask for the same. Pass them as such, generate(**arguments): in a
/// GenerationConfig, what is null or absent is filled in from the model's. stop_strings needs tokenizer=
/// beside them; the seed is the conversion's, for torch.manual_seed, and gives other tokens than in urn.
///
/// Losses: frequency and presence penalties; stop_regex; repetition_detection; logprobs; the removal of a
/// stop string from the text; several greedy samples; biases of +inf; and what the setting would be needed
/// for. Throws request_error for invalid parameters, and urn::error with on_loss::refuse and a loss.
inline conversion to_transformers(const sampling_params& params, const transformers_setting& setting = {},
                                  on_loss policy = on_loss::report) {
  require_valid(params, {.vocabulary_size = setting.vocabulary_size});
  conversion result = detail::transformers_export(params, setting)();
  detail::refuse_losses("to_transformers", result.losses, policy);
  return result;
}

}  // namespace urn
