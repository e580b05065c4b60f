#pragma once
/// \file
/// bad_words: token sequences that must not be written.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "urn/core/draw.hpp"
#include "urn/core/exact.hpp"
#include "urn/core/history.hpp"
#include "urn/core/status.hpp"
#include "urn/core/token.hpp"
#include "urn/kernel/touch_list.hpp"
#include "urn/processor/stage.hpp"

namespace urn {

/// Sends the last token of a sequence to -inf wherever the tokens before it end the history, prompt and
/// output together (as transformers' bad_words_ids; vLLM's bad_words looks at the output alone). A sequence
/// of one token is always banned. The sequences are borrowed. Refused: empty ones, and ids outside the
/// vocabulary. O(sum of their lengths) a row at worst.
struct bad_words {
  using stage = sparse_edit;
  static constexpr bool whole_row = true;
  static constexpr bool only_masks = true;

  std::span<const std::vector<token_id>> sequences;

  [[nodiscard]] constexpr bool neutral() const { return sequences.empty(); }
  [[nodiscard]] constexpr status check(std::size_t vocabulary) const {
    const auto known = [=](token_id id) { return id >= 0 && static_cast<std::size_t>(id) < vocabulary; };
    for (const std::vector<token_id>& ids : sequences) {
      if (ids.empty() || !std::all_of(ids.begin(), ids.end(), known)) return status::bad_argument;
    }
    return status::ok;
  }
  status touch(const draw_context& context, touch_list& touched) const {
    for (const std::vector<token_id>& ids : sequences) {
      if (ends_with(context.history, std::span(ids).first(ids.size() - 1))) touched.touch(ids.back());
    }
    return status::ok;
  }
  [[nodiscard]] constexpr float operator()(float, std::uint32_t) const { return exact::minus_infinity; }

 private:
  static bool ends_with(const token_history& history, std::span<const token_id> beginning) {
    if (beginning.size() > history.size()) return false;
    const token_history tail = history.last(beginning.size());
    const auto of_prompt = beginning.first(tail.prompt.size());
    const auto of_output = beginning.last(tail.output.size());
    return std::equal(of_prompt.begin(), of_prompt.end(), tail.prompt.begin()) &&
           std::equal(of_output.begin(), of_output.end(), tail.output.begin());
  }
};

}  // namespace urn
