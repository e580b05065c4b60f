#pragma once
// The default model, for programs that urn_embed puts it into.

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "embedded_model.hpp"
#include "urn/model/tokenizer.hpp"
#include "urn/model/transformer.hpp"

namespace embedded {

inline std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline std::shared_ptr<const urn::transformer> model() {
  const auto config = urn::parse_model_config(text_of(config_json()), text_of(generation_config_json()),
                                              "embedded config.json");
  return std::make_shared<const urn::transformer>(
      config, urn::checkpoint::parse(model_safetensors(), "embedded weights"));
}

inline urn::tokenizer tokenizer() {
  return urn::tokenizer::from_json(text_of(tokenizer_json()), "embedded tokenizer.json");
}

}  // namespace embedded
