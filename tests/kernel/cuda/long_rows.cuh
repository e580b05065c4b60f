#pragma once
// Batches of long rows, made on the device and drawn by both sides.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

#include "device.hpp"

namespace device {

/// Logits of many widths, from integers alone: every 16th row has few values, every 64th a NaN.
static __global__ void fill(float* logits, std::size_t columns, std::size_t stride, std::uint64_t first_row) {
  const std::uint64_t row = first_row + blockIdx.x;
  for (std::size_t i = threadIdx.x; i < columns; i += blockDim.x) {
    std::uint64_t h = (row * 0x9E3779B97F4A7C15ULL) ^ (i * 0xD1B54A32D192ED03ULL);
    for (int k = 0; k < 2; ++k) h = (h ^ (h >> 31)) * 0xBF58476D1CE4E5B9ULL;
    int sum = 0;
    for (int k = 0; k < 4; ++k) sum += static_cast<int>((h >> (16 * k)) & 0xFFFF);
    const int width = 1 << (row % 5);
    float l = static_cast<float>((sum - 131070) * width) * 0x1p-16F;
    if (row % 16 == 3) l = static_cast<float>(static_cast<int>(l));
    if (row % 64 == 7 && i == 77) l = __int_as_float(0x7FC00000);
    logits[blockIdx.x * stride + i] = l;
  }
}

inline std::vector<urn::draw_context> contexts_of(std::size_t first, std::size_t rows) {
  std::vector<urn::draw_context> contexts(rows);
  for (std::size_t r = 0; r < rows; ++r) {
    contexts[r].seed = first + r;
    contexts[r].sequence = r % 3;
    contexts[r].step = static_cast<std::uint32_t>(7 * r);
  }
  return contexts;
}

template <class Sampler>
std::vector<urn::draw> on_host(const Sampler& sampler, const std::vector<float>& logits, std::size_t columns,
                               std::size_t stride, const std::vector<urn::draw_context>& contexts) {
  std::vector<urn::draw> out(contexts.size());
  const std::size_t workers = std::max(1U, std::thread::hardware_concurrency());
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < workers; ++t) {
    threads.emplace_back([&, t] {
      urn::workspace scratch{columns};
      for (std::size_t r = t; r < out.size(); r += workers) {
        const urn::row_view<float> row(logits.data() + r * stride, columns);
        out[r] = sampler(urn::scalar, row, contexts[r], scratch);
      }
    });
  }
  for (std::thread& t : threads) t.join();
  return out;
}

/// How many of so many rows differ.
template <class Sampler>
std::size_t differences(const Sampler& sampler, std::size_t rows, std::size_t columns, std::size_t stride) {
  const std::size_t batch = std::min<std::size_t>(rows, 1000);
  const array<float> logits(batch * stride);
  const workspace scratch(batch, columns);
  std::size_t wrong = 0;
  for (std::size_t first = 0; first < rows; first += batch) {
    fill<<<static_cast<unsigned>(batch), 256>>>(logits.span().data(), columns, stride, first);
    const auto contexts = contexts_of(first, batch);
    const auto here = on_host(sampler, logits.values(), columns, stride, contexts);
    const auto there = draws(sampler, urn::batch_view<float>{logits.span().data(), batch, columns, stride},
                             contexts, scratch.view());
    for (std::size_t r = 0; r < batch; ++r) wrong += same(here[r], there[r]) ? 0 : 1;
  }
  return wrong;
}

}  // namespace device
