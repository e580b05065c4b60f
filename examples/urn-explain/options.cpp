#include "options.hpp"

#include <CLI/CLI.hpp>

#include "stages.hpp"

namespace {

void describe(CLI::App& app, options& o) {
  auto* prompt = app.add_option("prompt,-p,--prompt", o.prompt, "Text whose next token is drawn");
  app.add_option("-m,--model", o.model, "Model directory: config.json, model.safetensors, tokenizer.json")
      ->check(CLI::ExistingDirectory);
  app.add_option("--logits", o.logits,
                 "Draw from a file instead: little-endian float32 where its name ends with .f32 or .bin, "
                 "otherwise text, whose numbers (JSON lists too) are the logits of tokens 0, 1, ...")
      ->excludes(prompt);
  app.add_option("--history", o.history, "Token ids drawn so far, for penalties")->delimiter(',');
  app.add_option(
         "-s,--stages", o.stages,
         "name=value or name(parameter=value,...), in their order, between semicolons; " + known_stages())
      ->capture_default_str();
  app.add_option("--seed", o.seed, "Equal seeds draw equal tokens")->capture_default_str();
  app.add_option("--step", o.step, "The place of the token in the text")->capture_default_str();
  app.add_option("-n,--top", o.top, "Tokens to show of each stage")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  app.add_option("--html", o.html, "Write a page to this file instead of text to the terminal");
}

}  // namespace

parsed_options parse_options(int argc, char** argv) {
  parsed_options result;
  CLI::App app("Shows what each stage of a pipeline does to a row of logits, and how the token is drawn.",
               "urn-explain");
  describe(app, result.asked);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    result.exit_code = app.exit(e);
  }
  return result;
}
