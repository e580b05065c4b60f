#pragma once
/// \file
/// The attention's fields of a config.json: heads, biases and sliding windows. Fields that an architecture's
/// class in transformers does not read are ignored, as there.

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "urn/model/config_architecture.hpp"
#include "urn/model/json_fields.hpp"
#include "urn/model/model_shape.hpp"

namespace urn::detail {

inline void read_heads(const json_fields& config, const architecture_defaults& defaults,
                       model_config& result) {
  const int heads = config.integer("num_attention_heads", {1, 1 << 12});
  const bool is_absent = config.raw("num_key_value_heads") == nullptr;
  const int otherwise = is_absent ? defaults.num_key_value_heads.value_or(heads) : heads;
  result.num_attention_heads = heads;
  result.num_key_value_heads = config.integer("num_key_value_heads", {1, 1 << 12}, otherwise);
  if (heads % result.num_key_value_heads != 0) {
    refuse_value(config.where("num_key_value_heads"), result.num_key_value_heads,
                 "a divisor of num_attention_heads, " + std::to_string(heads));
  }
  if (config.find("head_dim") == nullptr && !defaults.head_dim && result.hidden_size % heads != 0) {
    refuse_value(config.where("hidden_size"), result.hidden_size,
                 "a multiple of num_attention_heads, " + std::to_string(heads) + ", or a head_dim");
  }
  result.head_dim =
      config.integer("head_dim", {2, 1 << 14}, defaults.head_dim.value_or(result.hidden_size / heads));
  if (result.head_dim % 2 != 0) refuse_value(config.where("head_dim"), result.head_dim, "an even number");
}

inline void read_biases(const json_fields& config, model_config& result) {
  using enum model_config::architecture_kind;
  const bool is_configured = result.architecture == llama || result.architecture == qwen3;
  const bool attention_bias = is_configured && config.boolean("attention_bias", false);
  result.attention_bias = attention_bias || result.architecture == qwen2;
  result.attention_output_bias = attention_bias;
  result.mlp_bias = result.architecture == llama && config.boolean("mlp_bias", false);
  result.qk_norm = result.architecture == qwen3;
}

/// sliding_window: 4096 where absent, nothing where null.
inline std::optional<int> read_window(const json_fields& config) {
  const bool is_null = config.raw("sliding_window") != nullptr && config.find("sliding_window") == nullptr;
  if (is_null) return std::nullopt;
  return config.integer("sliding_window", {1, most_positions}, 4096);
}

inline bool has_sliding(const std::vector<bool>& layers) {
  return std::find(layers.begin(), layers.end(), true) != layers.end();
}

/// The layers that layer_types calls sliding_attention.
inline std::vector<bool> read_layer_types(const json_fields& config, const nlohmann::json& types,
                                          int layers) {
  const std::string where = config.where("layer_types");
  if (!types.is_array() || types.size() != static_cast<std::size_t>(layers)) {
    refuse_value(where, types, "an array of " + std::to_string(layers) + " entries, one for each layer");
  }
  std::vector<bool> result;
  for (const auto& type : types) {
    const bool is_sliding = type == "sliding_attention";
    if (!is_sliding && type != "full_attention")
      refuse_value(where, type, "full_attention or sliding_attention");
    result.push_back(is_sliding);
  }
  return result;
}

/// Qwen's layers: as layer_types says or, without it, sliding from max_window_layers on.
inline std::vector<bool> read_qwen_layers(const json_fields& config, int layers, bool has_window) {
  if (const nlohmann::json* const types = config.find("layer_types")) {
    auto result = read_layer_types(config, *types, layers);
    if (has_sliding(result) && !has_window) {
      refuse_value(config.where("layer_types"), "sliding_attention",
                   "a sliding_window in use, or full_attention");
    }
    return result;
  }
  const int first = has_window ? config.integer("max_window_layers", {0, most_positions}, 28) : layers;
  std::vector<bool> result(static_cast<std::size_t>(layers), true);
  std::fill_n(result.begin(), std::min(first, layers), false);
  return result;
}

inline void read_sliding(const json_fields& config, model_config& result) {
  using enum model_config::architecture_kind;
  const auto layers = static_cast<std::size_t>(result.num_hidden_layers);
  const bool is_qwen = result.architecture == qwen2 || result.architecture == qwen3;
  const bool slides = is_qwen ? config.boolean("use_sliding_window", false) : result.architecture == mistral;
  const std::optional<int> window = slides ? read_window(config) : std::nullopt;
  result.sliding = is_qwen ? read_qwen_layers(config, result.num_hidden_layers, window.has_value())
                           : std::vector<bool>(layers, window.has_value());
  if (has_sliding(result.sliding)) result.sliding_window = window;
}

}  // namespace urn::detail
