#pragma once
/// \file
/// What models have computed already: the states of prompts, for requests that begin alike.

#include <algorithm>
#include <cstddef>
#include <list>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "urn/core/token.hpp"
#include "urn/model/causal_lm.hpp"

namespace urn {

/// The number of tokens with which both begin.
inline std::size_t common_prefix(std::span<const token_id> a, std::span<const token_id> b) {
  return static_cast<std::size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
}

/// Remembers sequences with their tokens, no more than a number of tokens in all; the least recently used
/// goes first. A sequence that another one continues is not kept beside it. Works with any model_sequence; it
/// holds forks, so a sequence's memory is shared with who still uses it. Not to be used from several threads
/// at once.
template <model_sequence Sequence>
class prefix_cache {
 public:
  /// Remembers up to `capacity` tokens; 0: nothing.
  explicit prefix_cache(std::size_t capacity) : capacity_(capacity) {}

  [[nodiscard]] std::size_t capacity() const { return capacity_; }
  /// Tokens remembered, each sequence's counted in full.
  [[nodiscard]] std::size_t size() const { return size_; }
  /// How often find() found something.
  [[nodiscard]] std::size_t hits() const { return hits_; }

  /// How many tokens find() would give.
  [[nodiscard]] std::size_t match(std::span<const token_id> tokens) const {
    const auto best = longest(tokens);
    return best == entries_.end() ? 0 : usable(*best, tokens);
  }

  /// A sequence of the longest remembered prefix of `tokens`, without the last: computing that one gives the
  /// logits to go on with. None if nothing begins alike. O(entries + tokens that agree with each).
  std::optional<Sequence> find(std::span<const token_id> tokens) {
    const auto best = longest(tokens);
    if (best == entries_.end() || usable(*best, tokens) == 0) return {};
    entries_.splice(entries_.begin(), entries_, best);
    ++hits_;
    Sequence found = best->sequence.fork();
    found.truncate(usable(*best, tokens));
    return found;
  }

  /// Remembers the sequence of `tokens`, unless they do not fit.
  void insert(std::span<const token_id> tokens, Sequence sequence) {
    if (tokens.empty() || tokens.size() > capacity_) return;
    const auto same = longest(tokens);
    if (same != entries_.end() && common_prefix(same->tokens, tokens) == tokens.size()) {
      entries_.splice(entries_.begin(), entries_, same);
      return;
    }
    std::erase_if(entries_, [&](const entry& e) {
      const bool continued = common_prefix(e.tokens, tokens) == e.tokens.size();
      if (continued) size_ -= e.tokens.size();
      return continued;
    });
    entries_.push_front({{tokens.begin(), tokens.end()}, std::move(sequence)});
    size_ += tokens.size();
    shrink();
  }

 private:
  struct entry {
    std::vector<token_id> tokens;
    Sequence sequence;
  };
  using entry_list = std::list<entry>;

  static std::size_t usable(const entry& e, std::span<const token_id> tokens) {
    return std::min(common_prefix(e.tokens, tokens), tokens.size() - 1);
  }

  /// The entry with the most tokens to use, the last used of equals; end() if that is none.
  typename entry_list::const_iterator longest(std::span<const token_id> tokens) const {
    auto best = entries_.end();
    std::size_t most = 0;
    for (auto e = entries_.begin(); e != entries_.end(); ++e) {
      const std::size_t common = common_prefix(e->tokens, tokens);
      if (common > most) {
        most = common;
        best = e;
      }
    }
    return best;
  }

  void shrink() {
    while (size_ > capacity_) {
      size_ -= entries_.back().tokens.size();
      entries_.pop_back();
    }
  }

  std::size_t capacity_;
  std::size_t size_ = 0;
  std::size_t hits_ = 0;
  entry_list entries_;  // the last used first
};

}  // namespace urn
