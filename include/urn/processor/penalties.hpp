#pragma once
/// \file
/// penalties: make tokens that were there before less likely.

#include <cstddef>
#include <cstdint>
#include <span>

#include "urn/core/draw.hpp"
#include "urn/core/exact.hpp"
#include "urn/core/history.hpp"
#include "urn/core/order_key.hpp"
#include "urn/core/platform.hpp"
#include "urn/core/status.hpp"
#include "urn/core/token.hpp"
#include "urn/core/workspace.hpp"
#include "urn/processor/stage.hpp"

namespace urn {

/// Which tokens of the history a penalty looks at.
enum class penalty_scope : std::uint8_t { output, prompt_and_output };

/// For a token seen in the last `window` tokens, of which c times where frequency and presence look, in this
/// order (vLLM's):
///
///     repetition   l > 0 ? l / r : l * r     seen in prompt or output (Keskar et al., CTRL, 2019)
///     frequency    l - c * f                 OpenAI's frequency_penalty, output only
///     presence     l - [c > 0] * p           OpenAI's presence_penalty, output only
///
/// Each step rounds once. Neutral: 1, 0, 0, or window 0. repetition must be finite and > 0, the others
/// finite. What the engines look at:
///
///     vLLM, transformers   as it is; transformers' prompt_ignore_length is `ignored`
///     llama.cpp            .window = penalty_last_n, .counted_in = penalty_scope::prompt_and_output
///     SGLang               .repeated_in = penalty_scope::output
struct penalties {
  using stage = sparse_edit;

  float repetition = 1.0F;
  float frequency = 0.0F;
  float presence = 0.0F;
  std::size_t window = whole_history;  ///< of prompt and output together; llama.cpp's penalty_last_n
  std::size_t ignored = 0;             ///< so many tokens at the beginning of the history do not count
  penalty_scope repeated_in = penalty_scope::prompt_and_output;  ///< where repetition looks
  penalty_scope counted_in = penalty_scope::output;              ///< where frequency and presence look

  [[nodiscard]] constexpr bool neutral() const {
    return window == 0 || (repetition == 1.0F && frequency == 0.0F && presence == 0.0F);
  }
  [[nodiscard]] constexpr status check(std::size_t) const {
    return exact::is_finite(repetition) && repetition > 0.0F && exact::is_finite(frequency) &&
                   exact::is_finite(presence)
               ? status::ok
               : status::bad_argument;
  }
  [[nodiscard]] constexpr std::size_t touches(const draw_context& context) const {
    return seen_in(context).size();
  }
  /// The value is c, and `repeated` where repetition looks.
  [[nodiscard]] constexpr touched_token touch(const draw_context& context, std::size_t i) const {
    const token_history seen = seen_in(context);
    const bool drawn = i >= seen.prompt.size();
    const bool repeats = drawn || repeated_in == penalty_scope::prompt_and_output;
    const bool counts = drawn || counted_in == penalty_scope::prompt_and_output;
    if (!repeats && !counts) return {};
    return {seen.at(i), (repeats ? repeated : 0U) + (counts ? 1U : 0U)};
  }
  [[nodiscard]] static constexpr std::uint32_t merge(std::uint32_t a, std::uint32_t b) {
    return ((a | b) & repeated) | ((a & ~repeated) + (b & ~repeated));
  }
  [[nodiscard]] URN_HOST_DEVICE float operator()(float logit, std::uint32_t value) const {
    const std::uint32_t count = value & ~repeated;
    if ((value & repeated) != 0) {
      const bool positive = ordered(logit) > ordered(0.0F);
      logit = positive ? exact::div(logit, repetition) : exact::mul(logit, repetition);
    }
    if (count == 0) return logit;
    return exact::sub(exact::fma(-static_cast<float>(count), frequency, logit), presence);
  }

 private:
  static constexpr std::uint32_t repeated = 0x80000000U;

  [[nodiscard]] constexpr token_history seen_in(const draw_context& context) const {
    const std::size_t size = context.history.size();
    const std::size_t rest = ignored < size ? size - ignored : 0;
    return context.history.last(window < rest ? window : rest);
  }
};

/// repetition for the last `sustain` tokens, from there on falling in a line to 1 over `decay` more
/// (exllamav2's token_repetition_range and _decay): a token last seen d tokens ago, 0 for the last one, is
/// penalised with r = penalty + max(0, d - sustain) * (1 - penalty) / decay, once. Prompt and output count
/// together. penalty must be finite and > 0. O(sustain + decay) a row.
struct decaying_repetition {
  using stage = sparse_edit;

  float penalty = 1.0F;
  std::size_t sustain = whole_history;
  std::size_t decay = 0;

  [[nodiscard]] constexpr bool neutral() const { return penalty == 1.0F || range() == 0; }
  [[nodiscard]] constexpr status check(std::size_t) const {
    return exact::is_finite(penalty) && penalty > 0.0F ? status::ok : status::bad_argument;
  }
  [[nodiscard]] constexpr std::size_t touches(const draw_context& context) const {
    return context.history.last(range()).size();
  }
  /// The value is d.
  [[nodiscard]] constexpr touched_token touch(const draw_context& context, std::size_t i) const {
    return {context.history.at(context.history.size() - 1 - i), static_cast<std::uint32_t>(i)};
  }
  [[nodiscard]] static constexpr std::uint32_t merge(std::uint32_t a, std::uint32_t b) {
    return a < b ? a : b;
  }
  [[nodiscard]] URN_HOST_DEVICE float operator()(float logit, std::uint32_t distance) const {
    float r = penalty;
    if (distance > sustain) {
      const float slope = exact::div(exact::sub(1.0F, penalty), static_cast<float>(decay));
      r = exact::fma(static_cast<float>(distance - sustain), slope, penalty);
    }
    return ordered(logit) > ordered(0.0F) ? exact::div(logit, r) : exact::mul(logit, r);
  }

 private:
  [[nodiscard]] constexpr std::size_t range() const {
    return sustain < whole_history - decay ? sustain + decay : whole_history;
  }
};

/// The opposite, for the tokens of a text: l > 0 ? l * r : l / r makes them likelier (transformers'
/// encoder_repetition_penalty, there for the encoder's input). The ids are borrowed; those outside the
/// vocabulary match nothing. Neutral: 1, no ids. penalty must be finite and > 0.
struct encoder_repetition {
  using stage = sparse_edit;

  float penalty = 1.0F;
  std::span<const token_id> encoder;

  [[nodiscard]] constexpr bool neutral() const { return penalty == 1.0F || encoder.empty(); }
  [[nodiscard]] constexpr status check(std::size_t) const {
    return exact::is_finite(penalty) && penalty > 0.0F ? status::ok : status::bad_argument;
  }
  [[nodiscard]] constexpr std::size_t touches(const draw_context&) const { return encoder.size(); }
  [[nodiscard]] constexpr touched_token touch(const draw_context&, std::size_t i) const {
    return {encoder[i], 0};
  }
  [[nodiscard]] URN_HOST_DEVICE float operator()(float logit, std::uint32_t) const {
    return ordered(logit) > ordered(0.0F) ? exact::mul(logit, penalty) : exact::div(logit, penalty);
  }
};

}  // namespace urn
