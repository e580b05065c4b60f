#pragma once
/// \file
/// xtc: now and then exclude the top choices (p-e-w, koboldcpp and text-generation-webui, 2024).

#include <cstddef>
#include <cstdint>
#include <span>

#include "urn/core/draw.hpp"
#include "urn/core/exact.hpp"
#include "urn/core/order_key.hpp"
#include "urn/core/platform.hpp"
#include "urn/core/status.hpp"
#include "urn/core/token.hpp"
#include "urn/core/workspace.hpp"
#include "urn/kernel/block_mass.hpp"
#include "urn/kernel/fraction.hpp"
#include "urn/kernel/scalar/mass.hpp"
#include "urn/kernel/touch_list.hpp"
#include "urn/processor/stage.hpp"
#include "urn/random/random_bits.hpp"

URN_EITHER_SIDE_BEGIN
namespace urn {

namespace detail {

/// The first `count` of ranked tokens, without the spared ones: as a sparse edit names what it touches.
template <class Ranked>
struct first_unspared {
  Ranked ranked;
  std::size_t count;
  std::span<const token_id> spared;

  [[nodiscard]] URN_HOST_DEVICE std::size_t touches(const draw_context&) const { return count; }
  [[nodiscard]] URN_HOST_DEVICE touched_token touch(const draw_context&, std::size_t i) const {
    const token_id id = id_of(ranked[i].key);
    bool is_spared = false;
    for (const token_id other : spared) is_spared |= other == id;
    return {is_spared ? no_token : id, 0};
  }
};

/// The tokens that xtc is about: of those with a mass of at least ceil(threshold * mass of what came in), if
/// there are two or more, all but the last in the order of candidates, and no protected ones; none if that
/// left fewer than `min_keep`.
template <class State>
URN_HOST_DEVICE kernel::gathered top_choices(State& row, float threshold, std::span<const token_id> spared,
                                             std::size_t min_keep) {
  if (!row.weigh()) return {};
  const kernel::row_mass mass = row.mass();
  const kernel::row_scan scanned = row.scan();
  const std::uint64_t share = kernel::ceil_share(mass.total, threshold);
  const std::uint64_t least = share > 0 ? share : 1;
  const std::uint64_t most = mass.total / least + 1;
  const std::size_t n = most < row.size() ? static_cast<std::size_t>(most) : row.size();
  return row.visit([&](const auto& source) -> kernel::gathered {
    const auto best = row.policy.top_n(source, n, scanned, row.scratch);
    std::size_t heavy = 0;
    for (std::size_t rest = best.size(); rest > 0;) {  // masses fall
      const std::size_t step = rest / 2;
      const float logit = logit_of(best[heavy + step].key);
      const bool right = kernel::mass_in_row(logit, row.scale(), mass.key) >= least;
      heavy += right ? step + 1 : 0;
      rest = right ? rest - step - 1 : step;
    }
    if (heavy < 2 || row.size() + 1 < heavy + min_keep) return {};
    const first_unspared<decltype(best)> excluded{best, heavy - 1, spared};
    return row.policy.gather(excluded, row.context, row.vocabulary(), row.touched, row.scratch);
  });
}

/// What both forms of xtc have in common.
struct xtc_parameters {
  float threshold = 0.1F;
  float probability = 0.0F;
  std::span<const token_id> spared{};

  [[nodiscard]] constexpr bool neutral() const { return probability <= 0.0F || threshold > 0.5F; }
  [[nodiscard]] constexpr status check(std::size_t) const {
    return threshold >= 0.0F && !exact::is_nan(threshold) && !exact::is_nan(probability)
               ? status::ok
               : status::bad_argument;
  }
};

}  // namespace detail

/// With the given probability, decided by bits of the draw's own lane, sends all tokens with p_i >= threshold
/// to -inf but the least likely of them; fewer than two change nothing. Tokens listed in `spared` (a newline,
/// the end) are never sent; where fewer than min_keep would be left, of a whole row masked ones included,
/// nothing happens (llama.cpp). probability <= 0 and a threshold above 0.5 change nothing and use no bits;
/// probability >= 1 always acts; a negative threshold and NaN are refused.
///
///     xtc{.threshold = 0.1F, .probability = 0.5F}
struct xtc {
  using stage = row_edit;
  static constexpr bool only_masks = true;

  float threshold = 0.1F;
  float probability = 0.0F;
  std::span<const token_id> spared{};
  std::size_t min_keep = 1;

  [[nodiscard]] constexpr bool neutral() const { return parameters().neutral(); }
  [[nodiscard]] constexpr status check(std::size_t v) const { return parameters().check(v); }
  template <class State>
  [[nodiscard]] URN_HOST_DEVICE kernel::gathered touched(State& row, std::span<touched_token>) const {
    if (!acts(row.context.key())) return {};
    return detail::top_choices(row, threshold, spared, min_keep);
  }
  [[nodiscard]] URN_HOST_DEVICE float operator()(float, std::uint32_t) const { return exact::minus_infinity; }

  /// Whether it does anything in this draw: one of 2^63 equal parts lies below the probability.
  [[nodiscard]] URN_HOST_DEVICE bool acts(const draw_key& key) const {
    if (probability >= 1.0F) return true;
    const auto share = static_cast<std::uint64_t>(exact::mul(static_cast<double>(probability), 0x1p63));
    return random_bits(key, lane_purpose::xtc) >> 1 < share;
  }

 private:
  [[nodiscard]] constexpr detail::xtc_parameters parameters() const {
    return {threshold, probability, spared};
  }
};

/// xtc without its dice (exllamav3's form): what it would send to -inf loses the factor 1 - probability, so
/// that each token is about as likely as over all rolls. Once it touches a token, the temperature is used up.
struct expected_xtc {
  using stage = row_edit;

  float threshold = 0.1F;
  float probability = 0.0F;
  std::span<const token_id> spared{};

  [[nodiscard]] constexpr bool neutral() const { return parameters().neutral(); }
  [[nodiscard]] constexpr status check(std::size_t v) const { return parameters().check(v); }
  template <class State>
  [[nodiscard]] URN_HOST_DEVICE kernel::gathered touched(State& row, std::span<touched_token>) const {
    return detail::top_choices(row, threshold, spared, 1);
  }
  [[nodiscard]] URN_HOST_DEVICE float operator()(float logit, std::uint32_t) const {
    if (probability >= 1.0F) return exact::minus_infinity;
    const double factor = exact::sub(1.0, static_cast<double>(probability));
    return exact::add(logit, static_cast<float>(kernel::natural_log_of(factor)));
  }

 private:
  [[nodiscard]] constexpr detail::xtc_parameters parameters() const {
    return {threshold, probability, spared};
  }
};

}  // namespace urn
URN_EITHER_SIDE_END
