#pragma once
/// \file
/// Stop when each of several criteria has: all_of{max_tokens{64}, stop_text{"\n\n"}}, at the first blank line
/// from token 64 on, or at token 64 where there was one before.

#include <array>
#include <cstddef>
#include <tuple>
#include <utility>

#include "urn/stop/any_of.hpp"
#include "urn/stop/stop.hpp"

namespace urn {

/// Stops at the token at which the last of the criteria is met, and at every later one. A criterion is met at
/// the first token at which it stops, and stays so.
///
/// Reported is the criterion that was met last (reason, criterion, item, token), of those met at that token
/// the first in the order written; the text is cut where the one of these that keeps least cuts it. What the
/// criteria met earlier would have cut is text. So only those that are not met yet hold text back, as much as
/// the most cautious of them. All criteria follow every token.
template <stop_criterion... C>
  requires(sizeof...(C) > 0)
struct all_of {
  std::tuple<C...> criteria;

  /// The state of each criterion.
  using members = std::tuple<stop_state_t<C>...>;

  struct state {
    members each;
    std::array<bool, sizeof...(C)> met{};
    stop_decision last{};  ///< of the criterion met last
  };

  constexpr explicit all_of(C... list) : criteria(std::move(list)...) {}

  constexpr std::size_t criteria_count() const { return detail::count_members(criteria); }

  /// The first fault, in the order written.
  constexpr stop_check check() const { return detail::check_members(criteria); }

  constexpr state start() const {
    return std::apply([](const auto&... c) { return state{.each = members(c.start()...)}; }, criteria);
  }

  constexpr stop_decision update(state& current, const stop_input& input) const {
    return update(current, input, std::index_sequence_for<C...>{});
  }

 private:
  template <std::size_t... I>
  constexpr stop_decision update(state& current, const stop_input& input, std::index_sequence<I...>) const {
    stop_decision fresh;
    std::size_t first = 0;
    const auto add = [&](const auto& c, auto& member, bool& met) {
      auto decision = c.update(member, input);
      if (decision.stop()) decision.hold_back = 0;
      if (!met) detail::merge(fresh, decision, first);
      met = met || decision.stop();
      first += urn::criteria_count(c);
    };
    (add(std::get<I>(criteria), std::get<I>(current.each), current.met[I]), ...);
    const std::size_t drop = std::exchange(fresh.drop, 0);
    if (fresh.stop()) current.last = fresh;
    if (!(current.met[I] && ...)) return {.hold_back = fresh.hold_back};
    stop_decision result = current.last;
    result.drop = drop;
    return result;
  }
};

}  // namespace urn
