#pragma once
/// \file
/// top_k, top_k_with_ties: keep the k best tokens.

#include <cstddef>
#include <cstdint>

#include "urn/core/platform.hpp"
#include "urn/kernel/scalar/max.hpp"
#include "urn/processor/stage.hpp"

URN_EITHER_SIDE_BEGIN
namespace urn {

/// Keeps exactly min(k, survivors) tokens, the best in the order of candidates: larger logit, then smaller id
/// (llama.cpp and ORT keep k too, but leave open which of the tied). k <= 0 and k >= V change nothing.
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

/// The same, and every token whose logit equals the k-th's (transformers, vLLM): there the rule is l < k-th,
/// on logits divided by the temperature; here the logits themselves are compared. Sorts the k best.
struct top_k_with_ties {
  using stage = cut;

  std::int32_t k = 0;

  [[nodiscard]] constexpr bool neutral() const { return k <= 0; }
  template <class State>
  URN_HOST_DEVICE void operator()(State& row) const {
    if (static_cast<std::size_t>(k) >= row.vocabulary() || !row.look()) return;
    const std::size_t count = count_of(row);
    row.keep([&](const auto& source, const auto& scanned) {
      return row.policy.select_k(source, count, scanned, row.scratch);
    });
  }

 private:
  /// How many tokens have the k-th's logit or a larger one.
  template <class State>
  [[nodiscard]] URN_HOST_DEVICE std::size_t count_of(State& row) const {
    const kernel::row_scan scanned = row.scan();
    const std::size_t most =
        static_cast<std::size_t>(k) < row.size() ? static_cast<std::size_t>(k) : row.size();
    return row.visit([&](const auto& source) -> std::size_t {
      const auto best = row.policy.top_n(source, most, scanned, row.scratch);
      const std::uint64_t below_equals = best.back().key >> 32 << 32;  // the key's other half is not 0
      return row.policy.count_before(source, below_equals, scanned);
    });
  }
};

}  // namespace urn
URN_EITHER_SIDE_END
