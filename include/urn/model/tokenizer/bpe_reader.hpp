#pragma once
/// \file
/// Reads the "model" of tokenizer.json. Only BPE; the other models are refused.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "urn/model/tokenizer/bpe.hpp"
#include "urn/model/tokenizer/json.hpp"

namespace urn::tokenizing {

/// A merge is "a b" or, where tokens hold spaces, ["a", "b"].
inline std::pair<std::string_view, std::string_view> read_pair(const field& part) {
  if (part.value().is_array()) {
    const auto both = part.elements();
    if (both.size() != 2) part.fail("it does not have two tokens", R"(give ["a", "b"])");
    return {both[0].string(), both[1].string()};
  }
  const std::string_view text = part.string();
  const std::size_t space = text.find(' ');
  if (space == std::string_view::npos || text.find(' ', space + 1) != std::string_view::npos) {
    part.fail(in_quotes(text) + " is not two tokens with a space between them",
              R"(give "a b" or ["a", "b"])");
  }
  return {text.substr(0, space), text.substr(space + 1)};
}

inline token_id known_token(const field& part, const vocabulary& tokens, std::string_view token) {
  const token_id id = tokens.find(token);
  if (id == no_token) part.fail(in_quotes(token) + " is not in the vocabulary", "add it to model.vocab");
  return id;
}

inline merge_table read_merges(const field& part, const vocabulary& tokens) {
  const std::vector<field> list = part.elements();
  merge_table table(list.size());
  std::uint32_t rank = 0;
  for (const field& entry : list) {
    if (entry.value().is_string() && entry.string().starts_with("#version")) continue;
    const auto [left, right] = read_pair(entry);
    const token_id into = known_token(entry, tokens, std::string(left) + std::string(right));
    table.set(known_token(entry, tokens, left), known_token(entry, tokens, right), {rank++, into});
  }
  return table;
}

inline std::array<token_id, 256> find_byte_tokens(const vocabulary& tokens) {
  static constexpr std::string_view digits = "0123456789ABCDEF";
  std::array<token_id, 256> out{};
  for (std::size_t byte = 0; byte < out.size(); ++byte) {
    out[byte] = tokens.find(std::string("<0x") + digits[byte / 16] + digits[byte % 16] + ">");
  }
  return out;
}

inline bpe read_bpe(const field& part) {
  const auto type = part.find("type");  // early files have none
  if (type && type->string() != "BPE") {
    type->fail("the model " + in_quotes(type->string()) + " is not supported", "supported is BPE");
  }
  part.refuse("dropout", "set it to null: encoding is deterministic");
  part.refuse("continuing_subword_prefix", "set it to null");
  part.refuse("end_of_word_suffix", "set it to null");
  bpe out;
  out.tokens = read_vocabulary(part.at("vocab"));
  out.merges = read_merges(part.at("merges"), out.tokens);
  if (const auto unknown = part.find("unk_token")) out.unknown = unknown->string();
  out.fuse_unknown = part.boolean_or("fuse_unk", false);
  out.byte_fallback = part.boolean_or("byte_fallback", false);
  out.ignore_merges = part.boolean_or("ignore_merges", false);
  out.byte_tokens = find_byte_tokens(out.tokens);
  return out;
}

}  // namespace urn::tokenizing
