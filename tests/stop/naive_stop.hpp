#pragma once
// The definitions of urn/stop, written to be read: every search looks at everything again.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "urn/stop/not_before.hpp"
#include "urn/stop/stop_text.hpp"
#include "urn/stop/text_release.hpp"

namespace naive {

template <class Sequence>
bool ends_with(const Sequence& text, std::size_t end, const Sequence& pattern) {
  if (pattern.size() > end) return false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (text[end - pattern.size() + i] != pattern[i]) return false;
  }
  return true;
}

struct match {
  std::size_t start, end, item;
};

// The first match that ends after `from`; of those that end together the longest, then the first given.
template <class Sequence>
std::optional<match> first_match(const Sequence& text, const std::vector<Sequence>& patterns,
                                 std::size_t from) {
  for (std::size_t end = from + 1; end <= text.size(); ++end) {
    std::optional<match> best;
    for (std::size_t item = 0; item < patterns.size(); ++item) {
      const std::size_t size = patterns[item].size();
      if (!ends_with(text, end, patterns[item])) continue;
      if (!best || size > best->end - best->start) best = match{end - size, end, item};
    }
    if (best) return best;
  }
  return std::nullopt;
}

// Length of the longest suffix of text that is a proper prefix of some pattern.
template <class Sequence>
std::size_t pending(const Sequence& text, const std::vector<Sequence>& patterns) {
  std::size_t longest = 0;
  for (const auto& pattern : patterns) {
    for (std::size_t size = 1; size < pattern.size(); ++size) {
      const Sequence prefix(pattern.begin(), pattern.begin() + static_cast<std::ptrdiff_t>(size));
      if (ends_with(text, text.size(), prefix)) longest = std::max(longest, size);
    }
  }
  return longest;
}

inline std::string encode(std::uint32_t c) {
  const auto tail = [c](int shift) { return static_cast<char>(0x80U | ((c >> shift) & 0x3FU)); };
  if (c < 0x80) return {static_cast<char>(c)};
  if (c < 0x800) return {static_cast<char>(0xC0U | (c >> 6)), tail(0)};
  if (c < 0x10000) return {static_cast<char>(0xE0U | (c >> 12)), tail(6), tail(0)};
  return {static_cast<char>(0xF0U | (c >> 18)), tail(12), tail(6), tail(0)};
}

// Bytes of the whole character that text begins with, or 0: decoded as if well-formed, it must encode to
// itself.
inline std::size_t character(std::string_view text) {
  for (std::size_t size = 1; size <= 4 && size <= text.size(); ++size) {
    std::uint32_t c = static_cast<unsigned char>(text[0]) & (size == 1 ? 0x7FU : 0xFFU >> (size + 1));
    for (std::size_t i = 1; i < size; ++i) c = c << 6 | (static_cast<unsigned char>(text[i]) & 0x3FU);
    const bool scalar = c <= 0x10FFFF && (c < 0xD800 || c > 0xDFFF);
    if (scalar && encode(c) == text.substr(0, size)) return size;
  }
  return 0;
}

inline bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const auto size = character(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

inline urn::stop_check check(const std::vector<std::string>& strings) {
  for (std::size_t item = 0; item < strings.size(); ++item) {
    if (strings[item].empty()) return {.status = urn::stop_status::empty_string, .item = item};
    if (!is_utf8(strings[item])) return {.status = urn::stop_status::not_utf8, .item = item};
  }
  return {};
}

struct text_case {
  std::vector<std::string> strings;
  bool include_stop = false;
  std::size_t min_tokens = 0;
  std::vector<std::string> pieces;
};

// What stop_text, ignored for the first min_tokens, must say after the piece that begins at `from`.
inline urn::stop_decision decision(const text_case& c, const std::string& text, std::size_t from,
                                   std::size_t token) {
  urn::stop_decision d{.hold_back = c.include_stop ? 0 : pending(text, c.strings)};
  const auto found = first_match(text, c.strings, from);
  if (!found || token <= c.min_tokens) return d;
  d.reason = urn::stop_reason::stop;
  d.item = found->item;
  d.drop = text.size() - (c.include_stop ? found->end : found->start);
  return d;
}

// Runs a case against the definitions, past every stop, and its text through text_release up to the first
// stop. Returns the first disagreement, or nothing.
inline std::string disagreement(const text_case& c) {
  const urn::stop_text strings(std::span<const std::string>(c.strings), {.include_stop = c.include_stop});
  if (!(strings.check() == check(c.strings))) return "check";
  if (!strings.check()) return "";
  const urn::not_before stop{c.min_tokens, strings};

  auto state = stop.start();
  urn::text_release release;
  std::string text, shown, expected;
  bool ended = false;
  for (std::size_t token = 1; token <= c.pieces.size(); ++token) {
    const auto& piece = c.pieces[token - 1];
    const auto at = " at token " + std::to_string(token);
    const std::size_t from = text.size(), held = from - shown.size();
    text += piece;
    auto fork = state;
    const auto d = stop.update(state, {.token = 0, .text = piece});
    if (!(d == decision(c, text, from, token))) return "decision" + at;
    if (!(stop.update(fork, {.token = 0, .text = piece}) == d)) return "decision of a copied state" + at;
    if (ended) continue;
    const auto view = release.push(piece, d);
    shown += view;
    if (d.stop()) {
      ended = true;
      expected = text.substr(0, d.keep(text.size()));
      if (shown != expected) return "text on the stop" + at;
      continue;
    }
    if (text.compare(0, shown.size(), shown) != 0) return "text shown" + at;
    if (is_utf8(text) && shown.size() != text.size() - d.hold_back)
      return "hold-back of whole characters" + at;
    if (text.size() - shown.size() > d.hold_back + 3) return "hold-back" + at;
    if (d.drop > held + piece.size()) return "a drop behind what was held back" + at;
  }
  if (!ended) expected = text;
  shown += release.finish();
  if (shown != expected) return "text at the end";
  if (!release.finish().empty() || !release.push("more", {}).empty()) return "text after the end";
  return "";
}

}  // namespace naive
