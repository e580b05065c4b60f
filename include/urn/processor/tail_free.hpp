#pragma once
/// \file
/// tail_free: cut where the sorted probabilities stop bending (Bricken, "Tail free sampling", 2019).

#include <cstddef>
#include <cstdint>

#include "urn/core/exact.hpp"
#include "urn/core/platform.hpp"
#include "urn/core/status.hpp"
#include "urn/kernel/scalar/max.hpp"
#include "urn/processor/stage.hpp"

URN_EITHER_SIDE_BEGIN
namespace urn {

/// Where a tail-free cut ends, if n leading second differences add up to at most z of all.
enum class tail_free_rule : std::uint8_t {
  through,  ///< n + 1 tokens stay, the last always goes (text-generation-webui)
  before    ///< n tokens stay, all of two (llama.cpp, before it gave tail-free sampling up)
};

/// Of the masses v of the tokens, the best first, the second differences |(v_i - v_i+1) - (v_i+1 - v_i+2)|
/// add up to D. Keeps the first token and one more for each leading i up to which they add up to at most z D,
/// or what `rule` says, at least one. z is quantised down to 2^-63. z >= 1 changes nothing; z <= 0 keeps the
/// best token and what follows it on a straight line; NaN is refused. Sorts the row.
struct tail_free {
  using stage = cut;

  float z = 1.0F;
  tail_free_rule rule = tail_free_rule::through;

  [[nodiscard]] constexpr bool neutral() const { return z >= 1.0F; }
  [[nodiscard]] constexpr status check(std::size_t) const {
    return exact::is_nan(z) ? status::bad_argument : status::ok;
  }
  template <class State>
  URN_HOST_DEVICE void operator()(State& row) const {
    keep_at_least(row, 1);
  }
  /// The same, but no fewer than the `least` best tokens.
  template <class State>
  URN_HOST_DEVICE void keep_at_least(State& row, std::size_t least) const {
    if (!row.measure()) return;
    const kernel::row_scan scanned = row.scan();
    const std::size_t found = row.visit([&](const auto& source) {
      const auto ranked = row.policy.top_n(source, row.size(), scanned, row.scratch);
      return stay(ranked.size(), row.policy.leading_bends(ranked, row.scale(), row.mass().key, share()));
    });
    const std::size_t count = found < least ? least : found;
    row.keep([&](const auto& source, const auto& seen) {
      return row.policy.select_k(source, count, seen, row.scratch);
    });
  }

 private:
  [[nodiscard]] URN_HOST_DEVICE std::uint64_t share() const {
    return static_cast<std::uint64_t>(exact::mul(z > 0.0F ? static_cast<double>(z) : 0.0, 0x1p63));
  }
  /// How many of so many tokens stay, so many leading bends of which are within the share.
  [[nodiscard]] URN_HOST_DEVICE std::size_t stay(std::size_t tokens, std::size_t leading) const {
    if (rule == tail_free_rule::through) return leading + 1;
    return tokens < 3 ? tokens : leading;
  }
};

}  // namespace urn
URN_EITHER_SIDE_END
