#pragma once
/// \file
/// Normalizers of tokenizer.json: NFC, Prepend, Replace, ByteLevel, and Sequences of them; others are
/// refused.

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "urn/model/tokenizer/byte_level.hpp"
#include "urn/model/tokenizer/json.hpp"
#include "urn/model/tokenizer/nfc.hpp"
#include "urn/model/tokenizer/pattern.hpp"

namespace urn::tokenizing {

struct compose_canonically {
  std::string operator()(std::string_view text) const { return nfc(text); }
};

struct prepend {
  std::string content;
  std::string operator()(std::string_view text) const {
    return text.empty() ? std::string() : content + std::string(text);
  }
};

struct write_bytes {
  std::string operator()(std::string_view text) const { return bytes_to_characters(text); }
};

using normalizer = std::vector<std::variant<compose_canonically, prepend, replacement, write_bytes>>;

inline std::string normalize(const normalizer& steps, std::string_view text) {
  std::string out(text);
  for (const auto& step : steps) {
    out = std::visit([&](const auto& apply) { return apply(out); }, step);
  }
  return out;
}

inline normalizer read_normalizer(const std::optional<field>& part) {
  normalizer steps;
  growth size;
  for (const field& step : parts_of(part, "normalizers")) {
    const std::string& type = step.at("type").string();
    if (type == "NFC") {
      steps.emplace_back(compose_canonically{});
    } else if (type == "Prepend") {
      steps.emplace_back(prepend{step.at("prepend").string()});
    } else if (type == "Replace") {
      steps.emplace_back(read_replacement(step, size));
    } else if (type == "ByteLevel") {
      size.grow(2, step);
      steps.emplace_back(write_bytes{});
    } else {
      step.fail("the normalizer " + in_quotes(type) + " is not supported",
                "supported are NFC, Prepend, Replace, ByteLevel and Sequence");
    }
  }
  return steps;
}

}  // namespace urn::tokenizing
