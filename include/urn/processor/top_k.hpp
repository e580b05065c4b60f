#pragma once
/// \file
/// top_k: keep the k best tokens.

#include <cstddef>
#include <cstdint>

#include "urn/core/platform.hpp"
#include "urn/processor/stage.hpp"

URN_EITHER_SIDE_BEGIN
namespace urn {

/// Keeps exactly min(k, survivors) tokens, the best in the order of candidates: larger logit, then smaller id
/// (llama.cpp and ORT keep k too, but leave open which of the tied; transformers and vLLM keep every token
/// tied with the k-th). k <= 0 and k >= V change nothing.
struct top_k {
  using stage = cut;

  std::int32_t k = 0;

  [[nodiscard]] constexpr bool neutral() const { return k <= 0; }
  template <class State>
  URN_HOST_DEVICE void operator()(State& row) const {
    const auto count = static_cast<std::size_t>(k);
    if (count >= row.vocabulary()) return;
    row.keep([&](const auto& source, const auto& scanned) {
      return row.policy.select_k(source, count, scanned, row.scratch);
    });
  }
};

}  // namespace urn
URN_EITHER_SIDE_END
