#pragma once
/// \file
/// Stop when the generated tokens end with a given sequence of ids.

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "urn/stop/automaton.hpp"
#include "urn/stop/stop.hpp"

namespace urn {

/// Stops with reason `stop` when the generated tokens end with one of the sequences; of several that are
/// completed by the same token the longest is reported. The text that became complete with the sequence's
/// tokens is dropped, and held back while the sequence may still be completed; with include_stop it is kept
/// and nothing is held back.
///
/// Prompt tokens are not part of it. The automaton is built once and shared by copies; a state holds a few
/// integers and one more for each token of the partial match. O(log sequences) a token amortised, plus the
/// partial match's length.
class token_sequence {
 public:
  struct state {
    detail::automaton<token_id>::state at = 0;
    std::size_t text_size = 0;
    std::vector<std::size_t> before;  ///< the text's size before each token of the partial match
  };

  token_sequence(std::initializer_list<std::vector<token_id>> sequences, stop_options options = {})
      : token_sequence(std::span(sequences.begin(), sequences.size()), options) {}

  explicit token_sequence(std::span<const std::vector<token_id>> sequences, stop_options options = {})
      : shared_(std::make_shared<const shared>(std::vector(sequences.begin(), sequences.end()))),
        options_(options) {}

  const std::vector<std::vector<token_id>>& sequences() const noexcept { return shared_->sequences; }

  /// Refuses empty sequences and negative ids; a refused criterion never stops.
  stop_check check() const noexcept { return shared_->check; }

  state start() const { return {}; }

  stop_decision update(state& current, const stop_input& input) const {
    const auto& automaton = shared_->automaton;
    current.before.push_back(current.text_size);
    current.text_size += input.text.size();
    current.at = automaton.next(current.at, input.token);
    current.before.erase(current.before.begin(),
                         current.before.end() - static_cast<std::ptrdiff_t>(automaton.depth(current.at)));

    stop_decision decision{.hold_back = text_of_last(current, automaton.pending(current.at))};
    if (const auto item = automaton.completed(current.at); item != automaton.no_pattern) {
      decision.reason = stop_reason::stop;
      decision.item = item;
      decision.drop = text_of_last(current, sequences()[item].size());
    }
    return decision;
  }

 private:
  struct shared {
    std::vector<std::vector<token_id>> sequences;
    stop_check check;
    detail::automaton<token_id> automaton;

    explicit shared(std::vector<std::vector<token_id>> list)
        : sequences(std::move(list)), check(first_fault(sequences)) {
      if (check) automaton = detail::automaton<token_id>({sequences.begin(), sequences.end()});
    }
  };

  static stop_check first_fault(const std::vector<std::vector<token_id>>& sequences) noexcept {
    for (std::size_t item = 0; item < sequences.size(); ++item) {
      const auto& ids = sequences[item];
      if (ids.empty()) return {.status = stop_status::empty_sequence, .item = item};
      if (std::any_of(ids.begin(), ids.end(), [](token_id id) { return id < 0; })) {
        return {.status = stop_status::token_out_of_range, .item = item};
      }
    }
    return {};
  }

  // Bytes that became complete with the last `tokens` tokens and may be dropped.
  std::size_t text_of_last(const state& current, std::size_t tokens) const noexcept {
    if (options_.include_stop || tokens == 0) return 0;
    return current.text_size - current.before[current.before.size() - tokens];
  }

  std::shared_ptr<const shared> shared_;
  stop_options options_;
};

}  // namespace urn
