// urn-generate: a prompt in, streamed text out, by the sampling client.

#include <cstdio>
#include <exception>
#include <iostream>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "embedded_model.hpp"
#include "options.hpp"
#include "report.hpp"
#include "urn/client/sampling_client.hpp"
#include "urn/model/tokenizer.hpp"
#include "urn/model/transformer.hpp"

namespace {

using client = urn::sampling_client<urn::transformer>;

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

client embedded_client() {
  const auto config = urn::parse_model_config(
      text_of(embedded::config_json()), text_of(embedded::generation_config_json()), "embedded config.json");
  auto model = std::make_shared<const urn::transformer>(
      config, urn::checkpoint::parse(embedded::model_safetensors(), "embedded weights"));
  urn::client_options options;
  options.scheduler.end_tokens = config.eos_token_ids;
  return client(std::move(model),
                urn::tokenizer::from_json(text_of(embedded::tokenizer_json()), "embedded tokenizer.json"),
                std::move(options));
}

client make_client(const std::string& directory) {
  if (directory.empty()) return embedded_client();
  urn::client_options options;
  options.model_path = directory;
  return client::create(std::move(options));
}

/// The prompt's tokens; of an empty prompt the token that begins a text.
urn::model_input encode_prompt(const std::string& text, const client& model) {
  std::vector<urn::token_id> prompt = model.words()->encode(text);
  const urn::model_config& config = model.model().config();
  if (prompt.empty() && config.bos_token_id) prompt.push_back(*config.bos_token_id);
  if (prompt.empty() && !config.eos_token_ids.empty()) prompt.push_back(config.eos_token_ids.front());
  return urn::model_input::from_ints(std::move(prompt));
}

urn::sampling_params params_of(const options& asked) {
  urn::sampling_params params{.max_tokens = asked.max_tokens, .seed = asked.seed};
  if (!asked.stop.empty()) params.stop = asked.stop;
  params.temperature = asked.temperature;
  if (asked.top_k > 0) params.top_k = asked.top_k;
  params.top_p = asked.top_p;
  params.min_p = asked.min_p;
  params.repetition_penalty = asked.repetition_penalty;
  params.logprobs = asked.logprobs;
  params.num_samples = asked.num_samples;
  params.ignore_eos = asked.ignore_eos;
  return params;
}

/// Shows the prompt and sample 0 while it grows.
void show(urn::event_stream& stream, const std::string& prompt) {
  auto event = stream.begin();  // throws before anything is shown, if the request is refused
  for (std::cout << prompt; event != stream.end(); ++event) {
    if (event->sequence == 0) std::cout << event->text << std::flush;
  }
}

void generate(const options& asked) {
  client model = make_client(asked.model);
  urn::event_stream stream = model.stream(encode_prompt(asked.prompt, model), params_of(asked));
  if (!asked.json) show(stream, asked.prompt);
  const urn::sample_response response = stream.response();
  if (asked.json) {
    print_json(response, asked, *model.words());
  } else {
    print_rest(response, asked, *model.words());
  }
}

}  // namespace

int main(int argc, char** argv) try {
  const parsed_options parsed = parse_options(argc, argv);
  if (parsed.exit_code) return *parsed.exit_code;
  generate(parsed.asked);
  return 0;
} catch (const std::exception& e) {
  std::fprintf(stderr, "urn-generate: %s\n", e.what());
  return 1;
}
