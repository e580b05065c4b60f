#pragma once
/// \file
/// Makes safetensors files for tests: good ones from tensors, bad ones from a header's text, and a place to
/// put them.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "urn/model/tensor.hpp"

namespace urn::test {

using bytes = std::vector<std::byte>;

/// The bytes of `values` as they lie in memory.
template <class T>
bytes bytes_of(const std::vector<T>& values) {
  bytes result(values.size() * sizeof(T));
  if (!result.empty()) std::memcpy(result.data(), values.data(), result.size());
  return result;
}

/// A safetensors file of this header text, which need not be valid, and this data.
inline bytes file_of(std::string_view header, const bytes& data = {}) {
  bytes result;
  for (std::size_t i = 0; i < 8; ++i)
    result.push_back(static_cast<std::byte>(header.size() >> (8 * i) & 0xFFU));
  for (const char c : header) result.push_back(static_cast<std::byte>(c));
  result.insert(result.end(), data.begin(), data.end());
  return result;
}

/// Collects tensors and lays them out one after the other.
class safetensors_writer {
 public:
  /// `dtype` and `shape` go into the header as they are, for example "F32" and "[2, 3]".
  safetensors_writer& add(std::string_view name, std::string_view dtype, std::string_view shape,
                          const bytes& data) {
    header_ += header_.empty() ? "" : ",";
    header_.append("\"")
        .append(name)
        .append("\":{\"dtype\":\"")
        .append(dtype)
        .append("\",\"shape\":")
        .append(shape);
    header_ += ",\"data_offsets\":[" + std::to_string(data_.size()) + ",";
    data_.insert(data_.end(), data.begin(), data.end());
    header_ += std::to_string(data_.size()) + "]}";
    return *this;
  }

  /// A row of floats.
  safetensors_writer& add(std::string_view name, const std::vector<float>& row) {
    return add(name, "F32", "[" + std::to_string(row.size()) + "]", bytes_of(row));
  }

  bytes file() const { return file_of("{" + header_ + "}", data_); }

 private:
  std::string header_;
  bytes data_;
};

/// A file of one tensor, "x".
inline bytes file_of_one(std::string_view dtype, std::string_view shape, const bytes& data) {
  return safetensors_writer().add("x", dtype, shape, data).file();
}
inline bytes file_of_one(const std::vector<float>& row) { return safetensors_writer().add("x", row).file(); }

/// A tensor's elements.
inline std::vector<float> floats(const tensor_view& tensor) {
  std::vector<float> result(tensor.bytes.size() / element_size(tensor.type));
  to_float(tensor, result);
  return result;
}

/// An empty directory that goes with its object.
class temporary_directory {
 public:
  temporary_directory() {
    std::random_device random;
    path_ = std::filesystem::temp_directory_path() /
            ("urn-test-" + std::to_string(random()) + "-" + std::to_string(random()));
    std::filesystem::create_directories(path_);
  }
  temporary_directory(const temporary_directory&) = delete;
  temporary_directory& operator=(const temporary_directory&) = delete;
  ~temporary_directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const std::filesystem::path& path() const { return path_; }

  std::filesystem::path write(const std::string& name, const bytes& content) const {
    std::ofstream file(path_ / name, std::ios::binary);
    file.write(reinterpret_cast<const char*>(content.data()), static_cast<std::streamsize>(content.size()));
    return path_ / name;
  }
  std::filesystem::path write(const std::string& name, std::string_view text) const {
    return write(name, bytes_of(std::vector<char>(text.begin(), text.end())));
  }

 private:
  std::filesystem::path path_;
};

}  // namespace urn::test
