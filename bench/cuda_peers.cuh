#pragma once
// FlashInfer's samplers, called through its headers as its Python layer calls them. A translation unit of its
// own, since it is built with FlashInfer's flags (-use_fast_math), which are not urn's.

#include <cuda_runtime.h>

#include <cstdint>
#include <span>

namespace peers {

/// Rows of float or, where `bfloat16`, of bf16 logits on the device.
struct batch {
  const void* logits;
  bool bfloat16;
  std::uint32_t rows;
  std::uint32_t vocabulary;
};

/// One way to sample.
struct flashinfer_path {
  const char* name;                ///< <pipeline>.<way>, as in the names of the benchmarks
  bool takes_bfloat16;             ///< without a conversion in front
  std::uint32_t least_vocabulary;  ///< its Python layer takes the path from there on
  void (*run)(const batch&, cudaStream_t);
};

/// Every path; memory for the largest batch is allocated at the first call of one.
std::span<const flashinfer_path> flashinfer_paths();

/// The tokens that the last run drew, one a row, on the device.
const int* flashinfer_tokens();

}  // namespace peers
