#pragma once
/// \file
/// Stop when the generated text contains a match of a regular expression.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "urn/stop/regex.hpp"
#include "urn/stop/stop.hpp"
#include "urn/stop/utf8.hpp"

namespace urn {

/// Stops with reason `stop` when the generated text contains a match of the expression, however tokens divide
/// it.
///
///     urn::stop_regex{R"(\n(Question|Q) ?\d{1,3}:)"}
///
/// The expression: characters, . (any but a newline), [a-z] and [^a-z], `\d \w \s` (of ASCII) and `\D \W \S`,
/// `\n \t \r \f \v`, escaped punctuation, groups, |, and `* + ? {m} {m,} {m,n}`. There are no anchors,
/// references or
/// (?...). It must not match the empty text.
///
/// The match is stop_text's: the one whose last byte comes first in the text, so a repetition at the end
/// stops as early as it may; of those that end there the one that starts first. The text is kept up to the
/// match's start, with include_stop up to its end. Held back is the longest suffix of the text that a match
/// may still begin with, and a character that is not complete yet; with include_stop nothing. Mind what may
/// match for long: "<.*>" holds back a line from its first < on. Bytes that are not UTF-8 match nothing.
///
/// The automaton is built once and shared by copies; it has a position for each character or class, with
/// repetitions counted out, at most 1000. A state holds two numbers for each. A character costs O(positions +
/// what may follow the live ones); nothing is tried twice, and a token allocates nothing.
class stop_regex {
 public:
  struct state {
    std::vector<std::size_t> live;  ///< where the earliest match that is at a position begins, or dead
    std::vector<std::size_t> next;  ///< room for the next character's
    std::size_t size = 0;           ///< the text's bytes
    std::array<char, 4> partial{};  ///< a character that is not complete yet
    std::size_t partial_size = 0;
  };

  explicit stop_regex(std::string_view expression, stop_options options = {})
      : shared_(std::make_shared<const shared>(expression)), options_(options) {}

  const std::string& expression() const noexcept { return shared_->expression; }

  /// Refuses what is not such an expression; item is the byte where the fault stands. A refused criterion
  /// never stops.
  stop_check check() const noexcept {
    return {.status = shared_->automaton.status, .item = shared_->automaton.fault};
  }

  state start() const {
    const std::size_t positions = check() ? shared_->automaton.positions.size() : 0;
    return {.live = std::vector(positions, dead), .next = std::vector(positions, dead)};
  }

  stop_decision update(state& current, const stop_input& input) const {
    if (!check()) return {};
    const std::size_t size = current.size + input.text.size();
    stop_decision decision;
    for (const char byte : input.text) {
      const std::size_t begin = feed(current, byte);
      if (begin == dead || decision.stop()) continue;
      decision.reason = stop_reason::stop;
      decision.drop = size - (options_.include_stop ? current.size : begin);
    }
    decision.hold_back = options_.include_stop ? 0 : pending(current);
    return decision;
  }

 private:
  static constexpr std::size_t dead = SIZE_MAX;
  static constexpr char32_t broken = detail::character_set::last + 1;  // in no set

  struct shared {
    std::string expression;
    detail::regex_automaton automaton;
    explicit shared(std::string_view text) : expression(text), automaton(detail::regex_parser::parse(text)) {}
  };

  // Takes a byte; where it completes a match, returns where that begins.
  std::size_t feed(state& s, char byte) const {
    if (s.partial_size > 0 && !detail::is_utf8_continuation(byte)) step(s, broken);
    s.partial[s.partial_size++] = byte;
    ++s.size;
    const std::string_view character(s.partial.data(), s.partial_size);
    const std::size_t length = detail::utf8_length(character[0]);
    if (s.partial_size < length) return dead;
    return step(s, detail::is_utf8(character) ? detail::utf8_decode(character) : broken);
  }

  // Every live position's match goes on by a character, and one begins.
  std::size_t step(state& s, char32_t character) const {
    const auto& [positions, first, status, fault] = shared_->automaton;
    const std::size_t begin = s.size - std::exchange(s.partial_size, 0);
    std::fill(s.next.begin(), s.next.end(), dead);
    for (const auto p : first) s.next[p] = begin;
    for (std::size_t p = 0; p < positions.size(); ++p) {
      if (s.live[p] == dead) continue;
      for (const auto q : positions[p].follow) s.next[q] = std::min(s.next[q], s.live[p]);
    }
    std::size_t match = dead;
    for (std::size_t p = 0; p < positions.size(); ++p) {
      if (s.next[p] != dead && !positions[p].set.contains(character)) s.next[p] = dead;
      if (positions[p].ends) match = std::min(match, s.next[p]);
    }
    s.live.swap(s.next);
    return match;
  }

  // Bytes from where the earliest match begins that may still be completed.
  std::size_t pending(const state& s) const {
    std::size_t begin = s.size - s.partial_size;
    for (std::size_t p = 0; p < s.live.size(); ++p) {
      if (!shared_->automaton.positions[p].follow.empty()) begin = std::min(begin, s.live[p]);
    }
    return s.size - begin;
  }

  std::shared_ptr<const shared> shared_;
  stop_options options_;
};

}  // namespace urn
