#pragma once
/// \file
/// min_p: keep what is not much less likely than the best (Nguyen et al., "Turning up the heat: min-p
/// sampling", 2024).

#include <cstddef>
#include <cstdint>

#include "urn/core/exact.hpp"
#include "urn/core/platform.hpp"
#include "urn/core/status.hpp"
#include "urn/kernel/fraction.hpp"
#include "urn/kernel/scalar/mass.hpp"
#include "urn/processor/mass_cut.hpp"
#include "urn/processor/stage.hpp"

URN_EITHER_SIDE_BEGIN
namespace urn {

/// Keeps the tokens with p_i >= min_p * p_max, decided on masses in row units (the best token's is at least
/// 2^40). min_p <= 0 changes nothing; min_p >= 1 keeps the tokens whose mass equals the best one's; NaN is
/// refused.
struct min_p {
  using stage = cut;

  float value = 0.0F;

  [[nodiscard]] constexpr bool neutral() const { return value <= 0.0F; }
  [[nodiscard]] constexpr status check(std::size_t) const {
    return exact::is_nan(value) ? status::bad_argument : status::ok;
  }
  template <class State>
  URN_HOST_DEVICE void operator()(State& row) const {
    if (row.measure()) detail::keep_heavy(row, least(row));
  }
  /// The least mass that it keeps of a measured row.
  template <class State>
  [[nodiscard]] URN_HOST_DEVICE std::uint64_t least(const State& row) const {
    const std::uint64_t top = kernel::mass_of_best(row.mass(), row.scale());
    return value < 1.0F ? kernel::ceil_share(top, value) : top;
  }
};

}  // namespace urn
URN_EITHER_SIDE_END
