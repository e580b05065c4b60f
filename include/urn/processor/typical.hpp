#pragma once
/// \file
/// typical: keep what is about as surprising as a token of this row is on average (Meister et al., "Locally
/// typical sampling", 2022).

#include <cstddef>
#include <cstdint>

#include "urn/core/exact.hpp"
#include "urn/core/platform.hpp"
#include "urn/core/status.hpp"
#include "urn/kernel/candidates.hpp"
#include "urn/kernel/scalar/moments.hpp"
#include "urn/kernel/scalar/typical.hpp"
#include "urn/kernel/scalar/typical_doubt.hpp"
#include "urn/processor/stage.hpp"

URN_EITHER_SIDE_BEGIN
namespace urn {

/// Where a typical cut ends.
enum class typical_rule : std::uint8_t {
  shortest,   ///< as soon as the mass is at least p
  with_ties,  ///< then, with all tokens that tie with the last one (transformers)
  beyond      ///< as soon as the mass is more than p (llama.cpp)
};

/// By ascending |-ln p_i - H|, equal ones by id, keeps a prefix of as much mass as `rule` says of what came
/// in, and at least one token; the best one may go. Surprise and entropy H are integers in 2^-16 bits. p >= 1
/// changes nothing; p <= 0 keeps the most typical token; NaN is refused.
struct typical {
  using stage = cut;

  float p = 1.0F;
  typical_rule rule = typical_rule::shortest;

  [[nodiscard]] constexpr bool neutral() const { return p >= 1.0F; }
  [[nodiscard]] constexpr status check(std::size_t) const {
    return exact::is_nan(p) ? status::bad_argument : status::ok;
  }
  template <class State>
  URN_HOST_DEVICE void operator()(State& row) const {
    keep_at_least(row, 1);
  }
  /// The same, but no fewer than the `least` most typical tokens.
  template <class State>
  URN_HOST_DEVICE void keep_at_least(State& row, std::size_t least) const {
    static_assert(
        requires(candidate_list l) {
          row.policy.select_typical(l, kernel::typical_aim{}, kernel::row_scan{}, row.scratch);
        },
        "urn: typical is not on this policy, which has no select_typical for its workspace");
    const bool tries = may_be_sure<State> && least < 2 && !row.is_cut;
    if (tries ? !row.weigh() : !row.measure()) return;
    if (tries && keep_surely(row)) return;
    const kernel::row_moments m = row.moments();
    const kernel::typical_aim aim = aim_at(row, kernel::mean_depth(m), m.mass, least);
    row.keep([&](const auto& source, const auto& scanned) {
      return row.policy.select_typical(source, aim, scanned, row.scratch);
    });
  }

 private:
  /// Whether the policy can cut some rows without their moments.
  template <class State>
  static constexpr bool may_be_sure = requires(State& row, const kernel::typical_doubt& doubt) {
    row.policy.select_typical_surely(row.row, doubt, row.scan(), row.scratch);
  };

  template <class State>
  [[nodiscard]] URN_HOST_DEVICE kernel::typical_aim aim_at(const State& row, std::int64_t middle,
                                                           std::uint64_t mass, std::size_t least) const {
    return {row.scale(), row.mass().key, middle, target(mass), mass, rule == typical_rule::with_ties, least};
  }
  /// False, and nothing is changed, if the policy is not sure. Of a whole, weighed row.
  template <class State>
  URN_HOST_DEVICE bool keep_surely(State& row) const {
    if constexpr (may_be_sure<State>) {
      if (row.is_cut) return false;
      const kernel::mass_range range =
          row.policy.range_of(row.mass(), row.scratch.blocks().first(block_count(row.size())), row.size());
      const kernel::typical_doubt doubt{aim_at(row, 0, range.most, 1), range.least, share(), beyond()};
      const auto found = row.policy.select_typical_surely(row.row, doubt, row.scan(), row.scratch);
      if (found) row.keep([&](const auto&, const auto&) { return *found; });
      return found.has_value();
    }
    return false;
  }
  [[nodiscard]] URN_HOST_DEVICE std::uint64_t target(std::uint64_t mass) const {
    return kernel::typical_target(mass, share(), beyond());
  }
  [[nodiscard]] URN_HOST_DEVICE constexpr float share() const { return p > 0.0F ? p : 0.0F; }
  [[nodiscard]] URN_HOST_DEVICE constexpr bool beyond() const { return rule == typical_rule::beyond; }
};

}  // namespace urn
URN_EITHER_SIDE_END
