#pragma once
/// \file
/// tail_free: cut where the sorted probabilities stop bending (Bricken, "Tail free sampling", 2019).

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "urn/core/exact.hpp"
#include "urn/core/order_key.hpp"
#include "urn/core/platform.hpp"
#include "urn/core/status.hpp"
#include "urn/core/workspace.hpp"
#include "urn/kernel/block_mass.hpp"
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
    static_assert(std::same_as<std::remove_cvref_t<decltype(row.scratch)>, workspace>,
                  "urn: tail_free is not on this policy: it sorts the row in a workspace of the host");
    if (!row.measure()) return;
    const kernel::row_scan scanned = row.scan();
    const measure in{row.scale(), row.mass().key};
    const std::size_t found = row.visit([&](const auto& source) {
      return prefix_of(row.policy.top_n(source, row.size(), scanned, row.scratch), in);
    });
    const std::size_t count = found < least ? least : found;
    row.keep([&](const auto& source, const auto& seen) {
      return row.policy.select_k(source, count, seen, row.scratch);
    });
  }

 private:
  struct measure {
    float c;
    std::uint32_t row_key;

    [[nodiscard]] URN_HOST_DEVICE std::int64_t mass(std::uint64_t key) const {
      return static_cast<std::int64_t>(kernel::mass_in_row(logit_of(key), c, row_key));
    }
  };

  /// Calls use(|second difference|) from the best token on, until it returns false.
  template <class Ranked, class Use>
  URN_HOST_DEVICE static void bends(const Ranked& ranked, const measure& in, Use&& use) {
    if (ranked.size() < 3) return;
    std::int64_t before = in.mass(ranked[0].key);
    std::int64_t at = in.mass(ranked[1].key);
    for (std::size_t i = 2; i < ranked.size(); ++i) {
      const std::int64_t after = in.mass(ranked[i].key);
      const std::int64_t bend = before - 2 * at + after;
      if (!use(static_cast<std::uint64_t>(bend < 0 ? -bend : bend))) return;
      before = at;
      at = after;
    }
  }
  template <class Ranked>
  [[nodiscard]] URN_HOST_DEVICE std::size_t prefix_of(const Ranked& ranked, const measure& in) const {
    std::uint64_t all = 0;
    bends(ranked, in, [&](std::uint64_t bend) {
      all += bend;
      return true;
    });
    const auto share =
        static_cast<std::uint64_t>(exact::mul(z > 0.0F ? static_cast<double>(z) : 0.0, 0x1p63));
    const std::uint64_t limit = exact::multiply_high(all << 1, share);
    std::uint64_t sum = 0;
    std::size_t leading = 0;
    bends(ranked, in, [&](std::uint64_t bend) {
      sum += bend;
      leading += sum <= limit ? 1 : 0;
      return sum <= limit;
    });
    if (rule == tail_free_rule::through) return leading + 1;
    return ranked.size() < 3 ? ranked.size() : leading;
  }
};

}  // namespace urn
URN_EITHER_SIDE_END
