#pragma once
// Cases of the corpus in device memory, and what their draws say.

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "corpus.hpp"
#include "pipelines.hpp"
#include "rows.hpp"
#include "urn/pipeline/cuda/policy.hpp"
#include "urn/urn.hpp"

namespace proof {

inline void check(cudaError_t e) {
  if (e != cudaSuccess) throw std::runtime_error(std::string("CUDA: ") + cudaGetErrorString(e));
}

/// A case's row, of one of the three element types.
struct any_row {
  const void* data;
  std::size_t length;
  std::size_t element;  ///< see sample_case

  [[nodiscard]] URN_HOST_DEVICE std::size_t size() const { return length; }
  [[nodiscard]] URN_HOST_DEVICE static urn::token_id id(std::size_t i) {
    return static_cast<urn::token_id>(i);
  }
  /// Calls use(the row as what it is).
  template <class Use>
  URN_HOST_DEVICE auto visit(Use&& use) const {
    if (element == 0) return use(urn::row_view<float>(static_cast<const float*>(data), length));
    if (element == 1)
      return use(urn::row_view<urn::bfloat16>(static_cast<const urn::bfloat16*>(data), length));
    return use(urn::row_view<urn::float16>(static_cast<const urn::float16*>(data), length));
  }
  [[nodiscard]] URN_HOST_DEVICE URN_CALLED float at(std::size_t i) const {
    return visit([=](const auto& row) { return row.at(i); });
  }
  [[nodiscard]] std::span<const float> load(std::size_t first, std::size_t count,
                                            urn::block_buffer& buffer) const {
    return visit([&](const auto& row) { return row.load(first, count, buffer); });
  }
};

template <int N>
__device__ void load_strips(const any_row& row, std::size_t first, urn::kernel::cuda::strips<N>& to) {
  row.visit([&](const auto& typed) { urn::kernel::cuda::load_strips(typed, first, to); });
}

/// A batch of them.
struct any_rows {
  const any_row* all;
  std::size_t rows, columns;
  [[nodiscard]] URN_HOST_DEVICE any_row row(std::size_t r) const { return all[r]; }
};

/// Device memory with a copy on the host: what is put in has its address at once, and is there after
/// upload().
class arena {
 public:
  explicit arena(std::size_t capacity) : host_(capacity) { check(cudaMalloc(&device_, capacity)); }
  ~arena() { cudaFree(device_); }
  arena(const arena&) = delete;
  arena& operator=(const arena&) = delete;

  template <class T>
  std::span<T> put(std::span<const T> values) {
    const std::span<T> place = room<T>(values.size());
    if (!values.empty()) std::memcpy(on_host(place).data(), values.data(), values.size_bytes());
    return place;
  }
  template <class T>
  std::span<T> room(std::size_t n) {
    const std::size_t at = (used_ + 255) / 256 * 256;
    used_ = at + n * sizeof(T);
    if (used_ > host_.size()) throw std::runtime_error("the arena is full");
    return {reinterpret_cast<T*>(static_cast<unsigned char*>(device_) + at), n};
  }
  template <class T>
  std::span<T> on_host(std::span<T> place) {
    const auto at =
        reinterpret_cast<const unsigned char*>(place.data()) - static_cast<unsigned char*>(device_);
    return {reinterpret_cast<T*>(host_.data() + at), place.size()};
  }
  void clear() { used_ = 0; }
  void upload() { check(cudaMemcpy(device_, host_.data(), used_, cudaMemcpyHostToDevice)); }
  template <class T>
  std::span<T> download(std::span<T> place) {
    const std::span<T> here = on_host(place);
    check(cudaMemcpy(here.data(), place.data(), place.size_bytes(), cudaMemcpyDeviceToHost));
    return here;
  }

 private:
  std::vector<unsigned char> host_;
  void* device_ = nullptr;
  std::size_t used_ = 0;
};

/// A case with its row, as made by one of many threads.
struct made_case {
  std::uint64_t number;
  sample_case c;
  std::vector<unsigned char> row;

  made_case(corpus of, std::uint64_t n) : number(n), c(of, n) {
    if (c.element == 0) fill<float>();
    if (c.element == 1) fill<urn::bfloat16>();
    if (c.element == 2) fill<urn::float16>();
  }

 private:
  template <class T>
  void fill() {
    row.resize(c.size * sizeof(T));
    row_maker<T>({reinterpret_cast<T*>(row.data()), c.size}, c.r)();
  }
};

using device_bad_words = urn::borrowed_bad_words;

/// Everything that a case borrows, put into an arena.
inline borrowed<device_bad_words> put(arena& to, const sample_case& c) {
  std::vector<std::span<const urn::token_id>> sequences;
  for (const auto& ids : c.bad) sequences.push_back(to.put(std::span<const urn::token_id>(ids)));
  const auto put_all = [&]<class T>(const std::vector<T>& v) { return to.put(std::span<const T>(v)); };
  return {put_all(c.allowed),
          put_all(c.biases),
          put_all(c.ends),
          {to.put(std::span<const std::span<const urn::token_id>>(sequences))}};
}

}  // namespace proof
