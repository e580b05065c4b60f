#pragma once
/// \file
/// What a stop criterion is: asked after every token whether generation ends here, and how much of the text
/// is kept.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "urn/core/token.hpp"

namespace urn {

/// One generated token, as a stop criterion sees it.
struct stop_input {
  token_id token = no_token;
  /// The bytes of text that became complete with this token; may be empty. Better whole UTF-8 characters:
  /// stop strings are found either way, but what drops a token's text (end_token, token_sequence) cuts where
  /// it begins.
  std::string_view text{};
  /// Every token generated so far, this one last, for criteria that look back (stop_callback); urn's other
  /// criteria keep what they need in their state, so a caller that has no such list may leave it empty.
  std::span<const token_id> output{};
};

/// Why generation ended, in the words of the serving APIs.
enum class stop_reason : std::uint8_t {
  none,    ///< it goes on
  length,  ///< as many tokens as were asked for
  stop,    ///< an end token, a token sequence, a stop string, a match, a repetition, or a callback
  abort,   ///< ended from outside: a deadline, a cancelled request (a stop_callback may give this reason)
};

/// What a criterion says after a token. All byte counts are measured back from the end of the text so far,
/// this token's text included.
struct stop_decision {
  stop_reason reason = stop_reason::none;
  /// On a stop: which criterion, counted from 0 in the order written, through nested groups.
  std::size_t criterion = 0;
  /// On a stop: which of that criterion's ids, sequences, strings or pattern sizes, counted from 0 in the
  /// order given.
  std::size_t item = 0;
  /// On a stop by end_token: the id that matched.
  token_id token = no_token;
  /// Trailing bytes that must not be shown yet because they may still become part of a match and be dropped.
  /// Given on a stop too, for a caller that ignores the stop and goes on.
  std::size_t hold_back = 0;
  /// On a stop: trailing bytes that do not belong to the result.
  std::size_t drop = 0;

  /// Whether generation ends with this token.
  constexpr bool stop() const noexcept { return reason != stop_reason::none; }

  /// How many bytes of a text of `text_size` bytes (everything so far) are kept.
  constexpr std::size_t keep(std::size_t text_size) const noexcept { return text_size - drop; }

  friend constexpr bool operator==(const stop_decision&, const stop_decision&) = default;
};

/// What is wrong with a criterion's parameters.
enum class stop_status : std::uint8_t {
  ok,
  zero_tokens,
  token_out_of_range,
  empty_sequence,
  empty_string,
  not_utf8,
  bad_pattern_size,
  bad_repeat_count,
  regex_empty,
  regex_matches_empty,
  regex_anchor,
  regex_escape,
  regex_class,
  regex_group,
  regex_repeat,
  regex_too_large
};

/// The sentence for a status: what is wrong and what would be right.
constexpr std::string_view describe(stop_status status) noexcept {
  switch (status) {
    case stop_status::ok: return "ok";
    case stop_status::zero_tokens: return "max_tokens is 0; give at least 1";
    case stop_status::token_out_of_range: return "a token id is negative; give ids from the vocabulary";
    case stop_status::empty_sequence: return "a token sequence is empty; give at least one id";
    case stop_status::empty_string: return "a stop string is empty; give at least one character";
    case stop_status::not_utf8:
      return "a stop string or expression is not valid UTF-8; give whole characters";
    case stop_status::bad_pattern_size:
      return "the sizes of repeated patterns are out of range; give 1 <= min_pattern_size <= "
             "max_pattern_size";
    case stop_status::bad_repeat_count: return "min_count is less than 2; give at least 2";
    case stop_status::regex_empty:
      return "the expression, a group or an alternative is empty; give at least one character, (...)? for "
             "what "
             "may be missing";
    case stop_status::regex_matches_empty:
      return "the expression matches the empty text, which is everywhere; give at least one character that "
             "must be there";
    case stop_status::regex_anchor:
      return "the expression has an anchor (^ $ \\b \\B \\A \\Z); match the characters around it, and escape "
             "^ or $ for itself";
    case stop_status::regex_escape:
      return "the expression has an unknown escape; known are \\d \\w \\s \\D \\W \\S \\n \\t \\r \\f "
             "\\v and ASCII punctuation";
    case stop_status::regex_class:
      return "a class of the expression is empty, not closed or has a range that goes backwards; write "
             "[a-z], "
             "and escape [ and ] for themselves";
    case stop_status::regex_group:
      return "a group of the expression is not closed or opened, begins with (? or is nested deeper than "
             "100; "
             "write (...), and escape ( and ) for themselves";
    case stop_status::regex_repeat:
      return "a repetition of the expression has nothing to repeat or bounds other than {m}, {m,} or {m,n} "
             "with "
             "m <= n and 1 <= n; escape * + ? { } for themselves";
    case stop_status::regex_too_large:
      return "the expression has more than 1000 characters, repetitions counted out; give less";
  }
  return "unknown status";
}

/// The verdict on a criterion's parameters: ok, or the first thing wrong and where it stands.
struct stop_check {
  stop_status status = stop_status::ok;
  std::size_t criterion = 0;  ///< as in stop_decision
  std::size_t item = 0;       ///< as in stop_decision; of a stop_regex the byte of its expression

  constexpr explicit operator bool() const noexcept { return status == stop_status::ok; }
  friend constexpr bool operator==(const stop_check&, const stop_check&) = default;
};

/// What end_token, token_sequence, stop_text and stop_regex do with the text that matched.
struct stop_options {
  bool include_stop = false;  ///< keep the match in the text; what follows it is dropped all the same
};

/// The state of a criterion that remembers nothing.
struct no_stop_state {
  friend constexpr bool operator==(no_stop_state, no_stop_state) = default;
};

/// The state that a criterion starts a sequence with.
template <class C>
using stop_state_t = decltype(std::declval<const C&>().start());

/// A stop criterion: parameters that never change while sequences run, and a state per sequence.
///
/// `c.start()` gives the state before the first token; `c.update(state, input)` takes one token and decides.
/// `update` always follows the whole input, so a caller may ignore a stop and go on. A copy of a state is a
/// snapshot: to fork a sequence or to roll back, copy it. A state belongs to the criterion that started it
/// and to its copies. A criterion may be shared by threads; a state is used by one at a time. Later drops
/// never reach behind what was held back: drop <= the previous hold_back + the new text's size.
template <class C>
concept stop_criterion = std::copy_constructible<C> &&
    requires(const C& criterion, stop_state_t<C>& state, const stop_input& input) {
  { criterion.start() } -> std::copyable;
  { criterion.update(state, input) } -> std::same_as<stop_decision>;
};

/// Whether the parameters can be used; a criterion without a check() of its own always can. Ask before the
/// first token: what is refused never matches.
template <stop_criterion C>
constexpr stop_check check(const C& criterion) {
  if constexpr (requires { criterion.check(); }) {
    return criterion.check();
  } else {
    return {};
  }
}

/// How many numbers of stop_decision::criterion a criterion takes: a group as many as its members, any
/// other 1.
template <stop_criterion C>
constexpr std::size_t criteria_count(const C& criterion) {
  if constexpr (requires { criterion.criteria_count(); }) {
    return criterion.criteria_count();
  } else {
    return 1;
  }
}

}  // namespace urn
