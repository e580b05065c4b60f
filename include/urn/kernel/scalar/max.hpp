#pragma once
/// \file
/// The best token of a row.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "urn/core/order_key.hpp"
#include "urn/core/row.hpp"
#include "urn/core/status.hpp"

namespace urn::kernel {

/// The first of a row's largest logits.
struct row_max {
  std::uint64_t key = 0;  ///< its order key; 0 of an empty row
  urn::status status = urn::status::empty;

  [[nodiscard]] constexpr token_id token() const { return key == 0 ? no_token : id_of(key); }
  [[nodiscard]] constexpr float logit() const { return key == 0 ? exact::minus_infinity : logit_of(key); }
};

/// What the logits in `seen`, the ordered largest, and `nan` say about a row.
constexpr status status_of_row(std::uint32_t largest, bool nan) {
  status s = nan ? status::nan : status::ok;
  if (largest <= ordered_minus_infinity) s |= status::empty;
  if (largest == ordered_infinity) s |= status::infinite;
  return s;
}

/// What one look at a row tells, for the kernels that come after it.
struct row_scan {
  std::uint32_t largest = 0;                ///< the largest logit, as `ordered`
  urn::status status = urn::status::empty;  ///< nan, infinite, empty
  std::span<const float> maxima{};          ///< of each strip, -inf where none survives; empty if not known
};

namespace scalar {

/// The largest logit. A backend may note those of the strips by the way. O(V), one pass.
template <logits_row Row>
row_scan scan(const Row& row) {
  std::uint32_t largest = 0;
  bool nan = false;
  for_each_block(row, [&](std::size_t, std::span<const float> logits) {
    for (const float l : logits) {
      largest = std::max(largest, ordered(l));
      nan |= exact::is_nan(l);
    }
  });
  return {largest, status_of_row(largest, nan)};
}

/// The largest logit, the lowest id among equals; NaN never wins. Status: nan, infinite, empty. O(V), one
/// pass.
template <logits_row Row>
row_max max(const Row& row) {
  std::uint64_t best = 0;
  bool nan = false;
  for_each_block(row, [&](std::size_t first, std::span<const float> logits) {
    for (std::size_t i = 0; i < logits.size(); ++i) {
      nan |= exact::is_nan(logits[i]);
      if (!survives(logits[i])) continue;
      const std::uint64_t key = order_key(logits[i], row.id(first + i));
      if (key > best) best = key;
    }
  });
  return {best, status_of_row(static_cast<std::uint32_t>(best >> 32), nan)};
}

}  // namespace scalar
}  // namespace urn::kernel
