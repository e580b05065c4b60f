#pragma once
/// \file
/// Regular expressions over UTF-8 by PCRE2, compiled to machine code where it can.

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>

#include "urn/core/error.hpp"
#include "urn/model/tokenizer/dialect.hpp"
#include "urn/model/tokenizer/stand_ins.hpp"
#include "urn/model/tokenizer/utf8.hpp"

#ifndef PCRE2_CODE_UNIT_WIDTH
#define PCRE2_CODE_UNIT_WIDTH 8
#endif
#include <pcre2.h>

namespace urn::tokenizing {

/// Frees what PCRE2 made.
struct pcre2_free_all {
  void operator()(pcre2_code_8* p) const { pcre2_code_free_8(p); }
  void operator()(pcre2_match_data_8* p) const { pcre2_match_data_free_8(p); }
  void operator()(pcre2_match_context_8* p) const { pcre2_match_context_free_8(p); }
  void operator()(pcre2_compile_context_8* p) const { pcre2_compile_context_free_8(p); }
};
template <class T>
using pcre2_pointer = std::unique_ptr<T, pcre2_free_all>;

/// What to show PCRE2 in the place of `c`: a private-use character for an escape, and where versions of
/// Unicode differ a code point with the same properties; of equal length, so that offsets stay.
inline char32_t seen_as(char32_t c) {
  if (escaped_byte(c) >= 0) return 0xE000;
  const auto* const range = std::ranges::upper_bound(stand_ins, c, {}, &stand_in::first);
  return range == std::begin(stand_ins) || std::prev(range)->last < c ? c : std::prev(range)->use;
}

/// `text` with its code points as seen; none where it is the same.
inline std::optional<std::string> seen(std::string_view text) {
  std::optional<std::string> copy;
  for (std::size_t at = 0; at < text.size();) {
    const code_point next = decode_utf8(text, at);
    if (next.value >= stand_ins[0].first && seen_as(next.value) != next.value) {
      if (!copy) copy.emplace(text);
      std::string use;
      append_utf8(use, seen_as(next.value));
      copy->replace(at, next.length, use);
    }
    at += next.length;
  }
  return copy;
}

/// A compiled expression, shared by its copies. Matching is const and safe from many threads.
class regex {
 public:
  /// `source` is in Oniguruma's syntax; `where` names the field for errors. Throws urn::error.
  regex(std::string_view source, std::string where) : where_(std::move(where)) {
    if (source.size() > most_source)
      throw error(where_, "the regular expression is too long", "give at most 64 KiB");
    const std::string pattern = dialect(source, where_).translate();
    const pcre2_pointer<pcre2_compile_context_8> context(pcre2_compile_context_create_8(nullptr));
    pcre2_set_newline_8(context.get(), PCRE2_NEWLINE_LF);
    int code = 0;
    std::size_t offset = 0;
    code_.reset(pcre2_compile_8(units(pattern), pattern.size(), PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE,
                                &code, &offset, context.get()),
                pcre2_free_all());
    if (!code_) {
      throw error(where_,
                  "the regular expression is not valid at " + std::to_string(offset) + ": " + message(code),
                  "correct " + pattern);
    }
    pcre2_jit_compile_8(code_.get(), PCRE2_JIT_COMPLETE);  // without it, matching is slower
  }

  /// Calls use(begin, end) for the matches from left to right, which do not overlap; an empty one right after
  /// another is left out. Throws urn::error where a match would take too many steps.
  template <class F>
  void find_all(std::string_view text, F&& use) const {
    const std::optional<std::string> copy = seen(text);
    const std::string_view subject = copy ? std::string_view(*copy) : text;
    const pcre2_pointer<pcre2_match_data_8> match(pcre2_match_data_create_8(1, nullptr));
    if (!match) throw std::bad_alloc();
    std::size_t from = 0;
    std::size_t last = std::string_view::npos;  // where the last match ended
    while (from <= subject.size() && search(subject, from, match.get())) {
      const std::size_t* const span = pcre2_get_ovector_pointer_8(match.get());
      if (span[0] == span[1] && span[1] == last) {
        from += from < subject.size() ? decode_utf8(subject, from).length : 1;
        continue;
      }
      from = last = span[1];
      use(span[0], span[1]);
    }
  }

  bool occurs_in(std::string_view text) const {
    bool found = false;
    find_all(text, [&](std::size_t, std::size_t) { found = true; });
    return found;
  }

 private:
  static constexpr std::size_t most_source = std::size_t{1} << 16;

  static PCRE2_SPTR8 units(std::string_view text) {
    return reinterpret_cast<PCRE2_SPTR8>(text.data());  // NOLINT(*-reinterpret-cast)
  }

  static std::string message(int code) {
    unsigned char text[256] = {};
    pcre2_get_error_message_8(code, text, sizeof text);
    return {std::begin(text), std::ranges::find(text, 0)};
  }

  bool search(std::string_view text, std::size_t from, pcre2_match_data_8* match) const {
    int found =
        pcre2_match_8(code_.get(), units(text), text.size(), from, PCRE2_NO_UTF_CHECK, match, nullptr);
    if (found == PCRE2_ERROR_JIT_STACKLIMIT) found = interpret(text, from, match);
    if (found == PCRE2_ERROR_NOMATCH) return false;
    if (found < 0)
      throw error(where_, "the regular expression cannot be matched: " + message(found), "simplify it");
    return true;
  }

  /// The interpreter keeps its stack on the heap, here up to 64 MiB.
  int interpret(std::string_view text, std::size_t from, pcre2_match_data_8* match) const {
    const pcre2_pointer<pcre2_match_context_8> context(pcre2_match_context_create_8(nullptr));
    pcre2_set_heap_limit_8(context.get(), 64U << 10U);
    constexpr unsigned options = PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT;
    return pcre2_match_8(code_.get(), units(text), text.size(), from, options, match, context.get());
  }

  std::shared_ptr<pcre2_code_8> code_;
  std::string where_;
};

}  // namespace urn::tokenizing
