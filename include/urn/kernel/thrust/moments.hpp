#pragma once
/// \file
/// Integer moments of a row's distribution and of its logits.

#include <cstdint>

#include "urn/core/order_key.hpp"
#include "urn/core/platform.hpp"
#include "urn/core/row.hpp"
#include "urn/kernel/block_mass.hpp"
#include "urn/kernel/scalar/moments.hpp"
#include "urn/kernel/scalar/spread.hpp"
#include "urn/kernel/thrust/lent_row.hpp"
#include "urn/kernel/thrust/system.hpp"

URN_EITHER_SIDE_BEGIN
namespace urn::kernel::by_thrust {

/// One token's part.
struct as_moments {
  float c;
  std::uint32_t row_key;

  URN_HOST_DEVICE row_moments operator()(const placed_token& t) const {
    row_moments one;
    const std::uint64_t v = mass_in_row(t.logit, c, row_key);
    if (v != 0) one.add(v, depth_of(t.logit, c, row_key));
    return one;
  }
};
struct sum_of_moments {
  URN_HOST_DEVICE row_moments operator()(const row_moments& a, const row_moments& b) const {
    row_moments sum;
    sum.mass = a.mass + b.mass;
    sum.depth_low = a.depth_low + b.depth_low;
    sum.depth_high = a.depth_high + b.depth_high + (sum.depth_low < a.depth_low ? 1 : 0);
    return sum;
  }
};

/// See scalar::moments.
template <thrust_execution Exec>
row_moments moments(const lent_row<Exec>& row, float c, std::uint32_t row_key) {
  const auto tokens = row.each(as_moments{c, row_key});
  return thrust::reduce(row.exec(), tokens, tokens + row.size(), row_moments{}, sum_of_moments{});
}

/// One token's part in the spread.
struct as_spread {
  float largest;

  URN_HOST_DEVICE row_spread operator()(const placed_token& t) const {
    row_spread one;
    if (survives(t.logit)) one.add(distance_of(t.logit, largest));
    return one;
  }
};
struct sum_of_spreads {
  URN_HOST_DEVICE row_spread operator()(const row_spread& a, const row_spread& b) const {
    row_spread sum = a;
    sum.add(b);
    return sum;
  }
};

/// See scalar::spread.
template <thrust_execution Exec>
row_spread spread(const lent_row<Exec>& row, std::uint32_t largest) {
  const auto tokens = row.each(as_spread{logit_of(std::uint64_t{largest} << 32)});
  return thrust::reduce(row.exec(), tokens, tokens + row.size(), row_spread{}, sum_of_spreads{});
}

}  // namespace urn::kernel::by_thrust
URN_EITHER_SIDE_END
