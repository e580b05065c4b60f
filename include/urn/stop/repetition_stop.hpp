#pragma once
/// \file
/// Stop when the output repeats itself.

#include <algorithm>
#include <cstddef>
#include <vector>

#include "urn/stop/stop.hpp"

namespace urn {

/// Stops with reason `stop` when the generated tokens end with a pattern of min_pattern_size to
/// max_pattern_size tokens that stands there min_count times in a row (vLLM's repetition_detection); all text
/// is kept. stop_decision::item is the size of the smallest such pattern, counted from 0 for
/// min_pattern_size. Prompt tokens are not part of it.
///
/// For every size p the state counts for how long each token has been the same as the one p before it: a
/// pattern of p stands there c times when the count is p * (c - 1). So a token costs O(max_pattern_size),
/// whatever min_count is, and a state holds twice max_pattern_size numbers, fewer before so many tokens.
struct repetition_stop {
  std::size_t max_pattern_size;
  std::size_t min_pattern_size;  ///< 1 to max_pattern_size
  std::size_t min_count;         ///< at least 2: a pattern that stands there once is no repetition

  struct state {
    std::vector<token_id> last;       ///< the last max_pattern_size tokens, a ring when full
    std::vector<std::size_t> period;  ///< [p - 1]: how many tokens in a row equal the one p before
    std::size_t next = 0;             ///< where in the ring the next token goes
    friend bool operator==(const state&, const state&) = default;
  };

  constexpr stop_check check() const noexcept {
    const bool sizes = 1 <= min_pattern_size && min_pattern_size <= max_pattern_size;
    if (!sizes) return {.status = stop_status::bad_pattern_size};
    return {.status = min_count < 2 ? stop_status::bad_repeat_count : stop_status::ok};
  }

  state start() const { return {}; }

  /// A refused criterion never stops.
  stop_decision update(state& current, const stop_input& input) const {
    if (!check()) return {};
    count(current, input.token);
    remember(current, input.token);
    for (std::size_t size = min_pattern_size; size <= current.period.size(); ++size) {
      if (current.period[size - 1] / size < min_count - 1) continue;
      return {.reason = stop_reason::stop, .item = size - min_pattern_size};
    }
    return {};
  }

 private:
  static void count(state& current, token_id token) noexcept {
    std::size_t at = current.next;
    for (auto& same : current.period) {
      at = (at == 0 ? current.last.size() : at) - 1;
      same = current.last[at] == token ? same + 1 : 0;
    }
  }

  void remember(state& current, token_id token) const {
    if (current.last.size() < max_pattern_size) {
      current.last.push_back(token);
      current.period.push_back(0);
    } else {
      current.last[current.next] = token;
    }
    current.next = (current.next + 1) % max_pattern_size;
  }
};

}  // namespace urn
