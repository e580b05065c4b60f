#pragma once
/// \file
/// eta_cutoff: an epsilon that falls as the entropy rises (Hewitt et al., "Truncation sampling as language
/// model desmoothing", 2022).

#include <cstddef>
#include <cstdint>

#include "urn/core/exact.hpp"
#include "urn/core/platform.hpp"
#include "urn/core/status.hpp"
#include "urn/kernel/fraction.hpp"
#include "urn/kernel/scalar/moments.hpp"
#include "urn/processor/mass_cut.hpp"
#include "urn/processor/stage.hpp"

URN_EITHER_SIDE_BEGIN
namespace urn {

/// Keeps the tokens with p_i >= eta = min(epsilon, sqrt(epsilon) * exp(-H)), H the entropy in nats of what
/// came in (transformers' code; its docstring has another square root), and at least the best. eta is a
/// double in exact operations, H from integer moments to within 1e-5. epsilon <= 0 changes nothing; above 1
/// counts as 1; NaN is refused.
struct eta_cutoff {
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
    const double share = eta(kernel::entropy(row.moments()));
    return share < 1.0 ? kernel::ceil_share(total, share) : total;
  }

 private:
  [[nodiscard]] URN_HOST_DEVICE double eta(double entropy) const {
    const double most = epsilon < 1.0F ? static_cast<double>(epsilon) : 1.0;
    const double falling = exact::mul(exact::sqrt(most), kernel::natural_exp(-entropy));
    return falling < most ? falling : most;
  }
};

}  // namespace urn
URN_EITHER_SIDE_END
