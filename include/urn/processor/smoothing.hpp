#pragma once
/// \file
/// smoothing: the further below the best, the more a logit loses (kalomaze, "quadratic sampling", 2024).

#include <cstddef>

#include "urn/core/exact.hpp"
#include "urn/core/platform.hpp"
#include "urn/core/status.hpp"
#include "urn/processor/stage.hpp"

URN_EITHER_SIDE_BEGIN
namespace urn {

/// l becomes max - k f d^2 - s f d^3 with d = max - l, k = (3 - curve) / 2, s = (curve - 1) / 2, where d is
/// in the logits at the temperature so far (text-generation-webui's smoothing_factor f and smoothing_curve).
/// The best logit stays; one so far away that the result is no float becomes -inf. f <= 0 changes nothing; f
/// and curve must be finite, curve >= 1.
struct smoothing {
  using stage = relative_edit;

  float factor = 0.0F;
  float curve = 1.0F;

  [[nodiscard]] constexpr bool neutral() const { return factor <= 0.0F; }
  [[nodiscard]] constexpr status check(std::size_t) const {
    return exact::is_finite(factor) && exact::is_finite(curve) && curve >= 1.0F ? status::ok
                                                                                : status::bad_argument;
  }
  [[nodiscard]] URN_HOST_DEVICE float operator()(float logit, float largest) const {
    const double d = exact::sub(exact::widened(largest), exact::widened(logit));
    const double f = exact::mul(0.5, exact::widened(factor));
    const double square = exact::mul(f, exact::sub(3.0, exact::widened(curve)));
    const double cube = exact::mul(f, exact::sub(exact::widened(curve), 1.0));
    const double loss = exact::mul(exact::mul(d, d), exact::fma(cube, d, square));
    return exact::narrowed(exact::sub(exact::widened(largest), loss));
  }
};

}  // namespace urn
URN_EITHER_SIDE_END
