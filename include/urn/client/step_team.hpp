#pragma once
/// \file
/// Threads that do the parts of one step side by side.

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

namespace urn {

/// A few threads that wait for work. One part runs on the caller's thread, so a team of one has none of its
/// own. Destroying it joins them. Used by one thread.
class step_team {
 public:
  /// `size` >= 1 parts can run side by side.
  explicit step_team(std::size_t size) {
    for (std::size_t i = 1; i < size; ++i) {
      threads_.emplace_back([this, i](const std::stop_token& stop) { serve(stop, i); });
    }
  }

  [[nodiscard]] std::size_t size() const { return threads_.size() + 1; }

  /// Calls work(i), which must not throw, for 0 <= i < parts <= size(), each on a thread of its own, and
  /// returns when all are done.
  template <class Work>
  void run(std::size_t parts, const Work& work) {
    if (parts > 1)
      begin(
          parts, [](const void* w, std::size_t i) { (*static_cast<const Work*>(w))(i); }, &work);
    if (parts > 0) work(0);
    if (parts > 1) finish();
  }

 private:
  using call = void (*)(const void*, std::size_t);

  void begin(std::size_t parts, call call_work, const void* work) {
    {
      const std::lock_guard lock(mutex_);
      call_ = call_work;
      work_ = work;
      parts_ = parts;
      left_ = parts - 1;
      ++round_;
    }
    started_.notify_all();
  }
  void finish() {
    std::unique_lock lock(mutex_);
    done_.wait(lock, [&] { return left_ == 0; });
  }

  void serve(const std::stop_token& stop, std::size_t index) {
    std::size_t seen = 0;
    std::unique_lock lock(mutex_);
    while (started_.wait(lock, stop, [&] { return round_ != seen; })) {
      seen = round_;
      if (index >= parts_) continue;
      lock.unlock();
      call_(work_, index);
      lock.lock();
      if (--left_ == 0) done_.notify_one();
    }
  }

  std::mutex mutex_;
  std::condition_variable_any started_;
  std::condition_variable done_;
  call call_ = nullptr;
  const void* work_ = nullptr;
  std::size_t parts_ = 0;
  std::size_t left_ = 0;               // parts that other threads still do
  std::size_t round_ = 0;              // counts run()
  std::vector<std::jthread> threads_;  // last: joined before the rest goes
};

}  // namespace urn
