#pragma once
/// \file
/// soft_cap: no logit beyond a bound (Gemma 2).

#include <cstddef>

#include "urn/core/exact.hpp"
#include "urn/core/order_key.hpp"
#include "urn/core/platform.hpp"
#include "urn/core/status.hpp"
#include "urn/core/token.hpp"
#include "urn/kernel/fraction.hpp"
#include "urn/processor/stage.hpp"

URN_EITHER_SIDE_BEGIN
namespace urn {

/// l becomes cap * tanh(l / cap), in double, rounded once; -inf and NaN stay, +inf becomes cap. cap <= 0 and
/// +inf change nothing; NaN is refused.
struct soft_cap {
  using stage = elementwise_edit;

  float cap = 0.0F;

  [[nodiscard]] constexpr bool neutral() const {
    return cap <= 0.0F || exact::bits(cap) == exact::infinity_bits;
  }
  [[nodiscard]] constexpr status check(std::size_t) const {
    return exact::is_nan(cap) ? status::bad_argument : status::ok;
  }
  [[nodiscard]] URN_HOST_DEVICE float operator()(float logit, token_id) const {
    if (!survives(logit)) return logit;
    const double bound = exact::widened(cap);
    const double x = exact::div(exact::widened(logit), bound);
    const double size = x < 0 ? -x : x;
    return exact::narrowed(exact::mul(bound, x < 0 ? -tanh(size) : tanh(size)));
  }

 private:
  /// Of x >= 0: (1 - e) / (1 + e) with e = exp(-2 x), near 0 by its series.
  [[nodiscard]] URN_HOST_DEVICE static double tanh(double x) {
    const double square = exact::mul(x, x);
    if (square < 1e-6) return exact::mul(x, exact::fma(square, -1.0 / 3, 1.0));
    const double e = kernel::natural_exp(exact::mul(-2.0, x));
    return exact::div(exact::sub(1.0, e), exact::add(1.0, e));
  }
};

}  // namespace urn
URN_EITHER_SIDE_END
