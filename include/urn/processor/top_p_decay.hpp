#pragma once
/// \file
/// top_p_decay: a nucleus that shrinks as the output grows (TensorRT-LLM's top_p_decay, top_p_min and
/// top_p_reset_ids; Lee et al., "Factuality enhanced language models", 2022).

#include <cstddef>
#include <span>

#include "urn/core/exact.hpp"
#include "urn/core/history.hpp"
#include "urn/core/platform.hpp"
#include "urn/core/status.hpp"
#include "urn/core/token.hpp"
#include "urn/processor/stage.hpp"
#include "urn/processor/top_p.hpp"

URN_EITHER_SIDE_BEGIN
namespace urn {

/// top_p with a p that begins at `start`, becomes max(p * decay, least) with each token of the output, and
/// `start` again with the token `reset` (a full stop). Its state is the history's output: nothing else must
/// be accepted, rolled back or copied. Each step rounds once. O(tokens since the reset). start >= 1 with
/// decay 1 changes nothing; all three must be in [0, 1].
struct top_p_decay {
  using stage = cut;

  float start = 1.0F;
  float decay = 1.0F;
  float least = 1e-6F;
  token_id reset = no_token;

  [[nodiscard]] constexpr bool neutral() const { return start >= 1.0F && decay >= 1.0F; }
  [[nodiscard]] constexpr status check(std::size_t) const {
    const auto is_share = [](float x) { return x >= 0.0F && x <= 1.0F && !exact::is_nan(x); };
    return is_share(start) && is_share(decay) && is_share(least) ? status::ok : status::bad_argument;
  }
  template <class State>
  URN_HOST_DEVICE void operator()(State& row) const {
    const top_p now{at(row.context.history)};
    if (!now.neutral()) now(row);
  }

  /// p for the token after this history.
  [[nodiscard]] URN_HOST_DEVICE float at(const token_history& history) const {
    const std::span<const token_id> output = history.output;
    std::size_t since = 0;
    while (since < output.size() && (reset == no_token || output[output.size() - 1 - since] != reset))
      ++since;
    float p = start;
    for (std::size_t i = 0; i < since; ++i) {
      const float next = exact::mul(p, decay);
      const float bounded = next > least ? next : least;
      if (exact::bits(bounded) == exact::bits(p)) break;  // it stays
      p = bounded;
    }
    return p;
  }
};

}  // namespace urn
URN_EITHER_SIDE_END
