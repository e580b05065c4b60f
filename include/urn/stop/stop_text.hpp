#pragma once
/// \file
/// Stop when the generated text contains a given string.

#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "urn/stop/automaton.hpp"
#include "urn/stop/stop.hpp"
#include "urn/stop/utf8.hpp"

namespace urn {

/// Stops with reason `stop` when the generated text contains one of the strings, however tokens divide it.
///
/// The match: the one whose last byte comes first in the text; of several that end there the longest, that is
/// the one that starts first; of equal strings the first given. The text is kept up to the match's start,
/// with include_stop up to its end; what the token brought after it is dropped. Held back is the longest
/// suffix of the text that is a proper prefix of some string, never more, and with include_stop nothing: no
/// byte of it could be dropped. Strings are whole UTF-8 characters, so in UTF-8 text no cut falls inside a
/// character.
///
/// The automaton is built once in O(total bytes * log strings) and shared by copies; a state is one integer,
/// and following the text costs amortised O(bytes), times a binary search among the strings that part there.
class stop_text {
 public:
  struct state {
    detail::automaton<char>::state at = 0;
    friend constexpr bool operator==(const state&, const state&) = default;
  };

  /// Anything that is a string. It stands for one string only, where a std::string_view in a braced list
  /// could take two literals for a pair of iterators.
  struct string {
    std::string_view bytes;
    template <std::convertible_to<std::string_view> S>
    constexpr string(const S& text) : bytes(text) {}
  };

  stop_text(std::initializer_list<string> strings, stop_options options = {})
      : shared_(std::make_shared<const shared>(copy(std::span(strings.begin(), strings.size())))),
        options_(options) {}

  explicit stop_text(std::span<const std::string> strings, stop_options options = {})
      : shared_(std::make_shared<const shared>(std::vector(strings.begin(), strings.end()))),
        options_(options) {}

  /// In the order given, as stop_decision::item counts them.
  const std::vector<std::string>& strings() const noexcept { return shared_->strings; }

  /// Refuses empty strings and such that are not UTF-8; a refused criterion never stops. No strings: never
  /// stops.
  stop_check check() const noexcept { return shared_->check; }

  state start() const noexcept { return {}; }

  stop_decision update(state& current, const stop_input& input) const {
    const auto& automaton = shared_->automaton;
    stop_decision decision;
    for (std::size_t end = 1; end <= input.text.size(); ++end) {
      current.at = automaton.next(current.at, input.text[end - 1]);
      const auto item = automaton.completed(current.at);
      if (item == automaton.no_pattern || decision.stop()) continue;
      decision.reason = stop_reason::stop;
      decision.item = item;
      decision.drop = input.text.size() - end + (options_.include_stop ? 0 : strings()[item].size());
    }
    decision.hold_back = options_.include_stop ? 0 : automaton.pending(current.at);
    return decision;
  }

 private:
  struct shared {
    std::vector<std::string> strings;
    stop_check check;
    detail::automaton<char> automaton;

    explicit shared(std::vector<std::string> list) : strings(std::move(list)), check(first_fault(strings)) {
      if (check) automaton = detail::automaton<char>({strings.begin(), strings.end()});
    }
  };

  static std::vector<std::string> copy(std::span<const string> strings) {
    std::vector<std::string> copies;
    copies.reserve(strings.size());
    for (const auto& text : strings) copies.emplace_back(text.bytes);
    return copies;
  }

  static stop_check first_fault(const std::vector<std::string>& strings) noexcept {
    for (std::size_t item = 0; item < strings.size(); ++item) {
      if (strings[item].empty()) return {.status = stop_status::empty_string, .item = item};
      if (!detail::is_utf8(strings[item])) return {.status = stop_status::not_utf8, .item = item};
    }
    return {};
  }

  std::shared_ptr<const shared> shared_;
  stop_options options_;
};

}  // namespace urn
