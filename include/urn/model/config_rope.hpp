#pragma once
/// \file
/// The rotary embedding's fields of a config.json.

#include <limits>
#include <optional>
#include <string>

#include "urn/model/config_architecture.hpp"
#include "urn/model/json_fields.hpp"
#include "urn/model/model_shape.hpp"

namespace urn::detail {

inline rope_scaling read_llama3(const json_fields& rope, int max_position_embeddings) {
  constexpr double smallest = std::numeric_limits<float>::min();
  rope_scaling result;
  result.factor = rope.number("factor", {1.0, 1e6});
  result.low_freq_factor = rope.number("low_freq_factor", {smallest, 1e6});
  result.high_freq_factor = rope.number("high_freq_factor", {smallest, 1e6});
  if (result.high_freq_factor <= result.low_freq_factor) {
    refuse_value(rope.where("high_freq_factor"), result.high_freq_factor, "more than low_freq_factor");
  }
  result.original_max_position_embeddings =
      rope.integer("original_max_position_embeddings", {1, most_positions}, max_position_embeddings);
  return result;
}

inline std::string read_rope_type(const json_fields& rope) {
  const auto type = rope.text("type");
  const auto rope_type = rope.text("rope_type");
  if (type && rope_type && *type != *rope_type)
    refuse_value(rope.where("type"), *type, "the same as rope_type");
  return rope_type ? *rope_type : type.value_or("default");
}

inline std::optional<rope_scaling> read_rope_scaling(const json_fields& rope, int max_position_embeddings) {
  const std::string type = read_rope_type(rope);
  if (type == "default") return std::nullopt;
  if (type == "llama3") return read_llama3(rope, max_position_embeddings);
  if (type != "linear") refuse_value(rope.where("rope_type"), type, "default, linear or llama3");
  rope_scaling result;
  result.kind = rope_scaling::scaling_kind::linear;
  result.factor = rope.number("factor", {1.0, 1e6});
  return result;
}

/// rope_scaling and a rope_theta beside it (transformers 4), or both in rope_parameters (5).
inline void read_rope(const json_fields& config, model_config& result) {
  constexpr number_range<double> theta{1.0, 1e12};
  constexpr number_range<double> whole{1.0, 1.0};
  result.rope_theta = config.number("rope_theta", theta, 10000.0F);
  config.number("partial_rotary_factor", whole, 1.0F);
  auto rope = config.object("rope_scaling");
  if (!rope) rope = config.object("rope_parameters");
  if (!rope) return;
  for (const char* const layer_type : {"full_attention", "sliding_attention"}) {
    const nlohmann::json* const nested = rope->find(layer_type);
    if (nested != nullptr) refuse_value(rope->where(layer_type), *nested, "one rotation for all layers");
  }
  result.rope_theta = rope->number("rope_theta", theta, result.rope_theta);
  rope->number("partial_rotary_factor", whole, 1.0F);
  result.rope = read_rope_scaling(*rope, result.max_position_embeddings);
}

}  // namespace urn::detail
