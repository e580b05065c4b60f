#pragma once
/// \file
/// forced_tokens, forced_end: tokens that must come at a given place.

#include <algorithm>
#include <cstddef>
#include <span>

#include "urn/core/draw.hpp"
#include "urn/core/exact.hpp"
#include "urn/core/row.hpp"
#include "urn/core/status.hpp"
#include "urn/core/token.hpp"
#include "urn/processor/stage.hpp"

namespace urn {

/// These tokens get the logit 0 whatever theirs was, all others -inf. The ids are borrowed, few and in any
/// order; ids outside the vocabulary are refused. An empty list forces nothing.
struct forced_choice {
  using stage = elementwise_edit;
  static constexpr bool whole_row = true;
  static constexpr bool only_masks = true;  // 0 and -inf are the same at any temperature

  std::span<const token_id> ids;

  [[nodiscard]] constexpr bool neutral() const { return ids.empty(); }
  template <class Checker = one_by_one>
  [[nodiscard]] constexpr status check(std::size_t vocabulary, const Checker& checker = {}) const {
    return check_ids(ids, vocabulary, checker);
  }
  constexpr float operator()(float, token_id id) const {
    bool forced = false;
    for (const token_id one : ids) forced |= one == id;
    return forced ? 0.0F : exact::minus_infinity;
  }
  /// The same for tokens first, first + 1, ...: O(their number + ids).
  void edit_run(token_id first, std::span<const float> from, block_buffer& to) const {
    std::fill_n(to.logits, from.size(), exact::minus_infinity);
    for (const token_id one : ids) {
      if (one >= first && static_cast<std::size_t>(one - first) < from.size()) to.logits[one - first] = 0.0F;
    }
  }
};

/// A place in the output, counted from 0, and the token that must stand there.
struct forced_token {
  std::size_t place = 0;
  token_id token = no_token;
};

/// Where the next token's place is listed, only the listed token can be drawn, even if it is at -inf; of two
/// entries for one place the first counts. transformers' forced_bos_token_id is {0, id} after a prompt of one
/// token. The entries are borrowed; ids outside the vocabulary are refused. O(entries) a row.
struct forced_tokens {
  using stage = elementwise_edit;
  static constexpr bool whole_row = true;

  std::span<const forced_token> entries;

  [[nodiscard]] constexpr bool neutral() const { return entries.empty(); }
  template <class Checker = one_by_one>
  [[nodiscard]] constexpr status check(std::size_t vocabulary, const Checker& checker = {}) const {
    const auto is_good = [&](std::size_t i) {
      return check_ids({&entries[i].token, 1}, vocabulary, one_by_one{}) == status::ok;
    };
    return checker.all(entries.size(), is_good) ? status::ok : status::bad_argument;
  }
  [[nodiscard]] constexpr forced_choice for_draw(const draw_context& context) const {
    for (const forced_token& e : entries) {
      if (e.place == context.history.output.size()) return {{&e.token, 1}};
    }
    return {};
  }
};

/// The token that makes prompt and output `length` long must be one of these, each as likely (transformers'
/// forced_eos_token_id at max_length). Neutral: length 0, no ids. The ids are borrowed; ids outside the
/// vocabulary are refused.
struct forced_end {
  using stage = elementwise_edit;
  static constexpr bool whole_row = true;

  std::size_t length = 0;
  std::span<const token_id> end_tokens;

  [[nodiscard]] constexpr bool neutral() const { return length == 0 || end_tokens.empty(); }
  template <class Checker = one_by_one>
  [[nodiscard]] constexpr status check(std::size_t vocabulary, const Checker& checker = {}) const {
    return check_ids(end_tokens, vocabulary, checker);
  }
  [[nodiscard]] constexpr forced_choice for_draw(const draw_context& context) const {
    if (context.history.size() + 1 != length) return {};
    return {end_tokens};
  }
};

}  // namespace urn
