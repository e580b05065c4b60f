#pragma once
/// \file
/// dynamic_temperature: a temperature that rises with the entropy (kalomaze, "dynatemp", 2023).

#include <cstddef>
#include <cstdint>

#include "urn/core/exact.hpp"
#include "urn/core/order_key.hpp"
#include "urn/core/platform.hpp"
#include "urn/core/status.hpp"
#include "urn/kernel/fraction.hpp"
#include "urn/kernel/scalar/moments.hpp"
#include "urn/processor/stage.hpp"
#include "urn/processor/temperature.hpp"

URN_EITHER_SIDE_BEGIN
namespace urn {

/// Divides by T = min + (max - min) * (H / ln n)^exponent: H the entropy of what came in, n the number of
/// tokens still in (of a whole row masked ones too, of a cut one those that were not masked since). Of one
/// token T is 1. T is a double in exact operations, rounded once; below 1e-5 it is greedy, as in temperature.
/// min = max = 1 changes nothing; 0 <= min <= max and the exponent must be finite and not negative.
struct dynamic_temperature {
  using stage = scaling;

  float min = 1.0F;
  float max = 1.0F;
  float exponent = 1.0F;

  /// llama.cpp's dynatemp_range r around t: from max(0, t - r) to t + r; r <= 0 is t.
  [[nodiscard]] URN_HOST_DEVICE static dynamic_temperature around(float t, float range,
                                                                  float exponent = 1.0F) {
    if (!(range > 0.0F)) return {t, t, exponent};
    const float least = exact::sub(t, range);
    return {least > 0.0F ? least : 0.0F, exact::add(t, range), exponent};
  }

  [[nodiscard]] constexpr bool neutral() const { return min == 1.0F && max == 1.0F; }
  [[nodiscard]] constexpr status check(std::size_t) const {
    const auto is_size = [](float x) { return exact::bits(x) < exact::infinity_bits || x == 0.0F; };
    return is_size(min) && is_size(max) && is_size(exponent) && min <= max ? status::ok
                                                                           : status::bad_argument;
  }
  template <class State>
  URN_HOST_DEVICE void operator()(State& row) const {
    if (row.size() < 2 || !row.measure()) return;
    const std::size_t n = count(row);
    if (n < 2) return;
    const double of_all = kernel::natural_log(static_cast<std::uint64_t>(n));
    const float t = at(exact::div(kernel::entropy(row.moments()), of_all));
    row.apply_temperature(t < temperature::greedy_below ? 0.0F : t);
  }

  /// T of a share of the largest entropy.
  [[nodiscard]] URN_HOST_DEVICE float at(double share) const {
    const auto low = static_cast<double>(min);
    const double range = exact::sub(static_cast<double>(max), low);
    return static_cast<float>(exact::fma(range, power(share < 1.0 ? share : 1.0), low));
  }

 private:
  template <class State>
  [[nodiscard]] URN_HOST_DEVICE static std::size_t count(State& row) {
    if (!row.is_cut) return row.size();
    constexpr std::uint64_t behind_all = (std::uint64_t{ordered_minus_infinity} << 32) | 0xFFFFFFFFU;
    const kernel::row_scan scanned = row.scan();
    return row.policy.count_before(row.kept, behind_all, scanned);
  }
  [[nodiscard]] URN_HOST_DEVICE double power(double share) const {
    if (exponent == 0.0F) return 1.0;
    if (share < 1e-300) return 0.0;
    return kernel::natural_exp(exact::mul(static_cast<double>(exponent), kernel::natural_log_of(share)));
  }
};

}  // namespace urn
URN_EITHER_SIDE_END
