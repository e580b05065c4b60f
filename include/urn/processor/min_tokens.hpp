#pragma once
/// \file
/// min_tokens: no end before its time.

#include <cstddef>
#include <cstdint>
#include <span>

#include "urn/core/draw.hpp"
#include "urn/core/exact.hpp"
#include "urn/core/status.hpp"
#include "urn/core/token.hpp"
#include "urn/kernel/touch_list.hpp"
#include "urn/processor/stage.hpp"

namespace urn {

/// Sends the end tokens to -inf while the output has fewer than `count` tokens (vLLM's min_tokens). The ids
/// are borrowed; ids outside the vocabulary are refused.
struct min_tokens {
  using stage = sparse_edit;
  static constexpr bool whole_row = true;
  static constexpr bool only_masks = true;

  std::size_t count = 0;
  std::span<const token_id> end_tokens;

  [[nodiscard]] constexpr bool neutral() const { return count == 0 || end_tokens.empty(); }
  [[nodiscard]] constexpr status check(std::size_t vocabulary) const {
    for (const token_id id : end_tokens) {
      if (id < 0 || static_cast<std::size_t>(id) >= vocabulary) return status::bad_argument;
    }
    return status::ok;
  }
  status touch(const draw_context& context, touch_list& touched) const {
    if (context.history.output.size() >= count) return status::ok;
    for (const token_id id : end_tokens) touched.touch(id);
    return status::ok;
  }
  [[nodiscard]] constexpr float operator()(float, std::uint32_t) const { return exact::minus_infinity; }
};

}  // namespace urn
