#pragma once
/// \file
/// The keyword arguments of generate() in transformers (5.23) to sampling_params.

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "urn/client/request_pipeline.hpp"
#include "urn/convert/report.hpp"
#include "urn/convert/transformers_setting.hpp"
#include "urn/core/exact.hpp"
#include "urn/core/token.hpp"

namespace urn {
namespace detail {

inline constexpr std::size_t transformers_max_length = 20;  ///< its default, of prompt and output
inline constexpr std::int32_t transformers_top_k = 50;      ///< its default

/// What changes what is generated or reported. Caches, assistants that only speed it up, and the form of the
/// output are known without a loss.
inline void look_at_foreign_of_transformers(argument_reader& from, std::vector<loss>& losses) {
  const std::array foreign{
      foreign_field{"min_length", 0},
      foreign_field{"num_beams", 1},
      foreign_field{"early_stopping", false},
      foreign_field{"length_penalty", 1.0},
      foreign_field{"num_beam_groups", 1},
      foreign_field{"diversity_penalty", 0.0},
      foreign_field{"constraints", nullptr},
      foreign_field{"force_words_ids", nullptr},
      foreign_field{"typical_p", 1.0},
      foreign_field{"top_h", nullptr},
      foreign_field{"epsilon_cutoff", 0.0},
      foreign_field{"eta_cutoff", 0.0},
      foreign_field{"penalty_alpha", nullptr},
      foreign_field{"dola_layers", nullptr},
      foreign_field{"encoder_repetition_penalty", 1.0},
      foreign_field{"no_repeat_ngram_size", 0},
      foreign_field{"encoder_no_repeat_ngram_size", 0},
      foreign_field{"renormalize_logits", false},
      foreign_field{"remove_invalid_values", false},
      foreign_field{"forced_bos_token_id", nullptr},
      foreign_field{"forced_eos_token_id", nullptr},
      foreign_field{"exponential_decay_length_penalty", nullptr},
      foreign_field{"begin_suppress_tokens", nullptr},
      foreign_field{"token_healing", false},
      foreign_field{"guidance_scale", 1.0},
      foreign_field{"watermarking_config", nullptr},
      foreign_field{"assistant_ensemble_weight", nullptr},
      foreign_field{"output_attentions", false},
      foreign_field{"output_hidden_states", false},
      foreign_field{"output_scores", false},
      foreign_field{"output_logits", false},
  };
  from.look_at_foreign(foreign, losses);
  for (const char* name : {"use_cache",
                           "use_mtp",
                           "cache_implementation",
                           "cache_config",
                           "max_cache_len",
                           "return_dict_in_generate",
                           "pad_token_id",
                           "bos_token_id",
                           "decoder_start_token_id",
                           "is_assistant",
                           "num_assistant_tokens",
                           "num_assistant_tokens_schedule",
                           "assistant_confidence_threshold",
                           "prompt_lookup_num_tokens",
                           "max_matching_ngram_size",
                           "assistant_early_exit",
                           "assistant_lookbehind",
                           "target_lookbehind",
                           "speculation_type",
                           "compile_config",
                           "disable_compile",
                           "continuous_batching_config",
                           "low_memory",
                           "prefill_chunk_size",
                           "_from_model_config",
                           "transformers_version"}) {
    from.find(name);
  }
}

class transformers_import {
 public:
  transformers_import(const nlohmann::json& arguments, const transformers_setting& setting)
      : from_("generate", arguments), s_(setting) {}

  imported_params operator()() && {
    read_sampling();
    read_length();
    from_.read("num_return_sequences", p().num_samples);
    read_stop_strings();
    read_ends();
    read_biases();
    read_bad_words();
    for (const auto& [token, bias] : biases_) p().logit_bias.push_back({token, bias});
    read_deadline();
    look_at_foreign_of_transformers(from_, result_.losses);
    result_.unknown = from_.unknown();
    return std::move(result_);
  }

 private:
  using token_sequences = std::vector<std::vector<token_id>>;

  sampling_params& p() { return result_.params; }
  void lose(const char* field, std::string happens) { result_.losses.push_back({field, std::move(happens)}); }

  void read_sampling() {
    from_.read("temperature", p().temperature);
    p().top_k = from_.value_or("top_k", from_.says_null("top_k") ? 0 : transformers_top_k);
    from_.read("top_p", p().top_p);
    from_.read("min_p", p().min_p);
    from_.read("repetition_penalty", p().repetition_penalty);
    if (p().top_k == 0) p().top_k = -1;
    if (from_.value_or("do_sample", false)) return;
    p().temperature = p().min_p = 0.0F;
    p().top_p = 1.0F;
    p().top_k = -1;
  }

  void read_length() {
    from_.read("min_new_tokens", p().min_tokens);
    const auto whole = from_.value_or("max_length", transformers_max_length);
    if (from_.read("max_new_tokens", p().max_tokens) || whole == s_.context_size) return;
    lose("max_length", text_of(whole) + " with the prompt is no limit: give max_new_tokens");
  }

  void read_stop_strings() {
    const nlohmann::json* const value = from_.find("stop_strings");
    if (value == nullptr || *value == nlohmann::json::array()) return;
    p().include_stop_in_output = true;
    if (value->is_string()) {
      p().stop = value->get<std::string>();
    } else {
      read_json(*value, "stop_strings", p().stop.emplace<std::vector<std::string>>());
    }
  }

  void read_ends() {
    const nlohmann::json* const value = from_.find("eos_token_id");
    p().ignore_eos = from_.says_null("eos_token_id");
    if (value == nullptr) return;
    std::vector<token_id> ids;
    if (value->is_array()) {
      read_json(*value, "eos_token_id", ids);
    } else {
      read_json(*value, "eos_token_id", ids.emplace_back());
    }
    const auto of_model = [&](token_id id) {
      return std::find(s_.end_tokens.begin(), s_.end_tokens.end(), id) != s_.end_tokens.end();
    };
    const auto own = std::count_if(ids.begin(), ids.end(), of_model);
    std::erase_if(ids, of_model);
    p().ignore_eos = own == 0;
    if (own > 0 && std::cmp_less(own, s_.end_tokens.size()))
      lose("eos_token_id", "lacks some of the model's end tokens; all of them end");
    if (ids.empty()) return;
    if (std::holds_alternative<std::monostate>(p().stop)) {
      p().stop = std::move(ids);
    } else {
      lose("eos_token_id", "ends at the model's end tokens alone: urn stops at strings or at tokens");
    }
  }

  void read_biases() {
    if (const nlohmann::json* const list = from_.find("sequence_bias")) {
      std::size_t i = 0;
      if (!list->is_array()) refuse_json("sequence_bias", *list, "a list of [[token, ...], bias]");
      for (const nlohmann::json& pair : *list) read_bias(pair, "sequence_bias[" + text_of(i++) + "]");
    }
    std::vector<token_id> suppressed;
    from_.read("suppress_tokens", suppressed);
    for (const token_id id : suppressed) biases_[id] = exact::minus_infinity;
  }
  void read_bias(const nlohmann::json& pair, const std::string& where) {
    if (!pair.is_array() || pair.size() != 2) refuse_json(where, pair, "[[token, ...], bias]");
    std::vector<token_id> ids;
    float bias = 0;
    read_json(pair[0], where + "[0]", ids);
    read_json(pair[1], where + "[1]", bias);
    if (ids.size() == 1) {
      biases_[ids[0]] = bias;
    } else {
      lose("sequence_bias", json_excerpt(pair[0]) + " is left out: urn's biases are of single tokens");
    }
  }

  /// The words all of whose spellings are among the sequences; of the others, single tokens become biases.
  void read_bad_words() {
    token_sequences banned;
    from_.read("bad_words_ids", banned);
    token_sequences covered;
    for (const std::vector<token_id>& ids : banned) {
      if (std::find(covered.begin(), covered.end(), ids) != covered.end()) continue;
      const token_sequences spellings = spellings_of(ids);
      const bool has_all = std::all_of(spellings.begin(), spellings.end(), [&](const auto& spelling) {
        return std::find(banned.begin(), banned.end(), spelling) != banned.end();
      });
      if (has_all && std::find(spellings.begin(), spellings.end(), ids) != spellings.end()) {
        p().bad_words.push_back(word_of(ids));
        covered.insert(covered.end(), spellings.begin(), spellings.end());
      } else if (ids.size() == 1) {
        biases_[ids[0]] = exact::minus_infinity;
      } else {
        lose("bad_words_ids", json_excerpt(ids) + " is left out: no word is written so and only so");
      }
    }
  }
  [[nodiscard]] std::string word_of(const std::vector<token_id>& ids) const {
    const std::string text = s_.words->decode(ids, false);
    const std::size_t start = text.find_first_not_of(' ');
    return start == std::string::npos ? text : text.substr(start);
  }
  [[nodiscard]] token_sequences spellings_of(const std::vector<token_id>& ids) const {
    const auto known = [&](token_id id) { return id >= 0 && id < s_.words->vocabulary_size(); };
    if (s_.words == nullptr || !std::all_of(ids.begin(), ids.end(), known)) return {};
    return token_sequences_of(word_of(ids), *s_.words);
  }

  void read_deadline() {
    const nlohmann::json* const value = from_.find("max_time");
    if (value == nullptr) return;
    const double seconds = value->is_number() ? value->get<double>() : 0.0;
    constexpr double most = 1e12;  // more than 30,000 years
    if (!(seconds > 0.0 && seconds <= most))
      refuse_json("max_time", *value, "a time in seconds, more than 0");
    p().deadline = std::chrono::milliseconds(std::max(1LL, std::llround(seconds * 1000.0)));
  }

  argument_reader from_;
  const transformers_setting& s_;
  imported_params result_;
  std::map<token_id, float> biases_;
};

}  // namespace detail

/// The parameters that keyword arguments of generate() mean, with its own defaults (greedy, top_k 50, 20
/// tokens); of a model's generation_config.json nothing is known here. suppress_tokens become biases of -inf,
/// bad_words_ids words where a tokenizer is given. Losses: what urn does not have, a length that counts the
/// prompt, and stop strings and stop tokens at once (the tokens are left out). Throws request_error for
/// values of a wrong type or that are not valid, and urn::error with on_loss::refuse and a loss.
inline imported_params from_transformers(const nlohmann::json& arguments,
                                         const transformers_setting& setting = {},
                                         on_loss policy = on_loss::report) {
  return detail::finish_import("from_transformers", detail::transformers_import(arguments, setting)(),
                               policy);
}

}  // namespace urn
