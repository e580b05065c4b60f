#pragma once
/// \file
/// min_keep: a cut that leaves so many tokens in any case (llama.cpp's min_keep, transformers'
/// min_tokens_to_keep).

#include <concepts>
#include <cstddef>
#include <cstdint>

#include "urn/core/order_key.hpp"
#include "urn/core/platform.hpp"
#include "urn/core/status.hpp"
#include "urn/kernel/block_mass.hpp"
#include "urn/processor/mass_cut.hpp"
#include "urn/processor/stage.hpp"

URN_EITHER_SIDE_BEGIN
namespace urn {

/// `min_keep{3, min_p{0.1F}}`: what the cut keeps, but no fewer than the best `count` tokens, if there are so
/// many. For cuts by a token's own mass (min_p, epsilon_cutoff, eta_cutoff, top_a), where what weighs as much
/// as the last of those stays too; for top_p, where one stays of each mass that is needed; for top_h,
/// tail_free, top_n_sigma; and for typical, where the best are the most typical. Neutral where the cut is,
/// and the cut itself where count < 2.
template <class Cut>
struct min_keep {
  using stage = cut;

  std::size_t count = 1;
  Cut inner{};

  [[nodiscard]] constexpr bool neutral() const { return is_neutral(inner); }
  [[nodiscard]] constexpr status check(std::size_t vocabulary) const {
    return check_stage(inner, vocabulary);
  }
  template <class State>
  URN_HOST_DEVICE void operator()(State& row) const {
    if (count < 2) return inner(row);
    if constexpr (requires { inner.keep_at_least(row, count); }) {
      inner.keep_at_least(row, count);
    } else {
      keep_by_mass(row);
    }
  }

 private:
  template <class State>
  URN_HOST_DEVICE void keep_by_mass(State& row) const {
    if (!row.weigh()) return;
    const best_tokens best = weigh_best(row);
    if constexpr (requires { inner.least(row); }) {
      const std::uint64_t least = inner.least(row);
      detail::keep_heavy(row, least < best.last ? least : best.last);
    } else {
      const std::uint64_t target = inner.target(row);
      inner.keep(row, target > best.all ? target : best.all);
    }
  }

  /// The masses of the best `count` tokens: the last one's, and all.
  struct best_tokens {
    std::uint64_t last = ~std::uint64_t{0};
    std::uint64_t all = 0;
  };
  template <class State>
  URN_HOST_DEVICE best_tokens weigh_best(State& row) const {
    const kernel::row_scan scanned = row.scan();
    const std::size_t most = count < row.size() ? count : row.size();
    return row.visit([&](const auto& source) {
      best_tokens best;
      for (const auto& token : row.policy.top_n(source, most, scanned, row.scratch)) {
        best.last = kernel::mass_in_row(logit_of(token.key), row.scale(), row.mass().key);
        best.all += best.last;
      }
      return best;
    });
  }
};

template <class Cut>
min_keep(std::size_t, Cut) -> min_keep<Cut>;
template <class Cut>
min_keep(int, Cut) -> min_keep<Cut>;

}  // namespace urn
URN_EITHER_SIDE_END
