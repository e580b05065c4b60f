#pragma once
/// \file
/// top_p: keep the nucleus (Holtzman et al., "The curious case of neural text degeneration", 2020).

#include <cstddef>
#include <cstdint>

#include "urn/core/exact.hpp"
#include "urn/core/platform.hpp"
#include "urn/core/status.hpp"
#include "urn/kernel/fraction.hpp"
#include "urn/kernel/scalar/mass.hpp"
#include "urn/processor/stage.hpp"

URN_EITHER_SIDE_BEGIN
namespace urn {

/// Where a nucleus ends.
enum class top_p_rule : std::uint8_t {
  reached,  ///< as soon as the mass is at least p (llama.cpp, transformers and vLLM in exact arithmetic)
  beyond    ///< as soon as the mass is more than p (SGLang): at equality one token more
};

/// Keeps the shortest prefix of the order of candidates that has as much mass as `rule` says of what came in,
/// in integers: at least ceil(p * mass), or floor(p * mass) + 1; and at least one token. After top_k the mass
/// is that of the k survivors. p >= 1 changes nothing; p <= 0 keeps the best token; NaN is refused.
struct top_p {
  using stage = cut;

  float p = 1.0F;
  top_p_rule rule = top_p_rule::reached;

  [[nodiscard]] constexpr bool neutral() const { return p >= 1.0F; }
  [[nodiscard]] constexpr status check(std::size_t) const {
    return exact::is_nan(p) ? status::bad_argument : status::ok;
  }
  template <class State>
  URN_HOST_DEVICE void operator()(State& row) const {
    if (row.weigh()) keep(row, target(row));
  }
  /// The mass that it wants of a weighed row.
  template <class State>
  [[nodiscard]] URN_HOST_DEVICE std::uint64_t target(const State& row) const {
    if (!(p > 0.0F)) return 0;
    const std::uint64_t total = row.mass().total;
    return rule == top_p_rule::beyond ? kernel::floor_share(total, p) + 1 : kernel::ceil_share(total, p);
  }
  /// Keeps the shortest prefix of that mass.
  template <class State>
  URN_HOST_DEVICE static void keep(State& row, std::uint64_t target) {
    const kernel::row_mass mass = row.mass();
    row.keep([&](const auto& source, const auto& scanned) {
      return row.policy.select_mass(source, row.scale(), mass, target, scanned, row.scratch);
    });
  }
};

}  // namespace urn
URN_EITHER_SIDE_END
