#pragma once
/// \file
/// Where UTF-8 characters begin and end (RFC 3629).

#include <cstddef>
#include <string_view>

namespace urn::detail {

/// Bytes of the character that begins with `lead`; 0 where no character begins so.
constexpr std::size_t utf8_length(char lead) noexcept {
  const auto byte = static_cast<unsigned char>(lead);
  if (byte < 0x80) return 1;
  if (byte < 0xC2) return 0;
  if (byte < 0xE0) return 2;
  if (byte < 0xF0) return 3;
  return byte < 0xF5 ? 4 : 0;
}

constexpr bool is_utf8_continuation(char byte) noexcept {
  return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
}

/// Whether text[first, last) holds continuation bytes only.
constexpr bool all_utf8_continuation(std::string_view text, std::size_t first, std::size_t last) noexcept {
  for (; first < last; ++first) {
    if (!is_utf8_continuation(text[first])) return false;
  }
  return true;
}

/// Whether text is whole characters: no overlong form, no surrogate, nothing above U+10FFFF.
constexpr bool is_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    const auto length = utf8_length(text[0]);
    if (length == 0 || length > text.size() || !all_utf8_continuation(text, 1, length)) return false;
    const auto lead = static_cast<unsigned char>(text[0]);
    const auto second = static_cast<unsigned char>(length > 1 ? text[1] : 0);
    if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second >= 0xA0)) return false;
    if ((lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second >= 0x90)) return false;
    text.remove_prefix(length);
  }
  return true;
}

/// The code point of one whole character.
constexpr char32_t utf8_decode(std::string_view character) noexcept {
  const auto lead = static_cast<unsigned char>(character[0]);
  char32_t code = character.size() == 1 ? lead : lead & (0xFFU >> (character.size() + 1));
  for (const char byte : character.substr(1)) code = code << 6U | (static_cast<unsigned char>(byte) & 0x3FU);
  return code;
}

/// The last position up to `cut` that is not inside a character, where the text may go on after its end: at
/// most 3 less than `cut`. Bytes that can no longer become a character are passed over.
constexpr std::size_t utf8_boundary(std::string_view text, std::size_t cut) noexcept {
  for (std::size_t back = 1; back <= 3 && back <= cut; ++back) {
    const auto start = cut - back;
    if (is_utf8_continuation(text[start])) continue;
    const auto end = start + utf8_length(text[start]);
    const bool inside = end > cut && all_utf8_continuation(text, cut, end < text.size() ? end : text.size());
    return inside ? start : cut;
  }
  return cut;
}

}  // namespace urn::detail
