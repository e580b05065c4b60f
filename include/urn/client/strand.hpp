#pragma once
/// \file
/// Calls in order, without a lock held.

#include <deque>
#include <functional>
#include <mutex>
#include <utility>

namespace urn::detail {

/// Makes calls one at a time and in the order of push, in whichever thread drains. A call may push and drain:
/// what it pushes comes after it, so calls never nest. Thread-safe.
class strand {
 public:
  /// Notes a call; it is made by a drain().
  void push(std::function<void()> call) {
    const std::lock_guard guard(mutex_);
    calls_.push_back(std::move(call));
  }

  /// Makes all calls there are, unless a drain() is at it, which then makes these too.
  void drain() {
    std::unique_lock lock(mutex_);
    if (draining_) return;
    draining_ = true;
    while (!calls_.empty()) {
      auto call = std::move(calls_.front());
      calls_.pop_front();
      lock.unlock();
      call();
      call = nullptr;  // what it holds is not to be destroyed under the lock either
      lock.lock();
    }
    draining_ = false;
  }

 private:
  std::mutex mutex_;
  std::deque<std::function<void()>> calls_;
  bool draining_ = false;
};

}  // namespace urn::detail
