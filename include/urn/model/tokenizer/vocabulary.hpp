#pragma once
/// \file
/// The model's vocabulary: tokens and their ids, both ways.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "urn/core/token.hpp"
#include "urn/model/tokenizer/json.hpp"

namespace urn::tokenizing {

/// Ids lie below this, so that a table by id stays small whatever a file says.
inline constexpr std::uint64_t most_tokens = std::uint64_t{1} << 22U;

class vocabulary {
 public:
  /// Gives `token` the id. False, and nothing changes, where the id or the token is taken.
  bool add(std::string token, token_id id) {
    const auto index = static_cast<std::size_t>(id);
    if (ids_.contains(token)) return false;
    if (index >= tokens_.size()) tokens_.resize(index + 1);
    if (tokens_[index]) return false;
    tokens_[index] = std::make_unique<const std::string>(std::move(token));
    ids_.emplace(*tokens_[index], id);
    return true;
  }

  /// The token's id, or no_token.
  token_id find(std::string_view token) const {
    const auto found = ids_.find(token);
    return found == ids_.end() ? no_token : found->second;
  }

  /// The token of an id; null for an id that has none.
  const std::string* token(token_id id) const {
    const auto index = static_cast<std::size_t>(id);
    return id >= 0 && index < tokens_.size() ? tokens_[index].get() : nullptr;
  }

  /// The largest id + 1.
  token_id bound() const { return static_cast<token_id>(tokens_.size()); }
  /// The number of tokens.
  std::size_t count() const { return ids_.size(); }

 private:
  std::vector<std::unique_ptr<const std::string>> tokens_;
  std::unordered_map<std::string_view, token_id> ids_;  // views of tokens_
};

/// Reads {"token": id, ...}.
inline vocabulary read_vocabulary(const field& part) {
  if (!part.value().is_object()) part.fail("it is not an object", "give an id for each token");
  vocabulary out;
  for (const auto& [token, id] : part.value().items()) {
    const auto number = field(id, part.where() + "[" + in_quotes(token) + "]").whole(most_tokens - 1);
    if (!out.add(token, static_cast<token_id>(number))) {
      part.fail(in_quotes(token) + " has id " + std::to_string(number) + ", which " +
                    in_quotes(*out.token(static_cast<token_id>(number))) + " has already",
                "give each token an id of its own");
    }
  }
  return out;
}

}  // namespace urn::tokenizing
