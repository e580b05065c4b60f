#include "speaker.hpp"

#include <nlohmann/json.hpp>

#include "urn/model/tokenizer.hpp"
#include "urn/model/transformer.hpp"

struct speaker::parts {
  urn::transformer model;
  urn::tokenizer words;
};

speaker::speaker(const std::string& directory)
    : parts_(std::make_shared<const parts>(parts{
          urn::transformer::load(directory), urn::tokenizer::from_file(directory + "/tokenizer.json")})) {}

speaker::speaker(std::string_view config, std::string_view generation_config,
                 std::span<const std::byte> weights, std::string_view tokenizer)
    : parts_(std::make_shared<const parts>(
          parts{urn::transformer(urn::parse_model_config(config, generation_config, "embedded config.json"),
                                 urn::checkpoint::parse(weights, "embedded weights")),
                urn::tokenizer::from_json(tokenizer, "embedded tokenizer.json")})) {}

std::vector<urn::token_id> speaker::encode(std::string_view text) const {
  std::vector<urn::token_id> tokens = parts_->words.encode(text);
  const urn::model_config& config = parts_->model.config();
  if (tokens.empty() && config.bos_token_id) tokens.push_back(*config.bos_token_id);
  if (tokens.empty() && !config.eos_token_ids.empty()) tokens.push_back(config.eos_token_ids.front());
  return tokens;
}

std::string speaker::quoted(const std::string& text) {
  using nlohmann::json;
  return json(text).dump(-1, ' ', false, json::error_handler_t::replace);
}
std::string speaker::quoted(urn::token_id token) const {
  return quoted(parts_->words.decode(std::span(&token, 1), false));
}

std::vector<float> speaker::logits_after(std::span<const urn::token_id> prompt) const {
  auto past = parts_->model.make_sequence();
  const urn::forward_item<urn::transformer::sequence> item{&past, prompt, urn::logits_wanted::last};
  urn::logits_buffer logits;
  parts_->model.forward({&item, 1}, logits);
  return {logits.row(0).begin(), logits.row(0).end()};
}
