#pragma once
/// \file
/// Reading a model's shape from config.json and generation_config.json of a Hugging Face model directory, as
/// transformers 4 and 5 write them.

#include <algorithm>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "urn/core/error.hpp"
#include "urn/core/token.hpp"
#include "urn/model/config_architecture.hpp"
#include "urn/model/config_attention.hpp"
#include "urn/model/config_rope.hpp"
#include "urn/model/json_fields.hpp"
#include "urn/model/mapped_file.hpp"
#include "urn/model/model_shape.hpp"
#include "urn/model/strict_json.hpp"

namespace urn {

namespace detail {

inline void read_sizes(const json_fields& config, const architecture_defaults& defaults,
                       model_config& result) {
  result.vocab_size = config.integer("vocab_size", {1, 1 << 24});
  result.hidden_size = config.integer("hidden_size", {1, 1 << 20});
  result.intermediate_size = config.integer("intermediate_size", {1, 1 << 22});
  result.num_hidden_layers = config.integer("num_hidden_layers", {1, 1 << 12});
  result.max_position_embeddings =
      config.integer("max_position_embeddings", {1, most_positions}, defaults.max_position_embeddings);
  constexpr double smallest = std::numeric_limits<float>::min();
  result.rms_norm_eps = config.number("rms_norm_eps", {smallest, 1.0}, 1e-6F);
  result.tie_word_embeddings = config.boolean("tie_word_embeddings", false);
}

/// The ids in a field that holds one, several or null; ascending, each once.
inline std::vector<token_id> read_token_ids(const json_fields& fields, const char* field, int vocab_size) {
  const nlohmann::json* const value = fields.find(field);
  std::vector<token_id> result;
  if (value == nullptr) return result;
  for (const auto& entry : value->is_array() ? *value : nlohmann::json::array({*value})) {
    result.push_back(read_integer(entry, fields.where(field), {0, vocab_size - 1}));
  }
  std::sort(result.begin(), result.end());
  result.erase(std::unique(result.begin(), result.end()), result.end());
  return result;
}

/// generation_config.json's ids where it has any, else config.json's, else the architecture's.
inline void read_tokens(const json_fields& config, const json_fields& generation,
                        const architecture_defaults& defaults, model_config& result) {
  const auto ids_of = [&](const char* field, std::optional<token_id> otherwise) {
    const json_fields& source = generation.find(field) != nullptr ? generation : config;
    if (source.raw(field) != nullptr) return read_token_ids(source, field, result.vocab_size);
    return otherwise && *otherwise < result.vocab_size ? std::vector{*otherwise} : std::vector<token_id>{};
  };
  result.eos_token_ids = ids_of("eos_token_id", defaults.eos_token_id);
  const auto bos = ids_of("bos_token_id", defaults.bos_token_id);
  if (bos.size() > 1)
    throw error(config.where("bos_token_id"), "holds several ids", "expected one id or null");
  if (!bos.empty()) result.bos_token_id = bos.front();
}

inline model_config read_model_config(const json_fields& config, const json_fields& generation) {
  const architecture_defaults& defaults = read_architecture(config);
  refuse_unsupported(config);
  model_config result;
  result.architecture = defaults.architecture;
  read_sizes(config, defaults, result);
  read_heads(config, defaults, result);
  read_biases(config, result);
  read_rope(config, result);
  read_sliding(config, result);
  read_tokens(config, generation, defaults, result);
  return result;
}

}  // namespace detail

/// The model that the two files' texts describe; `generation_config_json` may be empty, and `name` stands for
/// their directory in errors. Throws urn::error, naming the file, the field and what is supported, for text
/// that is no JSON object, numbers out of range, and all that the forward pass has no answer to: other
/// architectures, activations, rotations, quantized weights.
inline model_config parse_model_config(std::string_view config_json, std::string_view generation_config_json,
                                       std::string_view name) {
  const std::filesystem::path directory(name);
  const std::string config_name = (directory / "config.json").string();
  const std::string generation_name = (directory / "generation_config.json").string();
  const std::string_view generation_json = generation_config_json.empty() ? "{}" : generation_config_json;
  const nlohmann::json config = detail::parse_json_object(config_json, config_name);
  const nlohmann::json generation = detail::parse_json_object(generation_json, generation_name);
  return detail::read_model_config({config, config_name}, {generation, generation_name});
}

/// Reads `directory`/config.json and, where there is one, generation_config.json. Throws as
/// parse_model_config does, and when a file cannot be read.
inline model_config load_model_config(const std::filesystem::path& directory) {
  const mapped_file config(directory / "config.json");
  const auto generation_path = directory / "generation_config.json";
  std::error_code ignored;
  const bool has_generation = std::filesystem::exists(generation_path, ignored);
  const mapped_file generation = has_generation ? mapped_file(generation_path) : mapped_file();
  return parse_model_config(config.text(), generation.text(), directory.string());
}

}  // namespace urn
