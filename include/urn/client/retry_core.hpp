#pragma once
/// \file
/// The states of requests that are asked again: what `retrying` is made of.

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "urn/client/backend.hpp"
#include "urn/client/clock.hpp"
#include "urn/client/observer.hpp"
#include "urn/client/retried_request.hpp"
#include "urn/client/retry_config.hpp"
#include "urn/client/strand.hpp"
#include "urn/client/telemetry.hpp"

namespace urn::detail {

inline std::uint64_t random_seed() {
  std::random_device device;
  return (std::uint64_t{device()} << 32U) | device();
}

/// What `retrying` does, kept alive by the callbacks that it has given away. Under the mutex nothing foreign
/// is called but the clock and retry_on: all else is put on strands and done after it is released.
template <class Backend, class Clock, class Observer, class Telemetry>
class retry_core : public std::enable_shared_from_this<retry_core<Backend, Clock, Observer, Telemetry>> {
 public:
  using job = std::shared_ptr<retried_request>;
  using phase = retried_request::phase;

  retry_core(Backend& backend, Clock& clock, Observer& observer, Telemetry& telemetry, retry_config config)
      : backend_(backend),
        clock_(clock),
        observer_(observer),
        telemetry_(telemetry),
        config_(std::move(config)) {}

  void submit(sample_request request, listener who) {
    if (!request.params.seed) request.params.seed = random_seed();
    if (request.id.empty()) request.id = "request-" + std::to_string(random_seed());
    const auto now = clock_.now();
    const job mine = std::make_shared<retried_request>(std::move(request), std::move(who), now);
    enter(mine, [&] {
      mine->order = next_order_++;
      jobs_.emplace(mine->order, mine);
    });
    mine->on_cancel.emplace(mine->request.cancel, [core = this->weak_from_this(), job = std::weak_ptr(mine)] {
      const auto self = core.lock();
      const auto cancelled = job.lock();
      if (self && cancelled) self->enter(cancelled, [&] { self->cancel(cancelled); });
    });
    enter(mine, [&] { wait_for_turn(mine); });
  }

  /// Ends every request, and returns when nothing is being called any more.
  void close() {
    std::vector<job> all;
    {
      const std::lock_guard guard(mutex_);
      closed_ = true;
      for (const auto& entry : jobs_) all.push_back(entry.second);
      for (const job& each : all) {
        if (each->now == phase::running) abandon(each);
        fail(each, {failure::shut_down, name_of_request(each), "the client is gone"});
      }
    }
    for (const job& each : all) each->told.drain();
    work_.drain();
    std::unique_lock lock(mutex_);
    idle_.wait(lock, [&] { return inside_ == 0; });
  }

 private:
  /// Makes one step under the mutex, starts who can start, then does what they ask for. After close() nothing
  /// happens.
  template <class Step>
  void enter(const job& mine, Step&& step) {
    {
      const std::lock_guard guard(mutex_);
      if (closed_) return;
      ++inside_;
      if (mine->now != phase::over) step();
      start_next();
    }
    mine->told.drain();
    work_.drain();
    const std::lock_guard guard(mutex_);
    if (--inside_ == 0) idle_.notify_all();
  }

  void set_phase(const job& mine, phase next) {
    if (mine->timer) clock_.cancel(*std::exchange(mine->timer, std::nullopt));
    if (mine->now == phase::running) --running_;
    if (next == phase::running) ++running_;
    mine->now = next;
    ++mine->phases;
  }

  /// Makes `step` when `wait` has passed, if this phase still lasts then.
  void set_timer(const job& mine, retry_config::duration wait, void (retry_core::*step)(const job&)) {
    mine->timer = clock_.call_after(
        wait, [core = this->weak_from_this(), job = std::weak_ptr(mine), phases = mine->phases, step] {
          const auto self = core.lock();
          const auto late = job.lock();
          if (!self || !late) return;
          self->enter(late, [&] {
            if (late->phases == phases) ((*self).*step)(late);
          });
        });
  }

  void wait_for_turn(const job& mine) {
    set_phase(mine, phase::waiting);
    waiting_.insert(mine->order);
    if (const auto left = time_left(*mine)) set_timer(mine, *left, &retry_core::miss_deadline);
  }

  /// In the order of submission.
  void start_next() {
    while (running_ < config_.max_concurrent && !waiting_.empty()) {
      const job next = jobs_.at(*waiting_.begin());
      waiting_.erase(waiting_.begin());
      start(next);
    }
  }

  void start(const job& mine) {
    const auto left = time_left(*mine);
    if (left && *left <= left->zero()) return miss_deadline(mine);
    set_phase(mine, phase::running);
    mine->seen.clear();
    mine->attempt_stop = std::stop_source();
    mine->progress = clock_.now();
    set_timer(mine, config_.progress_timeout, &retry_core::check_progress);
    sample_request again = mine->request;
    again.cancel = mine->attempt_stop.get_token();
    if (left) again.params.deadline = std::chrono::ceil<std::chrono::milliseconds>(*left);
    const std::size_t attempt = ++mine->attempts;
    work_.push([this, mine, attempt, again = std::move(again)]() mutable {
      if (attempt > 1) telemetry_.count(telemetry::retries);
      ask(mine, attempt, std::move(again));
    });
  }

  /// Called without the mutex.
  void ask(const job& mine, std::size_t attempt, sample_request request) {
    {
      const std::lock_guard guard(mutex_);
      if (!is_current(mine, attempt)) return;
    }
    try {
      backend_.submit(std::move(request), listener_for(mine, attempt));
    } catch (const request_error& problem) {
      answer(mine, attempt, problem);
    } catch (const std::exception& problem) {
      answer(mine, attempt, request_error(failure::unavailable, "backend", problem.what()));
    } catch (...) {
      answer(mine, attempt, request_error(failure::unavailable, "backend", "threw no std::exception"));
    }
  }

  listener listener_for(const job& mine, std::size_t attempt) {
    const auto self = this->shared_from_this();
    return {.done = [self, mine, attempt](outcome result) { self->answer(mine, attempt, std::move(result)); },
            .event =
                [self, mine, attempt](const stream_event& event) {
                  self->enter(mine, [&] {
                    if (self->is_current(mine, attempt)) self->hear(mine, event);
                  });
                }};
  }

  void answer(const job& mine, std::size_t attempt, outcome result) {
    enter(mine, [&] {
      if (!is_current(mine, attempt)) return;
      if (auto* const problem = std::get_if<request_error>(&result)) return retry(mine, std::move(*problem));
      report(queue_state::active, "the backend answers");
      finish(mine, std::move(result));
    });
  }

  bool is_current(const job& mine, std::size_t attempt) const {
    return mine->now == phase::running && mine->attempts == attempt;
  }

  /// An event of the current attempt. Equal seeds give equal tokens, so what an earlier attempt gave is left
  /// out; if it is not equal, no later event could be true to those delivered.
  void hear(const job& mine, const stream_event& event) {
    mine->progress = clock_.now();
    report(queue_state::active, "the backend answers");
    if (!mine->streams) return;
    auto& delivered = mine->delivered[event.sequence];
    const std::size_t place = mine->seen[event.sequence]++;
    if (place == delivered.size()) {
      delivered.push_back(event.token);
      mine->told.push([to = mine.get(), event] { to->who.event(event); });
    } else if (delivered[place] != event.token) {
      abandon(mine);
      fail(mine, {failure::unavailable, name_of_request(mine),
                  "attempt " + std::to_string(mine->attempts) + " drew token " + std::to_string(event.token) +
                      " where an earlier one drew " + std::to_string(delivered[place]),
                  "stream from a backend whose draws follow from the seed"});
    }
  }

  void check_progress(const job& mine) {
    const auto quiet = clock_.now() - mine->progress;
    if (quiet < config_.progress_timeout) {
      return set_timer(mine, config_.progress_timeout - quiet, &retry_core::check_progress);
    }
    abandon(mine);
    const std::chrono::duration<double> seconds = quiet;
    retry(mine, {failure::stuck, name_of_request(mine),
                 "no progress for " + std::to_string(seconds.count()) + " s"});
  }

  void abandon(const job& mine) {
    work_.push([stop = mine->attempt_stop]() mutable { stop.request_stop(); });
  }

  void cancel(const job& mine) {
    if (mine->now == phase::running) return abandon(mine);  // the backend answers with what there is
    fail(mine, cancelled(mine));
  }

  void miss_deadline(const job& mine) {
    fail(mine, {failure::deadline, name_of_request(mine), "the deadline has passed" + after_attempts(mine)});
  }

  /// What to do when the running attempt has failed.
  void retry(const job& mine, request_error problem) {
    if (problem.kind() == failure::overloaded) report(queue_state::paused_capacity, problem.what());
    if (mine->request.cancel.stop_requested()) return fail(mine, cancelled(mine));
    const bool worth_it = config_.retry_on ? config_.retry_on(problem) : problem.retryable();
    if (!worth_it && mine->attempts == 1) return fail(mine, std::move(problem));
    const std::string said = problem.what() + after_attempts(mine);
    if (!worth_it || mine->attempts >= config_.max_attempts) return fail(mine, {problem.kind(), {}, said});
    const auto wait = retry_delay(config_, mine->request.id, mine->attempts);
    const auto left = time_left(*mine);
    if (left && *left <= wait) {
      return fail(mine, {failure::deadline, {}, "no time before the deadline to ask again: " + said});
    }
    set_phase(mine, phase::resting);
    set_timer(mine, wait, &retry_core::wait_for_turn);
  }

  static request_error cancelled(const job& mine) {
    return {failure::cancelled, name_of_request(mine), "was cancelled" + after_attempts(mine)};
  }
  static std::string name_of_request(const job& mine) { return "request " + mine->request.id; }
  static std::string after_attempts(const job& mine) {
    return " (attempts: " + std::to_string(mine->attempts) + ")";
  }

  void fail(const job& mine, request_error problem) {
    work_.push([this] { telemetry_.count(telemetry::failures); });
    finish(mine, std::move(problem));
  }

  void finish(const job& mine, outcome result) {
    set_phase(mine, phase::over);
    waiting_.erase(mine->order);
    jobs_.erase(mine->order);
    // What the caller gave is let go now: a stuck backend may keep the rest for long.
    mine->told.push([to = mine.get(), result = std::move(result)]() mutable {
      const listener who = std::move(to->who);
      who.done(std::move(result));
    });
  }

  void report(queue_state state, std::string_view reason) {
    if (state == queue_state::active && state_ == state) return;
    state_ = state;
    work_.push([this, state, said = std::string(reason)] { observer_.on_queue_state_change(state, said); });
  }

  std::optional<retry_config::duration> time_left(const retried_request& mine) const {
    if (!mine.request.params.deadline) return std::nullopt;
    const std::chrono::duration<double> far = std::chrono::hours(24 * 365);
    if (*mine.request.params.deadline > far) return std::nullopt;
    return mine.submitted + *mine.request.params.deadline - clock_.now();
  }

  Backend& backend_;  // these four are used between enter's first line and its last, or under the mutex
  Clock& clock_;
  Observer& observer_;
  Telemetry& telemetry_;
  const retry_config config_;

  std::mutex mutex_;
  std::condition_variable idle_;
  std::size_t inside_ = 0;  // threads in enter
  bool closed_ = false;
  std::map<std::uint64_t, job> jobs_;  // by order; all that are not over
  std::set<std::uint64_t> waiting_;
  std::uint64_t next_order_ = 0;
  std::size_t running_ = 0;
  queue_state state_ = queue_state::active;
  strand work_;
};

}  // namespace urn::detail
