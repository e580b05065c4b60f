#include <cstddef>
#include <span>
#include <string_view>

#include "../speaker/speaker.hpp"
#include "embedded_model.hpp"
#include "input.hpp"

namespace {

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

speaker load(const std::string& directory) {
  if (!directory.empty()) return speaker(directory);
  return {text_of(embedded::config_json()), text_of(embedded::generation_config_json()),
          embedded::model_safetensors(), text_of(embedded::tokenizer_json())};
}

}  // namespace

input read_model(const options& asked) {
  const speaker from = load(asked.model);
  const std::vector<urn::token_id> prompt = from.encode(asked.prompt);
  return {.logits = from.logits_after(prompt),
          .prompt = prompt,
          .name_of = [from](urn::token_id id) { return from.quoted(id); },
          .title = speaker::quoted(asked.prompt)};
}
