#pragma once
/// \file
/// Asks a backend again until it answers, and no more at once than it can take.

#include <concepts>
#include <memory>
#include <type_traits>
#include <utility>

#include "urn/client/backend.hpp"
#include "urn/client/clock.hpp"
#include "urn/client/observer.hpp"
#include "urn/client/retry_config.hpp"
#include "urn/client/retry_core.hpp"
#include "urn/client/telemetry.hpp"

namespace urn {

/// A backend that puts up with another one. At most max_concurrent requests are in the backend at once, the
/// others wait in the order of submission; one that failed waits its delay, then its turn among them.
///
/// An attempt fails with an error, with an exception of `submit`, or as `stuck` when neither event nor answer
/// has come for progress_timeout: it is then cancelled by its stop_token, and what it still says is ignored.
/// Every attempt has the request's id and the same seed, drawn here if the request names none, so that it
/// draws the same tokens: of a sequence's events those that were delivered already are left out, and a later
/// attempt that draws another token ends the request with failure::unavailable.
///
/// A request that is cancelled, or whose deadline passes, while it waits ends at once; one in the backend
/// ends as the backend says, which is told the time left. When nothing is left to try, the last error is
/// given, with the number of attempts. The observer hears paused_capacity for each `overloaded`, and `active`
/// when the backend next says anything; telemetry counts `retries`, and `failures` of requests.
///
/// Backend, Clock, Observer and Telemetry may be reference types; a lvalue is referred to and must outlive
/// this. Thread-safe. Destroying it, which no callback may do, ends every request with failure::shut_down,
/// and nothing is called afterwards. O(log requests) a step; a request that streams keeps its tokens.
template <class Backend, class Clock = steady_timer, class Observer = no_observer,
          class Telemetry = no_telemetry>
  requires sampling_backend<std::remove_reference_t<Backend>> &&
      timer_clock<std::remove_reference_t<Clock>> &&
      queue_state_observer<std::remove_reference_t<Observer>> &&
      telemetry_sink<std::remove_reference_t<Telemetry>>
class retrying {
 public:
  /// Throws urn::error if `config` is not valid.
  explicit retrying(Backend&& backend, retry_config config = {}) requires std::default_initializable<Clock> &&
      std::default_initializable<Observer> && std::default_initializable<Telemetry>
      : backend_(std::forward<Backend>(backend)), core_(make_core(std::move(config))) {}
  retrying(Backend&& backend, retry_config config, Clock&& clock, Observer&& observer = Observer(),
           Telemetry&& telemetry = Telemetry())
      : backend_(std::forward<Backend>(backend)),
        clock_(std::forward<Clock>(clock)),
        observer_(std::forward<Observer>(observer)),
        telemetry_(std::forward<Telemetry>(telemetry)),
        core_(make_core(std::move(config))) {}
  retrying(const retrying&) = delete;
  retrying& operator=(const retrying&) = delete;
  ~retrying() { core_->close(); }

  void submit(sample_request request, listener who) {
    const auto alive = core_;  // until this call has left it
    alive->submit(std::move(request), std::move(who));
  }

 private:
  using core = detail::retry_core<std::remove_reference_t<Backend>, std::remove_reference_t<Clock>,
                                  std::remove_reference_t<Observer>, std::remove_reference_t<Telemetry>>;

  std::shared_ptr<core> make_core(retry_config config) {
    detail::check_retry_config(config);
    return std::make_shared<core>(backend_, clock_, observer_, telemetry_, std::move(config));
  }

  Backend backend_;
  Clock clock_;
  Observer observer_;
  Telemetry telemetry_;
  std::shared_ptr<core> core_;
};

template <class Backend>
retrying(Backend&&, retry_config = {}) -> retrying<Backend>;
template <class Backend, class Clock>
retrying(Backend&&, retry_config, Clock&&) -> retrying<Backend, Clock>;
template <class Backend, class Clock, class Observer>
retrying(Backend&&, retry_config, Clock&&, Observer&&) -> retrying<Backend, Clock, Observer>;
template <class Backend, class Clock, class Observer, class Telemetry>
retrying(Backend&&, retry_config, Clock&&, Observer&&, Telemetry&&)
    -> retrying<Backend, Clock, Observer, Telemetry>;

}  // namespace urn
