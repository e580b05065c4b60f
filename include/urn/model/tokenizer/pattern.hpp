#pragma once
/// \file
/// What a Split looks for and a Replace replaces: a literal text or a regular expression.

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>

#include "urn/model/tokenizer/json.hpp"
#include "urn/model/tokenizer/regex.hpp"

namespace urn::tokenizing {

using pattern = std::variant<std::string, regex>;

/// Calls use(begin, end) for the matches from left to right, which do not overlap.
template <class F>
void find_all(const pattern& wanted, std::string_view text, F&& use) {
  if (const auto* const expression = std::get_if<regex>(&wanted)) return expression->find_all(text, use);
  const std::string& literal = *std::get_if<std::string>(&wanted);
  for (std::size_t at = text.find(literal); at != std::string_view::npos; at = text.find(literal, at)) {
    use(at, at + literal.size());
    at += literal.size();
  }
}

/// Reads {"String": "..."} or {"Regex": "..."}.
inline pattern read_pattern(const field& part, const std::string& where) {
  if (const auto expression = part.find("Regex")) return regex(expression->string(), where);
  const field literal = part.at("String");
  if (literal.string().empty()) literal.fail("the text to find is empty", "give at least one character");
  return literal.string();
}

/// Every match of `wanted` becomes `content`.
struct replacement {
  pattern wanted;
  std::string content;

  std::string operator()(std::string_view text) const {
    std::string out;
    std::size_t copied = 0;
    find_all(wanted, text, [&](std::size_t begin, std::size_t end) {
      out.append(text.substr(copied, begin - copied)).append(content);
      copied = end;
    });
    return out.append(text.substr(copied));
  }
};

inline replacement read_replacement(const field& part, growth& size) {
  const std::string& content = part.at("content").string();
  size.grow(content.size() + 1, part);
  return {read_pattern(part.at("pattern"), part.where() + ".pattern"), content};
}

}  // namespace urn::tokenizing
