#pragma once
/// \file
/// Stop at a point in time.

#include <chrono>
#include <concepts>

#include "urn/stop/stop.hpp"

namespace urn {

/// Stops with reason `abort` at the first token that comes at `time` or later, as the clock tells it; all
/// text is kept. The clock is read once a token, so generation ends up to one token late, never early.
///
///     urn::stop_deadline{std::chrono::steady_clock::now() + std::chrono::seconds(30)}
///
/// The clock is not part of the state: a state that is rolled back does not win time. A clock that may be set
/// back (system_clock) may reopen a deadline for a caller that ignored the stop. Any type with a static now()
/// and a time_point is a clock; its now() must be as safe to call from several threads as sequences run on.
template <class Clock>
  requires requires {
    { Clock::now() } -> std::same_as<typename Clock::time_point>;
  }
struct stop_deadline {
  typename Clock::time_point time;

  using state = no_stop_state;

  constexpr state start() const noexcept { return {}; }

  constexpr stop_decision update(state&, const stop_input&) const {
    return {.reason = Clock::now() >= time ? stop_reason::abort : stop_reason::none};
  }
};

template <class Clock, class Duration>
stop_deadline(std::chrono::time_point<Clock, Duration>) -> stop_deadline<Clock>;

}  // namespace urn
