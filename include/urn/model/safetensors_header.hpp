#pragma once
/// \file
/// The header of a safetensors file: eight bytes of little-endian length, then JSON; everything in it is
/// checked here. The format and its rules: https://github.com/huggingface/safetensors#format

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "urn/core/error.hpp"
#include "urn/model/strict_json.hpp"
#include "urn/model/tensor.hpp"

namespace urn::detail {

/// An element type of the format; those without `computable` can be in a file but not be asked for.
struct safetensors_type {
  std::string_view name;
  std::uint64_t bits;
  std::optional<tensor_type> computable = std::nullopt;
};

inline constexpr std::array<safetensors_type, 22> safetensors_types{{
    {"F32", 32, tensor_type::f32},
    {"F16", 16, tensor_type::f16},
    {"BF16", 16, tensor_type::bf16},
    {"F64", 64},
    {"C64", 64},
    {"I64", 64},
    {"U64", 64},
    {"I32", 32},
    {"U32", 32},
    {"I16", 16},
    {"U16", 16},
    {"I8", 8},
    {"U8", 8},
    {"BOOL", 8},
    {"F8_E5M2", 8},
    {"F8_E4M3", 8},
    {"F8_E8M0", 8},
    {"F8_E5M2FNUZ", 8},
    {"F8_E4M3FNUZ", 8},
    {"F6_E2M3", 6},
    {"F6_E3M2", 6},
    {"F4", 4},
}};

/// One tensor of a file: bytes [begin, end) of the data that follow the header.
struct safetensors_entry {
  const safetensors_type* type;
  std::vector<std::int64_t> shape;
  std::size_t begin;
  std::size_t end;
};

struct safetensors_contents {
  std::map<std::string, safetensors_entry, std::less<>> tensors;
  std::span<const std::byte> data;
};

[[noreturn]] inline void refuse_unknown_tensor(std::string_view file, std::string_view tensor) {
  throw error(file, "has no tensor " + json_excerpt(std::string(tensor)), "names() lists those it has");
}

inline tensor_type computable_type(const safetensors_type& type, std::string_view file,
                                   std::string_view tensor) {
  if (type.computable) return *type.computable;
  throw error(std::string(file) + ": " + std::string(tensor),
              "has type " + std::string(type.name) + ", which urn does not compute with",
              "expected F32, F16 or BF16");
}

/// The header's text. Its length is checked against the file's before anything is read.
inline std::string_view safetensors_header_text(std::span<const std::byte> file, std::string_view name) {
  constexpr std::size_t prefix = 8;
  if (file.size() < prefix) {
    throw error(name, "has " + std::to_string(file.size()) + " bytes",
                "expected a safetensors file of at least 8");
  }
  std::uint64_t length = 0;
  for (std::size_t i = 0; i < prefix; ++i) length |= std::to_integer<std::uint64_t>(file[i]) << (8 * i);
  if (length > json_max_bytes) {
    throw error(name, "states a header of " + std::to_string(length) + " bytes", "expected at most 100 MB");
  }
  if (length > file.size() - prefix) {
    throw error(name,
                "states a header of " + std::to_string(length) + " bytes and has " +
                    std::to_string(file.size() - prefix) + " left",
                "expected the whole file");
  }
  const std::string_view text(reinterpret_cast<const char*>(file.data()) + prefix,
                              static_cast<std::size_t>(length));
  if (!text.starts_with('{'))
    throw error(name, "has a header that does not begin with {", "expected a JSON object");
  return text;
}

inline void check_safetensors_metadata(const nlohmann::json& metadata, std::string_view name) {
  const auto is_string = [](const nlohmann::json& value) { return value.is_string(); };
  if (metadata.is_object() && std::all_of(metadata.begin(), metadata.end(), is_string)) return;
  throw error(std::string(name) + ": __metadata__", "is " + json_excerpt(metadata),
              "expected an object of strings");
}

inline const safetensors_type& read_safetensors_type(const nlohmann::json& value, const std::string& where) {
  const auto same_name = [&](const safetensors_type& type) { return value == type.name; };
  const auto* const found = std::find_if(safetensors_types.begin(), safetensors_types.end(), same_name);
  if (found == safetensors_types.end()) {
    throw error(where + ".dtype", json_excerpt(value) + " is not a type",
                "expected one of the format's, such as BF16");
  }
  return *found;
}

/// An array of integers from 0 to the greatest std::int64_t.
inline std::vector<std::int64_t> read_safetensors_integers(const nlohmann::json& array,
                                                           const std::string& where) {
  constexpr std::uint64_t greatest = std::numeric_limits<std::int64_t>::max();
  const auto is_valid = [](const nlohmann::json& value) {
    return value.is_number_unsigned() && value.get<std::uint64_t>() <= greatest;
  };
  if (!array.is_array() || !std::all_of(array.begin(), array.end(), is_valid)) {
    throw error(where, "is " + json_excerpt(array), "expected an array of integers from 0 to 2^63 - 1");
  }
  return array.get<std::vector<std::int64_t>>();
}

/// The bytes that a tensor of this shape takes, or nothing when they are too many to count or no whole
/// number.
inline std::optional<std::uint64_t> safetensors_size(const std::vector<std::int64_t>& shape,
                                                     std::uint64_t bits) {
  std::uint64_t product = bits;
  for (const std::int64_t extent : shape) {
    const auto factor = static_cast<std::uint64_t>(extent);
    if (factor != 0 && product > std::numeric_limits<std::uint64_t>::max() / factor) return std::nullopt;
    product *= factor;
  }
  if (product % 8 != 0) return std::nullopt;
  return product / 8;
}

inline safetensors_entry read_safetensors_entry(const nlohmann::json& value, const std::string& where,
                                                std::size_t data_size) {
  for (const char* const field : {"dtype", "shape", "data_offsets"}) {
    if (!value.contains(field))
      throw error(where, std::string("has no ") + field, "expected dtype, shape, data_offsets");
  }
  const safetensors_type& type = read_safetensors_type(value["dtype"], where);
  auto shape = read_safetensors_integers(value["shape"], where + ".shape");
  const auto offsets = read_safetensors_integers(value["data_offsets"], where + ".data_offsets");
  if (offsets.size() != 2 || offsets[0] > offsets[1] || static_cast<std::uint64_t>(offsets[1]) > data_size) {
    throw error(where + ".data_offsets", "is " + json_excerpt(value["data_offsets"]),
                "expected begin <= end <= " + std::to_string(data_size));
  }
  const auto size = static_cast<std::uint64_t>(offsets[1] - offsets[0]);
  if (safetensors_size(shape, type.bits) != size) {
    throw error(
        where, "has " + std::to_string(size) + " bytes",
        "expected those of " + std::string(type.name) + " with shape " + json_excerpt(value["shape"]));
  }
  return {&type, std::move(shape), static_cast<std::size_t>(offsets[0]),
          static_cast<std::size_t>(offsets[1])};
}

/// Every byte of the data belongs to exactly one tensor.
inline void check_safetensors_cover(const safetensors_contents& contents, std::string_view name) {
  std::vector<std::pair<std::size_t, std::size_t>> ranges;
  for (const auto& [tensor, entry] : contents.tensors) ranges.emplace_back(entry.begin, entry.end);
  std::sort(ranges.begin(), ranges.end());
  ranges.emplace_back(contents.data.size(), contents.data.size());
  std::size_t covered = 0;
  for (const auto& [begin, end] : ranges) {
    if (begin != covered) {
      const std::string problem =
          begin < covered ? "has overlapping tensors" : "has bytes that no tensor owns";
      throw error(name, problem + " at data offset " + std::to_string(std::min(begin, covered)),
                  "expected tensors that follow each other without gaps to the end of the file");
    }
    covered = end;
  }
}

/// Reads and checks the whole header; throws urn::error for whatever breaks the format.
inline safetensors_contents read_safetensors(std::span<const std::byte> file, std::string_view name) {
  const std::string_view text = safetensors_header_text(file, name);
  const nlohmann::json header = parse_json_object(text, name);
  safetensors_contents result{{}, file.subspan(8 + text.size())};
  for (const auto& [tensor, value] : header.items()) {
    if (tensor == "__metadata__") {
      check_safetensors_metadata(value, name);
    } else {
      const std::string where = std::string(name) + ": " + tensor;
      result.tensors.emplace(tensor, read_safetensors_entry(value, where, result.data.size()));
    }
  }
  check_safetensors_cover(result, name);
  return result;
}

}  // namespace urn::detail
