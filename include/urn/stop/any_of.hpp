#pragma once
/// \file
/// Stop when any of several criteria does: max_tokens{64} | end_token{eos} | stop_text{"\n\n"}.

#include <algorithm>
#include <cstddef>
#include <tuple>
#include <utility>

#include "urn/processor/stage.hpp"
#include "urn/stop/stop.hpp"

namespace urn {

namespace detail {

/// Adds one member's decision to a group's. The longest hold-back counts. Of the members that stop at this
/// token the first written is reported, and the largest drop counts, whichever member it is from.
constexpr void merge(stop_decision& group, const stop_decision& member,
                     std::size_t first_criterion) noexcept {
  const auto hold_back = std::max(group.hold_back, member.hold_back);
  const auto drop = std::max(group.drop, member.stop() ? member.drop : 0);
  if (member.stop() && !group.stop()) {
    group = member;
    group.criterion += first_criterion;
  }
  group.hold_back = hold_back;
  group.drop = drop;
}

/// Adds one member's verdict to a group's: the first fault counts.
constexpr void merge(stop_check& group, const stop_check& member, std::size_t first_criterion) noexcept {
  if (!group || member) return;
  group = member;
  group.criterion += first_criterion;
}

template <class... C>
constexpr std::size_t count_members(const std::tuple<C...>& criteria) {
  return std::apply([](const auto&... c) { return (std::size_t{0} + ... + urn::criteria_count(c)); },
                    criteria);
}

template <class... C>
constexpr stop_check check_members(const std::tuple<C...>& criteria) {
  stop_check result;
  std::size_t first = 0;
  [[maybe_unused]] const auto add = [&](const auto& c) {
    merge(result, urn::check(c), first);
    first += urn::criteria_count(c);
  };
  std::apply([&](const auto&... c) { (add(c), ...); }, criteria);
  return result;
}

}  // namespace detail

/// Stops at the first token at which any of the criteria stops.
///
/// If several stop at the same token, the first in the order written is reported (reason, criterion, item,
/// token); the text is cut where the one that keeps least cuts it, which need not be the one reported. Held
/// back is as much as the most cautious holds back. All criteria follow every token.
template <stop_criterion... C>
struct any_of {
  std::tuple<C...> criteria;

  using state = std::tuple<stop_state_t<C>...>;

  constexpr explicit any_of(C... list) : criteria(std::move(list)...) {}

  constexpr std::size_t criteria_count() const { return detail::count_members(criteria); }

  /// The first fault, in the order written.
  constexpr stop_check check() const { return detail::check_members(criteria); }

  constexpr state start() const {
    return std::apply([](const auto&... c) { return state(c.start()...); }, criteria);
  }

  constexpr stop_decision update(state& states, const stop_input& input) const {
    return update(states, input, std::index_sequence_for<C...>{});
  }

 private:
  template <std::size_t... I>
  constexpr stop_decision update(state& states, const stop_input& input, std::index_sequence<I...>) const {
    stop_decision result;
    std::size_t first = 0;
    [[maybe_unused]] const auto add = [&](const auto& c, auto& s) {
      detail::merge(result, c.update(s, input), first);
      first += urn::criteria_count(c);
    };
    (add(std::get<I>(criteria), std::get<I>(states)), ...);
    return result;
  }
};

namespace detail {

template <class C>
constexpr std::tuple<C> members(C criterion) {
  return std::tuple<C>(std::move(criterion));
}
template <class... C>
constexpr std::tuple<C...> members(any_of<C...> group) {
  return std::move(group.criteria);
}

}  // namespace detail

/// One flat any_of of both sides, in the order written.
template <stop_criterion A, stop_criterion B>
constexpr auto operator|(A left, B right) {
  return std::apply([](auto... c) { return any_of<decltype(c)...>(std::move(c)...); },
                    std::tuple_cat(detail::members(std::move(left)), detail::members(std::move(right))));
}

/// What is joined to a criterion is one too: this says so.
template <class A, class B>
  requires(stop_criterion<A> != stop_criterion<B> && !pipeline_stage<A> && !pipeline_stage<B>)
constexpr auto operator|(const A& left, const B& right) {
  static_assert(stop_criterion<A> && stop_criterion<B>,
                "urn: what is joined to a stop criterion by | is none: it needs `State start() const` and "
                "`urn::stop_decision update(State&, const urn::stop_input&) const`");
  if constexpr (stop_criterion<A>) {
    return left;
  } else {
    return right;
  }
}

}  // namespace urn
