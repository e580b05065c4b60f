#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <utility>

#include "../embedded.hpp"
#include "input.hpp"

namespace {

struct speaker {
  std::shared_ptr<const urn::transformer> model;
  std::shared_ptr<const urn::tokenizer> words;
};

speaker load(const std::string& directory) {
  if (directory.empty())
    return {embedded::model(), std::make_shared<const urn::tokenizer>(embedded::tokenizer())};
  return {std::make_shared<const urn::transformer>(urn::transformer::load(directory)),
          std::make_shared<const urn::tokenizer>(urn::tokenizer::from_file(directory + "/tokenizer.json"))};
}

/// A token's text inside quotes, with control characters visible.
std::string quoted(const urn::tokenizer& words, urn::token_id token) {
  const std::string text = words.decode(std::span(&token, 1), false);
  using nlohmann::json;
  return json(text).dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

input read_model(const options& asked) {
  const speaker from = load(asked.model);
  input row{
      .logits = {},
      .prompt = from.words->encode(asked.prompt),
      .name_of = [words = from.words](urn::token_id id) { return quoted(*words, id); },
      .title = nlohmann::json(asked.prompt).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)};
  const urn::model_config& config = from.model->config();
  if (row.prompt.empty() && config.bos_token_id) row.prompt.push_back(*config.bos_token_id);
  if (row.prompt.empty() && !config.eos_token_ids.empty()) row.prompt.push_back(config.eos_token_ids.front());
  auto past = from.model->make_sequence();
  const urn::forward_item<urn::transformer::sequence> item{&past, row.prompt, urn::logits_wanted::last};
  urn::logits_buffer logits;
  from.model->forward({&item, 1}, logits);
  row.logits.assign(logits.row(0).begin(), logits.row(0).end());
  return row;
}
