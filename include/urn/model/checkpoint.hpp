#pragma once
/// \file
/// The weights of a model directory: one safetensors file, or an index and the shards it names.

#include <cstddef>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "urn/core/error.hpp"
#include "urn/model/mapped_file.hpp"
#include "urn/model/safetensors.hpp"
#include "urn/model/strict_json.hpp"

namespace urn {

/// All tensors of a model, wherever they lie. Movable, not copyable; views stay valid while this object (or
/// the one it was moved into) lives. Reading from several threads at once is safe.
class checkpoint {
 public:
  /// Opens `directory`/model.safetensors or, where there is none, model.safetensors.index.json and every
  /// shard it names, and checks them all. Throws urn::error naming the file, the tensor and what was
  /// expected.
  static checkpoint open(const std::filesystem::path& directory);

  /// One file that the caller keeps in memory for as long as the result is used; `name` stands for it in
  /// errors.
  static checkpoint parse(std::span<const std::byte> file, std::string_view name) {
    return {safetensors::parse(file, name), name};
  }

  /// Whether there is a tensor of that name. O(log tensors).
  bool contains(std::string_view tensor) const { return shard_of_.contains(tensor); }

  /// The tensor of that name. Throws urn::error when there is none or its type is none of tensor_type. O(log
  /// tensors).
  tensor_view at(std::string_view tensor) const {
    const auto found = shard_of_.find(tensor);
    if (found == shard_of_.end()) detail::refuse_unknown_tensor(name_, tensor);
    return shards_[found->second].at(tensor);
  }

  /// Every tensor's name, in ascending order of bytes.
  std::vector<std::string> names() const {
    std::vector<std::string> result;
    for (const auto& entry : shard_of_) result.push_back(entry.first);
    return result;
  }

 private:
  checkpoint(safetensors only, std::string_view name) : name_(name) {
    for (auto& tensor : only.names()) shard_of_.emplace(std::move(tensor), 0);
    shards_.push_back(std::move(only));
  }
  explicit checkpoint(const std::filesystem::path& index);

  std::string name_;
  std::vector<safetensors> shards_;
  std::map<std::string, std::size_t, std::less<>> shard_of_;
};

namespace detail {

/// `file` names a file beside the index and nothing else.
inline bool is_plain_file_name(std::string_view file) {
  constexpr std::string_view separators("/\\\0", 3);
  return !file.empty() && file != "." && file != ".." &&
         file.find_first_of(separators) == std::string_view::npos;
}

/// The index's tensor names, each with its shard's file name.
inline std::map<std::string, std::string> read_weight_map(const std::filesystem::path& index) {
  const std::string where = index.string() + ": weight_map";
  const mapped_file file(index);
  const nlohmann::json root = parse_json_object(file.text(), index.string());
  const auto map = root.find("weight_map");
  if (map == root.end() || !map->is_object() || map->empty()) {
    throw error(where, "is not an object with entries", R"(expected {"<tensor>": "<shard file>", ...})");
  }
  std::map<std::string, std::string> result;
  for (const auto& [tensor, shard] : map->items()) {
    if (!shard.is_string() || !is_plain_file_name(shard.get_ref<const std::string&>())) {
      throw error(std::string(where).append(".").append(tensor),
                  json_excerpt(shard) + " is not a shard's file name",
                  "expected the plain name of a file beside the index");
    }
    result.emplace(tensor, shard.get<std::string>());
  }
  return result;
}

}  // namespace detail

inline checkpoint::checkpoint(const std::filesystem::path& index) : name_(index.string()) {
  std::map<std::string, std::size_t> opened;
  for (const auto& [tensor, file] : detail::read_weight_map(index)) {
    const auto [shard, is_new] = opened.emplace(file, shards_.size());
    if (is_new) shards_.push_back(safetensors::open(index.parent_path() / file));
    if (!shards_[shard->second].contains(tensor)) {
      throw error(name_ + ": weight_map." + tensor, "is not in " + file,
                  "expected the shard that holds the tensor");
    }
    shard_of_.emplace(tensor, shard->second);
  }
}

inline checkpoint checkpoint::open(const std::filesystem::path& directory) {
  std::error_code ignored;
  const auto single = directory / "model.safetensors";
  if (std::filesystem::exists(single, ignored)) return {safetensors::open(single), single.string()};
  const auto index = directory / "model.safetensors.index.json";
  if (std::filesystem::exists(index, ignored)) return checkpoint(index);
  const bool is_directory = std::filesystem::is_directory(directory, ignored);
  throw error(directory.string(), is_directory ? "holds no weights" : "is not a directory",
              "expected a directory with model.safetensors or model.safetensors.index.json");
}

}  // namespace urn
