#pragma once
/// \file
/// temperature: how much the larger logits are preferred.

#include <cstddef>

#include "urn/core/exact.hpp"
#include "urn/core/platform.hpp"
#include "urn/core/status.hpp"
#include "urn/processor/stage.hpp"

URN_EITHER_SIDE_BEGIN
namespace urn {

/// p_i ~ exp(l_i / T). 0 <= T < 1e-5 keeps only the largest logit (as vLLM: greedy); T = 1 changes nothing;
/// two temperatures multiply. The division is part of the mass, not a pass over the row; only an edit that
/// comes later sees logits divided by T. T negative, infinite or NaN is refused.
struct temperature {
  using stage = scaling;
  static constexpr float greedy_below = 1e-5F;

  float value = 1.0F;

  [[nodiscard]] constexpr bool neutral() const { return exact::bits(value) == exact::bits(1.0F); }
  [[nodiscard]] constexpr status check(std::size_t) const {
    return exact::bits(value) < exact::infinity_bits || exact::bits(value) == 0x80000000U
               ? status::ok
               : status::bad_argument;
  }
  template <class State>
  URN_HOST_DEVICE void operator()(State& row) const {
    row.apply_temperature(value < greedy_below ? 0.0F : value);
  }
};

}  // namespace urn
URN_EITHER_SIDE_END
