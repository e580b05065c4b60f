#pragma once
/// \file
/// Stop after a number of tokens.

#include <cstddef>

#include "urn/stop/stop.hpp"

namespace urn {

/// Stops with reason `length` at the given number of generated tokens (at least 1); all text is kept.
/// Written last in an any_of, a stop for another reason at the very last token is reported instead.
struct max_tokens {
  std::size_t tokens;

  struct state {
    std::size_t generated = 0;
    friend constexpr bool operator==(const state&, const state&) = default;
  };

  constexpr stop_check check() const noexcept {
    return {.status = tokens == 0 ? stop_status::zero_tokens : stop_status::ok};
  }

  constexpr state start() const noexcept { return {}; }

  constexpr stop_decision update(state& current, const stop_input&) const noexcept {
    return {.reason = ++current.generated >= tokens ? stop_reason::length : stop_reason::none};
  }
};

}  // namespace urn
