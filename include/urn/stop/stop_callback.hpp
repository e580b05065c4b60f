#pragma once
/// \file
/// Stop when a function of the user's says so.

#include <concepts>

#include "urn/stop/stop.hpp"

namespace urn {

/// Stops with the given reason when `callable(const stop_input&)` returns true; all text is kept.
/// The callable is called once a token, const, also where the stop is ignored. What it remembers elsewhere is
/// not part of the state: it is not forked or rolled back, and is the user's to guard if sequences run on
/// several threads.
template <class F>
  requires std::predicate<const F&, const stop_input&>
struct stop_callback {
  F callable;
  stop_reason reason = stop_reason::stop;

  using state = no_stop_state;

  constexpr state start() const noexcept { return {}; }

  constexpr stop_decision update(state&, const stop_input& input) const {
    return {.reason = callable(input) ? reason : stop_reason::none};
  }
};

template <class F>
stop_callback(F) -> stop_callback<F>;
template <class F>
stop_callback(F, stop_reason) -> stop_callback<F>;

}  // namespace urn
