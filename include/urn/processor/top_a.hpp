#pragma once
/// \file
/// top_a: keep what has some share of the best token's probability squared (BlinkDL, RWKV-LM).

#include <cstddef>
#include <cstdint>

#include "urn/core/exact.hpp"
#include "urn/core/platform.hpp"
#include "urn/core/status.hpp"
#include "urn/kernel/fraction.hpp"
#include "urn/processor/mass_cut.hpp"
#include "urn/processor/stage.hpp"

URN_EITHER_SIDE_BEGIN
namespace urn {

/// Keeps the tokens with p_i >= a * p_max^2: of mass at least ceil(ceil(a * top) * top / total), top being
/// the best token's. a <= 0 changes nothing; a above 1 and NaN are refused.
struct top_a {
  using stage = cut;

  float a = 0.0F;

  [[nodiscard]] constexpr bool neutral() const { return a <= 0.0F; }
  [[nodiscard]] constexpr status check(std::size_t) const {
    return exact::is_nan(a) || a > 1.0F ? status::bad_argument : status::ok;
  }
  template <class State>
  URN_HOST_DEVICE void operator()(State& row) const {
    if (row.weigh()) detail::keep_heavy(row, least(row));
  }
  /// The least mass that it keeps of a weighed row.
  template <class State>
  [[nodiscard]] URN_HOST_DEVICE std::uint64_t least(const State& row) const {
    const std::uint64_t top = kernel::mass_of_best(row.mass(), row.scale());
    const std::uint64_t share = a < 1.0F ? kernel::ceil_share(top, a) : top;
    return kernel::ceil_ratio(share, top, row.mass().total);
  }
};

}  // namespace urn
URN_EITHER_SIDE_END
