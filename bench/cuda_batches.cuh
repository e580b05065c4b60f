#pragma once
// Batches of logits on the device, in the shapes of cold_rows.hpp, more of them than L2 holds.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <type_traits>

#include "cuda_timing.cuh"
#include "urn/core/float16.hpp"

namespace bench {

/// peaky: the best token has a probability of about 0.4, the nucleus of 0.9 some 20 tokens. flat: N(0, 3), a
/// nucleus of thousands.
enum class shape : std::uint8_t { peaky, flat };

inline constexpr std::size_t most_rows = 1024;
inline constexpr std::size_t largest_vocabulary = 262144;

namespace detail {

__device__ inline std::uint64_t mix(std::uint64_t x) {
  x += 0x9E3779B97F4A7C15ULL;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
  return x ^ (x >> 31);
}

/// Box and Muller's transform of 48 of the bits.
__device__ inline float normal(std::uint64_t bits) {
  const float u = static_cast<float>((bits >> 40) + 1) * 0x1p-24F;
  return sqrtf(-2.0F * logf(u)) * cospif(static_cast<float>(bits & 0xFFFFFF) * 0x1p-23F);
}

template <class T>
__device__ T as(float x) {
  if constexpr (std::is_same_v<T, urn::bfloat16>) return urn::to_bfloat16(x);
  if constexpr (std::is_same_v<T, float>) return x;
}

template <class T>
__global__ void fill_normal(T* logits, std::size_t count, float sigma) {
  const std::size_t step = std::size_t{gridDim.x} * blockDim.x;
  for (std::size_t i = std::size_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += step) {
    logits[i] = as<T>(sigma * normal(mix(i)));
  }
}

/// One block a row, one thread a raised token: rank 1 gets 0.4 of the mass, ranks 2 to 300 share 0.57 as
/// r^-1.6 and 0.03 stay with N(0, 2), whose mass is V e^2.
template <class T>
__global__ void raise_best(T* logits, std::size_t vocabulary) {
  const std::uint64_t bits = mix(std::uint64_t{blockIdx.x} * blockDim.x + threadIdx.x + 1);
  const auto rank = static_cast<float>(threadIdx.x + 1);
  const float share = threadIdx.x == 0 ? 0.4F : 0.57F / 1.231F * powf(rank, -1.6F);
  const float jitter = threadIdx.x == 0 ? 0.0F : 0.1F * normal(mix(bits));
  logits[blockIdx.x * vocabulary + bits % vocabulary] =
      as<T>(logf(share / 0.03F) + logf(static_cast<float>(vocabulary)) + 2.0F + jitter);
}

}  // namespace detail

/// Batches that a graph's calls take in turn: 200 MB of them, but at most 64. All of a type share one memory,
/// which is filled anew when another size or shape than the last is asked for.
template <class T>
class cold_batches {
 public:
  cold_batches(std::size_t rows, std::size_t vocabulary, shape s)
      : size_(rows * vocabulary), count_(std::clamp<std::size_t>(enough / (size_ * sizeof(T)) + 1, 1, 64)) {
    static std::tuple<std::size_t, std::size_t, shape> filled;
    const std::tuple wanted(rows, vocabulary, s);
    if (filled == wanted) return;
    detail::fill_normal<<<2048, 256>>>(memory(), size_ * count_, s == shape::peaky ? 2.0F : 3.0F);
    if (s == shape::peaky) {
      detail::raise_best<<<static_cast<unsigned>(rows * count_), 300>>>(memory(), vocabulary);
    }
    check(cudaDeviceSynchronize());
    filled = wanted;
  }

  [[nodiscard]] std::size_t calls() const { return std::max<std::size_t>(count_, 4); }
  [[nodiscard]] const T* operator[](std::size_t call) const { return memory() + call % count_ * size_; }

 private:
  static constexpr std::size_t enough = 200'000'000;
  static T* memory() {
    static T* const all = allocate<T>(most_rows * largest_vocabulary + enough / sizeof(T));
    return all;
  }

  std::size_t size_;
  std::size_t count_;
};

}  // namespace bench
