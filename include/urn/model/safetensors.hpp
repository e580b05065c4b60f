#pragma once
/// \file
/// Reading a .safetensors file: a JSON header that names every tensor's type, shape and place, then their
/// bytes. The format: https://github.com/huggingface/safetensors#format

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "urn/model/mapped_file.hpp"
#include "urn/model/safetensors_header.hpp"
#include "urn/model/tensor.hpp"

namespace urn {

/// One safetensors file, checked in full before the first tensor is given out. Movable, not copyable; views
/// stay valid while this object (or the one it was moved into) lives. Reading from several threads at once is
/// safe.
class safetensors {
 public:
  /// Maps and checks the file at `path`. Throws urn::error naming the file, the tensor and the rule it
  /// breaks.
  static safetensors open(const std::filesystem::path& path) {
    mapped_file file(path);
    safetensors result = parse(file.bytes(), path.string());
    result.file_ = std::move(file);
    return result;
  }

  /// Checks a whole file that the caller keeps in memory for as long as the result is used; it may be
  /// unaligned. `name` stands for the file in errors.
  static safetensors parse(std::span<const std::byte> file, std::string_view name) {
    safetensors result;
    result.name_ = name;
    result.contents_ = detail::read_safetensors(file, name);
    return result;
  }

  /// Whether there is a tensor of that name. O(log tensors).
  bool contains(std::string_view tensor) const { return contents_.tensors.contains(tensor); }

  /// The tensor of that name. Throws urn::error when there is none or its type is none of tensor_type. O(log
  /// tensors).
  tensor_view at(std::string_view tensor) const {
    const auto found = contents_.tensors.find(tensor);
    if (found == contents_.tensors.end()) detail::refuse_unknown_tensor(name_, tensor);
    const auto& [type, shape, begin, end] = found->second;
    return {detail::computable_type(*type, name_, tensor), shape, contents_.data.subspan(begin, end - begin)};
  }

  /// Every tensor's name, in ascending order of bytes.
  std::vector<std::string> names() const {
    std::vector<std::string> result;
    for (const auto& entry : contents_.tensors) result.push_back(entry.first);
    return result;
  }

 private:
  safetensors() = default;

  std::string name_;
  mapped_file file_;  // empty when the caller keeps the bytes
  detail::safetensors_contents contents_;
};

}  // namespace urn
