#pragma once
/// \file
/// logit_bias: make given tokens more or less likely.

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
#include "urn/processor/stage.hpp"

namespace urn {

/// A token and what is added to its logit.
struct token_bias {
  token_id token = no_token;
  float bias = 0.0F;
  friend constexpr bool operator==(const token_bias&, const token_bias&) = default;
};

/// l_i + b_i for the listed tokens; a token listed twice gets the sum. -inf bans a token, whatever
/// else is said of it, and +inf cannot bring back one that is at -inf. The entries are borrowed, in any
/// order. Refused: ids outside the vocabulary, NaN.
struct logit_bias {
  using stage = sparse_edit;
  static constexpr bool whole_row = true;

  std::span<const token_bias> entries;

  [[nodiscard]] constexpr bool neutral() const { return entries.empty(); }
  template <class Checker = one_by_one>
  [[nodiscard]] constexpr status check(std::size_t vocabulary, const Checker& checker = {}) const {
    const auto is_good = [&](std::size_t i) {
      const token_bias& e = entries[i];
      return e.token >= 0 && static_cast<std::size_t>(e.token) < vocabulary && !exact::is_nan(e.bias);
    };
    return checker.all(entries.size(), is_good) ? status::ok : status::bad_argument;
  }
  [[nodiscard]] constexpr std::size_t touches(const draw_context&) const { return entries.size(); }
  /// The value is the bias's bits.
  [[nodiscard]] constexpr touched_token touch(const draw_context&, std::size_t i) const {
    return {entries[i].token, exact::bits(entries[i].bias)};
  }
  [[nodiscard]] URN_HOST_DEVICE static std::uint32_t merge(std::uint32_t a, std::uint32_t b) {
    return exact::bits(exact::add(exact::float_of(a), exact::float_of(b)));
  }
  [[nodiscard]] URN_HOST_DEVICE float operator()(float logit, std::uint32_t bias_bits) const {
    const float bias = exact::float_of(bias_bits);
    if (!survives(logit)) return logit;
    if (!survives(bias)) return exact::minus_infinity;
    return exact::add(logit, bias);
  }
};

}  // namespace urn
