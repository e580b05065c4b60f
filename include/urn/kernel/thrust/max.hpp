#pragma once
/// \file
/// The best token of a row.

#include <cstdint>

#include "urn/core/exact.hpp"
#include "urn/core/order_key.hpp"
#include "urn/core/platform.hpp"
#include "urn/core/row.hpp"
#include "urn/kernel/scalar/max.hpp"
#include "urn/kernel/thrust/lent_row.hpp"
#include "urn/kernel/thrust/system.hpp"

URN_EITHER_SIDE_BEGIN
namespace urn::kernel::by_thrust {

/// The best of some tokens, and whether one was NaN.
struct best_token {
  std::uint64_t key = 0;  ///< 0: none survives
  bool nan = false;
};
struct as_best {
  URN_HOST_DEVICE best_token operator()(const placed_token& t) const {
    const std::uint64_t key = survives(t.logit) ? order_key(t.logit, t.id) : 0;
    return {key, exact::is_nan(t.logit)};
  }
};
struct better {
  URN_HOST_DEVICE best_token operator()(const best_token& a, const best_token& b) const {
    return {a.key > b.key ? a.key : b.key, a.nan || b.nan};
  }
};

/// See scalar::max.
template <thrust_execution Exec>
row_max max(const lent_row<Exec>& row) {
  const auto tokens = row.each(as_best{});
  const best_token best = thrust::reduce(row.exec(), tokens, tokens + row.size(), best_token{}, better{});
  return {best.key, status_of_row(static_cast<std::uint32_t>(best.key >> 32), best.nan)};
}

/// See scalar::scan.
template <thrust_execution Exec>
row_scan scan(const lent_row<Exec>& row) {
  const row_max best = max(row);
  return {static_cast<std::uint32_t>(best.key >> 32), best.status};
}

}  // namespace urn::kernel::by_thrust
URN_EITHER_SIDE_END
