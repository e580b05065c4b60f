#include "options.hpp"

#include <CLI/CLI.hpp>

#include "urn/version.hpp"

namespace {

void describe(CLI::App& app, options& o) {
  app.set_version_flag("--version", std::to_string(URN_VERSION_MAJOR) + "." +
                                        std::to_string(URN_VERSION_MINOR) + "." +
                                        std::to_string(URN_VERSION_PATCH));
  app.add_option("prompt,-p,--prompt", o.prompt, "Text to continue")->capture_default_str();
  app.add_option("-m,--model", o.model, "Model directory: config.json, model.safetensors, tokenizer.json")
      ->check(CLI::ExistingDirectory);
  app.add_option("-n,--max-tokens", o.max_tokens, "Tokens to generate at most")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("-t,--temperature", o.temperature, "0 takes the best token every time")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--top-k", o.top_k, "Keep the k best tokens; 0 keeps all")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--top-p", o.top_p, "Keep the best tokens that have this share of the mass")
      ->check(CLI::Range(1e-6F, 1.0F))
      ->capture_default_str();
  app.add_option("--min-p", o.min_p, "Keep tokens at least this likely relative to the best")
      ->check(CLI::Range(0.0F, 1.0F))
      ->capture_default_str();
  app.add_option("--repetition-penalty", o.repetition_penalty, "Above 1: avoid tokens that were there before")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--seed", o.seed,
                 "Equal seeds give equal text; without it a random one, which the last line names");
  app.add_option("--stop", o.stop, "Stop before this text; may be given several times");
  app.add_option("--num-samples", o.num_samples, "Continuations of the prompt")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  app.add_option("--logprobs", o.logprobs, "List each token's logprob and this many of the model's best")
      ->check(CLI::Range(0, 100));
  app.add_flag("--ignore-eos", o.ignore_eos, "Go on after the model's end token");
  app.add_flag("--json", o.json, "Print one JSON object instead of text");
}

}  // namespace

parsed_options parse_options(int argc, char** argv) {
  parsed_options result;
  CLI::App app("Continues a prompt with a language model; tokens are drawn by urn.", "urn-generate");
  describe(app, result.asked);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    result.exit_code = app.exit(e);
  }
  return result;
}
