#pragma once
/// \file
/// Added tokens: found in the text before BPE sees it, the leftmost and then the longest first.

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "urn/core/token.hpp"
#include "urn/model/tokenizer/bpe.hpp"
#include "urn/model/tokenizer/json.hpp"
#include "urn/model/tokenizer/normalizer.hpp"
#include "urn/model/tokenizer/regex.hpp"

namespace urn::tokenizing {

/// One entry of "added_tokens".
struct added_token {
  token_id id;
  std::string content;
  bool single_word, lstrip, rstrip, normalized, special;
};

/// A set of texts, to be found leftmost-longest.
class text_finder {
 public:
  void add(std::string text, const added_token& token) { texts_.emplace_back(std::move(text), &token); }

  /// To be called after the last add(). Of equal texts, the first stays.
  void finish() {
    std::ranges::stable_sort(texts_, {}, &entry::first);
    const auto same = [](const entry& a, const entry& b) { return a.first == b.first; };
    texts_.erase(std::unique(texts_.begin(), texts_.end(), same), texts_.end());
    for (const entry& e : texts_) begins_[byte_at(e.first, 0)] = true;
  }

  /// Calls use(begin, end, token) for the matches from left to right. At most the longest text's length of
  /// steps for each byte.
  template <class F>
  void find_all(std::string_view text, F&& use) const {
    for (std::size_t at = 0; at < text.size();) {
      const entry* const found = begins_[byte_at(text, at)] ? longest_at(text.substr(at)) : nullptr;
      if (found == nullptr) {
        ++at;
      } else {
        use(at, at + found->first.size(), *found->second);
        at += found->first.size();
      }
    }
  }

 private:
  using entry = std::pair<std::string, const added_token*>;

  /// The longest text that `text` begins with: narrows the sorted texts byte by byte.
  const entry* longest_at(std::string_view text) const {
    const entry* found = nullptr;
    auto low = texts_.begin();
    auto high = texts_.end();
    for (std::size_t i = 0; i < text.size() && low != high; ++i) {
      const auto byte = [i](const entry& e) { return byte_at(e.first, i); };
      low = std::ranges::lower_bound(low, high, byte_at(text, i), {}, byte);
      high = std::ranges::upper_bound(low, high, byte_at(text, i), {}, byte);
      if (low == high || low->first.size() != i + 1) continue;
      found = &*low;
      ++low;
    }
    return found;
  }

  std::vector<entry> texts_;
  std::array<bool, 256> begins_{};
};

class added_tokens {
 public:
  added_tokens(std::vector<added_token> tokens, const normalizer& normalizing) : tokens_(std::move(tokens)) {
    for (const added_token& token : tokens_) {
      ids_.emplace(token.content, token.id);
      const std::string text = token.normalized ? normalize(normalizing, token.content) : token.content;
      if (!text.empty()) (token.normalized ? in_normalized_ : in_raw_).add(text, token);
    }
    in_normalized_.finish();
    in_raw_.finish();
  }
  added_tokens(const added_tokens&) = delete;  // the finders point to tokens_
  added_tokens& operator=(const added_tokens&) = delete;

  const std::vector<added_token>& all() const { return tokens_; }

  /// The id of an added token, or no_token.
  token_id find(std::string_view content) const {
    const auto found = ids_.find(content);
    return found == ids_.end() ? no_token : found->second;
  }

  /// Cuts at the tokens that are found in the text as it is, or in normalized text. Calls found(id) and
  /// between(piece) in order.
  template <class Found, class Between>
  void cut(std::string_view text, bool normalized, const Found& found, const Between& between) const {
    std::size_t covered = 0;
    const auto stretch = [&](std::size_t begin, std::size_t end, const added_token& token) {
      const bool joined = is_before(word_, text, begin) || (end < text.size() && is_at(word_, text, end));
      if (token.single_word && joined) return;
      if (token.lstrip) begin = std::max(covered, spaces_begin(text, begin));
      if (token.rstrip) end = spaces_end(text, end);
      if (covered < begin) between(text.substr(covered, begin - covered));
      found(token.id);
      covered = end;
    };
    (normalized ? in_normalized_ : in_raw_).find_all(text, stretch);
    if (covered < text.size()) between(text.substr(covered));
  }

 private:
  /// Where the character before `at` begins.
  static std::size_t previous(std::string_view text, std::size_t at) {
    do --at;
    while (at > 0 && (byte_at(text, at) & 0xC0U) == 0x80U);
    return at;
  }

  /// Whether the character at `at` is of the class.
  static bool is_at(const regex& wanted, std::string_view text, std::size_t at) {
    return wanted.occurs_in(text.substr(at, decode_utf8(text, at).length));
  }

  static bool is_before(const regex& wanted, std::string_view text, std::size_t at) {
    return at > 0 && is_at(wanted, text, previous(text, at));
  }

  std::size_t spaces_begin(std::string_view text, std::size_t at) const {
    while (is_before(space_, text, at)) at = previous(text, at);
    return at;
  }

  std::size_t spaces_end(std::string_view text, std::size_t at) const {
    while (at < text.size() && is_at(space_, text, at)) at += decode_utf8(text, at).length;
    return at;
  }

  std::vector<added_token> tokens_;
  std::unordered_map<std::string_view, token_id> ids_;  // views of tokens_
  text_finder in_raw_, in_normalized_;
  regex space_{"\\s", "added_tokens"};
  regex word_{R"([\w\x{200C}\x{200D}])", "added_tokens"};
};

}  // namespace urn::tokenizing
