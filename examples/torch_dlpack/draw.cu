// A shared library that draws from PyTorch's tensors on a GPU, by one kernel and without a copy: see draw.py.
// Memory and stream are PyTorch's.
#if __has_include(<dlpack/dlpack.h>)
#include <dlpack/dlpack.h>
#else
#include <ATen/dlpack.h>  // PyTorch's own
#endif

#include <cstddef>
#include <cstdint>
#include <span>

#include "urn/adapt/dlpack.hpp"
#include "urn/pipeline/cuda/policy.hpp"
#include "urn/urn.hpp"

namespace {

/// What a batch is drawn with, in memory of the device: contexts, draws, and the workspace behind them.
struct device_room {
  std::span<urn::draw_context> contexts;
  std::span<urn::draw> out;
  unsigned char* rest;

  device_room(void* memory, std::size_t rows)
      : contexts(static_cast<urn::draw_context*>(memory), rows),
        out(reinterpret_cast<urn::draw*>(contexts.data() + rows), rows),
        rest(static_cast<unsigned char*>(memory) + front(rows)) {}
  static std::size_t front(std::size_t rows) {
    return (rows * (sizeof(urn::draw_context) + sizeof(urn::draw)) + 255) / 256 * 256;
  }
};

__global__ void ask(std::span<urn::draw_context> contexts, std::uint64_t seed, std::uint32_t step) {
  const std::size_t r = blockIdx.x * blockDim.x + threadIdx.x;
  if (r >= contexts.size()) return;
  urn::draw_context context;
  context.seed = seed, context.sequence = r, context.step = step;
  contexts[r] = context;
}
__global__ void answer(std::span<const urn::draw> out, std::int32_t* tokens) {
  const std::size_t r = blockIdx.x * blockDim.x + threadIdx.x;
  if (r < out.size()) tokens[r] = out[r].token;
}

}  // namespace

/// The bytes of device memory that such a batch takes.
extern "C" std::size_t urn_cuda_bytes(std::size_t rows, std::size_t vocabulary) {
  return device_room::front(rows) + urn::cuda_workspace::bytes(rows, vocabulary);
}

/// As urn_draw of draw.cpp, all in device memory; enqueued on the stream.
extern "C" const char* urn_draw_cuda(const DLManagedTensor* logits, float temperature, float top_p,
                                     std::uint64_t seed, std::uint32_t step, std::int32_t* tokens,
                                     void* memory, std::size_t bytes, cudaStream_t stream) {
  urn::status status = urn::status::ok;
  const auto draw_batch = [&](auto batch) {
    if (bytes < urn_cuda_bytes(batch.rows, batch.columns)) {
      status = urn::status::no_space;
      return;
    }
    const device_room room(memory, batch.rows);
    urn::cuda_workspace scratch{room.rest, bytes - device_room::front(batch.rows), batch.rows, batch.columns};
    scratch.clear(stream);
    const auto blocks = static_cast<unsigned>(batch.rows / 256 + 1);
    const auto sampler = urn::temperature{temperature} | urn::top_p{top_p} | urn::categorical{};
    ask<<<blocks, 256, 0, stream>>>(room.contexts, seed, step);
    status = sampler(urn::cuda{stream}, batch, room.contexts, room.out, scratch);
    answer<<<blocks, 256, 0, stream>>>(room.out, tokens);
  };
  const urn::tensor_problem wrong = urn::with_logits(*logits, urn::tensor_memory::cuda, draw_batch);
  if (wrong != urn::tensor_problem::no) return urn::sentence(wrong);
  return status == urn::status::ok ? nullptr
                                   : "urn: the device refused the batch, or its memory is too small";
}
