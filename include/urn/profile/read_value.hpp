#pragma once
/// \file
/// The values of parameters, read from text.

#include <array>
#include <charconv>
#include <concepts>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "urn/core/error.hpp"
#include "urn/core/history.hpp"
#include "urn/core/token.hpp"
#include "urn/logprob/logprobs.hpp"
#include "urn/processor/dry_breakers.hpp"
#include "urn/processor/forced_tokens.hpp"
#include "urn/processor/logit_bias.hpp"
#include "urn/processor/penalties.hpp"
#include "urn/processor/sequence_bias.hpp"
#include "urn/processor/synthid.hpp"
#include "urn/processor/tail_free.hpp"
#include "urn/processor/top_p.hpp"
#include "urn/processor/typical.hpp"
#include "urn/profile/written_stage.hpp"

namespace urn::profile {

/// Owns lists that stages borrow. What is kept does not move.
class list_store {
 public:
  template <class T>
  const T& keep(T list) {
    return std::get<T>(lists_.emplace_back(std::move(list)));
  }

 private:
  using sequences = std::vector<std::vector<token_id>>;
  std::deque<
      std::variant<std::vector<token_id>, sequences, std::vector<token_bias>, std::vector<biased_sequence>,
                   std::vector<forced_token>, std::vector<std::int64_t>, dry_breakers, synthid_keys>>
      lists_;
};

namespace detail {

/// The values of a parameter that has few, by name.
template <class T, std::size_t N = 2>
using named_values = std::array<std::pair<const char*, T>, N>;
constexpr named_values<bool> choices(bool) { return {{{"false", false}, {"true", true}}}; }
constexpr named_values<penalty_scope> choices(penalty_scope) {
  return {{{"output", penalty_scope::output}, {"prompt_and_output", penalty_scope::prompt_and_output}}};
}
constexpr named_values<top_p_rule> choices(top_p_rule) {
  return {{{"reached", top_p_rule::reached}, {"beyond", top_p_rule::beyond}}};
}
constexpr named_values<typical_rule, 3> choices(typical_rule) {
  return {{{"shortest", typical_rule::shortest},
           {"with_ties", typical_rule::with_ties},
           {"beyond", typical_rule::beyond}}};
}
constexpr named_values<tail_free_rule> choices(tail_free_rule) {
  return {{{"through", tail_free_rule::through}, {"before", tail_free_rule::before}}};
}
constexpr named_values<logprob_value> choices(logprob_value) {
  return {{{"logprob", logprob_value::logprob}, {"logit", logprob_value::logit}}};
}
constexpr named_values<logprob_row> choices(logprob_row) {
  return {{{"kept", logprob_row::kept}, {"uncut", logprob_row::uncut}}};
}

/// What a value of a member looks like, for a sentence.
template <class T>
std::string wanted(const T& member) {
  if constexpr (std::same_as<T, bool> || std::is_enum_v<T>) {
    std::string names;
    for (const auto& [name, value] : choices(member)) names.append(names.empty() ? "" : " or ").append(name);
    return names;
  } else if constexpr (std::floating_point<T>) {
    return "a number";
  } else if constexpr (std::same_as<T, std::size_t>) {
    return "a whole number, or all";
  } else if constexpr (std::integral<T>) {
    return "a whole number";
  } else if constexpr (std::same_as<T, std::span<const token_id>> ||
                       std::same_as<T, std::span<const std::int64_t>>) {
    return "whole numbers with spaces between them: 5 7 9";
  } else if constexpr (std::same_as<T, std::span<const token_bias>>) {
    return "token:bias with spaces between them: 5:-1.5 7:2";
  } else if constexpr (std::same_as<T, std::span<const forced_token>>) {
    return "place:token with spaces between them: 0:5 1:7";
  } else if constexpr (std::same_as<T, std::span<const biased_sequence>>) {
    return "sequences with biases: 5 7:-1.5|9:2";
  } else {
    return "sequences of tokens: 5 7|9";
  }
}

/// Reads the value of a member; false if the text is none. Lists go to the store.
struct value_reader {
  std::string_view text;
  list_store* store;

  template <class Number>
    requires std::floating_point<Number> ||(std::integral<Number> && !std::same_as<Number, bool>)bool
    operator()(Number& out) const {
      const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), out);
      return wrong == std::errc() && end == text.data() + text.size();
    }
    bool operator()(std::size_t& out) const {
      if (text == "all") out = whole_history;
      return text == "all" || (*this).operator()<std::size_t>(out);
    }
    template <class Choice>
      requires std::same_as<Choice, bool> || std::is_enum_v<Choice>
    bool operator()(Choice& out) const {
      for (const auto& [name, value] : choices(Choice{})) {
        if (text == name) out = value;
        if (text == name) return true;
      }
      return false;
    }

    bool operator()(std::span<const token_id>& out) const { return list(out, ' '); }
    bool operator()(std::span<const std::int64_t>& out) const { return list(out, ' '); }
    bool operator()(std::span<const std::vector<token_id>>& out) const { return list(out, '|'); }
    bool operator()(std::span<const token_bias>& out) const { return list(out, ' '); }
    bool operator()(std::span<const biased_sequence>& out) const { return list(out, '|'); }
    bool operator()(std::span<const forced_token>& out) const { return list(out, ' '); }
    bool operator()(dry_breaker_view& out) const {
      std::vector<std::vector<token_id>> sequences;
      const bool good = read_all(sequences, '|');
      if (good) out = store->keep(dry_breakers(std::move(sequences))).view();
      return good;
    }

   private:
    template <class T>
    bool list(std::span<const T>& out, char separator) const {
      std::vector<T> entries;
      const bool good = read_all(entries, separator);
      if (good) out = store->keep(std::move(entries));
      return good;
    }
    template <class T>
    bool read_all(std::vector<T>& entries, char separator) const {
      bool good = true;
      for_each_part(text, separator, [&](std::string_view part) {
        good = value_reader{part, store}.entry(entries.emplace_back()) && good;
      });
      return good;
    }

    bool entry(token_id& out) const { return (*this)(out); }
    bool entry(std::int64_t& out) const { return (*this)(out); }
    bool entry(std::vector<token_id>& out) const { return read_all(out, ' '); }
    bool entry(token_bias& out) const { return pair(out.token, out.bias); }
    bool entry(forced_token& out) const { return pair(out.place, out.token); }
    bool entry(biased_sequence& out) const { return pair(out.tokens, out.bias); }
    /// "left:right".
    template <class Left, class Right>
    bool pair(Left& left, Right& right) const {
      const std::size_t colon = text.find(':');
      if (colon == std::string_view::npos) return false;
      const value_reader before{trimmed(text.substr(0, colon)), store},
          after{trimmed(text.substr(colon + 1)), store};
      bool good = false;
      if constexpr (requires { before(left); }) {
        good = before(left);
      } else {
        good = before.entry(left);
      }
      return good && after(right);
    }
};

/// Reads the value of the member `where`, or throws urn::error.
template <class T>
void read_value(const std::string& where, const std::string& text, T& member, list_store& store) {
  if (value_reader{text, &store}(member)) return;
  throw error(where, '"' + text + "\" is not a value of it", "write " + wanted(member));
}

}  // namespace detail
}  // namespace urn::profile
