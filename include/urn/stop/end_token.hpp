#pragma once
/// \file
/// Stop at an end-of-sequence token.

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <span>
#include <vector>

#include "urn/stop/stop.hpp"

namespace urn {

/// Stops with reason `stop` when the token is one of the ids; reports the id and its index (the first of
/// equals). The text that became complete with the token is dropped unless include_stop. O(ids) a token. No
/// ids: never stops.
class end_token {
 public:
  using state = no_stop_state;

  end_token(std::initializer_list<token_id> ids, stop_options options = {}) : ids_(ids), options_(options) {}
  explicit end_token(std::span<const token_id> ids, stop_options options = {})
      : ids_(ids.begin(), ids.end()), options_(options) {}

  const std::vector<token_id>& ids() const noexcept { return ids_; }

  /// Refuses negative ids.
  stop_check check() const noexcept {
    const auto bad = std::find_if(ids_.begin(), ids_.end(), [](token_id id) { return id < 0; });
    if (bad == ids_.end()) return {};
    return {.status = stop_status::token_out_of_range, .item = static_cast<std::size_t>(bad - ids_.begin())};
  }

  state start() const noexcept { return {}; }

  stop_decision update(state&, const stop_input& input) const noexcept {
    const auto found = std::find(ids_.begin(), ids_.end(), input.token);
    if (found == ids_.end() || input.token < 0) return {};
    return {.reason = stop_reason::stop,
            .item = static_cast<std::size_t>(found - ids_.begin()),
            .token = input.token,
            .drop = options_.include_stop ? 0 : input.text.size()};
  }

 private:
  std::vector<token_id> ids_;
  stop_options options_;
};

}  // namespace urn
