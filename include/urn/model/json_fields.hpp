#pragma once
/// \file
/// A JSON object's fields, read with their type and range checked; every error names the file and the field.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "urn/core/error.hpp"
#include "urn/model/strict_json.hpp"

namespace urn::detail {

/// The numbers from least to greatest, both included.
template <class T>
struct number_range {
  T least;
  T greatest;
};

/// A value that cannot be used: "<where>: <value> is not supported; expected <remedy>".
[[noreturn]] inline void refuse_value(const std::string& where, const nlohmann::json& value,
                                      const std::string& expected) {
  throw error(where, json_excerpt(value) + " is not supported", "expected " + expected);
}

/// `value` when it is an integer in `range`.
inline int read_integer(const nlohmann::json& value, const std::string& where, number_range<int> range) {
  const bool fits =
      value.is_number_unsigned() ? value.get<std::uint64_t>() <= 0x7FFFFFFFU : value.is_number_integer();
  const std::int64_t number = fits ? value.get<std::int64_t>() : 0;
  if (fits && number >= range.least && number <= range.greatest) return static_cast<int>(number);
  refuse_value(where, value,
               "an integer from " + std::to_string(range.least) + " to " + std::to_string(range.greatest));
}

/// Reads fields of one JSON object. A field that is null counts as absent, as in most of transformers' files.
class json_fields {
 public:
  /// `object` must outlive this; `name` stands for it in errors.
  json_fields(const nlohmann::json& object, std::string_view name)
      : json_fields(&object, std::string(name) + ": ") {}

  /// "<file>: <field>"
  std::string where(const char* field) const { return prefix_ + field; }
  /// The field's value, or nullptr when it is absent.
  const nlohmann::json* raw(const char* field) const {
    const auto found = object_->find(field);
    return found == object_->end() ? nullptr : &*found;
  }
  /// The field's value, or nullptr when it is absent or null.
  const nlohmann::json* find(const char* field) const {
    const nlohmann::json* const value = raw(field);
    return value == nullptr || value->is_null() ? nullptr : value;
  }

  int integer(const char* field, number_range<int> range) const {
    const nlohmann::json* const value = find(field);
    if (value == nullptr) throw error(where(field), "is missing", "expected an integer");
    return read_integer(*value, where(field), range);
  }
  int integer(const char* field, number_range<int> range, int otherwise) const {
    return find(field) == nullptr ? otherwise : integer(field, range);
  }

  float number(const char* field, number_range<double> range) const {
    const nlohmann::json* const value = find(field);
    if (value == nullptr) throw error(where(field), "is missing", "expected a number");
    const double number = value->is_number() ? value->get<double>() : -1.0;
    if (number >= range.least && number <= range.greatest) return static_cast<float>(number);
    refuse_value(where(field), *value,
                 "a number from " + json_excerpt(range.least) + " to " + json_excerpt(range.greatest));
  }
  float number(const char* field, number_range<double> range, float otherwise) const {
    return find(field) == nullptr ? otherwise : number(field, range);
  }

  bool boolean(const char* field, bool otherwise) const {
    const nlohmann::json* const value = find(field);
    if (value != nullptr && !value->is_boolean()) refuse_value(where(field), *value, "true or false");
    return value == nullptr ? otherwise : value->get<bool>();
  }

  /// Nothing when the field is absent.
  std::optional<std::string> text(const char* field) const {
    const nlohmann::json* const value = find(field);
    if (value == nullptr) return std::nullopt;
    if (!value->is_string()) refuse_value(where(field), *value, "a string");
    return value->get<std::string>();
  }

  /// The fields of the object in that field; nothing when it is absent or empty.
  std::optional<json_fields> object(const char* field) const {
    const nlohmann::json* const value = find(field);
    if (value == nullptr) return std::nullopt;
    if (!value->is_object()) refuse_value(where(field), *value, "an object");
    if (value->empty()) return std::nullopt;
    return json_fields(value, where(field) + ".");
  }

 private:
  json_fields(const nlohmann::json* object, std::string prefix)
      : object_(object), prefix_(std::move(prefix)) {}

  const nlohmann::json* object_;
  std::string prefix_;  // of a field in errors
};

}  // namespace urn::detail
