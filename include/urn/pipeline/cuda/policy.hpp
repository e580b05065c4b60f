#pragma once
/// \file
/// urn::cuda: whole batches drawn on a device.

#include <cuda_runtime.h>
#include <thrust/system/cuda/execution_policy.h>

#include <cstddef>
#include <span>
#include <type_traits>

#include "urn/core/draw.hpp"
#include "urn/core/row.hpp"
#include "urn/core/status.hpp"
#include "urn/kernel/cuda/workspace.hpp"
#include "urn/kernel/thrust/policy.hpp"
#include "urn/pipeline/cuda/draw_batch.hpp"
#include "urn/pipeline/pipeline.hpp"

namespace urn {

namespace kernel::cuda {
using thrust_on_stream = thrust_t<decltype(::thrust::cuda::par_nosync.on(cudaStream_t{}))>;
}  // namespace kernel::cuda

/// Draws a batch on the device with one kernel on the caller's stream: no allocation, no synchronisation, and
/// a CUDA graph may hold it. All that is passed lies in device memory: logits, contexts and what their spans
/// point to, results, and what stages borrow (biases, bitmask words). The draws are those of every other
/// policy, bit for bit, for any place in any batch. Compile with nvcc -std=c++20 --expt-relaxed-constexpr; a
/// custom stage's functions are `__host__ __device__` or constexpr. sm_75 and newer.
///
///     urn::cuda_workspace scratch{memory, size, rows, vocabulary};
///     urn::status s = sampler(urn::cuda{stream}, batch, contexts, out, scratch);
///
/// Status: bad_argument if the numbers of rows differ, no_space if the workspace is too small, device_error
/// if the device refused the kernel (cudaGetLastError says why); what is wrong with a row is in its draw.
struct cuda : kernel::cuda::thrust_on_stream {
  using batch_workspace = cuda_workspace;

  cudaStream_t stream = nullptr;
  unsigned slices = 0;  ///< teams that share a row; 0: as many as keep the device busy

  explicit cuda(cudaStream_t on = nullptr)
      : kernel::cuda::thrust_on_stream(::thrust::cuda::par_nosync.on(on)), stream(on) {}

  /// One sampler for all rows.
  template <pipeline_stage Sampler, class Batch>
    requires(!std::is_pointer_v<Sampler>)
  status draw_batch(const Sampler& sampler, const Batch& batch, std::span<const draw_context> contexts,
                    std::span<draw> out, const cuda_workspace& scratch)
  const {
    return launch<Sampler>(kernel::cuda::same_for_all<Sampler>{sampler}, batch, contexts, out, scratch);
  }
  /// samplers[r] for row r, on the device too.
  template <pipeline_stage Sampler, class Batch>
  status draw_batch(std::span<const Sampler> samplers, const Batch& batch,
                    std::span<const draw_context> contexts, std::span<draw> out,
                    const cuda_workspace& scratch) const {
    if (samplers.size() != batch.rows) return status::bad_argument;
    return launch<Sampler>(kernel::cuda::one_a_row<Sampler>{samplers.data()}, batch, contexts, out, scratch);
  }

 private:
  template <class Sampler, class Samplers, class Batch>
  status launch(const Samplers& samplers, const Batch& batch, std::span<const draw_context> contexts,
                std::span<draw> out, const cuda_workspace& scratch) const {
    if (contexts.size() != batch.rows || out.size() != batch.rows) return status::bad_argument;
    const kernel::cuda::device_memory& memory = scratch.memory();
    if (batch.rows > memory.rows || batch.columns > memory.vocabulary) return status::no_space;
    if (batch.rows == 0) return status::ok;
    const unsigned processors = multiprocessors();
    const unsigned threads = kernel::cuda::best_threads<Sampler>(batch.rows, processors);
    kernel::cuda::division parts = kernel::cuda::divide<Sampler, kernel::cuda::row_of<Batch>>(
        batch.rows, batch.columns, slices, processors);
    parts.note_bytes = kernel::cuda::bytes_for_notes(memory.vocabulary, threads);
    const std::size_t room =
        parts.note_bytes + kernel::cuda::team_workspace::edit_bytes(
                               scratch.edits(), kernel::cuda::count_stages<Sampler, kernel::cuda::touches>());
    if (!allow(reinterpret_cast<const void*>(&kernel::cuda::draw_kernel<Batch, Samplers>), room)) {
      return status::device_error;
    }
    kernel::cuda::draw_kernel<<<parts.teams(batch.rows), threads, room, stream>>>(
        batch, samplers, contexts.data(), out.data(), memory, parts, static_cast<unsigned>(scratch.edits()));
    return cudaPeekAtLastError() == cudaSuccess ? status::ok : status::device_error;
  }

  static unsigned multiprocessors() {
    int device = 0, count = 1;
    cudaGetDevice(&device);
    cudaDeviceGetAttribute(&count, cudaDevAttrMultiProcessorCount, device);
    return static_cast<unsigned>(count);
  }
  /// More shared memory than the 48 KB that every kernel may have must be asked for.
  static bool allow(const void* kernel, std::size_t bytes) {
    return cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                static_cast<int>(bytes)) == cudaSuccess;
  }
};

}  // namespace urn
