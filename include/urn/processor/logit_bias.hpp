#pragma once
/// \file
/// logit_bias: make given tokens more or less likely.

#include <cstddef>
#include <cstdint>
#include <span>

#include "urn/core/draw.hpp"
#include "urn/core/exact.hpp"
#include "urn/core/order_key.hpp"
#include "urn/core/status.hpp"
#include "urn/core/token.hpp"
#include "urn/kernel/touch_list.hpp"
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
  [[nodiscard]] constexpr status check(std::size_t vocabulary) const {
    for (const token_bias& e : entries) {
      const bool known = e.token >= 0 && static_cast<std::size_t>(e.token) < vocabulary;
      if (!known || exact::is_nan(e.bias)) return status::bad_argument;
    }
    return status::ok;
  }
  /// The value is the bias's bits.
  status touch(const draw_context&, touch_list& touched) const {
    for (const token_bias& e : entries) {
      std::uint32_t& sum = touched.touch(e.token);
      sum = exact::bits(exact::add(exact::float_of(sum), e.bias));
    }
    return status::ok;
  }
  [[nodiscard]] float operator()(float logit, std::uint32_t bias_bits) const {
    const float bias = exact::float_of(bias_bits);
    if (!survives(logit)) return logit;
    if (!survives(bias)) return exact::minus_infinity;
    return exact::add(logit, bias);
  }
};

}  // namespace urn
