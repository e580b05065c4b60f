#pragma once
/// \file
/// Where a model's files lie: a directory, or a name in the local Hugging Face cache.

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "urn/core/error.hpp"

namespace urn {

/// The folder where huggingface_hub keeps what it downloads: HF_HUB_CACHE, or HUGGINGFACE_HUB_CACHE, or
/// HF_HOME/hub, or XDG_CACHE_HOME/huggingface/hub, or HOME/.cache/huggingface/hub, the first that is set.
/// Reads the environment, so not while another thread changes it.
inline std::filesystem::path hub_cache() {
  const auto variable = [](const char* name) -> std::optional<std::filesystem::path> {
    const char* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): said above
    return value == nullptr || *value == '\0' ? std::nullopt : std::optional<std::filesystem::path>(value);
  };
  if (const auto cache = variable("HF_HUB_CACHE")) return *cache;
  if (const auto cache = variable("HUGGINGFACE_HUB_CACHE")) return *cache;
  if (const auto home = variable("HF_HOME")) return *home / "hub";
  if (const auto caches = variable("XDG_CACHE_HOME")) return *caches / "huggingface" / "hub";
  return variable("HOME").value_or(".") / ".cache" / "huggingface" / "hub";
}

namespace detail {

/// `name` or `organisation/name`, in the characters that the hub allows.
inline bool is_hub_name(std::string_view text) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  const auto is_part = [&](std::string_view part) {
    return !part.empty() && part.front() != '.' && part.front() != '-' &&
           std::all_of(part.begin(), part.end(), allowed);
  };
  const std::size_t slash = text.find('/');
  return is_part(text.substr(0, slash)) && (slash == text.npos || is_part(text.substr(slash + 1)));
}

/// The name of the first file that a model directory lacks; empty if it is whole.
inline std::string missing_file(const std::filesystem::path& directory) {
  const auto has = [&](const char* file) {
    std::error_code ignored;
    return std::filesystem::is_regular_file(directory / file, ignored);
  };
  if (!has("config.json")) return "config.json";
  if (!has("tokenizer.json")) return "tokenizer.json";
  if (!has("model.safetensors") && !has("model.safetensors.index.json")) return "model.safetensors";
  return {};
}

/// The folder of the snapshot that the cache has of a model's main branch, wherever it should be; nothing if
/// the cache does not know the model.
inline std::optional<std::filesystem::path> cached_snapshot(const std::filesystem::path& cache,
                                                            std::string_view name) {
  std::string folder = "models--" + std::string(name);
  if (const std::size_t slash = folder.find('/'); slash != folder.npos) folder.replace(slash, 1, "--");
  std::string commit;
  std::ifstream(cache / folder / "refs" / "main") >> commit;
  const bool is_hash = !commit.empty() && commit.find_first_not_of("0123456789abcdef") == commit.npos;
  return is_hash ? std::optional(cache / folder / "snapshots" / commit) : std::nullopt;
}

}  // namespace detail

/// The directory of a model, which has config.json, tokenizer.json and model.safetensors or its index.
/// `model` is a directory, or a name such as "org/name" whose main branch is in `cache`, as `hf download`
/// leaves it there. A directory of that name comes first. Nothing is downloaded: throws urn::error that says
/// where it looked and how to get the model. The files are not read.
inline std::filesystem::path find_model(const std::string& model,
                                        const std::filesystem::path& cache = hub_cache()) {
  std::error_code ignored;
  const std::string get =
      "get it with: hf download " + model + " (or huggingface-cli download " + model + ")";
  if (std::filesystem::is_directory(model, ignored)) {
    const std::string missing = detail::missing_file(model);
    if (missing.empty()) return model;
    throw error(model, "the directory has no " + missing,
                "expected config.json, tokenizer.json and model.safetensors or model.safetensors.index.json");
  }
  if (!detail::is_hub_name(model)) {
    throw error("model \"" + model + "\"", "there is no such directory",
                "expected a model directory, or a name such as org/name");
  }
  const auto snapshot = detail::cached_snapshot(cache, model);
  if (!snapshot) {
    throw error("model \"" + model + "\"",
                "there is neither such a directory nor such a model in " + cache.string(), get);
  }
  const std::string missing = detail::missing_file(*snapshot);
  if (missing.empty()) return *snapshot;
  throw error("model \"" + model + "\"", "its snapshot " + snapshot->string() + " has no " + missing, get);
}

}  // namespace urn
