#pragma once
/// \file
/// A row with sparse edits, as a device sees it: the few touched tokens' final logits are computed once and
/// lie in a list, by ids; who reads the row puts them in. So the passes over a row are the same code for
/// every edit and for any number of them.

#include <cstddef>
#include <cstdint>
#include <span>

#include "urn/core/exact.hpp"
#include "urn/core/row.hpp"
#include "urn/core/token.hpp"
#include "urn/core/workspace.hpp"
#include "urn/kernel/edited_row.hpp"
#include "urn/kernel/touch_list.hpp"

namespace urn::kernel::cuda {

/// Of a touched token whose value is its logit.
__device__ inline float patch_of(const touched_token& t) { return exact::float_of(t.value); }

template <int N>
using temperature_list = float[N];

template <int N>
__device__ bool any_temperature(const temperature_list<N>& temperatures) {
  for (const float t : temperatures) {
    if (exact::bits(t) != exact::bits(1.0F)) return true;
  }
  return false;
}
template <int N>
__device__ float at_temperatures(float logit, const temperature_list<N>& temperatures) {
  for (const float t : temperatures) logit = at_temperature(logit, t);
  return logit;
}

/// `Base` divided by N temperatures, one after the other, but for the patches.
template <class Base, int N>
class patched_row {
 public:
  __device__ patched_row(const Base& base, std::span<const touched_token> patches,
                         float temperature) requires(N == 1)
      : base_(&base), patches_(patches), temperatures_{temperature} {}
  /// The same row, patched anew, after one more temperature.
  __device__ patched_row(const patched_row<Base, N - 1>& row, std::span<const touched_token> patches,
                         float temperature) requires(N > 1)
      : base_(&row.base()), patches_(patches) {
    for (int i = 0; i + 1 < N; ++i) temperatures_[i] = row.temperatures()[i];
    temperatures_[N - 1] = temperature;
  }

  [[nodiscard]] __device__ std::size_t size() const { return base_->size(); }
  [[nodiscard]] __device__ token_id id(std::size_t i) const { return base_->id(i); }
  [[nodiscard]] __device__ float at(std::size_t i) const {
    const std::size_t below = touched_below(patches_, id(i));
    const bool hit = below < patches_.size() && patches_[below].id == id(i);
    return hit ? patch_of(patches_[below]) : at_temperatures(base_->at(i), temperatures_);
  }

  /// Not defined: on a device warps load strips.
  [[nodiscard]] std::span<const float> load(std::size_t first, std::size_t count, block_buffer& buffer) const;

  [[nodiscard]] __device__ const Base& base() const { return *base_; }
  [[nodiscard]] __device__ std::span<const touched_token> patches() const { return patches_; }
  [[nodiscard]] __device__ const temperature_list<N>& temperatures() const { return temperatures_; }

 private:
  const Base* base_;
  std::span<const touched_token> patches_;
  float temperatures_[N];
};

}  // namespace urn::kernel::cuda
