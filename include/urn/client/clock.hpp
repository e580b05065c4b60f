#pragma once
/// \file
/// Clocks that call back: the real one, and one for tests that moves when it is told to.

#include <algorithm>
#include <chrono>
#include <concepts>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace urn {

/// Names a call that a clock will make.
struct timer_key {
  std::chrono::steady_clock::time_point when;
  std::uint64_t number = 0;  ///< in the order of asking, so that calls due at once keep their order

  friend bool operator<(const timer_key& a, const timer_key& b) {
    return a.when != b.when ? a.when < b.when : a.number < b.number;
  }
};

/// `call_after` calls once, never from within itself and with no lock of the clock held, when the duration
/// has passed; the call must not throw. `cancel` takes a call back without waiting for one that is being
/// made; unknown keys are nothing. Thread-safe.
template <class C>
concept timer_clock = requires(C& clock, std::chrono::steady_clock::duration wait, std::function<void()> call,
                               const timer_key& key) {
  { clock.now() } -> std::same_as<std::chrono::steady_clock::time_point>;
  { clock.call_after(wait, std::move(call)) } -> std::same_as<timer_key>;
  { clock.cancel(key) } -> std::same_as<void>;
};

namespace detail {

/// Calls by the time they are due. Not thread-safe.
class timer_queue {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  /// To be made when `wait` has passed since `now`; what is too long to count ends at the last moment.
  timer_key add(time_point now, time_point::duration wait, std::function<void()> call) {
    const auto longest = time_point::max() - std::max(now, time_point{});
    const time_point when = now + std::clamp(wait, time_point::duration::zero(), longest);
    return calls_.emplace(timer_key{when, next_++}, std::move(call)).first->first;
  }
  void remove(const timer_key& key) { calls_.erase(key); }
  /// When the first one is due.
  [[nodiscard]] std::optional<time_point> next() const {
    return calls_.empty() ? std::nullopt : std::optional(calls_.begin()->first.when);
  }
  /// The first one, which is then no longer here. Precondition: there is one.
  std::function<void()> take() { return std::move(calls_.extract(calls_.begin()).mapped()); }

 private:
  std::map<timer_key, std::function<void()>> calls_;
  std::uint64_t next_ = 0;
};

}  // namespace detail

/// std::chrono::steady_clock. One thread of its own makes all calls; it starts with the first call_after.
class steady_timer {
 public:
  using time_point = std::chrono::steady_clock::time_point;
  using duration = std::chrono::steady_clock::duration;

  steady_timer() = default;
  steady_timer(const steady_timer&) = delete;
  steady_timer& operator=(const steady_timer&) = delete;
  /// Drops what is not yet due and waits for a call that is being made; not to be run by such a call.
  ~steady_timer() {
    {
      const std::lock_guard guard(mutex_);
      over_ = true;
    }
    changed_.notify_one();
    if (thread_.joinable()) thread_.join();
  }

  [[nodiscard]] time_point now() const { return std::chrono::steady_clock::now(); }

  timer_key call_after(duration wait, std::function<void()> call) {
    const std::lock_guard guard(mutex_);
    if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
    changed_.notify_one();
    return calls_.add(now(), wait, std::move(call));
  }

  void cancel(const timer_key& key) {
    const std::lock_guard guard(mutex_);
    calls_.remove(key);
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    while (!over_) {
      const auto next = calls_.next();
      if (!next) {
        changed_.wait(lock);
      } else if (*next > now()) {
        // Some libraries turn a far moment into one of another clock, where it would overflow.
        changed_.wait_until(lock, std::min(*next, now() + std::chrono::hours(1)));
      } else {
        auto call = calls_.take();
        lock.unlock();
        call();
        call = nullptr;  // what it holds is not to be destroyed under the lock either
        lock.lock();
      }
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  detail::timer_queue calls_;
  bool over_ = false;
  std::thread thread_;
};

/// A clock for tests: time stands still between calls of advance, and nothing sleeps.
class virtual_clock {
 public:
  using time_point = std::chrono::steady_clock::time_point;
  using duration = std::chrono::steady_clock::duration;

  [[nodiscard]] time_point now() const {
    const std::lock_guard guard(mutex_);
    return now_;
  }

  timer_key call_after(duration wait, std::function<void()> call) {
    const std::lock_guard guard(mutex_);
    return calls_.add(now_, wait, std::move(call));
  }

  void cancel(const timer_key& key) {
    const std::lock_guard guard(mutex_);
    calls_.remove(key);
  }

  /// Makes the calls that fall due, in their order and on this thread, each at its time.
  void advance(duration by) {
    const time_point end = now() + by;
    while (auto call = take_due(end)) call();
  }

  /// How long until the next call is due.
  [[nodiscard]] std::optional<duration> until_next() const {
    const std::lock_guard guard(mutex_);
    const auto next = calls_.next();
    return next ? std::optional(*next - now_) : std::nullopt;
  }

 private:
  /// The next call that is due by `end`, whose time it then is; if none, it is `end`.
  std::function<void()> take_due(time_point end) {
    const std::lock_guard guard(mutex_);
    const auto next = calls_.next();
    const bool due = next && *next <= end;
    now_ = std::max(now_, due ? *next : end);
    return due ? calls_.take() : nullptr;
  }

  mutable std::mutex mutex_;
  detail::timer_queue calls_;
  time_point now_{};
};

}  // namespace urn
