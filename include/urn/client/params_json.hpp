#pragma once
/// \file
/// sampling_params as JSON: their own names, and only what is not the default.

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include "urn/client/backend.hpp"
#include "urn/client/sampling_params.hpp"
#include "urn/client/validate.hpp"
#include "urn/core/token.hpp"
#include "urn/model/strict_json.hpp"

namespace urn {

/// Calls use(name, member) for each field, in the order of the declaration; `name` is the field's in JSON,
/// which is the member's but for `deadline_ms`.
template <class Use>
void for_each_field(Use&& use) {
  using p = sampling_params;
  use("max_tokens", &p::max_tokens);
  use("seed", &p::seed);
  use("stop", &p::stop);
  use("stop_regex", &p::stop_regex);
  use("repetition_detection", &p::repetition_detection);
  use("temperature", &p::temperature);
  use("top_k", &p::top_k);
  use("top_p", &p::top_p);
  use("min_p", &p::min_p);
  use("repetition_penalty", &p::repetition_penalty);
  use("frequency_penalty", &p::frequency_penalty);
  use("presence_penalty", &p::presence_penalty);
  use("min_tokens", &p::min_tokens);
  use("logit_bias", &p::logit_bias);
  use("allowed_token_ids", &p::allowed_token_ids);
  use("bad_words", &p::bad_words);
  use("logprobs", &p::logprobs);
  use("prompt_logprobs", &p::prompt_logprobs);
  use("num_samples", &p::num_samples);
  use("ignore_eos", &p::ignore_eos);
  use("include_stop_in_output", &p::include_stop_in_output);
  use("deadline_ms", &p::deadline);
}

namespace detail {

/// The shortest decimal that reads back as this float. JSON has no other numbers than finite ones: these are
/// the strings "Infinity", "-Infinity" and "NaN" (as in protobuf's JSON).
inline nlohmann::ordered_json json_of(float number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number > 0 ? "Infinity" : "-Infinity";
  const std::string text = text_of(number);
  double decimal = 0;
  std::from_chars(text.data(), text.data() + text.size(), decimal);
  return static_cast<float>(decimal) == number ? decimal : static_cast<double>(number);
}
inline nlohmann::ordered_json json_of(std::monostate) { return nullptr; }
inline nlohmann::ordered_json json_of(std::chrono::milliseconds time) { return time.count(); }
template <class T>
  requires std::integral<T> || std::same_as<T, std::string> || std::same_as<T, std::vector<token_id>> ||
      std::same_as<T, std::vector<std::string>>
          nlohmann::ordered_json json_of(const T& value) {
    return value;
  }
inline nlohmann::ordered_json json_of(const std::vector<token_bias>& entries) {
  auto object = nlohmann::ordered_json::object();
  for (const token_bias& e : entries) object[std::to_string(e.token)] = json_of(e.bias);
  return object;
}
inline nlohmann::ordered_json json_of(const stop_condition& stop) {
  return std::visit([](const auto& s) { return json_of(s); }, stop);
}
inline nlohmann::ordered_json json_of(const repetition_limits& limits) {
  return {{"max_pattern_size", limits.max_pattern_size},
          {"min_pattern_size", limits.min_pattern_size},
          {"min_count", limits.min_count}};
}
template <class T>
nlohmann::ordered_json json_of(const std::optional<T>& value) {
  return value ? json_of(*value) : nlohmann::ordered_json();
}

/// "<where>: <what was found> is not <expected>"
[[noreturn]] inline void refuse_json(std::string_view where, const nlohmann::json& found,
                                     std::string_view expected) {
  throw request_error(failure::invalid, where, json_excerpt(found) + " is not " + std::string(expected));
}

/// A whole number of the type's range; 1.0 is one too, since JSON's writers differ there.
template <std::integral T>
void read_json(const nlohmann::json& value, const std::string& where, T& out) {
  using range = std::numeric_limits<T>;
  bool fits = false;
  if (value.is_number_unsigned()) {
    const auto number = value.get<std::uint64_t>();
    fits = std::in_range<T>(number);
    if (fits) out = static_cast<T>(number);
  } else if (value.is_number_integer()) {
    const auto number = value.get<std::int64_t>();
    fits = std::in_range<T>(number);
    if (fits) out = static_cast<T>(number);
  } else if (value.is_number_float()) {
    const auto number = value.get<double>();
    constexpr auto half = range::max() / 2 + 1;
    constexpr double end = 2.0 * static_cast<double>(half);  // exact, unlike max()
    fits = number >= static_cast<double>(range::min()) && number < end && number == std::floor(number);
    if (fits) out = static_cast<T>(number);
  }
  if (!fits)
    refuse_json(where, value, "an integer from " + text_of(range::min()) + " to " + text_of(range::max()));
}
inline void read_json(const nlohmann::json& value, const std::string& where, bool& out) {
  if (!value.is_boolean()) refuse_json(where, value, "true or false");
  out = value.get<bool>();
}
inline void read_json(const nlohmann::json& value, const std::string& where, float& out) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  constexpr double largest = std::numeric_limits<float>::max();
  if (value == "Infinity" || value == "-Infinity") {
    out = value == "Infinity" ? infinity : -infinity;
  } else if (value.is_number() && std::abs(value.get<double>()) <= largest) {
    out = static_cast<float>(value.get<double>());
  } else {
    refuse_json(where, value, "a number in the range of a float");
  }
}
inline void read_json(const nlohmann::json& value, const std::string& where, std::string& out) {
  if (!value.is_string()) refuse_json(where, value, "a string");
  out = value.get<std::string>();
}
inline void read_json(const nlohmann::json& value, const std::string& where, std::chrono::milliseconds& out) {
  std::int64_t count = 0;
  read_json(value, where, count);
  out = std::chrono::milliseconds(count);
}
template <class T>
void read_json(const nlohmann::json& value, const std::string& where, std::vector<T>& out) {
  if (!value.is_array()) refuse_json(where, value, "a list");
  out.clear();
  for (const nlohmann::json& element : value) {
    const std::string place = where + "[" + text_of(out.size()) + "]";
    read_json(element, place, out.emplace_back());
  }
}
/// {"<token>": bias}; a list of [token, bias] could say a token twice.
inline void read_json(const nlohmann::json& value, const std::string& where, std::vector<token_bias>& out) {
  if (!value.is_object()) refuse_json(where, value, "an object of token ids with a bias each");
  out.clear();
  for (const auto& [name, bias] : value.items()) {
    token_bias& entry = out.emplace_back();
    const char* const end = name.data() + name.size();
    const auto [stopped, problem] = std::from_chars(name.data(), end, entry.token);
    if (problem != std::errc{} || stopped != end) refuse_json(where, name, "a token id");
    read_json(bias, std::string(where).append("[").append(name).append("]"), entry.bias);
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.token < b.token; });
}
inline void read_json(const nlohmann::json& value, const std::string& where, repetition_limits& out) {
  if (!value.is_object())
    refuse_json(where, value, "an object of max_pattern_size, min_pattern_size, min_count");
  for (const auto& [name, number] : value.items()) {
    std::size_t* const field = name == "max_pattern_size"   ? &out.max_pattern_size
                               : name == "min_pattern_size" ? &out.min_pattern_size
                               : name == "min_count"        ? &out.min_count
                                                            : nullptr;
    if (field == nullptr) refuse_json(where, name, "max_pattern_size, min_pattern_size or min_count");
    read_json(number, std::string(where).append(".").append(name), *field);
  }
}
/// "text", ["text", ...] or [id, ...]
inline void read_json(const nlohmann::json& value, const std::string& where, stop_condition& out) {
  if (value.is_string()) {
    out = value.get<std::string>();
  } else if (!value.is_array()) {
    refuse_json(where, value, "a string, a list of strings or a list of token ids");
  } else if (!value.empty() && value.front().is_number()) {
    read_json(value, where, out.emplace<std::vector<token_id>>());
  } else {
    read_json(value, where, out.emplace<std::vector<std::string>>());
  }
}
template <class T>
void read_json(const nlohmann::json& value, const std::string& where, std::optional<T>& out) {
  read_json(value, where, out.emplace());
}

}  // namespace detail

/// The fields that differ from the default, in the order of the declaration. logit_bias is an object {"<id>":
/// bias}; a bias that is infinite is the string "Infinity" or "-Infinity". Numbers are the shortest decimals
/// that read back as the same float. For valid parameters params_from_json gives them back, the biases in
/// ascending order of tokens.
inline nlohmann::ordered_json to_json(const sampling_params& params) {
  static const sampling_params standard;
  auto object = nlohmann::ordered_json::object();
  for_each_field([&](const char* name, auto member) {
    if (params.*member != standard.*member) object[name] = detail::json_of(params.*member);
  });
  return object;
}

/// What JSON said.
struct parsed_params {
  sampling_params params;
  std::vector<std::string> unknown;  ///< names that are no field, in alphabetical order; the caller decides
};

/// Reads parameters. A field that is absent or null has its default. A whole number may be written 64 or
/// 64.0. `stop` is a string, a list of strings or a list of token ids. Throws request_error
/// (failure::invalid) for a value of another type or outside the field's type, naming the field, what was
/// found and what was expected. Whether the values are valid is `validate`'s affair.
inline parsed_params params_from_json(const nlohmann::json& object) {
  if (!object.is_object()) detail::refuse_json("sampling_params", object, "an object");
  parsed_params result;
  std::vector<std::string> known;
  for_each_field([&](const char* name, auto member) {
    known.emplace_back(name);
    const auto found = object.find(name);
    if (found != object.end() && !found->is_null()) detail::read_json(*found, name, result.params.*member);
  });
  for (const auto& [name, value] : object.items()) {
    if (std::find(known.begin(), known.end(), name) == known.end()) result.unknown.push_back(name);
  }
  return result;
}

/// Reads parameters from text. Throws urn::error too for what is not one JSON object in UTF-8, and for a name
/// that is there twice.
inline parsed_params parse_params(std::string_view text) {
  return params_from_json(detail::parse_json_object(text, "sampling_params"));
}

}  // namespace urn
