#include "cuda_peers.cuh"

#include <cstddef>
#include <cstdint>
#include <flashinfer/sampling.cuh>
#include <flashinfer/topk.cuh>

#include "cuda_batches.cuh"

namespace {

using bench::allocate;
using bench::check;
using peers::batch;
namespace fi = flashinfer::sampling;

constexpr float temperature = 0.8F;
constexpr float top_p = 0.9F;
constexpr float min_p = 0.05F;
constexpr int top_k = 50;
constexpr bool deterministic = true;  // the default of every function of flashinfer/sampling.py

/// What the Python layer allocates for each call, or keeps between calls.
struct memory {
  float* probs = allocate<float>(bench::most_rows * bench::largest_vocabulary);
  float* masked = allocate<float>(bench::most_rows * bench::largest_vocabulary);
  std::byte* partial_sums = allocate<std::byte>(mebibyte);
  std::byte* row_states = allocate<std::byte>(mebibyte);
  float* best = allocate<float>(bench::most_rows * top_k);
  float* best_probs = allocate<float>(bench::most_rows * top_k);
  int* best_ids = allocate<int>(bench::most_rows * top_k);
  int* places = allocate<int>(bench::most_rows);
  int* tokens = allocate<int>(bench::most_rows);
  bool* valid = allocate<bool>(bench::most_rows);

  static constexpr std::size_t mebibyte = std::size_t{1} << 20;
  [[nodiscard]] fi::RadixRowState* states() const { return reinterpret_cast<fi::RadixRowState*>(row_states); }
};

const memory& kept() {
  static const memory allocated;
  return allocated;
}

/// Each call gets random numbers of its own.
std::uint64_t next_offset() {
  static std::uint64_t offset = 0;
  return offset += std::uint64_t{32} * bench::most_rows;
}
constexpr std::uint64_t seed = 1;

float* logits_of(const batch& b) { return static_cast<float*>(const_cast<void*>(b.logits)); }

void softmax(const batch& b, float* logits, float t, cudaStream_t stream) {
  check(fi::OnlineSoftmax<float>(logits, kept().probs, b.rows, b.vocabulary, nullptr, t, kept().partial_sums,
                                 memory::mebibyte, /*enable_pdl=*/true, stream));
}

void gumbel(const batch& b, cudaStream_t stream) {
  check(fi::SamplingFromLogits<float, int>(logits_of(b), kept().tokens, nullptr, b.rows, b.vocabulary,
                                           deterministic, nullptr, seed, nullptr, next_offset(), stream));
}

void softmax_draw(const batch& b, cudaStream_t stream) {
  softmax(b, logits_of(b), temperature, stream);
  check(fi::SamplingFromProb<float, int>(kept().probs, kept().tokens, kept().valid, nullptr, b.rows,
                                         b.vocabulary, deterministic, nullptr, seed, nullptr, next_offset(),
                                         stream));
}

void top_p_draw(float* probs, std::uint32_t rows, std::uint32_t columns, int* drawn, cudaStream_t stream) {
  check(fi::TopPSamplingFromProb<float, int>(probs, drawn, kept().valid, nullptr, nullptr, rows, top_p,
                                             columns, deterministic, nullptr, seed, nullptr, next_offset(),
                                             stream));
}

void softmax_top_p(const batch& b, cudaStream_t stream) {
  softmax(b, logits_of(b), 1.0F, stream);
  top_p_draw(kept().probs, b.rows, b.vocabulary, kept().tokens, stream);
}

void softmax_min_p(const batch& b, cudaStream_t stream) {
  softmax(b, logits_of(b), 1.0F, stream);
  check(fi::MinPSamplingFromProb<float, int>(kept().probs, nullptr, kept().tokens, kept().valid, nullptr,
                                             b.rows, min_p, b.vocabulary, deterministic, nullptr, seed,
                                             nullptr, next_offset(), stream));
}

/// filter_apply_order="joint".
void joint(const batch& b, cudaStream_t stream) {
  softmax(b, logits_of(b), temperature, stream);
  check(fi::TopKTopPSamplingFromProb<float, int>(kept().probs, nullptr, nullptr, kept().tokens, kept().valid,
                                                 nullptr, b.rows, top_k, top_p, b.vocabulary, deterministic,
                                                 nullptr, seed, nullptr, next_offset(), stream));
}

/// filter_apply_order="top_k_first" for small vocabularies, with FlashInfer's softmax in place of PyTorch's.
void mask_first(const batch& b, cudaStream_t stream) {
  check(fi::RadixTopKMaskLogitsMultiCTA<float, int>(logits_of(b), kept().masked, nullptr, b.rows, top_k,
                                                    b.vocabulary, kept().states(), stream));
  softmax(b, kept().masked, temperature, stream);
  top_p_draw(kept().probs, b.rows, b.vocabulary, kept().tokens, stream);
}

/// Softmax of the kept logits, sorted, one warp a row.
template <class T>
__global__ void softmax_of_best(const T* best, float* probs) {
  const T* const row = best + blockIdx.x * top_k;
  const auto weight = [&](int i) {
    return expf((static_cast<float>(row[i]) - static_cast<float>(row[0])) / temperature);
  };
  float sum = 0;
  for (int i = threadIdx.x; i < top_k; i += 32) sum += weight(i);
  for (int lanes = 16; lanes > 0; lanes /= 2) sum += __shfl_xor_sync(~0U, sum, lanes);
  for (int i = threadIdx.x; i < top_k; i += 32) probs[blockIdx.x * top_k + i] = weight(i) / sum;
}

__global__ void ids_of_places(const int* ids, const int* places, std::uint32_t rows, int* tokens) {
  const std::uint32_t r = blockIdx.x * blockDim.x + threadIdx.x;
  if (r < rows) tokens[r] = ids[r * top_k + static_cast<std::uint32_t>(places[r])];
}

/// filter_apply_order="top_k_first", the fast path: the two small kernels above stand for five of PyTorch's.
template <class T>
void select_first_of(const batch& b, cudaStream_t stream) {
  auto* const best = reinterpret_cast<T*>(kept().best);
  check(fi::TopKDispatch<T, int>(static_cast<T*>(const_cast<void*>(b.logits)), kept().best_ids, best, b.rows,
                                 top_k, b.vocabulary, kept().states(), /*sorted_output=*/true, deterministic,
                                 fi::TopKTieBreak::None, stream));
  softmax_of_best<<<b.rows, 32, 0, stream>>>(best, kept().best_probs);
  top_p_draw(kept().best_probs, b.rows, top_k, kept().places, stream);
  ids_of_places<<<(b.rows + 255) / 256, 256, 0, stream>>>(kept().best_ids, kept().places, b.rows,
                                                          kept().tokens);
  check(cudaGetLastError());
}

void select_first(const batch& b, cudaStream_t stream) {
  return b.bfloat16 ? select_first_of<nv_bfloat16>(b, stream) : select_first_of<float>(b, stream);
}

constexpr peers::flashinfer_path paths[] = {
    {"categorical.softmax", false, 0, softmax_draw},
    {"categorical.gumbel", false, 0, gumbel},
    {"top_k_p.joint", false, 0, joint},
    {"top_k_p.mask_first", false, 0, mask_first},
    {"top_k_p.select_first", true, 65536, select_first},
    {"top_p.softmax", false, 0, softmax_top_p},
    {"min_p.softmax", false, 0, softmax_min_p},
};

}  // namespace

std::span<const peers::flashinfer_path> peers::flashinfer_paths() { return paths; }
const int* peers::flashinfer_tokens() { return kept().tokens; }
