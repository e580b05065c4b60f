#pragma once
/// \file
/// Unicode normalization form C (UAX #15), with the tables of the `tokenizers` library.

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "urn/model/tokenizer/nfc_tables.hpp"
#include "urn/model/tokenizer/utf8.hpp"

namespace urn::tokenizing {

/// The canonical combining class; 0 for a starter.
inline unsigned combining_class(char32_t c) {
  if (c < 0x300) return 0;
  const auto* const range =
      std::ranges::upper_bound(combining_classes, c, {}, &combining_range::first);  // the one after c's
  if (range == std::begin(combining_classes) || std::prev(range)->last < c) return 0;
  return std::prev(range)->order;
}

/// Hangul syllables are computed (Unicode, section 3.12).
namespace hangul {
inline constexpr char32_t syllables = 0xAC00, leads = 0x1100, vowels = 0x1161, trails = 0x11A7;
inline constexpr char32_t lead_count = 19, vowel_count = 21, trail_count = 28;
inline constexpr char32_t syllable_count = lead_count * vowel_count * trail_count;
}  // namespace hangul

/// Appends the full canonical decomposition of `c`.
inline void decompose(char32_t c, std::u32string& out) {
  using namespace hangul;
  if (c >= syllables && c < syllables + syllable_count) {
    const char32_t index = c - syllables;
    out.push_back(leads + index / (vowel_count * trail_count));
    out.push_back(vowels + index % (vowel_count * trail_count) / trail_count);
    if (index % trail_count != 0) out.push_back(trails + index % trail_count);
    return;
  }
  const auto* const found = std::ranges::lower_bound(decompositions, c, {}, &decomposition::whole);
  if (c < 0xC0 || found == std::end(decompositions) || found->whole != c) {
    out += c;
    return;
  }
  decompose(found->first, out);
  if (found->second != 0) out += found->second;  // the second part is never decomposable
}

using composite = std::array<char32_t, 3>;  ///< first, second, whole

/// What NFC joins, in order. (Not a lambda: compilers would try its loops as a constant expression.)
inline std::vector<composite> primary_composites() {
  std::vector<composite> table;
  for (const decomposition& d : decompositions) {
    if (d.composes) table.push_back({d.first, d.second, d.whole});
  }
  std::ranges::sort(table);
  return table;
}

/// The primary composite of a pair, or 0.
inline char32_t compose(char32_t first, char32_t second) {
  using namespace hangul;
  if (first - leads < lead_count && second - vowels < vowel_count) {
    return syllables + ((first - leads) * vowel_count + (second - vowels)) * trail_count;
  }
  if (first - syllables < syllable_count && (first - syllables) % trail_count == 0 &&
      second - trails - 1 < trail_count - 1) {
    return first + (second - trails);
  }
  static const std::vector<composite> pairs = primary_composites();
  const auto found = std::ranges::lower_bound(pairs, composite{first, second, 0});
  return found != pairs.end() && (*found)[0] == first && (*found)[1] == second ? (*found)[2] : 0;
}

/// Puts each run of combining marks into the order of their classes.
inline void order_marks(std::u32string& text) {
  for (auto at = text.begin(); at != text.end();) {
    const auto starter = [](char32_t c) { return combining_class(c) == 0; };
    const auto first = std::find_if_not(at, text.end(), starter);
    at = std::find_if(first, text.end(), starter);
    std::ranges::stable_sort(first, at, {}, combining_class);
  }
}

/// Joins each starter with the marks that follow it and are not blocked from it.
inline void compose_all(std::u32string& text) {
  std::size_t starter = std::u32string::npos;
  std::size_t out = 0;
  unsigned previous = 0;  // the class of the last mark kept since the starter
  for (const char32_t c : text) {
    const unsigned order = combining_class(c);
    if (starter != std::u32string::npos && (out == starter + 1 || previous < order)) {
      if (const char32_t whole = compose(text[starter], c)) {
        text[starter] = whole;
        continue;
      }
    }
    if (order == 0) starter = out;
    previous = order;
    text[out++] = c;
  }
  text.resize(out);
}

/// NFC of valid or escaped UTF-8 text; linear in its length, apart from long runs of marks (n log n).
inline std::string nfc(std::string_view text) {
  const auto below_marks = [](char c) { return static_cast<unsigned char>(c) < 0xCC; };  // all below U+0300
  if (std::ranges::all_of(text, below_marks)) return std::string(text);
  std::u32string points;
  points.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const code_point next = decode_utf8(text, at);
    decompose(next.value, points);
    at += next.length;
  }
  order_marks(points);
  compose_all(points);
  std::string out;
  out.reserve(text.size());
  for (const char32_t c : points) append_utf8(out, c);
  return out;
}

}  // namespace urn::tokenizing
