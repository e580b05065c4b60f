#pragma once
/// \file
/// What the tests of the transformer read: the folders of fixtures/transformer (see make_fixtures.py there).

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "urn/core/token.hpp"
#include "urn/model/causal_lm.hpp"

namespace urn_test {

inline std::filesystem::path fixture_directory(const std::string& name) {
  return std::filesystem::path(URN_TEST_FIXTURES) / "transformer" / name;
}

inline std::vector<char> file_content(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("no file " + path.string());
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Tokens and what the transformers library makes of them.
struct expectation {
  std::vector<urn::token_id> input;
  std::vector<float> logits;  ///< a row for each token of input
  std::vector<urn::token_id> prompt;
  std::vector<urn::token_id> greedy;  ///< what greedy decoding appends to prompt
};

inline expectation read_expectation(const std::string& name) {
  const auto tokens = nlohmann::json::parse(file_content(fixture_directory(name) / "tokens.json"));
  expectation result{tokens["input"], {}, tokens["prompt"], tokens["greedy"]};
  const auto bytes = file_content(fixture_directory(name) / "logits.f32");
  result.logits.resize(bytes.size() / sizeof(float));
  std::memcpy(result.logits.data(), bytes.data(), bytes.size());
  return result;
}

/// Appends the tokens to the sequence and gives the rows of logits that are wanted, one after another.
template <urn::causal_lm Model>
std::vector<float> forward(const Model& model, typename Model::sequence& sequence,
                           std::span<const urn::token_id> tokens,
                           urn::logits_wanted wanted = urn::logits_wanted::all) {
  const urn::forward_item<typename Model::sequence> item{&sequence, tokens, wanted};
  urn::logits_buffer out;
  model.forward(std::span(&item, 1), out);
  return {out.values().begin(), out.values().end()};
}

/// All positions' logits of the tokens, computed from nothing in one call.
template <urn::causal_lm Model>
std::vector<float> forward(const Model& model, std::span<const urn::token_id> tokens) {
  auto sequence = model.make_sequence();
  return forward(model, sequence, tokens);
}

/// Rows first .. first + count - 1 of rows of `width` floats.
inline std::vector<float> rows_of(const std::vector<float>& rows, std::size_t width, std::size_t first,
                                  std::size_t count) {
  const auto start = rows.begin() + static_cast<std::ptrdiff_t>(first * width);
  return {start, start + static_cast<std::ptrdiff_t>(count * width)};
}

/// The floats' bits: equality of these is bitwise equality, also for zeros and NaNs.
inline std::vector<std::uint32_t> bits(std::span<const float> values) {
  std::vector<std::uint32_t> result(values.size());
  std::memcpy(result.data(), values.data(), values.size_bytes());
  return result;
}

/// The message of the urn::error that `call` throws, or "" when it throws none.
template <class Call>
std::string message_of(Call call) {
  try {
    call();
  } catch (const urn::error& e) {
    return e.what();
  }
  return {};
}

}  // namespace urn_test
