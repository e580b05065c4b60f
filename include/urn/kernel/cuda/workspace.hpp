#pragma once
/// \file
/// The device memory that a batch is drawn in: the caller's, sized once.

#include <cuda_runtime.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "urn/core/row.hpp"
#include "urn/core/token.hpp"
#include "urn/kernel/cuda/load.hpp"

namespace urn {

namespace kernel::cuda {

/// A block's mass, its key, and its largest logit as `ordered`.
struct weighed_block {
  std::uint64_t mass = 0;
  std::uint32_t key = 0;
  std::uint32_t largest = 0;
};

/// What a row's blocks say: each block, and the largest logit of each strip.
struct row_notes {
  weighed_block* blocks = nullptr;
  float* maxima = nullptr;

  __host__ __device__ static constexpr std::size_t bytes(std::size_t blocks) {
    return blocks * (sizeof(weighed_block) + block_strips * sizeof(float));
  }
  /// Of `blocks` blocks at an address aligned to 16.
  __host__ __device__ static row_notes at(unsigned char* place, std::size_t blocks) {
    auto* const first = reinterpret_cast<weighed_block*>(place);
    return {first, reinterpret_cast<float*>(first + blocks)};
  }
};

/// A token list in device memory.
struct far_list {
  token_id* ids = nullptr;
  float* logits = nullptr;
};

/// The parts of the caller's memory.
struct device_memory {
  std::size_t vocabulary = 0;
  std::size_t rows = 0;
  unsigned char* notes = nullptr;    ///< of each row, where shared memory has no room for them
  unsigned char* letters = nullptr;  ///< of each row, for its leader; all ones between draws
  unsigned* taken = nullptr;         ///< of each shelf, whether a row has it
  unsigned char* shelf = nullptr;
  unsigned shelves = 0;

  /// A shelf has room for two lists of all tokens: kept ones, and ranked or swept ones.
  __host__ __device__ static constexpr std::size_t shelf_bytes(std::size_t vocabulary) {
    return 2 * padded(vocabulary) * (sizeof(token_id) + sizeof(float));
  }
  __host__ __device__ static constexpr std::size_t padded(std::size_t n) { return (n + 63) / 64 * 64; }

  __device__ row_notes of_row(unsigned char* all, std::size_t row) const {
    const std::size_t blocks = block_count(vocabulary);
    return row_notes::at(all + row * row_notes::bytes(blocks), blocks);
  }
  __device__ far_list list_on(unsigned which, bool spare) const {
    unsigned char* const place =
        shelf + which * shelf_bytes(vocabulary) + (spare ? shelf_bytes(vocabulary) / 2 : 0);
    auto* const ids = reinterpret_cast<token_id*>(place);
    return {ids, reinterpret_cast<float*>(ids + padded(vocabulary))};
  }
};

}  // namespace kernel::cuda

/// A view of device memory that belongs to the caller, for batches of up to `rows` rows of up to `vocabulary`
/// logits: per row twice 48 bytes for each 1024 logits (12 KB at V = 128,256), and `shelves`
/// times 16 bytes a token, where the rows take turns that keep more tokens than fit on chip (1,024). Draws on
/// one stream at a time; cleared once, before the first.
class cuda_workspace {
 public:
  /// Two for each multiprocessor of an H100: with 132 flat rows waited for each other, 528 gained nothing.
  static constexpr std::size_t default_shelves = 264;
  static constexpr std::size_t default_edits = 1024;

  /// The bytes that such a workspace takes, from an address that cudaMalloc returns.
  static std::size_t bytes(std::size_t rows, std::size_t vocabulary, std::size_t shelves = default_shelves) {
    parts p{nullptr, 0};
    lay_out(p, rows, vocabulary, std::min(rows, shelves));
    return p.used;
  }

  /// `memory` are `size` bytes on the device, aligned to 256. If they are too few, every draw says no_space.
  cuda_workspace(void* memory, std::size_t size, std::size_t rows, std::size_t vocabulary,
                 std::size_t shelves = default_shelves) {
    parts p{static_cast<unsigned char*>(memory), 0};
    memory_ = lay_out(p, rows, vocabulary, std::min(rows, shelves));
    if (memory == nullptr || p.used > size) memory_.rows = 0;
  }

  /// How many entries the sparse edits of one row (penalties, biases) may have, repeated ones counted: shared
  /// memory, 16 bytes each, and 8 more for each such edit of a pipeline. L1 has what they leave: with 256
  /// instead of 1,024, 1024 rows by the full chain take 310 us instead of 322 on an H100.
  cuda_workspace& with_edits(std::size_t entries) {
    edits_ = entries;
    return *this;
  }

  /// Must be called once before the first draw, and again after a draw that was cut off by an error.
  cudaError_t clear(cudaStream_t stream) const {
    if (memory_.rows == 0) return cudaErrorInvalidValue;
    cudaMemsetAsync(memory_.letters, 0xFF, bytes_of_notes(memory_.rows, memory_.vocabulary), stream);
    return cudaMemsetAsync(memory_.taken, 0, memory_.shelves * sizeof(unsigned), stream);
  }

  [[nodiscard]] const kernel::cuda::device_memory& memory() const { return memory_; }
  [[nodiscard]] std::size_t edits() const { return edits_; }

 private:
  struct parts {
    unsigned char* begin;
    std::size_t used;

    template <class T>
    T* take(std::size_t n) {
      T* const place = begin == nullptr ? nullptr : reinterpret_cast<T*>(begin + used);
      used += (n * sizeof(T) + 255) / 256 * 256;
      return place;
    }
  };

  static std::size_t bytes_of_notes(std::size_t rows, std::size_t vocabulary) {
    return rows * kernel::cuda::row_notes::bytes(block_count(vocabulary));
  }
  static kernel::cuda::device_memory lay_out(parts& p, std::size_t rows, std::size_t vocabulary,
                                             std::size_t shelves) {
    using memory = kernel::cuda::device_memory;
    memory m{.vocabulary = vocabulary, .rows = rows};
    m.notes = p.take<unsigned char>(bytes_of_notes(rows, vocabulary));
    m.letters = p.take<unsigned char>(bytes_of_notes(rows, vocabulary));
    m.taken = p.take<unsigned>(shelves);
    m.shelf = p.take<unsigned char>(shelves * memory::shelf_bytes(vocabulary));
    m.shelves = static_cast<unsigned>(shelves);
    return m;
  }

  kernel::cuda::device_memory memory_;
  std::size_t edits_ = default_edits;
};

}  // namespace urn
