// urn-generate: a prompt in, streamed text out.

#include <chrono>
#include <cstdio>
#include <exception>
#include <iostream>

#include "embedded_model.hpp"
#include "options.hpp"
#include "report.hpp"
#include "urn/generate/generate.hpp"
#include "urn/model/tokenizer.hpp"
#include "urn/model/transformer.hpp"
#include "urn/stop/any_stop.hpp"
#include "urn/stop/end_token.hpp"
#include "urn/stop/max_tokens.hpp"
#include "urn/stop/stop_text.hpp"
#include "urn/urn.hpp"

namespace {

struct language_model {
  urn::transformer network;
  urn::tokenizer words;
};

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

language_model load(const std::string& directory) {
  if (!directory.empty()) {
    return {urn::transformer::load(directory),
            urn::tokenizer::from_file(std::filesystem::path(directory) / "tokenizer.json")};
  }
  const auto config = urn::parse_model_config(
      text_of(embedded::config_json()), text_of(embedded::generation_config_json()), "embedded config.json");
  return {urn::transformer(config, urn::checkpoint::parse(embedded::model_safetensors(), "embedded weights")),
          urn::tokenizer::from_json(text_of(embedded::tokenizer_json()), "embedded tokenizer.json")};
}

/// One bit for each token of the tokenizer; a model may have more rows than that, which no text has.
std::vector<std::int32_t> tokens_with_text(const language_model& model) {
  const auto count = static_cast<std::size_t>(model.words.vocabulary_size());
  if (count >= model.network.vocabulary_size()) return {};
  std::vector<std::int32_t> words((count + 31) / 32, -1);
  if (count % 32 != 0) words.back() = static_cast<std::int32_t>((1U << (count % 32)) - 1);
  return words;
}

/// `allowed` is borrowed; stages whose parameters change nothing cost nothing.
urn::any_pipeline<> pipeline_of(const options& asked, const std::vector<std::int32_t>& allowed) {
  urn::any_pipeline<> pipeline;
  const auto append = [&](auto stage) {
    const urn::misplaced wrong = pipeline.append(stage);
    if (wrong != urn::misplaced::no) throw urn::error("pipeline", urn::sentence(wrong));
  };
  if (!allowed.empty()) append(urn::bitmask{allowed});
  append(urn::penalties{.repetition = asked.repetition_penalty});
  append(urn::temperature{asked.temperature});
  append(urn::top_k{asked.top_k});
  append(urn::top_p{asked.top_p});
  append(urn::min_p{asked.min_p});
  append(urn::categorical{});
  if (asked.logprobs) append(urn::logprobs{});
  return pipeline;
}

urn::stop_list stop_of(const options& asked, const urn::model_config& config) {
  urn::stop_list stop;
  stop.criteria.emplace_back(urn::max_tokens{asked.max_tokens});
  if (!asked.ignore_eos) stop.criteria.emplace_back(urn::end_token(config.eos_token_ids));
  stop.criteria.emplace_back(urn::stop_text(asked.stop));
  return stop;
}

/// The prompt's tokens; of an empty prompt the token that begins a text.
std::vector<urn::token_id> encode_prompt(const options& asked, const language_model& model) {
  std::vector<urn::token_id> prompt = model.words.encode(asked.prompt);
  const urn::model_config& config = model.network.config();
  if (prompt.empty() && config.bos_token_id) prompt.push_back(*config.bos_token_id);
  if (prompt.empty() && !config.eos_token_ids.empty()) prompt.push_back(config.eos_token_ids.front());
  return prompt;
}

void record(continuation& c, const urn::generate_event& event) {
  c.text += event.text;
  c.stop = event.stop;
  if (event.drawn.token == urn::no_token) return;
  c.tokens.push_back({event.drawn, {event.top_logprobs.begin(), event.top_logprobs.end()}});
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void generate(const options& asked) {
  const language_model model = load(asked.model);
  const std::vector<urn::token_id> prompt = encode_prompt(asked, model);
  const std::vector<std::int32_t> allowed = tokens_with_text(model);
  std::vector<continuation> all(asked.num_samples);
  timing time{.prompt_tokens = prompt.size()};
  const auto start = std::chrono::steady_clock::now();
  auto events = urn::generate(
      model.network, prompt, pipeline_of(asked, allowed), stop_of(asked, model.network.config()),
      urn::token_stream(model.words),
      {.num_samples = asked.num_samples, .seed = asked.seed, .top_logprobs = asked.logprobs.value_or(0)});
  time.prompt_seconds = seconds_since(start);
  if (!asked.json) std::cout << asked.prompt << std::flush;
  for (const urn::generate_event& event : events) {
    record(all[event.sequence], event);
    if (!asked.json && event.sequence == 0) std::cout << event.text << std::flush;
  }
  time.decode_seconds = seconds_since(start) - time.prompt_seconds;
  if (asked.json) {
    print_json(all, asked, model.words, time);
  } else {
    print_text(all, asked, model.words, time, all[0].text.size());
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
