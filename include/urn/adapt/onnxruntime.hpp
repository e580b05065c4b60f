#pragma once
/// \file
/// ONNX Runtime: the logits that a session gives, read in place.
///
/// Written against the members that Ort::Value and Ort::ConstValue have, so that it includes nothing of ONNX
/// Runtime: the caller includes <onnxruntime_cxx_api.h>.

#include <concepts>
#include <cstdint>
#include <span>
#include <utility>

#include "urn/adapt/tensor.hpp"

namespace urn {

/// An Ort::Value, or what views one.
template <class V>
concept onnxruntime_value = requires(const V& v) {
  { v.IsTensor() } -> std::convertible_to<bool>;
  static_cast<int>(v.GetTensorTypeAndShapeInfo().GetElementType());
  std::span<const std::int64_t>(v.GetTensorTypeAndShapeInfo().GetShape());
  static_cast<int>(v.GetTensorMemoryInfo().GetDeviceType());
  { v.GetTensorRawData() } -> std::convertible_to<const void*>;
};

namespace detail {

/// ONNXTensorElementDataType, the numbers of the ONNX format.
constexpr tensor_element onnx_element(int type) {
  switch (type) {
    case 1: return tensor_element::float32;
    case 6: return tensor_element::int32;
    case 10: return tensor_element::float16;
    case 16: return tensor_element::bfloat16;
    default: return tensor_element::other;
  }
}

}  // namespace detail

/// As with_logits of a foreign_tensor: use(batch), where the value is a tensor of logits. A value that is no
/// tensor has a problem with its elements. Reading the shape allocates, and throws what ONNX Runtime throws.
template <onnxruntime_value Value, class Use>
tensor_problem with_logits(const Value& value, tensor_memory from, Use&& use) {
  if (!value.IsTensor()) return tensor_problem::element;
  const auto info = value.GetTensorTypeAndShapeInfo();
  const auto shape = info.GetShape();
  const bool on_gpu = static_cast<int>(value.GetTensorMemoryInfo().GetDeviceType()) != 0;
  const foreign_tensor view{value.GetTensorRawData(),
                            detail::onnx_element(static_cast<int>(info.GetElementType())),
                            on_gpu ? tensor_memory::cuda : tensor_memory::host, shape};
  return with_logits(view, from, std::forward<Use>(use));
}

}  // namespace urn
