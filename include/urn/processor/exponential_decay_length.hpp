#pragma once
/// \file
/// exponential_decay_length: the longer the output, the likelier its end.

#include <cstddef>
#include <cstdint>
#include <span>

#include "urn/core/draw.hpp"
#include "urn/core/exact.hpp"
#include "urn/core/exact_power.hpp"
#include "urn/core/order_key.hpp"
#include "urn/core/platform.hpp"
#include "urn/core/status.hpp"
#include "urn/core/token.hpp"
#include "urn/core/workspace.hpp"
#include "urn/processor/stage.hpp"

namespace urn {

/// Once the output has n > 0 tokens more than `start`, the end tokens' logits become l + |l| (factor^n - 1)
/// (transformers' exponential_decay_length_penalty); +-inf and NaN stay. Product and sum round once each. A
/// logit is not raised beyond 2^16, where nothing else can be drawn. Neutral: factor 1, no ids. factor must
/// be finite and > 0; the ids are borrowed, those outside the vocabulary are refused.
struct exponential_decay_length {
  using stage = sparse_edit;
  static constexpr float highest = 65536.0F;

  std::size_t start = 0;
  double factor = 1.0;
  std::span<const token_id> end_tokens;

  [[nodiscard]] constexpr bool neutral() const { return factor == 1.0 || end_tokens.empty(); }
  template <class Checker = one_by_one>
  [[nodiscard]] constexpr status check(std::size_t vocabulary, const Checker& checker = {}) const {
    if (!exact::is_finite(factor) || !(factor > 0.0)) return status::bad_argument;
    return check_ids(end_tokens, vocabulary, checker);
  }
  [[nodiscard]] constexpr std::size_t touches(const draw_context& context) const {
    return context.history.output.size() > start ? end_tokens.size() : 0;
  }
  /// The value is n.
  [[nodiscard]] constexpr touched_token touch(const draw_context& context, std::size_t i) const {
    return {end_tokens[i], static_cast<std::uint32_t>(context.history.output.size() - start)};
  }
  [[nodiscard]] URN_HOST_DEVICE float operator()(float logit, std::uint32_t n) const {
    if (!exact::is_finite(logit)) return logit;
    const double power = exact::power_within_float(factor, n);
    const float growth = exact::saturated(exact::sub(power, 1.0));
    const float size = exact::float_of(exact::bits(logit) & 0x7FFFFFFFU);
    const float raised = exact::add(logit, exact::mul(size, growth));
    const float limit = ordered(logit) > ordered(highest) ? logit : highest;
    return ordered(raised) < ordered(limit) ? raised : limit;
  }
};

}  // namespace urn
