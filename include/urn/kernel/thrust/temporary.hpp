#pragma once
/// \file
/// Memory of a policy's system for as long as a kernel runs.

#include <algorithm>
#include <cstddef>
#include <new>
#include <span>
#include <type_traits>

#include "urn/kernel/thrust/system.hpp"

namespace urn::kernel::by_thrust {

/// `size` elements where the policy's system reads and writes them, given back at the end of its life. Throws
/// std::bad_alloc, or what the policy's allocator throws.
template <class T, thrust_execution Exec>
class temporary {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  temporary(const Exec& exec, std::size_t size)
      : exec_(exec), size_(static_cast<std::ptrdiff_t>(size)), memory_(allocate(exec, size_)) {}
  /// A copy of what lies in the host's memory.
  temporary(const Exec& exec, std::span<const T> from) : temporary(exec, from.size()) {
    if constexpr (works_on_host<Exec>) {
      std::copy(from.begin(), from.end(), begin());
    } else {
      thrust::copy_n(from.data(), from.size(), thrust::device_pointer_cast(begin()));
    }
  }
  temporary(const temporary&) = delete;
  temporary& operator=(const temporary&) = delete;
  ~temporary() { thrust::return_temporary_buffer(exec_, memory_, size_); }

  [[nodiscard]] T* begin() const { return thrust::raw_pointer_cast(memory_); }
  [[nodiscard]] T* end() const { return begin() + size_; }

  /// Copies the first to.size() elements to the host.
  void to_host(std::span<T> to) const {
    if constexpr (works_on_host<Exec>) {
      std::copy_n(begin(), to.size(), to.begin());
    } else {
      wait();
      thrust::copy_n(thrust::device_pointer_cast(begin()), to.size(), to.data());
    }
  }

 private:
  static auto allocate(const Exec& exec, std::ptrdiff_t size) {
    const auto memory = thrust::get_temporary_buffer<T>(exec, size);
    if (memory.second < size) throw std::bad_alloc();
    return memory.first;
  }
  /// Algorithms may run on when they return, but not one that returns a value, nor those before it.
  void wait() const {
    const thrust::counting_iterator<int> first(0);
    (void)thrust::count(exec_, first, first + 1, 0);
  }

  Exec exec_;
  std::ptrdiff_t size_;
  decltype(allocate(std::declval<const Exec&>(), 0)) memory_;
};

}  // namespace urn::kernel::by_thrust
