#pragma once
// What urn-generate was asked for.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

struct options {
  std::string prompt = "ROMEO\t";
  std::string model;  // a directory; empty: the embedded model
  std::size_t max_tokens = 200;
  float temperature = 0.8F;
  std::int32_t top_k = 0;
  float top_p = 0.95F;
  float min_p = 0.0F;
  float repetition_penalty = 1.0F;
  std::optional<std::uint64_t> seed;
  std::vector<std::string> stop;
  std::size_t num_samples = 1;
  std::optional<std::size_t> logprobs;  // how many alternatives to list with each token
  bool ignore_eos = false;
  bool json = false;
};

/// The options of a command line, or the exit code where there is nothing more to do (--help, --version, an
/// error).
struct parsed_options {
  options asked;
  std::optional<int> exit_code;
};
parsed_options parse_options(int argc, char** argv);
