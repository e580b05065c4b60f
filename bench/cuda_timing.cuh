#pragma once
// Times of work on the device: a CUDA graph of many calls, replayed. What the host takes to launch is not in
// them.

#include <cuda_runtime.h>

#include <algorithm>
#include <cstddef>
#include <source_location>
#include <stdexcept>
#include <string>
#include <vector>

namespace bench {

/// Throws what went wrong, and where.
inline void check(cudaError_t result, std::source_location where = std::source_location::current()) {
  if (result == cudaSuccess) return;
  throw std::runtime_error(std::string(where.file_name()) + ":" + std::to_string(where.line()) + ": " +
                           cudaGetErrorString(result));
}

/// Device memory for as long as the program runs, all zero.
template <class T>
T* allocate(std::size_t count) {
  void* memory = nullptr;
  check(cudaMalloc(&memory, count * sizeof(T)));
  check(cudaMemset(memory, 0, count * sizeof(T)));
  return static_cast<T*>(memory);
}

/// What `record` puts on the stream, to be launched as one.
class graph {
 public:
  template <class Record>
  graph(cudaStream_t stream, const Record& record) {
    cudaGraph_t recorded = nullptr;
    check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
    try {
      record();
    } catch (...) {
      cudaStreamEndCapture(stream, &recorded);
      throw;
    }
    check(cudaStreamEndCapture(stream, &recorded));
    check(cudaGraphInstantiate(&executable_, recorded, 0));
    check(cudaGraphDestroy(recorded));
  }
  graph(const graph&) = delete;
  graph& operator=(const graph&) = delete;
  ~graph() { cudaGraphExecDestroy(executable_); }

  void launch(cudaStream_t stream) const { check(cudaGraphLaunch(executable_, stream)); }

 private:
  cudaGraphExec_t executable_ = nullptr;
};

/// Reads zeros, so that L2 holds nothing else.
static __global__ void read_zeros(const uint4* from, std::size_t count, unsigned* never) {
  unsigned x = 0;
  for (std::size_t i = blockIdx.x * blockDim.x + threadIdx.x; i < count; i += gridDim.x * blockDim.x) {
    const uint4 v = from[i];
    x |= v.x | v.y | v.z | v.w;
  }
  if (x != 0) *never = x;
}

class stopwatch {
 public:
  stopwatch() {
    check(cudaStreamCreate(&stream_));
    check(cudaEventCreate(&start_));
    check(cudaEventCreate(&stop_));
  }

  [[nodiscard]] cudaStream_t stream() const { return stream_; }

  /// Seconds a call: the median over replays of a graph of work(0), ..., work(calls - 1).
  template <class Work>
  double median(std::size_t calls, std::size_t replays, const Work& work) {
    for (std::size_t i = 0; i < 2; ++i) work(i);  // loads the code, which a capture cannot
    check(cudaStreamSynchronize(stream_));
    const graph recorded(stream_, [&] {
      for (std::size_t i = 0; i < calls; ++i) work(i);
    });
    replay(recorded);
    std::vector<double> times(replays);
    for (double& t : times) t = replay(recorded) / static_cast<double>(calls);
    const auto middle = times.begin() + static_cast<std::ptrdiff_t>(replays / 2);
    std::nth_element(times.begin(), middle, times.end());
    return *middle;
  }

 private:
  /// The untimed reads empty L2, and keep the device busy until the host has launched the graph.
  double replay(const graph& recorded) {
    read_zeros<<<1024, 256, 0, stream_>>>(zeros_, zeros_count, never_);
    check(cudaEventRecord(start_, stream_));
    recorded.launch(stream_);
    check(cudaEventRecord(stop_, stream_));
    check(cudaEventSynchronize(stop_));
    float milliseconds = 0;
    check(cudaEventElapsedTime(&milliseconds, start_, stop_));
    return milliseconds * 1e-3;
  }

  static constexpr std::size_t zeros_count = (std::size_t{384} << 20) / sizeof(uint4);
  cudaStream_t stream_ = nullptr;
  cudaEvent_t start_ = nullptr;
  cudaEvent_t stop_ = nullptr;
  uint4* zeros_ = allocate<uint4>(zeros_count);
  unsigned* never_ = allocate<unsigned>(1);
};

}  // namespace bench
