#pragma once
// Memory on a device, for tests.

#include <cuda_runtime.h>

#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "urn/pipeline/cuda/policy.hpp"
#include "urn/urn.hpp"

namespace device {

inline void check(cudaError_t e) {
  if (e != cudaSuccess) throw std::runtime_error(std::string("CUDA: ") + cudaGetErrorString(e));
}

/// Elements on the device.
template <class T>
class array {
 public:
  explicit array(std::size_t size) : size_(size) { check(cudaMalloc(&data_, size * sizeof(T))); }
  explicit array(std::span<const T> values) : array(values.size()) {
    check(cudaMemcpy(data_, values.data(), values.size_bytes(), cudaMemcpyHostToDevice));
  }
  ~array() { cudaFree(data_); }
  array(const array&) = delete;
  array& operator=(const array&) = delete;

  [[nodiscard]] std::span<T> span() const { return {static_cast<T*>(data_), size_}; }
  [[nodiscard]] std::vector<T> values() const {
    std::vector<T> here(size_);
    check(cudaMemcpy(here.data(), data_, size_ * sizeof(T), cudaMemcpyDeviceToHost));
    return here;
  }

 private:
  void* data_ = nullptr;
  std::size_t size_;
};

/// A workspace with its memory.
class workspace {
 public:
  workspace(std::size_t rows, std::size_t vocabulary)
      : memory_(urn::cuda_workspace::bytes(rows, vocabulary)),
        view_(memory_.span().data(), memory_.span().size(), rows, vocabulary) {
    check(view_.clear(nullptr));
  }
  [[nodiscard]] const urn::cuda_workspace& view() const { return view_; }

 private:
  array<unsigned char> memory_;
  urn::cuda_workspace view_;
};

/// The draws of a batch whose contexts point to nothing.
template <class Sampler, class T>
std::vector<urn::draw> draws(const Sampler& sampler, urn::batch_view<T> batch,
                             std::span<const urn::draw_context> contexts, const urn::cuda_workspace& scratch,
                             unsigned slices = 0) {
  const array<urn::draw_context> asked(contexts);
  const array<urn::draw> out(contexts.size());
  urn::cuda policy{nullptr};
  policy.slices = slices;
  const urn::status s = sampler(policy, batch, asked.span(), out.span(), scratch);
  if (s != urn::status::ok) throw std::runtime_error("the batch was refused");
  check(cudaDeviceSynchronize());
  return out.values();
}

inline bool same(const urn::draw& a, const urn::draw& b) {
  const auto bits = [](float x) { return urn::exact::is_nan(x) ? 0U : urn::exact::bits(x); };
  return a.token == b.token && a.status == b.status && bits(a.logprob) == bits(b.logprob) &&
         bits(a.raw_logprob) == bits(b.raw_logprob) && bits(a.prior_logprob) == bits(b.prior_logprob) &&
         a.rank == b.rank && a.kept == b.kept && a.mass == b.mass;
}

}  // namespace device
