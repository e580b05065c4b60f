#pragma once
/// \file
/// Checked access to parsed JSON: every error names the field and what would be right.

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "urn/core/error.hpp"

namespace urn::tokenizing {

using json = nlohmann::json;

/// `text` in quotes for a message, cut where it is long.
inline std::string in_quotes(std::string_view text) {
  constexpr std::size_t most = 60;
  if (text.size() <= most) return std::string("'").append(text).append("'");
  std::size_t end = most;
  while ((static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;  // not within a character
  return std::string("'").append(text.substr(0, end)).append("...'");
}

/// A value and where it stands, e.g. "tokenizer.json: model.merges[3]". A view: the document and
/// the file's name outlive it.
class field {
 public:
  field(const json& value, std::string_view file, std::string path = {})
      : value_(&value), file_(file), path_(std::move(path)) {}

  const json& value() const { return *value_; }
  std::string where() const { return std::string(file_).append(path_.empty() ? "" : ": ").append(path_); }

  [[noreturn]] void fail(std::string_view problem, std::string_view remedy) const {
    throw error(where(), problem, remedy);
  }

  /// The member `name`, if it is there and not null.
  std::optional<field> find(std::string_view name) const {
    if (!value_->is_object()) fail("it is not an object", "give one with the fields of tokenizer.json");
    const auto found = value_->find(name);
    if (found == value_->end() || found->is_null()) return std::nullopt;
    return field(*found, file_, path_.empty() ? std::string(name) : path_ + "." + std::string(name));
  }

  field at(std::string_view name) const {
    if (auto found = find(name)) return *std::move(found);
    fail("there is no field '" + std::string(name) + "'", "give it a value");
  }

  /// The elements of an array.
  std::vector<field> elements() const {
    if (!value_->is_array()) fail("it is not an array", "give a list in [ ]");
    std::vector<field> out;
    out.reserve(value_->size());
    for (const json& element : *value_) {
      out.emplace_back(element, file_, path_ + "[" + std::to_string(out.size()) + "]");
    }
    return out;
  }

  const std::string& string() const {
    if (!value_->is_string()) fail("it is not a string", "give a text in quotes");
    return value_->get_ref<const std::string&>();
  }

  bool boolean() const {
    if (!value_->is_boolean()) fail("it is not a boolean", "give true or false");
    return value_->get<bool>();
  }

  /// A whole number from 0 to `most`.
  std::uint64_t whole(std::uint64_t most) const {
    if (!value_->is_number_unsigned() || value_->get<std::uint64_t>() > most) {
      fail("it is not a whole number from 0 to " + std::to_string(most), "give one");
    }
    return value_->get<std::uint64_t>();
  }

  bool boolean_or(std::string_view name, bool fallback) const {
    const auto found = find(name);
    return found ? found->boolean() : fallback;
  }

  /// Refuses a field that changes the result, unless it is absent, null, empty or zero.
  void refuse(std::string_view name, std::string_view remedy) const {
    const auto found = find(name);
    if (!found || found->value() == json("") || found->value() == json(0) || found->value() == json(false))
      return;
    found->fail("'" + std::string(name) + "' is not supported", remedy);
  }

 private:
  const json* value_;
  std::string_view file_;
  std::string path_;
};

/// The part, or the parts of a "Sequence", whose list is named `list`, flattened; none for a part that is
/// absent.
inline std::vector<field> parts_of(const std::optional<field>& part, std::string_view list, int depth = 0) {
  constexpr std::size_t most = 64;
  constexpr int deepest = 8;
  if (!part) return {};
  if (part->at("type").string() != "Sequence") return {*part};
  if (depth == deepest) part->fail("Sequences are nested too deeply", "nest at most eight");
  std::vector<field> out;
  for (const field& inner : part->at(list).elements()) {
    for (const field& step : parts_of(inner, list, depth + 1)) out.push_back(step);
    if (out.size() > most) part->fail("the Sequence is too long", "give at most 64 parts");
  }
  return out;
}

/// Bounds how much longer a chain of parts can make a text, so that no file can ask for more than memory.
class growth {
 public:
  void grow(std::size_t times, const field& step) {
    times_ *= static_cast<double>(times);
    if (times_ > 65536) step.fail("these parts could make a text 65536 times as long", "replace by less");
  }

 private:
  double times_ = 1;
};

}  // namespace urn::tokenizing
