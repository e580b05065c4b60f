// urn-explain: what each stage of a pipeline does to a row, in a terminal or as a page.

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iostream>
#include <utility>

#include "input.hpp"
#include "options.hpp"
#include "picture.hpp"
#include "stages.hpp"
#include "urn/core/error.hpp"

namespace {

bool has_colour() {
  const char* const unwanted = std::getenv("NO_COLOR");
  return isatty(STDOUT_FILENO) == 1 && (unwanted == nullptr || *unwanted == '\0');
}

picture draw(const options& asked) {
  const input row = asked.logits.empty() ? read_model(asked) : read_file(asked.logits);
  const auto stages = parse_stages(asked.stages, row.logits.size());
  urn::workspace scratch(row.logits.size(), 4 * row.logits.size());
  const urn::draw_context context{
      .history = {row.prompt, asked.history}, .seed = asked.seed, .step = asked.step};
  return {row.title, urn::explain(urn::scalar, stages, row.logits, context, scratch), row.name_of, asked.top,
          has_colour()};
}

void write_page(const std::string& path, const std::string& page) {
  std::ofstream file(path, std::ios::binary);
  if (!(file << page << std::flush))
    throw urn::error("--html " + path, "it cannot be written", "name a file in a folder that exists");
}

}  // namespace

int main(int argc, char** argv) try {
  const parsed_options parsed = parse_options(argc, argv);
  if (parsed.exit_code) return *parsed.exit_code;
  const picture shown = draw(parsed.asked);
  if (parsed.asked.html.empty()) {
    std::cout << text_report(shown);
  } else {
    write_page(parsed.asked.html, html_report(shown));
  }
  return 0;
} catch (const std::exception& e) {
  std::fprintf(stderr, "urn-explain: %s\n", e.what());
  return 1;
}
