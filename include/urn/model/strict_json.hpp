#pragma once
/// \file
/// JSON as a model directory's files must be: one object, no name twice, bounded nesting, valid UTF-8.

#include <cstddef>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "urn/core/error.hpp"

namespace urn::detail {

/// Deeper nesting than any model file has.
inline constexpr int json_max_depth = 64;
/// Longer text than any model file has.
inline constexpr std::size_t json_max_bytes = 100'000'000;

/// `value` as JSON, cut short for an error's text; bytes that are no UTF-8 are replaced.
inline std::string json_excerpt(const nlohmann::json& value) {
  std::string text = value.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  if (text.size() > 80) text.replace(77, std::string::npos, "...");
  return text;
}

/// Watches a parse and refuses what nlohmann::json would let pass: repeated names and deep nesting.
class json_watch {
 public:
  explicit json_watch(std::string_view name) : name_(name) {}

  bool operator()(int depth, nlohmann::json::parse_event_t event, const nlohmann::json& parsed) {
    using enum nlohmann::detail::parse_event_t;
    if (depth > json_max_depth) {
      throw error(name_, "is nested too deeply",
                  "expected at most " + std::to_string(json_max_depth) + " levels");
    }
    if (event == object_start) names_.emplace_back();
    if (event == object_end) names_.pop_back();
    if (event == key && !names_.back().insert(parsed.get<std::string>()).second) {
      throw error(name_, "has " + json_excerpt(parsed) + " twice", "expected every name of an object once");
    }
    return true;
  }

 private:
  std::string_view name_;
  std::vector<std::set<std::string>> names_;  // of every object that is open
};

/// The object that `text` is; `name` stands for the text in errors. Throws urn::error for anything else.
inline nlohmann::json parse_json_object(std::string_view text, std::string_view name) {
  constexpr std::string_view remedy = "expected one JSON object in UTF-8";
  if (text.size() > json_max_bytes) throw error(name, "is longer than 100 MB", remedy);
  // nlohmann::json takes a zero byte for the end of the text and would not look behind it.
  if (text.find('\0') != std::string_view::npos) throw error(name, "contains a zero byte", remedy);
  try {
    nlohmann::json value = nlohmann::json::parse(text, json_watch(name));
    if (value.is_object()) return value;
  } catch (const nlohmann::json::exception& problem) {
    throw error(name, "is not JSON: " + std::string(problem.what()).substr(0, 300), remedy);
  }
  throw error(name, "is not a JSON object", remedy);
}

}  // namespace urn::detail
