#pragma once
/// \file
/// The 256 printable characters that byte-level BPE writes bytes with (GPT-2's bytes_to_unicode): a byte that
/// is printable in Latin-1 is itself, the others are U+0100 and on, in order.

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "urn/model/tokenizer/utf8.hpp"

namespace urn::tokenizing {

inline constexpr std::array<char32_t, 256> byte_characters = [] {
  std::array<char32_t, 256> table{};
  char32_t next = 0x100;
  for (char32_t b = 0; b < 256; ++b) {
    const bool printable = (b >= 0x21 && b <= 0x7E) || (b >= 0xA1 && b != 0xAD);
    table[b] = printable ? b : next++;
  }
  return table;
}();

/// The byte that a character stands for, or -1.
inline constexpr std::array<int, 0x144> character_bytes = [] {
  std::array<int, 0x144> table{};
  table.fill(-1);
  for (std::size_t b = 0; b < 256; ++b) table[byte_characters[b]] = static_cast<int>(b);
  return table;
}();

/// Each byte of the text as its character; an escape is the one byte it stands for.
inline std::string bytes_to_characters(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 4);
  for (std::size_t at = 0; at < text.size();) {
    const code_point next = decode_utf8(text, at);
    if (const int byte = escaped_byte(next.value); byte >= 0) {
      append_utf8(out, byte_characters[static_cast<std::size_t>(byte)]);
    } else {
      for (std::size_t i = 0; i < next.length; ++i) append_utf8(out, byte_characters[byte_at(text, at + i)]);
    }
    at += next.length;
  }
  return out;
}

/// The bytes that a token's characters stand for; a token with any other character is its own UTF-8 bytes.
inline std::string characters_to_bytes(std::string_view token) {
  std::string out;
  for (std::size_t at = 0; at < token.size();) {
    const code_point next = decode_utf8(token, at);
    if (next.value >= character_bytes.size() || character_bytes[next.value] < 0) return std::string(token);
    out += static_cast<char>(character_bytes[next.value]);
    at += next.length;
  }
  return out;
}

}  // namespace urn::tokenizing
