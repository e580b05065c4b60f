#pragma once
/// \file
/// Logits as other libraries' tensors describe them, with type, shape and strides known at run time.

#include <cstddef>
#include <cstdint>
#include <span>

#include "urn/core/float16.hpp"
#include "urn/core/row.hpp"
#include "urn/processor/bitmask.hpp"

namespace urn {

/// What a tensor's elements are; `other` is whatever urn has no use for.
enum class tensor_element : std::uint8_t { other, float32, bfloat16, float16, int32 };

/// Who can read them. The host reads pinned and managed memory too, a CUDA device both as well.
enum class tensor_memory : std::uint8_t { other, host, cuda, host_and_cuda };

/// A tensor that somebody else owns. Shape and strides are borrowed like the data.
struct foreign_tensor {
  const void* data = nullptr;
  tensor_element element = tensor_element::other;
  tensor_memory memory = tensor_memory::host;
  std::span<const std::int64_t> shape{};
  const std::int64_t* strides =
      nullptr;  ///< in elements, one a dimension; null: rows lie one after the other
};

/// Why a tensor cannot be read in place; `sentence` says it in words.
enum class tensor_problem : std::uint8_t { no, element, memory, rank, shape, strides, data };

/// What is wrong, and what would be right; for `no`, that nothing is.
constexpr const char* sentence(tensor_problem problem) {
  switch (problem) {
    case tensor_problem::element:
      return "urn: the tensor's elements must be float32, bfloat16 or float16 (logits) or int32 (a bitmask)";
    case tensor_problem::memory:
      return "urn: the tensor lies where this call cannot read it: move it to the CPU, or draw on its device";
    case tensor_problem::rank:
      return "urn: the tensor's shape must be (vocabulary), (batch, vocabulary) or (batch, sequence, "
             "vocabulary), of which the last places are drawn from";
    case tensor_problem::shape:
      return "urn: the tensor has a negative size, a sequence of no places, or no such row";
    case tensor_problem::strides:
      return "urn: a row's elements must lie side by side and rows must not overlap: make the tensor "
             "contiguous";
    case tensor_problem::data: return "urn: the tensor's data is null, or not aligned for its elements";
    case tensor_problem::no: break;
  }
  return "urn: the tensor can be read in place";
}

namespace detail {

constexpr std::size_t size_of(tensor_element element) {
  const bool narrow = element == tensor_element::bfloat16 || element == tensor_element::float16;
  return narrow ? 2 : 4;
}

constexpr bool can_read(tensor_memory from, tensor_memory memory) {
  return memory == from || (memory == tensor_memory::host_and_cuda && from != tensor_memory::other);
}

/// A tensor's rows: `rows` of `columns` elements, `stride` elements apart.
struct tensor_rows {
  tensor_problem problem = tensor_problem::no;
  const unsigned char* first = nullptr;
  std::size_t rows = 0, columns = 0, stride = 0;

  template <class T>
  [[nodiscard]] const T* as() const {
    return reinterpret_cast<const T*>(first);
  }
};

/// The strides of a tensor of at most three dimensions, whether or not it says them.
struct strides_of {
  std::int64_t step[3] = {1, 1, 1};

  explicit constexpr strides_of(const foreign_tensor& t) {
    for (std::size_t d = t.shape.size(); d-- > 0;) {
      const bool is_last = d + 1 == t.shape.size();
      step[d] = t.strides != nullptr ? t.strides[d] : is_last ? 1 : step[d + 1] * t.shape[d + 1];
    }
  }
};

/// The rows that are drawn from, or what is wrong with the tensor other than its elements. A dimension of
/// size 1 may have any stride.
inline tensor_rows rows_of(const foreign_tensor& t, tensor_memory from) {
  const std::size_t rank = t.shape.size();
  if (!can_read(from, t.memory)) return {tensor_problem::memory};
  if (rank < 1 || rank > 3) return {tensor_problem::rank};
  for (const std::int64_t size : t.shape) {
    if (size < 0) return {tensor_problem::shape};
  }
  const strides_of strides{t};
  const std::int64_t columns = t.shape[rank - 1];
  const std::int64_t rows = rank == 1 ? 1 : t.shape[0];
  const std::int64_t places = rank == 3 ? t.shape[1] : 1;
  if (places == 0) return {tensor_problem::shape};
  const std::int64_t stride = rows > 1 ? strides.step[0] : columns;
  const std::int64_t skipped = places > 1 ? (places - 1) * strides.step[1] : 0;
  if ((columns > 1 && strides.step[rank - 1] != 1) || stride < columns || skipped < 0) {
    return {tensor_problem::strides};
  }
  const auto address = reinterpret_cast<std::uintptr_t>(t.data);
  const bool is_read = rows > 0 && columns > 0;
  if (is_read && (address == 0 || address % size_of(t.element) != 0)) return {tensor_problem::data};
  const auto* first = static_cast<const unsigned char*>(t.data);
  if (is_read) first += static_cast<std::size_t>(skipped) * size_of(t.element);
  return {tensor_problem::no, first, static_cast<std::size_t>(rows), static_cast<std::size_t>(columns),
          static_cast<std::size_t>(stride)};
}

}  // namespace detail

/// Calls use(batch) with the tensor's rows, a batch_view of float, bfloat16 or float16, if who reads `from`
/// there can read them in place: nothing is copied. Shapes: (V), one row; (B, V); (B, T, V), of which the
/// rows are the last of the T places. If the tensor is refused, `use` is not called. O(1), and what `use`
/// does; throws what that throws.
template <class Use>
tensor_problem with_logits(const foreign_tensor& tensor, tensor_memory from, Use&& use) {
  const auto call = [&]<logit_type T>(T) {
    const detail::tensor_rows r = detail::rows_of(tensor, from);
    if (r.problem == tensor_problem::no) use(batch_view<T>{r.as<T>(), r.rows, r.columns, r.stride});
    return r.problem;
  };
  switch (tensor.element) {
    case tensor_element::float32: return call(0.0F);
    case tensor_element::bfloat16: return call(bfloat16{});
    case tensor_element::float16: return call(float16{});
    default: return tensor_problem::element;
  }
}

/// Makes `mask` the words of a row of an int32 tensor of shape (words) or (batch, words): what xgrammar's
/// FillNextTokenBitmask, outlines-core's write_mask_into and vLLM write. Borrowed: nothing is copied. A
/// tensor that is refused leaves `mask` as it is.
inline tensor_problem read_mask(const foreign_tensor& tensor, std::size_t row, tensor_memory from,
                                bitmask& mask) {
  if (tensor.element != tensor_element::int32) return tensor_problem::element;
  if (tensor.shape.size() > 2) return tensor_problem::rank;
  const detail::tensor_rows r = detail::rows_of(tensor, from);
  if (r.problem != tensor_problem::no) return r.problem;
  if (row >= r.rows) return tensor_problem::shape;
  mask.words = {r.as<std::int32_t>() + row * r.stride, r.columns};
  return tensor_problem::no;
}

}  // namespace urn
