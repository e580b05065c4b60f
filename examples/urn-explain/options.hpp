#pragma once
// What urn-explain was asked for.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

struct options {
  std::string prompt = "ROMEO\t";
  std::string model;   // a directory; empty: the embedded model
  std::string logits;  // a file; empty: the model's, after the prompt
  std::vector<std::int32_t> history;
  std::string stages = "temperature=0.8;top_k=40;top_p=0.95";
  std::uint64_t seed = 42;
  std::uint32_t step = 0;
  std::size_t top = 8;
  std::string html;
};

/// The options of a command line, or the exit code where there is nothing more to do (--help, an error).
struct parsed_options {
  options asked;
  std::optional<int> exit_code;
};
parsed_options parse_options(int argc, char** argv);
