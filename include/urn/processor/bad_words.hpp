#pragma once
/// \file
/// bad_words: token sequences that must not be written.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "urn/core/draw.hpp"
#include "urn/core/exact.hpp"
#include "urn/core/history.hpp"
#include "urn/core/status.hpp"
#include "urn/core/token.hpp"
#include "urn/core/workspace.hpp"
#include "urn/processor/stage.hpp"

namespace urn {

/// Sends the last token of a sequence to -inf wherever the tokens before it end the history, prompt and
/// output together (as transformers' bad_words_ids), or the output alone (vLLM's bad_words). A sequence of
/// one token is always banned. The sequences are borrowed. Refused: empty ones, and ids outside the
/// vocabulary. O(sum of their lengths) a row at worst.
template <class Sequence>
struct basic_bad_words {
  using stage = sparse_edit;
  static constexpr bool whole_row = true;
  static constexpr bool only_masks = true;

  std::span<const Sequence> sequences;
  bool output_only = false;  ///< one that begins in the prompt is let through

  [[nodiscard]] constexpr bool neutral() const { return sequences.empty(); }
  template <class Checker = one_by_one>
  [[nodiscard]] constexpr status check(std::size_t vocabulary, const Checker& checker = {}) const {
    const auto is_good = [&](std::size_t i) {
      const std::span<const token_id> ids = sequences[i];
      return !ids.empty() && check_ids(ids, vocabulary, one_by_one{}) == status::ok;
    };
    return checker.all(sequences.size(), is_good) ? status::ok : status::bad_argument;
  }
  [[nodiscard]] constexpr std::size_t touches(const draw_context&) const { return sequences.size(); }
  [[nodiscard]] constexpr touched_token touch(const draw_context& context, std::size_t i) const {
    const std::span<const token_id> ids = sequences[i];
    const token_history seen{output_only ? std::span<const token_id>{} : context.history.prompt,
                             context.history.output};
    return {seen.ends_with(ids.first(ids.size() - 1)) ? ids.back() : no_token, 0};
  }
  [[nodiscard]] constexpr float operator()(float, std::uint32_t) const { return exact::minus_infinity; }
};

/// For sequences that the stage keeps itself.
using bad_words = basic_bad_words<std::vector<token_id>>;
/// For sequences that lie elsewhere: in device memory, for instance.
using borrowed_bad_words = basic_bad_words<std::span<const token_id>>;

}  // namespace urn
