#pragma once
/// \file
/// tokenizer.json writes regular expressions for Oniguruma (its Ruby syntax); this rewrites them for PCRE2.
/// What means something else there is translated or refused by name, so that what compiles matches alike.

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <string>
#include <string_view>

#include "urn/core/error.hpp"

namespace urn::tokenizing {

/// Rewrites one expression, left to right. Not translated: caseless literals whose folding has several
/// letters.
class dialect {
 public:
  dialect(std::string_view source, std::string_view where) : source_(source), where_(where) {}

  std::string translate() {
    while (at_ < source_.size()) {
      const char c = source_[at_];
      if (c == '\\') {
        escape(false);
      } else if (c == '[') {
        character_class();
      } else if (c == '(') {
        group();
      } else if (c == '{') {
        interval();
      } else {
        out_ += c;
        ++at_;
      }
    }
    return std::move(out_);
  }

 private:
  static constexpr std::string_view word = R"(\p{Alphabetic}\p{M}\p{Nd}\p{Pc})";
  static constexpr std::array<std::string_view, 39> categories = {
      "L",  "Lu", "Ll", "Lt", "Lm", "Lo", "M",  "Mn", "Mc", "Me", "N",  "Nd",         "Nl",
      "No", "P",  "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "S",  "Sm", "Sc",         "Sk",
      "So", "Z",  "Zs", "Zl", "Zp", "C",  "Cc", "Cf", "Co", "Cn", "Cs", "Alphabetic", "Any"};
  static constexpr std::array<std::string_view, 14> scripts = {
      "Arabic", "Armenian", "Bengali", "Cyrillic", "Devanagari", "Georgian", "Greek",
      "Han",    "Hangul",   "Hebrew",  "Hiragana", "Katakana",   "Latin",    "Thai"};

  [[noreturn]] void refuse(std::string_view what) const {
    throw error(where_, "the regular expression uses " + std::string(what) + ", which is not supported",
                R"(write it with literals, classes, groups, lookaround and \s \d \w \p{...})");
  }

  std::string_view rest() const { return source_.substr(at_); }

  void escape(bool in_class) {
    if (at_ + 1 == source_.size()) refuse("a backslash at its end");
    const char c = source_[at_ + 1];
    if (c == 'p' || c == 'P') return property();
    if (c == 'u' || c == 'x') return number();
    at_ += 2;
    const auto put = [&](std::string_view set) {
      out_.append(in_class ? "" : "[").append(set).append(in_class ? "" : "]");
    };
    if (c == 'w') return put(word);
    if (c == 'W' && !in_class) return put(std::string("^").append(word));
    if (c == 'h') return put("0-9a-fA-F");
    if (c == 'H' && !in_class) return put("^0-9a-fA-F");
    if (c == 'v') {
      out_ += R"(\x0B)";
      return;
    }
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) == 0;
    const std::string_view same = in_class ? "sSdDtnrfae" : "sSdDtnrfaeAzZ123456789";
    if (!plain && same.find(c) == std::string_view::npos) refuse(std::string("\\") + c);
    out_ += '\\';
    out_ += c;
  }

  void property() {
    const std::size_t close = source_.find('}', at_);
    if (at_ + 2 >= source_.size() || source_[at_ + 2] != '{' || close == std::string_view::npos) {
      refuse("\\p without {...}");
    }
    std::string_view name = source_.substr(at_ + 3, close - at_ - 3);
    bool negated = source_[at_ + 1] == 'P';
    if (name.starts_with('^')) {
      name.remove_prefix(1);
      negated = !negated;
    }
    out_ += negated ? "\\P{" : "\\p{";
    if (std::ranges::find(scripts, name) != scripts.end()) {
      out_ += "sc:";  // PCRE2 would take script extensions
    } else if (std::ranges::find(categories, name) == categories.end()) {
      refuse("the property " + std::string(name));
    }
    out_.append(name).append("}");
    at_ = close + 1;
  }

  void number() {  // \x{H...}, \xHH below 80 (above, it is a byte), \uHHHH
    const auto digits = [&](std::size_t from) {
      std::size_t n = 0;
      while (at_ + from + n < source_.size() &&
             std::isxdigit(static_cast<unsigned char>(source_[at_ + from + n])) != 0)
        ++n;
      return n;
    };
    const bool braced =
        rest().starts_with("\\x{") && digits(3) > 0 && rest().substr(3 + digits(3)).starts_with('}');
    const bool byte = source_[at_ + 1] == 'x' && digits(2) >= 2 && source_[at_ + 2] < '8';
    const bool unit = source_[at_ + 1] == 'u' && digits(2) >= 4;
    if (!braced && !byte && !unit)
      refuse(R"(a character number that is not \x{...}, \x00 to \x7F or \uHHHH)");
    const std::size_t from = braced ? 3 : 2;
    const std::size_t count = braced ? digits(3) : byte ? 2 : 4;
    out_.append("\\x{").append(rest().substr(from, count)).append("}");
    at_ += from + count + (braced ? 1 : 0);
  }

  /// Classes within a class are a union in Oniguruma; PCRE2 has none, so their brackets go.
  void character_class() {
    int depth = 0;
    std::size_t opened = 0;
    do {
      if (at_ == source_.size()) refuse("a class without its ]");
      const char c = source_[at_];
      if (rest().starts_with("&&")) refuse("&& within a class");
      if (c == '[' && rest().starts_with("[:")) {
        if (depth == 0 || !rest().starts_with("[:space:]")) refuse("a POSIX class other than [:space:]");
        out_ += "\\s";
        at_ += 9;
      } else if (c == '[') {
        if (depth > 0 && (out_.back() == '-' || rest().starts_with("[^") || rest().starts_with("[-"))) {
          refuse("a class within a class that is negated or next to -");
        }
        open(depth++);
        opened = at_;
      } else if (c == ']') {
        if (at_ == opened) refuse("an empty class");
        if (depth > 1 && (out_.back() == '-' || rest().starts_with("]-")))
          refuse("a class within a class next to -");
        if (--depth == 0) out_ += ']';
        ++at_;
      } else if (c == '\\') {
        escape(true);
      } else {
        out_ += c;
        ++at_;
      }
    } while (depth > 0);
  }

  void open(int depth) {
    if (depth == 0) out_ += '[';
    ++at_;
    if (!rest().starts_with('^')) return;
    out_ += '^';
    ++at_;
  }

  void group() {
    if (rest().starts_with("(*")) refuse("(*...)");
    if (rest().starts_with("(?")) {
      static constexpr std::array<std::string_view, 8> same = {
          "(?:", "(?=", "(?!", "(?<=", "(?<!", "(?>", "(?i:", "(?-i:"};
      const auto known = std::ranges::any_of(same, [&](auto opening) { return rest().starts_with(opening); });
      const bool leading = at_ == 0 && rest().starts_with("(?i)");
      if (!known && !leading) refuse(rest().substr(0, 4));
    }
    out_ += '(';
    ++at_;
    if (rest().starts_with('?')) {
      out_ += '?';
      ++at_;
    }
  }

  void interval() {
    std::size_t end = at_ + 1;
    while (end < source_.size() &&
           (std::isdigit(static_cast<unsigned char>(source_[end])) != 0 || source_[end] == ',')) {
      ++end;
    }
    const std::string_view range = source_.substr(at_ + 1, end - at_ - 1);
    const bool closed = end < source_.size() && source_[end] == '}';
    if (!closed || range.empty() || range == ",") refuse("a { that is not a repeat count");
    const bool fixed = range.find(',') == std::string_view::npos;
    const std::string_view after = source_.substr(end + 1);
    if (after.starts_with('+') || (fixed && after.starts_with('?')))
      refuse("a repeat count with + or ? after it");
    out_.append("{").append(range.starts_with(',') ? "0" : "").append(range).append("}");
    at_ = end + 1;
  }

  std::string_view source_, where_;
  std::size_t at_ = 0;
  std::string out_;
};

}  // namespace urn::tokenizing
