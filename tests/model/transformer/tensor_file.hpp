#pragma once
/// \file
/// A safetensors file taken apart, so that tests can spoil it and put it together again.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "model/transformer/fixture.hpp"

namespace urn_test {

struct stored_tensor {
  std::string dtype;
  std::vector<std::int64_t> shape;
  std::vector<char> bytes;
};

using tensor_file = std::map<std::string, stored_tensor>;

inline tensor_file read_tensor_file(const std::filesystem::path& path) {
  const auto content = file_content(path);
  std::uint64_t length = 0;
  std::memcpy(&length, content.data(), sizeof length);
  const auto data = content.begin() + static_cast<std::ptrdiff_t>(8 + length);
  tensor_file result;
  const auto header = nlohmann::json::parse(content.begin() + 8, data);
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") continue;
    const std::vector<std::ptrdiff_t> place = entry["data_offsets"];
    result[name] = {entry["dtype"], entry["shape"], {data + place[0], data + place[1]}};
  }
  return result;
}

inline std::vector<std::byte> write_tensor_file(const tensor_file& tensors) {
  nlohmann::json header;
  std::vector<char> data;
  for (const auto& [name, tensor] : tensors) {
    const std::size_t start = data.size();
    data.insert(data.end(), tensor.bytes.begin(), tensor.bytes.end());
    header[name] = {{"dtype", tensor.dtype}, {"shape", tensor.shape}, {"data_offsets", {start, data.size()}}};
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');
  const std::uint64_t length = text.size();
  std::vector<std::byte> result(8 + text.size() + data.size());
  std::memcpy(result.data(), &length, 8);
  std::memcpy(result.data() + 8, text.data(), text.size());
  std::memcpy(result.data() + 8 + text.size(), data.data(), data.size());
  return result;
}

}  // namespace urn_test
