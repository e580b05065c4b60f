#pragma once
/// \file
/// DLPack: tensors of PyTorch, JAX, CuPy, TVM, xgrammar and others, read in place.
///
/// Written against the layout, not against a dlpack.h: the caller includes the one it has (any whose DLTensor
/// has a `device`), <ATen/dlpack.h> for instance.

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "urn/adapt/tensor.hpp"
#include "urn/processor/bitmask.hpp"

namespace urn {

/// A DLTensor.
template <class T>
concept dlpack_tensor = requires(const T& t) {
  static_cast<const void*>(t.data);
  static_cast<int>(t.device.device_type);
  static_cast<int>(t.dtype.code) + t.dtype.bits + t.dtype.lanes;
  std::span<const std::int64_t>(t.shape, static_cast<std::size_t>(t.ndim));
  static_cast<const std::int64_t*>(t.strides);
  static_cast<std::size_t>(t.byte_offset);
};

/// A DLManagedTensor or DLManagedTensorVersioned. Its owner is the caller, who calls its deleter in the end.
template <class T>
concept dlpack_managed_tensor = requires(const T& t) {
  requires dlpack_tensor<decltype(t.dl_tensor)>;
};

namespace detail {

/// DLDataTypeCode: 0 is kDLInt, 2 kDLFloat, 4 kDLBfloat.
constexpr tensor_element dlpack_element(int code, int bits, int lanes) {
  if (lanes != 1) return tensor_element::other;
  if (code == 0 && bits == 32) return tensor_element::int32;
  if (code == 2 && bits == 32) return tensor_element::float32;
  if (code == 2 && bits == 16) return tensor_element::float16;
  return code == 4 && bits == 16 ? tensor_element::bfloat16 : tensor_element::other;
}

/// DLDeviceType: 1 is kDLCPU, 2 kDLCUDA, 3 kDLCUDAHost, 13 kDLCUDAManaged.
constexpr tensor_memory dlpack_memory(int device_type) {
  switch (device_type) {
    case 1: return tensor_memory::host;
    case 2: return tensor_memory::cuda;
    case 3:
    case 13: return tensor_memory::host_and_cuda;
    default: return tensor_memory::other;
  }
}

}  // namespace detail

/// The tensor, borrowed.
template <dlpack_tensor Tensor>
foreign_tensor view_of(const Tensor& t) {
  const auto* data = static_cast<const unsigned char*>(static_cast<const void*>(t.data));
  if (data != nullptr) data += t.byte_offset;
  return {data,
          detail::dlpack_element(static_cast<int>(t.dtype.code), t.dtype.bits, t.dtype.lanes),
          detail::dlpack_memory(static_cast<int>(t.device.device_type)),
          {t.shape, t.ndim > 0 ? static_cast<std::size_t>(t.ndim) : 0},
          t.strides};
}
template <dlpack_managed_tensor Tensor>
foreign_tensor view_of(const Tensor& t) {
  return view_of(t.dl_tensor);
}

/// As with_logits of a foreign_tensor. `from` is who draws: the host by itself, tensor_memory::cuda for
/// urn::cuda; which of several devices it is stands in the tensor's device_id.
template <class Tensor, class Use>
  requires(dlpack_tensor<Tensor> || dlpack_managed_tensor<Tensor>)
tensor_problem with_logits(const Tensor& tensor, tensor_memory from, Use&& use) {
  return with_logits(view_of(tensor), from, std::forward<Use>(use));
}

/// As read_mask of a foreign_tensor.
template <class Tensor>
  requires(dlpack_tensor<Tensor> || dlpack_managed_tensor<Tensor>)
tensor_problem read_mask(const Tensor& tensor, std::size_t row, tensor_memory from, bitmask& mask) {
  return read_mask(view_of(tensor), row, from, mask);
}

}  // namespace urn
