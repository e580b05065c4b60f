#pragma once
/// \file
/// Which architectures urn knows, what their absent fields mean, and what in a config.json it has to refuse.

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "urn/core/error.hpp"
#include "urn/core/token.hpp"
#include "urn/model/json_fields.hpp"
#include "urn/model/model_shape.hpp"

namespace urn::detail {

/// Contexts longer than any model's.
inline constexpr int most_positions = 1 << 30;

/// What an architecture's configuration class in transformers says about absent fields.
struct architecture_defaults {
  using kind = model_config::architecture_kind;
  kind architecture;
  std::string_view class_name;
  std::string_view model_type;
  int max_position_embeddings;
  std::optional<int> num_key_value_heads;  // nothing: num_attention_heads
  std::optional<int> head_dim;             // nothing: hidden_size / num_attention_heads
  std::optional<token_id> bos_token_id;
  std::optional<token_id> eos_token_id;
};

inline constexpr std::array<architecture_defaults, 4> supported_architectures{{
    {model_config::architecture_kind::llama, "LlamaForCausalLM", "llama", 2048, {}, {}, 1, 2},
    {model_config::architecture_kind::mistral, "MistralForCausalLM", "mistral", 131072, 8, {}, 1, 2},
    {model_config::architecture_kind::qwen2, "Qwen2ForCausalLM", "qwen2", 32768, 32, {}, {}, {}},
    {model_config::architecture_kind::qwen3, "Qwen3ForCausalLM", "qwen3", 32768, 32, 128, {}, {}},
}};

/// The one class name in `architectures`, or nothing where the field is absent or empty.
inline std::optional<std::string> read_class_name(const json_fields& config) {
  const nlohmann::json* const names = config.find("architectures");
  if (names == nullptr || (names->is_array() && names->empty())) return std::nullopt;
  if (names->is_array() && names->size() == 1 && names->front().is_string())
    return names->front().get<std::string>();
  refuse_value(config.where("architectures"), *names, "an array of one class name");
}

inline const architecture_defaults& read_architecture(const json_fields& config) {
  const auto class_name = read_class_name(config);
  const auto model_type = config.text("model_type");
  if (!class_name && !model_type)
    throw error(config.where("architectures"), "is missing", "expected a class name");
  std::string supported;
  for (const auto& candidate : supported_architectures) {
    const bool same_class = !class_name || *class_name == candidate.class_name;
    if (same_class && (!model_type || *model_type == candidate.model_type)) return candidate;
    supported.append(supported.empty() ? "" : ", ").append(candidate.class_name);
    supported.append(" (").append(candidate.model_type).append(")");
  }
  const std::string given =
      class_name.value_or("a model") + (model_type ? " of model_type " + *model_type : "");
  throw error(config.where("architectures"), given + " is not supported", "expected one of " + supported);
}

/// Refuses what would change the results of the forward pass.
inline void refuse_unsupported(const json_fields& config) {
  const nlohmann::json* const quantization = config.find("quantization_config");
  if (quantization != nullptr) {
    refuse_value(config.where("quantization_config"), *quantization, "weights in F32, F16 or BF16");
  }
  const auto activation = config.text("hidden_act").value_or("silu");
  if (activation != "silu") refuse_value(config.where("hidden_act"), activation, "silu");
}

}  // namespace urn::detail
