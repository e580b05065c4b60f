#pragma once
/// \file
/// Byte pair encoding: merges neighbouring symbols of a word, the earliest merge of the list first, until
/// none applies. Sennrich et al. 2016 (https://aclanthology.org/P16-1162), with the `tokenizers` library's
/// byte fallback, unknown tokens and order of merges.

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "urn/core/error.hpp"
#include "urn/core/token.hpp"
#include "urn/model/tokenizer/json.hpp"
#include "urn/model/tokenizer/utf8.hpp"
#include "urn/model/tokenizer/vocabulary.hpp"

namespace urn::tokenizing {

/// What a pair of neighbours becomes; the smaller rank goes first.
struct merge {
  std::uint32_t rank = 0;
  token_id into = no_token;
};

/// Merges by their pair: a hash table with open addressing, at most half full.
class merge_table {
 public:
  explicit merge_table(std::size_t merges)
      : slots_(std::size_t{4} << bits(merges)), shift_(62 - bits(merges)) {}

  /// Null where the pair does not merge.
  const merge* find(token_id left, token_id right) const {
    const slot& found = slots_[place(key(left, right))];
    return found.key == empty ? nullptr : &found.value;
  }

  /// The last merge set for a pair counts.
  void set(token_id left, token_id right, merge value) {
    slots_[place(key(left, right))] = {key(left, right), value};
  }

 private:
  static constexpr std::uint64_t empty = std::numeric_limits<std::uint64_t>::max();
  struct slot {
    std::uint64_t key = empty;
    merge value;
  };

  static constexpr unsigned bits(std::size_t merges) { return static_cast<unsigned>(std::bit_width(merges)); }
  static constexpr std::uint64_t key(token_id left, token_id right) {
    return static_cast<std::uint64_t>(left) << 32U | static_cast<std::uint32_t>(right);
  }

  std::size_t place(std::uint64_t pair) const {
    std::size_t at = pair * 0x9E3779B97F4A7C15U >> shift_;  // Fibonacci hashing
    while (slots_[at].key != empty && slots_[at].key != pair) at = (at + 1) & (slots_.size() - 1);
    return at;
  }

  std::vector<slot> slots_;
  unsigned shift_;
};

/// The model. Immutable once read.
struct bpe {
  vocabulary tokens;
  merge_table merges{0};
  std::string unknown;  ///< stands for what has no token; empty for none
  bool fuse_unknown = false, byte_fallback = false, ignore_merges = false;
  std::array<token_id, 256> byte_tokens{};  ///< of <0x00> to <0xFF>, where they exist
};

/// Scratch for bpe_word(), to be reused from word to word.
struct bpe_scratch {
  static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();
  struct symbol {
    token_id id;
    std::uint32_t previous, next;  ///< neighbours, or none
    bool merged_away = false;
  };
  struct candidate {
    std::uint32_t rank, position;
    token_id into;
    /// Orders a heap with the smallest rank, then position, on top.
    friend bool operator<(const candidate& a, const candidate& b) {
      return std::pair(a.rank, a.position) > std::pair(b.rank, b.position);
    }
  };
  std::vector<symbol> symbols;
  std::vector<candidate> heap;
};

/// The bytes to write a character with that has no token: of an escape, the one it stands for.
inline std::string fallback_bytes(std::string_view character) {
  const int byte = escaped_byte(decode_utf8(character, 0).value);
  return byte < 0 ? std::string(character) : std::string(1, static_cast<char>(byte));
}

/// Appends the byte tokens of a character; false, and nothing is appended, if one is missing.
inline bool append_bytes(const bpe& model, std::string_view character,
                         std::vector<bpe_scratch::symbol>& symbols) {
  const std::string bytes = fallback_bytes(character);
  const auto token = [&](char byte) { return model.byte_tokens[static_cast<unsigned char>(byte)]; };
  if (std::ranges::any_of(bytes, [&](char byte) { return token(byte) == no_token; })) return false;
  for (const char byte : bytes) symbols.push_back({token(byte), 0, 0});
  return true;
}

/// The first symbols of a word: its characters, or what stands for them. A character that nothing stands for
/// is left out, as the library does. `unknown` is pending until the next known character or the end.
inline void append_symbols(const bpe& model, std::string_view word,
                           std::vector<bpe_scratch::symbol>& symbols) {
  bool pending = false;
  const token_id unknown = model.unknown.empty() ? no_token : model.tokens.find(model.unknown);
  const auto flush = [&] {
    if (pending) symbols.push_back({unknown, 0, 0});
    pending = false;
  };
  for (std::size_t at = 0; at < word.size();) {
    const std::string_view character = word.substr(at, decode_utf8(word, at).length);
    at += character.size();
    if (const token_id id = model.tokens.find(character); id != no_token) {
      flush();
      symbols.push_back({id, 0, 0});
    } else if (!(model.byte_fallback && append_bytes(model, character, symbols)) && !model.unknown.empty()) {
      if (unknown == no_token) {
        throw error("model.unk_token", in_quotes(model.unknown) + " is needed, but is not in the vocabulary",
                    "add it to model.vocab");
      }
      if (!model.fuse_unknown) flush();
      pending = true;
    }
  }
  flush();
}

/// Notes that the symbol at `position` may merge with the next one.
inline void push_candidate(const bpe& model, bpe_scratch& scratch, std::uint32_t position) {
  const auto& symbol = scratch.symbols[position];
  if (symbol.next == bpe_scratch::none) return;
  const merge* const found = model.merges.find(symbol.id, scratch.symbols[symbol.next].id);
  if (found == nullptr) return;
  scratch.heap.push_back({found->rank, position, found->into});
  std::push_heap(scratch.heap.begin(), scratch.heap.end());
}

inline void link_symbols(std::vector<bpe_scratch::symbol>& symbols) {
  const auto count = static_cast<std::uint32_t>(symbols.size());
  for (std::uint32_t i = 0; i < count; ++i) {
    symbols[i].previous = i == 0 ? bpe_scratch::none : i - 1;
    symbols[i].next = i + 1 == count ? bpe_scratch::none : i + 1;
  }
}

/// Joins the symbol at `position` with its next one, if that still makes `top.into`.
inline void apply_candidate(const bpe& model, bpe_scratch& scratch, const bpe_scratch::candidate& top) {
  auto& left = scratch.symbols[top.position];
  if (left.merged_away || left.next == bpe_scratch::none) return;
  auto& right = scratch.symbols[left.next];
  const merge* const now = model.merges.find(left.id, right.id);
  if (now == nullptr || now->into != top.into) return;  // a neighbour has changed since
  left.id = top.into;
  left.next = right.next;
  right.merged_away = true;
  if (right.next != bpe_scratch::none) scratch.symbols[right.next].previous = top.position;
  if (left.previous != bpe_scratch::none) push_candidate(model, scratch, left.previous);
  push_candidate(model, scratch, top.position);
}

/// Appends the tokens of `word`, n characters long, in O(n log n). Throws urn::error if the model's unknown
/// token is needed and has no id, or the word is 2^32 characters long.
inline void bpe_word(const bpe& model, std::string_view word, bpe_scratch& scratch,
                     std::vector<token_id>& out) {
  if (word.size() >= bpe_scratch::none)
    throw error("text", "a word of 4 GiB", "cut the text into shorter ones");
  if (model.ignore_merges) {
    if (const token_id id = model.tokens.find(word); id != no_token) return out.push_back(id);
  }
  scratch.symbols.clear();
  scratch.heap.clear();
  append_symbols(model, word, scratch.symbols);
  link_symbols(scratch.symbols);
  for (std::uint32_t i = 0; i < scratch.symbols.size(); ++i) push_candidate(model, scratch, i);
  while (!scratch.heap.empty()) {
    std::pop_heap(scratch.heap.begin(), scratch.heap.end());
    const bpe_scratch::candidate top = scratch.heap.back();
    scratch.heap.pop_back();
    apply_candidate(model, scratch, top);
  }
  for (const auto& symbol : scratch.symbols) {
    if (!symbol.merged_away) out.push_back(symbol.id);
  }
}

}  // namespace urn::tokenizing
