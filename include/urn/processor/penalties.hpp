#pragma once
/// \file
/// penalties: make tokens that were there before less likely.

#include <cstddef>
#include <cstdint>

#include "urn/core/draw.hpp"
#include "urn/core/exact.hpp"
#include "urn/core/history.hpp"
#include "urn/core/order_key.hpp"
#include "urn/core/platform.hpp"
#include "urn/core/status.hpp"
#include "urn/core/workspace.hpp"
#include "urn/processor/stage.hpp"

namespace urn {

/// For a token seen in the last `window` tokens, of which c times in the output, in this order (vLLM's):
///
///     repetition   l > 0 ? l / r : l * r     seen in prompt or output (Keskar et al., CTRL, 2019)
///     frequency    l - c * f                 OpenAI's frequency_penalty, output only
///     presence     l - [c > 0] * p           OpenAI's presence_penalty, output only
///
/// Each step rounds once. Neutral: 1, 0, 0, or window 0. repetition must be finite and > 0, the others
/// finite.
struct penalties {
  using stage = sparse_edit;

  float repetition = 1.0F;
  float frequency = 0.0F;
  float presence = 0.0F;
  std::size_t window = whole_history;  ///< of prompt and output together; llama.cpp's penalty_last_n

  [[nodiscard]] constexpr bool neutral() const {
    return window == 0 || (repetition == 1.0F && frequency == 0.0F && presence == 0.0F);
  }
  [[nodiscard]] constexpr status check(std::size_t) const {
    return is_finite(repetition) && repetition > 0.0F && is_finite(frequency) && is_finite(presence)
               ? status::ok
               : status::bad_argument;
  }
  [[nodiscard]] constexpr std::size_t touches(const draw_context& context) const {
    return context.history.last(window).size();
  }
  /// The value is c.
  [[nodiscard]] constexpr touched_token touch(const draw_context& context, std::size_t i) const {
    const token_history seen = context.history.last(window);
    if (i < seen.prompt.size()) return {seen.prompt[i], 0};
    return {seen.output[i - seen.prompt.size()], 1};
  }
  [[nodiscard]] static constexpr std::uint32_t merge(std::uint32_t a, std::uint32_t b) { return a + b; }
  [[nodiscard]] URN_HOST_DEVICE float operator()(float logit, std::uint32_t count) const {
    const bool positive = ordered(logit) > ordered(0.0F);
    const float repeated = positive ? exact::div(logit, repetition) : exact::mul(logit, repetition);
    if (count == 0) return repeated;
    return exact::sub(exact::fma(-static_cast<float>(count), frequency, repeated), presence);
  }
};

}  // namespace urn
