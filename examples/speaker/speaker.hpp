#pragma once
// A model and its tokenizer behind four functions, which are compiled once, beside the client: what includes
// this parses none of the headers that they take.

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "urn/core/token.hpp"

class speaker {
 public:
  /// A model directory. Throws urn::error.
  explicit speaker(const std::string& directory);
  /// The contents of its files.
  speaker(std::string_view config, std::string_view generation_config, std::span<const std::byte> weights,
          std::string_view tokenizer);

  /// The text's tokens; of an empty one the token that begins a text.
  [[nodiscard]] std::vector<urn::token_id> encode(std::string_view text) const;
  /// A token's text inside quotes, with control characters visible.
  [[nodiscard]] std::string quoted(urn::token_id token) const;
  [[nodiscard]] static std::string quoted(const std::string& text);
  /// The logits of the token that comes next.
  [[nodiscard]] std::vector<float> logits_after(std::span<const urn::token_id> prompt) const;

 private:
  struct parts;
  std::shared_ptr<const parts> parts_;
};
