#pragma once
// What reading a batch costs: the largest logit of each row, by the fastest of a few shapes of launch.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "cuda_batches.cuh"

namespace floors {

/// 16 bytes, read once: not to be kept in L1.
__device__ inline uint4 load(const uint4* from) {
  uint4 v;
  asm volatile("ld.global.nc.L1::no_allocate.v4.u32 {%0, %1, %2, %3}, [%4];"
               : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w)
               : "l"(from));
  return v;
}

template <class T>
__device__ float larger(float m, unsigned bits) {
  if constexpr (sizeof(T) == sizeof(float)) return fmaxf(m, __uint_as_float(bits));
  return fmaxf(m, fmaxf(__uint_as_float(bits << 16), __uint_as_float(bits & 0xFFFF0000U)));
}

/// An unsigned that is ordered as the float is.
__device__ inline unsigned ordered(float x) {
  const unsigned bits = __float_as_uint(x);
  return (bits >> 31) != 0 ? ~bits : bits | 0x80000000U;
}

/// Block (x, y) reads part x of row y, `loads` vectors of 16 bytes at a time in each thread.
template <class T, int threads, int loads>
__global__ void __launch_bounds__(threads)
    row_max(const uint4* logits, unsigned* largest, int vectors, int part) {
  const uint4* const row = logits + static_cast<std::size_t>(blockIdx.y) * vectors;
  const int end = min(static_cast<int>(blockIdx.x + 1) * part, vectors);
  float m = -INFINITY;
  const auto take = [&](const auto& place) {
    uint4 v[loads];
#pragma unroll
    for (int j = 0; j < loads; ++j) v[j] = load(row + place(j * threads));
#pragma unroll
    for (int j = 0; j < loads; ++j) {
      m = larger<T>(larger<T>(larger<T>(larger<T>(m, v[j].x), v[j].y), v[j].z), v[j].w);
    }
  };
  int i = blockIdx.x * part + threadIdx.x;
  for (; i + threads * (loads - 1) < end; i += threads * loads) take([&](int j) { return i + j; });
  if (i < end) take([&](int j) { return min(i + j, end - 1); });
  __shared__ unsigned of_warp[threads / 32];
  const unsigned of_mine = __reduce_max_sync(~0U, ordered(m));
  if (threadIdx.x % 32 == 0) of_warp[threadIdx.x / 32] = of_mine;
  __syncthreads();
  if (threadIdx.x >= 32) return;
  const unsigned of_block = __reduce_max_sync(~0U, threadIdx.x < threads / 32 ? of_warp[threadIdx.x] : 0U);
  if (threadIdx.x == 0) atomicMax(largest + blockIdx.y, of_block);
}

/// One way to read a batch.
struct launch {
  void (*kernel)(const uint4*, unsigned*, int, int);
  int threads;
  int loads;
  int parts = 1;  ///< blocks a row

  [[nodiscard]] std::string name() const {
    return std::to_string(parts) + " blocks a row, " + std::to_string(threads) + " threads, " +
           std::to_string(loads) + " loads";
  }
};

/// The launches worth trying for a row of so many vectors: work for each thread, and blocks for the device.
template <class T>
std::vector<launch> launches(std::size_t rows, int vectors) {
  std::vector<launch> found;
  for (const int parts : {1, 2, 3, 4, 6, 8, 16, 33, 66, 132, 264}) {
    const std::size_t blocks = rows * static_cast<std::size_t>(parts);
    if (parts < 33 ? blocks < 64 : blocks > 6000) continue;
    for (launch l : {launch{row_max<T, 128, 4>, 128, 4}, launch{row_max<T, 256, 1>, 256, 1},
                     launch{row_max<T, 256, 2>, 256, 2}, launch{row_max<T, 256, 4>, 256, 4},
                     launch{row_max<T, 512, 2>, 512, 2}, launch{row_max<T, 512, 4>, 512, 4},
                     launch{row_max<T, 1024, 4>, 1024, 4}}) {
      l.parts = parts;
      if (vectors / parts >= l.threads / 2) found.push_back(l);
    }
  }
  return found;
}

/// Seconds a batch, by the launch that was the fastest; `name` says which.
template <class T>
double read(bench::stopwatch& timer, const bench::cold_batches<T>& batches, std::size_t rows,
            std::size_t vocabulary, std::string& name) {
  static auto* const largest = bench::allocate<unsigned>(bench::most_rows);
  const auto vectors = static_cast<int>(vocabulary * sizeof(T) / sizeof(uint4));
  double best = 1e9;
  for (const launch& l : launches<T>(rows, vectors)) {
    const dim3 grid(static_cast<unsigned>(l.parts), static_cast<unsigned>(rows));
    const double seconds = timer.median(batches.calls(), 5, [&](std::size_t call) {
      const auto* const logits = reinterpret_cast<const uint4*>(batches[call]);
      l.kernel<<<grid, l.threads, 0, timer.stream()>>>(logits, largest, vectors,
                                                       (vectors + l.parts - 1) / l.parts);
    });
    if (seconds < best) name = l.name();
    best = std::min(best, seconds);
  }
  bench::check(cudaGetLastError());
  return best;
}

}  // namespace floors
