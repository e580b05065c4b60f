#pragma once
/// \file
/// top_h: keep the best tokens up to a share of their entropy (Potraghloo et al., "Top-H decoding", 2025).

#include <cstddef>
#include <cstdint>

#include "urn/core/exact.hpp"
#include "urn/core/order_key.hpp"
#include "urn/core/platform.hpp"
#include "urn/core/status.hpp"
#include "urn/kernel/block_mass.hpp"
#include "urn/kernel/fraction.hpp"
#include "urn/kernel/scalar/moments.hpp"
#include "urn/processor/stage.hpp"

URN_EITHER_SIDE_BEGIN
namespace urn {

namespace detail {
__extension__ typedef unsigned __int128 entropy_sum;  // NOLINT(modernize-use-using): nvcc takes no other
}

/// Of the best 100 tokens, as if there were no others, keeps the longest prefix whose sum of -p_i ln p_i is
/// at most h times that of all, and at least the best one (transformers'). The terms are integers: masses in
/// row units times surprises in 2^-16 bits. h <= 0 changes nothing; h >= 1 keeps all of the 100 that have a
/// mass; NaN is refused.
struct top_h {
  using stage = cut;
  static constexpr std::size_t most = 100;

  float h = 0.0F;

  [[nodiscard]] constexpr bool neutral() const { return h <= 0.0F; }
  [[nodiscard]] constexpr status check(std::size_t) const {
    return exact::is_nan(h) ? status::bad_argument : status::ok;
  }
  template <class State>
  URN_HOST_DEVICE void operator()(State& row) const {
    keep_at_least(row, 1);
  }
  /// The same, but no fewer than the `least` best tokens.
  template <class State>
  URN_HOST_DEVICE void keep_at_least(State& row, std::size_t least) const {
    if (!row.measure()) return;
    const std::size_t found = count_of(row);
    const std::size_t count = found < least ? least : found;
    row.keep([&](const auto& source, const auto& scanned) {
      return row.policy.select_k(source, count, scanned, row.scratch);
    });
  }

 private:
  using wide = detail::entropy_sum;

  template <class State>
  [[nodiscard]] URN_HOST_DEVICE std::size_t count_of(State& row) const {
    const kernel::row_scan scanned = row.scan();
    const measure in{row.scale(), row.mass().key};
    const std::size_t n = most < row.size() ? most : row.size();
    return row.visit(
        [&](const auto& source) { return prefix_of(row.policy.top_n(source, n, scanned, row.scratch), in); });
  }

  [[nodiscard]] URN_HOST_DEVICE static std::int64_t nearest(double x) {
    constexpr double round = 0x1.8p52;
    return static_cast<std::int64_t>(exact::sub(exact::add(x, round), round));
  }

  /// What a token's part is measured in.
  struct measure {
    float c;
    std::uint32_t row_key;
    std::int64_t lift = 0;  ///< from depths to surprises: log2 of the total in row units, in 2^-16

    [[nodiscard]] URN_HOST_DEVICE std::uint64_t mass(std::uint64_t key) const {
      return kernel::mass_in_row(logit_of(key), c, row_key);
    }
    [[nodiscard]] URN_HOST_DEVICE wide term(std::uint64_t key) const {
      const std::uint64_t v = mass(key);
      if (v == 0) return 0;
      const std::int64_t surprise = kernel::depth_of(logit_of(key), c, row_key) + lift;
      return surprise > 0 ? static_cast<wide>(v) * static_cast<std::uint64_t>(surprise) : 0;
    }
  };

  template <class Ranked>
  [[nodiscard]] URN_HOST_DEVICE std::size_t prefix_of(const Ranked& best, measure in) const {
    std::uint64_t total = 0;
    for (const auto& t : best) total += in.mass(t.key);
    const double bits = exact::div(kernel::natural_log(total), kernel::ln2);
    in.lift = nearest(exact::mul(exact::sub(bits, kernel::row_bits + 0.5), 0x1p16));
    wide all = 0, sum = 0;
    for (const auto& t : best) all += in.term(t.key);
    const auto share =
        static_cast<std::uint64_t>(exact::mul(h < 1.0F ? static_cast<double>(h) : 1.0, 0x1p40));
    const wide limit = (all * share) >> 40;  // < 2^70 * 2^40
    std::size_t kept = 1;
    sum = in.term(best[0].key);
    while (kept < best.size() && in.mass(best[kept].key) != 0 && (sum += in.term(best[kept].key)) <= limit) {
      ++kept;
    }
    return kept;
  }
};

}  // namespace urn
URN_EITHER_SIDE_END
