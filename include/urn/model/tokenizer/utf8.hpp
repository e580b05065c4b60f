#pragma once
/// \file
/// UTF-8, its invalid bytes kept. Inside the tokenizer a byte b that is not valid UTF-8 is the code point
/// U+DC00 + b (a surrogate in three bytes, as in Python's surrogateescape), which valid text cannot contain.

#include <cstddef>
#include <string>
#include <string_view>

namespace urn::tokenizing {

struct code_point {
  char32_t value;
  std::size_t length;  ///< in bytes
};

/// What `text` (not empty) starts with: a whole character, a broken sequence (its maximal part, as in Unicode
/// table 3-7 and the WHATWG decoder), or the beginning of a character that the end of the text cuts off.
struct utf8_prefix {
  enum class kind { whole, broken, cut } state;
  std::size_t length;
};

constexpr unsigned char byte_at(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]);
}

constexpr utf8_prefix scan_utf8(std::string_view text) {
  using enum utf8_prefix::kind;
  const unsigned lead = byte_at(text, 0);
  if (lead < 0x80) return {whole, 1};
  if (lead < 0xC2 || lead > 0xF4) return {broken, 1};
  const std::size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  unsigned low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  unsigned high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  for (std::size_t i = 1; i < length; ++i, low = 0x80, high = 0xBF) {
    if (i == text.size()) return {cut, i};
    if (byte_at(text, i) < low || byte_at(text, i) > high) return {broken, i};
  }
  return {whole, length};
}

/// Reads the code point at `at`; `text` is valid UTF-8 or has gone through escape_invalid().
constexpr code_point decode_utf8(std::string_view text, std::size_t at) {
  const unsigned lead = byte_at(text, at);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  char32_t value = lead & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) value = value << 6 | (byte_at(text, at + i) & 0x3FU);
  return {value, length};
}

inline void append_utf8(std::string& out, char32_t c) {
  const auto put = [&out](char32_t byte) { out += static_cast<char>(static_cast<unsigned char>(byte)); };
  if (c < 0x80) return put(c);
  if (c < 0x800) {
    put(0xC0 | c >> 6);
  } else {
    if (c < 0x10000) {
      put(0xE0 | c >> 12);
    } else {
      put(0xF0 | c >> 18);
      put(0x80 | (c >> 12 & 0x3F));
    }
    put(0x80 | (c >> 6 & 0x3F));
  }
  put(0x80 | (c & 0x3F));
}

constexpr bool is_valid_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const utf8_prefix next = scan_utf8(text.substr(at));
    if (next.state != utf8_prefix::kind::whole) return false;
    at += next.length;
  }
  return true;
}

/// The byte that an escape stands for, or -1 for every other code point.
constexpr int escaped_byte(char32_t c) {
  return c >= 0xDC80 && c <= 0xDCFF ? static_cast<int>(c - 0xDC00) : -1;
}

/// `text` with every byte that is not part of a valid character escaped.
inline std::string escape_invalid(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const utf8_prefix next = scan_utf8(text.substr(at));
    if (next.state == utf8_prefix::kind::whole) {
      out += text.substr(at, next.length);
    } else {
      for (std::size_t i = 0; i < next.length; ++i) append_utf8(out, 0xDC00U + byte_at(text, at + i));
    }
    at += next.length;
  }
  return out;
}

inline constexpr std::string_view replacement_character = "\xEF\xBF\xBD";

/// Moves what is decided from `bytes` to the returned text: valid characters as they are, each broken
/// sequence as one U+FFFD. A cut-off character stays in `bytes`, unless these were the `last` ones.
inline std::string take_lossy(std::string& bytes, bool last) {
  std::string out;
  std::size_t at = 0;
  while (at < bytes.size()) {
    const utf8_prefix next = scan_utf8(std::string_view(bytes).substr(at));
    if (next.state == utf8_prefix::kind::cut && !last) break;
    if (next.state == utf8_prefix::kind::whole) {
      out.append(bytes, at, next.length);
    } else {
      out += replacement_character;
    }
    at += next.length;
  }
  bytes.erase(0, at);
  return out;
}

}  // namespace urn::tokenizing
