#pragma once
/// \file
/// A weight tensor as it lies in a file, and its exact conversion to float.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "urn/core/error.hpp"
#include "urn/core/float16.hpp"

namespace urn {

static_assert(std::endian::native == std::endian::little,
              "urn reads the files' little-endian numbers in place");

/// The element types urn computes with; every one of them converts to float exactly.
enum class tensor_type { f32, f16, bf16 };

/// A tensor borrowed from a file: row-major, little-endian, not necessarily aligned.
struct tensor_view {
  tensor_type type = tensor_type::f32;
  std::vector<std::int64_t> shape;   ///< outermost dimension first; empty for a scalar; every entry >= 0
  std::span<const std::byte> bytes;  ///< element count times element size
};

/// Bytes of one element.
constexpr std::size_t element_size(tensor_type type) { return type == tensor_type::f32 ? 4 : 2; }

namespace detail {

// Elements are copied out one by one because a file's tensors need not be aligned.
template <class Stored, class Decode>
void decode_elements(std::span<const std::byte> bytes, std::span<float> out, Decode decode) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    Stored stored{};
    std::memcpy(&stored, bytes.data() + i * sizeof(Stored), sizeof(Stored));
    out[i] = decode(stored);
  }
}

}  // namespace detail

/// Writes every element to `out`, in order and exactly: infinities, NaNs and subnormals included. `out` holds
/// as many elements as the tensor, otherwise urn::error is thrown and nothing is written. O(elements), no
/// allocation.
inline void to_float(const tensor_view& tensor, std::span<float> out) {
  const std::size_t size = element_size(tensor.type);
  if (tensor.bytes.size() % size != 0 || tensor.bytes.size() / size != out.size()) {
    throw error("to_float",
                "a tensor of " + std::to_string(tensor.bytes.size()) + " bytes does not fill " +
                    std::to_string(out.size()) + " floats",
                "expected " + std::to_string(size) + " bytes for each float");
  }
  switch (tensor.type) {
    case tensor_type::f32:
      return detail::decode_elements<float>(tensor.bytes, out, [](float x) { return x; });
    case tensor_type::f16:
      return detail::decode_elements<float16>(tensor.bytes, out, [](float16 x) { return to_float(x); });
    case tensor_type::bf16:
      return detail::decode_elements<bfloat16>(tensor.bytes, out, [](bfloat16 x) { return to_float(x); });
  }
}

}  // namespace urn
