#pragma once
/// \file
/// A few threads for work that is shorter than a wake-up.

#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

namespace urn {

/// What runs parts of work side by side: `size()`, how many; `run(parts, work)` calls work(i), which does not
/// throw, once for each i < parts <= size() and returns when all are done. An engine's own pool fits by two
/// functions.
template <class E>
concept executor = requires(E& e, std::size_t parts, void (&work)(std::size_t)) {
  { e.size() } -> std::convertible_to<std::size_t>;
  e.run(parts, work);
};

/// Threads that spin for a while before they sleep: a part is taken up within a microsecond if the last one
/// ended less than about 50 ago (a row of 262,144 tokens takes 100). Part 0 runs on the caller's thread, so a
/// pool of one has no thread of its own. run() is called by one thread at a time, and not from inside work.
/// Destruction joins.
class thread_pool {
 public:
  /// `size` >= 1 parts can run side by side, at most 65,535.
  explicit thread_pool(std::size_t size) {
    for (std::size_t i = 1; i < size; ++i) threads_.emplace_back([this, i] { serve(i); });
  }
  thread_pool(const thread_pool&) = delete;
  thread_pool& operator=(const thread_pool&) = delete;
  ~thread_pool() {
    announce(closing);
    for (std::thread& t : threads_) t.join();
  }

  [[nodiscard]] std::size_t size() const { return threads_.size() + 1; }

  template <class Work>
  void run(std::size_t parts, const Work& work) {
    if (parts == 0) return;
    call_ = [](const void* w, std::size_t i) { (*static_cast<const Work*>(w))(i); };
    work_ = &work;
    left_.store(parts - 1, std::memory_order_relaxed);
    if (parts > 1) announce(parts);
    work(0);
    wait_while(left_, [](std::size_t left) { return left != 0; });
  }

 private:
  static constexpr std::uint64_t parts_mask = 0xFFFF;
  static constexpr std::size_t closing = 0;
  static constexpr int spins = 2000;

  /// Begins the next round: its number and its parts in one word, so that a thread without a part reads
  /// nothing else.
  void announce(std::size_t parts) {
    const std::uint64_t number = (round_.load(std::memory_order_relaxed) >> 16) + 1;
    round_.store((number << 16) | parts, std::memory_order_release);
    round_.notify_all();
  }

  void serve(std::size_t index) {
    for (std::uint64_t seen = 0;;) {
      seen = wait_while(round_, [=](std::uint64_t round) { return round == seen; });
      const std::size_t parts = seen & parts_mask;
      if (parts == closing) return;
      if (index >= parts) continue;
      call_(work_, index);
      if (left_.fetch_sub(1, std::memory_order_acq_rel) == 1) left_.notify_one();
    }
  }

  static void pause() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
  }

  /// The first value that does not make the thread wait.
  template <class T, class Waits>
  static T wait_while(const std::atomic<T>& word, Waits&& waits) {
    for (int i = 0; i < spins; ++i) {
      const T value = word.load(std::memory_order_acquire);
      if (!waits(value)) return value;
      pause();
    }
    for (;;) {
      const T value = word.load(std::memory_order_acquire);
      if (!waits(value)) return value;
      word.wait(value, std::memory_order_acquire);
    }
  }

  std::atomic<std::uint64_t> round_{0};
  std::atomic<std::size_t> left_{0};  // parts that other threads still do
  void (*call_)(const void*, std::size_t) = nullptr;
  const void* work_ = nullptr;
  std::vector<std::thread> threads_;  // last: joined before the rest goes
};

}  // namespace urn
