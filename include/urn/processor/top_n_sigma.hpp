#pragma once
/// \file
/// top_n_sigma: keep what lies within some standard deviations of the best (Tang et al., "Top-nsigma: not all
/// logits are you need", 2024).

#include <cstddef>

#include "urn/core/exact.hpp"
#include "urn/core/order_key.hpp"
#include "urn/core/platform.hpp"
#include "urn/core/status.hpp"
#include "urn/kernel/candidates.hpp"
#include "urn/kernel/scalar/max.hpp"
#include "urn/kernel/scalar/spread.hpp"
#include "urn/processor/stage.hpp"

URN_EITHER_SIDE_BEGIN
namespace urn {

/// Keeps the tokens with l_i >= max - n * sigma: sigma the standard deviation, by dividing by their number,
/// of the logits that are still in (masked ones are not; after top_k those of the k). The bound is a double
/// rounded once to float, sigma from integer sums in which a logit counts to 2^-16 and as no more than 1024
/// below the best. A temperature changes nothing. n <= 0 and +inf change nothing; NaN is refused.
struct top_n_sigma {
  using stage = cut;

  float n = 0.0F;

  [[nodiscard]] constexpr bool neutral() const { return n <= 0.0F || exact::bits(n) == exact::infinity_bits; }
  [[nodiscard]] constexpr status check(std::size_t) const {
    return exact::is_nan(n) ? status::bad_argument : status::ok;
  }
  template <class State>
  URN_HOST_DEVICE void operator()(State& row) const {
    keep_at_least(row, 1);
  }
  /// The same, but no fewer than the `least` best tokens; what equals the last of those stays too.
  template <class State>
  URN_HOST_DEVICE void keep_at_least(State& row, std::size_t least) const {
    static_assert(
        requires(candidate_list l) { row.policy.select_reaching(l, 0.0F, kernel::row_scan{}, row.scratch); },
        "urn: top_n_sigma is not on this policy, which has no select_reaching for its workspace");
    if (!row.look()) return;
    const kernel::row_scan seen = row.scan();
    const float lowest = row.visit([&](const auto& source) {
      const float reach = bound(seen, row.policy.spread(source, seen));
      if (least < 2) return reach;
      const std::size_t most = least < row.size() ? least : row.size();
      const float last = logit_of(row.policy.top_n(source, most, seen, row.scratch).back().key);
      return ordered(last) < ordered(reach) ? last : reach;
    });
    row.keep([&](const auto& source, const auto& scanned) {
      return row.policy.select_reaching(source, lowest, scanned, row.scratch);
    });
  }

 private:
  [[nodiscard]] URN_HOST_DEVICE float bound(const kernel::row_scan& scanned,
                                            const kernel::row_spread& spread) const {
    const double largest = exact::widened(logit_of(std::uint64_t{scanned.largest} << 32));
    const double reach = exact::mul(exact::widened(n), kernel::standard_deviation(spread));
    return exact::narrowed(exact::sub(largest, reach));
  }
};

}  // namespace urn
URN_EITHER_SIDE_END
