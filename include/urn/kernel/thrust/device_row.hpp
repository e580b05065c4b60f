#pragma once
/// \file
/// A row of logits in device memory.

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <span>

#include "urn/core/row.hpp"
#include "urn/kernel/thrust/system.hpp"

namespace urn {

/// A borrowed row of contiguous logits, one for each token of the vocabulary, in memory of Thrust's device
/// system: the GPU's, where nvcc compiles. The kernels of thrust_on read it there; at() and load() copy what
/// is asked for to the host, on the default stream, and wait for it.
template <logit_type T>
class device_row {
 public:
  device_row(const T* first, std::size_t size) : first_(thrust::device_pointer_cast(first)), size_(size) {}
  /// All of a thrust::device_vector.
  template <class Vector>
    requires std::same_as<typename Vector::value_type, T>
  explicit device_row(const Vector& logits)
      : device_row(thrust::raw_pointer_cast(logits.data()), logits.size()) {}

  /// Where it lies in the device's memory.
  [[nodiscard]] const T* address() const { return thrust::raw_pointer_cast(first_); }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] static token_id id(std::size_t i) { return static_cast<token_id>(i); }
  [[nodiscard]] float at(std::size_t i) const {
    T logit{};
    thrust::copy_n(first_ + static_cast<std::ptrdiff_t>(i), 1, &logit);
    return to_float(logit);
  }
  [[nodiscard]] std::span<const float> load(std::size_t first, std::size_t count,
                                            block_buffer& buffer) const {
    T stored[block_size];
    thrust::copy_n(first_ + static_cast<std::ptrdiff_t>(first), count, stored);
    std::transform(stored, stored + count, buffer.logits, [](T logit) { return to_float(logit); });
    return {buffer.logits, count};
  }

 private:
  thrust::device_ptr<const T> first_;
  std::size_t size_;
};

template <class Vector>
device_row(const Vector&) -> device_row<typename Vector::value_type>;

}  // namespace urn
