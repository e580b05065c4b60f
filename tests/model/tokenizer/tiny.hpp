#pragma once
// Tokenizers small enough to read, for tests that change one thing.

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "urn/model/tokenizer.hpp"

namespace tiny {

using json = nlohmann::json;

/// A BPE of the letters a to e, of which "ab", "cd" and "abcd" merge, and no other parts.
inline json letters() {
  return json::parse(R"({"version": "1.0", "added_tokens": [], "normalizer": null, "pre_tokenizer": null,
    "post_processor": null, "decoder": {"type": "Fuse"},
    "model": {"type": "BPE", "dropout": null, "unk_token": null, "fuse_unk": false, "byte_fallback": false,
      "vocab": {"a": 0, "b": 1, "c": 2, "d": 3, "e": 4, "ab": 5, "cd": 6, "abcd": 7},
      "merges": ["a b", "c d", ["ab", "cd"]]}})");
}

/// A byte-level tokenizer with a token for each byte and one special token, <end>, with id 256.
inline json bytes() {
  json said = letters();
  json vocab = json::object();
  for (const char32_t character : urn::tokenizing::byte_characters) {
    std::string token;
    urn::tokenizing::append_utf8(token, character);
    vocab[token] = vocab.size();
  }
  said["model"]["vocab"] = vocab;
  said["model"]["merges"] = json::array();
  said["pre_tokenizer"] = {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", true}};
  said["decoder"] = {{"type", "ByteLevel"}};
  return said;
}

inline json added(std::string_view content, int id, bool special = false) {
  return {{"id", id},        {"content", content},  {"single_word", false}, {"lstrip", false},
          {"rstrip", false}, {"normalized", false}, {"special", special}};
}

inline urn::tokenizer make(const json& said) { return urn::tokenizer::from_json(said.dump(), "tiny.json"); }

/// The message that making it fails with; empty if it does not fail.
inline std::string refusal(std::string_view text) {
  try {
    urn::tokenizer::from_json(text, "tiny.json");
  } catch (const urn::error& problem) {
    return problem.what();
  }
  return {};
}
inline std::string refusal(const json& said) { return refusal(std::string_view(said.dump())); }

inline json fixture(const std::string& name) {
  std::ifstream file(URN_TEST_FIXTURES "/tokenizer/" + name);
  return json::parse(file);
}

inline urn::tokenizer fixture_tokenizer(const std::string& kind) {
  return urn::tokenizer::from_file(URN_TEST_FIXTURES "/tokenizer/" + kind + ".json");
}

inline const std::vector<std::string> kinds = {"gpt2", "qwen2", "llama3", "llama2", "llama2_metaspace"};

using ids = std::vector<urn::token_id>;

}  // namespace tiny
