#pragma once
/// \file
/// penalties: make tokens that were there before less likely.

#include <cstddef>
#include <cstdint>

#include "urn/core/draw.hpp"
#include "urn/core/exact.hpp"
#include "urn/core/history.hpp"
#include "urn/core/status.hpp"
#include "urn/kernel/touch_list.hpp"
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
    const auto finite = [](float x) { return (exact::bits(x) & 0x7FFFFFFFU) < exact::infinity_bits; };
    return finite(repetition) && repetition > 0.0F && finite(frequency) && finite(presence)
               ? status::ok
               : status::bad_argument;
  }
  /// The value is c.
  status touch(const draw_context& context, touch_list& touched) const {
    const token_history seen = context.history.last(window);
    for (const token_id id : seen.prompt) {
      if (touched.holds(id)) touched.touch(id);
    }
    for (const token_id id : seen.output) {
      if (touched.holds(id)) ++touched.touch(id);
    }
    return status::ok;
  }
  [[nodiscard]] float operator()(float logit, std::uint32_t count) const {
    const float repeated = logit > 0.0F ? exact::div(logit, repetition) : exact::mul(logit, repetition);
    if (count == 0) return repeated;
    return exact::sub(exact::fma(-static_cast<float>(count), frequency, repeated), presence);
  }
};

}  // namespace urn
