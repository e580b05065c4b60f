#pragma once
/// \file
/// The answer to come: a future to wait for, an awaitable for coroutines, and the promise that a backend
/// keeps.

#include <chrono>
#include <condition_variable>
#include <coroutine>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>
#include <variant>

#include "urn/client/backend.hpp"
#include "urn/core/error.hpp"

namespace urn {

namespace detail {

/// What a promise shares with the future, awaitable or stream of its answer.
template <class T>
class answer_state {
 public:
  using result = std::variant<T, request_error>;

  /// The first answer counts. Wakes who waits; a suspended coroutine goes on here, in the caller's thread.
  void answer(result value) {
    std::coroutine_handle<> suspended;
    {
      const std::lock_guard lock(mutex_);
      if (answer_) return;
      answer_.emplace(std::move(value));
      suspended = std::exchange(suspended_, {});
    }
    changed_.notify_all();
    if (suspended) suspended.resume();
  }

  [[nodiscard]] bool ready() const {
    const std::lock_guard lock(mutex_);
    return answer_.has_value();
  }
  void wait() const {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return answer_.has_value(); });
  }
  template <class Rep, class Period>
  bool wait_for(std::chrono::duration<Rep, Period> time) const {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, time, [&] { return answer_.has_value(); });
  }
  /// The answer, once: what is left of it is empty. It is there.
  T take() {
    const std::lock_guard lock(mutex_);
    if (const auto* failed = std::get_if<request_error>(&*answer_)) throw request_error(*failed);
    return std::get<T>(std::move(*answer_));
  }

  /// Whether the coroutine stays suspended until the answer comes; false: it is there.
  bool suspend(std::coroutine_handle<> coroutine) {
    const std::lock_guard lock(mutex_);
    if (answer_) return false;
    suspended_ = coroutine;
    return true;
  }
  /// Nobody wants the answer any more.
  void abandon() {
    {
      const std::lock_guard lock(mutex_);
      suspended_ = {};
      if (answer_) return;
    }
    cancel_.request_stop();
  }

  std::stop_source& cancel() { return cancel_; }

 protected:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::optional<result> answer_;

 private:
  std::coroutine_handle<> suspended_;
  std::stop_source cancel_;
};

template <class T>
std::shared_ptr<answer_state<T>> held(std::shared_ptr<answer_state<T>> state) {
  if (!state) throw error("future", "it is empty", "an answer can be taken once, from where it was moved to");
  return state;
}

}  // namespace detail

/// Where an answer will be. Move-only. Dropping it before the answer is there cancels the request. To be used
/// by one thread at a time.
template <class T>
class future {
 public:
  future() = default;
  explicit future(std::shared_ptr<detail::answer_state<T>> state) : state_(std::move(state)) {}
  future(future&&) noexcept = default;
  future& operator=(future&& other) noexcept {
    future(std::move(other)).state_.swap(state_);
    return *this;
  }
  future(const future&) = delete;
  future& operator=(const future&) = delete;
  ~future() {
    if (state_) state_->abandon();
  }

  /// Whether there is an answer to come or to take: not after get() and for a moved-from future.
  [[nodiscard]] bool valid() const { return state_ != nullptr; }
  /// Whether get() would return at once.
  [[nodiscard]] bool ready() const { return state_ && state_->ready(); }

  /// Returns once the answer is there.
  void wait() const { detail::held(state_)->wait(); }
  /// Waits at most so long; whether the answer is there.
  template <class Rep, class Period>
  bool wait_for(std::chrono::duration<Rep, Period> time) const {
    return detail::held(state_)->wait_for(time);
  }

  /// Waits for the answer and takes it. Throws the request_error that the request ended with, and urn::error
  /// if this is not valid(). Must not be called from a backend's thread, which would wait for itself.
  T get() {
    wait();
    return std::exchange(state_, nullptr)->take();
  }

  /// Asks for the request to end; the answer is then failure::cancelled, unless it was on its way.
  void cancel() {
    if (state_) state_->cancel().request_stop();
  }

 private:
  template <class>
  friend class awaitable;
  std::shared_ptr<detail::answer_state<T>> state_;
};

/// An answer to co_await, from a coroutine of any type: `auto response = co_await client.sample_async(...)`.
///
/// The coroutine goes on in the thread that answers: a backend's own, which serves every other request, so
/// hand longer work elsewhere and never block there. It throws what future::get() throws. Dropping an
/// awaitable cancels the request, and a coroutine may be destroyed while it is suspended here; as with every
/// coroutine, not in the very moment in which another thread resumes it.
template <class T>
class awaitable {
 public:
  awaitable(future<T> answer) : state_(std::move(answer.state_)) {}
  awaitable(awaitable&&) noexcept = default;
  awaitable& operator=(awaitable&& other) noexcept {
    awaitable(std::move(other)).state_.swap(state_);
    return *this;
  }
  awaitable(const awaitable&) = delete;
  awaitable& operator=(const awaitable&) = delete;
  ~awaitable() {
    if (state_) state_->abandon();
  }

  [[nodiscard]] bool await_ready() const { return detail::held(state_)->ready(); }
  bool await_suspend(std::coroutine_handle<> coroutine) {
    const auto state = state_;  // this may be gone before the call returns
    return state->suspend(coroutine);
  }
  T await_resume() { return std::exchange(state_, nullptr)->take(); }

  /// See future::cancel.
  void cancel() {
    if (state_) state_->cancel().request_stop();
  }

 private:
  std::shared_ptr<detail::answer_state<T>> state_;
};

/// The backend's end. Copies are the same promise; the first answer counts, from any thread. When the last
/// copy goes without one, the answer is failure::shut_down.
template <class T>
class promise {
 public:
  /// `also` cancels the request too.
  explicit promise(std::stop_token also = {})
      : promise(std::make_shared<detail::answer_state<T>>(), std::move(also)) {}
  promise(std::shared_ptr<detail::answer_state<T>> state, std::stop_token also)
      : kept_(std::make_shared<kept>(std::move(state), std::move(also))) {}

  /// To be called once.
  future<T> get_future() const { return future<T>(kept_->state); }

  /// Asked to stop when the future is dropped or cancelled.
  [[nodiscard]] std::stop_token cancel_token() const { return kept_->state->cancel().get_token(); }

  /// Gives the answer; only the first one counts.
  void set_value(T value) const { kept_->state->answer(std::move(value)); }
  void set_error(request_error failed) const { kept_->state->answer(std::move(failed)); }

 private:
  struct forward_stop {
    std::stop_source to;
    void operator()() { to.request_stop(); }
  };

  struct kept {
    std::shared_ptr<detail::answer_state<T>> state;
    std::stop_callback<forward_stop> also;

    kept(std::shared_ptr<detail::answer_state<T>> s, std::stop_token token)
        : state(std::move(s)), also(std::move(token), forward_stop{state->cancel()}) {}
    kept(const kept&) = delete;
    kept& operator=(const kept&) = delete;
    ~kept() {
      state->answer(request_error(failure::shut_down, "request", "its backend is gone without an answer"));
    }
  };

  std::shared_ptr<kept> kept_;
};

/// A listener that keeps the promise.
inline listener keeps(promise<sample_response> answer) {
  return {.done =
              [answer = std::move(answer)](outcome result) {
                if (auto* response = std::get_if<sample_response>(&result)) {
                  answer.set_value(std::move(*response));
                } else {
                  answer.set_error(std::get<request_error>(std::move(result)));
                }
              },
          .event = {}};
}

}  // namespace urn
