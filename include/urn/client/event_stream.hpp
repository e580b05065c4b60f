#pragma once
/// \file
/// A request's tokens while they are drawn: a range of events.

#include <cstddef>
#include <deque>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>
#include <variant>

#include "urn/client/backend.hpp"
#include "urn/client/future.hpp"

namespace urn {

/// An input range of stream_event, one for each token of each sample, and then the whole response:
///
///     for (const stream_event& event : stream) std::cout << event.text;
///     const sample_response response = stream.response();
///
/// begin() and ++ wait for the next event, and throw the request_error of a request that failed once its
/// events are read. The backend never waits for a slow reader: what is not yet read is kept, no more than the
/// request's tokens. Dropping the stream cancels the request. Move-only; to be used by one thread at a time.
class event_stream {
  class state final : public detail::answer_state<sample_response> {
   public:
    void push(const stream_event& event) {
      {
        const std::lock_guard lock(mutex_);
        events_.push_back(event);
      }
      changed_.notify_all();
    }

    /// The next event; none at the end.
    std::optional<stream_event> next() {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return !events_.empty() || answer_; });
      if (!events_.empty()) {
        std::optional event(std::move(events_.front()));
        events_.pop_front();
        return event;
      }
      if (const auto* failed = std::get_if<request_error>(&*answer_)) throw request_error(*failed);
      return {};
    }

   private:
    std::deque<stream_event> events_;
  };

 public:
  class iterator {
   public:
    using value_type = stream_event;
    using difference_type = std::ptrdiff_t;
    explicit iterator(event_stream& from) : from_(&from) {}
    const stream_event& operator*() const { return *from_->event_; }
    const stream_event* operator->() const { return &*from_->event_; }
    iterator& operator++() {
      from_->event_ = from_->held().next();
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const iterator& i, std::default_sentinel_t) { return i.at_end(); }

   private:
    bool at_end() const { return !from_->event_; }

    event_stream* from_;
  };

  /// A stream and the listener that feeds it, for one request. `also` cancels the request too.
  static std::pair<event_stream, listener> open(std::stop_token also = {}) {
    auto shared = std::make_shared<state>();
    listener feed = keeps(promise<sample_response>(shared, std::move(also)));
    feed.event = [shared](const stream_event& event) { shared->push(event); };
    return {event_stream(std::move(shared)), std::move(feed)};
  }

  event_stream(event_stream&&) noexcept = default;
  event_stream& operator=(event_stream&& other) noexcept {
    std::swap(state_, other.state_);
    std::swap(event_, other.event_);
    return *this;
  }
  event_stream(const event_stream&) = delete;
  event_stream& operator=(const event_stream&) = delete;
  ~event_stream() {
    if (state_) state_->abandon();
  }

  /// Waits for the first event. Events come once: a second begin() goes on where the first stopped.
  iterator begin() { return ++iterator(*this); }
  static std::default_sentinel_t end() { return {}; }

  /// Waits for the end and takes the response, once; throws the request_error of a request that failed, and
  /// urn::error where it was taken. Events that were not read are lost.
  sample_response response() {
    held().wait();
    return std::exchange(state_, nullptr)->take();
  }

  /// Asks for the request to end.
  void cancel() {
    if (state_) state_->cancel().request_stop();
  }
  /// Asked to stop when the stream is dropped or cancelled: the request's.
  [[nodiscard]] std::stop_token cancel_token() const { return held().cancel().get_token(); }

 private:
  explicit event_stream(std::shared_ptr<state> shared) : state_(std::move(shared)) {}

  [[nodiscard]] state& held() const {
    if (!state_) throw error("event_stream", "it is empty", "a response can be taken once");
    return *state_;
  }

  std::shared_ptr<state> state_;
  std::optional<stream_event> event_;
};

}  // namespace urn
