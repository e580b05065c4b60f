#pragma once
/// \file
/// Where requests come in: a bounded queue between the threads that submit and the one that works.

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "urn/client/backend.hpp"

namespace urn {

/// Counts the requests that wait, before and after they were received, and knows the ids that were accepted
/// and not forgotten: who asks again with one of them needs no place. Thread-safe.
template <class Request>
class request_inbox {
 public:
  /// Requests in the order they came.
  using list = std::vector<std::unique_ptr<Request>>;

  explicit request_inbox(std::size_t capacity) : capacity_(capacity) {}

  /// Throws request_error: failure::overloaded if there is no place, failure::shut_down once it is closed.
  void push(std::unique_ptr<Request> made) {
    {
      const std::lock_guard lock(mutex_);
      if (closed_) throw request_error(failure::shut_down, "request", "the scheduler is gone");
      const std::string& id = made->request.id;
      if (id.empty() || !known_.contains(id)) take_place(id);
      arrived_.push_back(std::move(made));
    }
    changed_.notify_one();
  }

  /// All that came; if `idle`, waits for something to come. None: it was closed.
  std::optional<list> receive(bool idle) {
    std::unique_lock lock(mutex_);
    if (idle) changed_.wait(lock, [&] { return closed_ || !arrived_.empty(); });
    if (closed_) return {};
    return std::exchange(arrived_, {});
  }

  /// Ends every receive(); what came is for rest().
  void close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    changed_.notify_one();
  }
  list rest() {
    const std::lock_guard lock(mutex_);
    return std::exchange(arrived_, {});
  }

  /// Of those that were received, so many still wait.
  void set_waiting(std::size_t received) {
    const std::lock_guard lock(mutex_);
    queued_ = received + arrived_.size();
  }

  /// The id is as good as new.
  void forget(const std::string& id) {
    if (id.empty()) return;
    const std::lock_guard lock(mutex_);
    known_.erase(id);
  }

  /// Whether requests find a place.
  struct pressure {
    bool refused;  ///< somebody, since it was last asked
    bool full;
  };
  pressure take_pressure() {
    const std::lock_guard lock(mutex_);
    return {std::exchange(refused_, false), queued_ >= capacity_};
  }

 private:
  void take_place(const std::string& id) {
    if (queued_ >= capacity_) {
      refused_ = true;
      throw request_error(failure::overloaded, "request",
                          "the queue is full with " + std::to_string(queued_) + " requests",
                          "ask again later");
    }
    if (!id.empty()) known_.insert(id);
    ++queued_;
  }

  const std::size_t capacity_;
  std::mutex mutex_;
  std::condition_variable changed_;
  list arrived_;
  std::unordered_set<std::string> known_;
  std::size_t queued_ = 0;
  bool refused_ = false;
  bool closed_ = false;
};

}  // namespace urn
