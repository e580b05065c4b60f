#pragma once
/// \file
/// Who is told when requests cannot go on.

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string_view>
#include <type_traits>
#include <utility>

#include "urn/client/clock.hpp"

namespace urn {

/// Whether the backend takes requests.
enum class queue_state : std::uint8_t {
  active,            ///< yes
  paused_capacity,   ///< no: it has too much to do
  paused_rate_limit  ///< no: this client asks too often
};

/// The name as it is written above.
constexpr std::string_view name_of(queue_state state) {
  constexpr std::string_view names[] = {"active", "paused_capacity", "paused_rate_limit"};
  return names[static_cast<std::size_t>(state)];
}

/// Is told of each change; `reason` is for people and lives as long as the call. Must be quick, not throw,
/// and not call whoever tells it.
template <class O>
concept queue_state_observer = requires(O& observer, queue_state state, std::string_view reason) {
  { observer.on_queue_state_change(state, reason) } -> std::same_as<void>;
};

/// Ignores everything, at no cost.
struct no_observer {
  constexpr void on_queue_state_change(queue_state, std::string_view) const noexcept {}
};

/// Passes a change on at once, and a pause that is reported again no more often than once an `interval`; the
/// first state is taken to be `active`. Observer and Clock may be reference types. Thread-safe: the observer
/// is called by one thread at a time, in order.
template <class Observer, class Clock = steady_timer>
  requires queue_state_observer<std::remove_reference_t<Observer>> &&
      timer_clock<std::remove_reference_t<Clock>>
class throttled {
 public:
  using duration = std::chrono::steady_clock::duration;

  explicit throttled(Observer&& observer,
                     duration interval = std::chrono::seconds(60)) requires std::default_initializable<Clock>
      : observer_(std::forward<Observer>(observer)), interval_(interval) {}
  throttled(Observer&& observer, duration interval, Clock&& clock)
      : observer_(std::forward<Observer>(observer)),
        interval_(interval),
        clock_(std::forward<Clock>(clock)) {}

  void on_queue_state_change(queue_state state, std::string_view reason) {
    const std::lock_guard guard(mutex_);
    const auto now = clock_.now();
    const bool again = state != queue_state::active && now - told_ >= interval_;
    if (state == last_ && !again) return;
    last_ = state;
    told_ = now;
    observer_.on_queue_state_change(state, reason);
  }

 private:
  std::mutex mutex_;
  Observer observer_;
  duration interval_;
  Clock clock_;
  queue_state last_ = queue_state::active;
  std::chrono::steady_clock::time_point told_{};  // read only after a pause was told
};

template <class Observer>
throttled(Observer&&) -> throttled<Observer>;
template <class Observer, class Duration>
throttled(Observer&&, Duration) -> throttled<Observer>;
template <class Observer, class Duration, class Clock>
throttled(Observer&&, Duration, Clock&&) -> throttled<Observer, Clock>;

}  // namespace urn
