#pragma once
/// \file
/// A criterion that is ignored for the first tokens: min_tokens for any stop.

#include <cstddef>

#include "urn/stop/stop.hpp"

namespace urn {

/// `criterion`, whose stops at the first `tokens` tokens are ignored: `tokens` + 1 tokens is the shortest
/// output, as with vLLM's min_tokens (there stop strings too, since vllm-project/vllm#22014).
///
/// The state of `criterion` follows every token: a stop string that begins in ignored text and is completed
/// later does stop, at its beginning, and its bytes are held back as always. One that is completed in ignored
/// text is text. An end token ignored here has been drawn all the same; to keep it from being drawn, mask its
/// logit.
template <stop_criterion C>
struct not_before {
  std::size_t tokens;
  C criterion;

  struct state {
    std::size_t generated = 0;
    stop_state_t<C> inner;
  };

  constexpr std::size_t criteria_count() const { return urn::criteria_count(criterion); }
  constexpr stop_check check() const { return urn::check(criterion); }
  constexpr state start() const { return {.generated = 0, .inner = criterion.start()}; }

  constexpr stop_decision update(state& current, const stop_input& input) const {
    const auto decision = criterion.update(current.inner, input);
    if (current.generated >= tokens) return decision;
    ++current.generated;
    return {.hold_back = decision.hold_back};
  }
};

template <class C>
not_before(std::size_t, C) -> not_before<C>;

}  // namespace urn
