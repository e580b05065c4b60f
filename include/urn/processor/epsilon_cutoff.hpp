#pragma once
/// \file
/// epsilon_cutoff: keep what has some probability of its own (Hewitt et al., "Truncation sampling as language
/// model desmoothing", 2022).

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

/// Keeps the tokens with p_i >= epsilon, that is of mass at least ceil(epsilon * mass of what came in), and
/// at least the best. epsilon <= 0 changes nothing; epsilon >= 1 keeps the best and its equals; NaN is
/// refused.
struct epsilon_cutoff {
  using stage = cut;

  float epsilon = 0.0F;

  [[nodiscard]] constexpr bool neutral() const { return epsilon <= 0.0F; }
  [[nodiscard]] constexpr status check(std::size_t) const {
    return exact::is_nan(epsilon) ? status::bad_argument : status::ok;
  }
  template <class State>
  URN_HOST_DEVICE void operator()(State& row) const {
    if (row.weigh()) detail::keep_heavy(row, least(row));
  }
  /// The least mass that it keeps of a weighed row.
  template <class State>
  [[nodiscard]] URN_HOST_DEVICE std::uint64_t least(const State& row) const {
    const std::uint64_t total = row.mass().total;
    return epsilon < 1.0F ? kernel::ceil_share(total, epsilon) : total;
  }
};

}  // namespace urn
URN_EITHER_SIDE_END
