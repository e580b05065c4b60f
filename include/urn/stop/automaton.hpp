#pragma once
/// \file
/// Finds many patterns in a stream of symbols, one symbol at a time.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

namespace urn::detail {

/// The automaton of Aho and Corasick ("Efficient string matching", CACM 18(6), 1975) over non-empty patterns.
/// A state is one integer: the longest suffix of the stream that is a prefix of some pattern. 0 is the empty
/// prefix.
///
/// States are numbered breadth first and siblings stand in the order of their symbols, so a state's children
/// are a sorted range of states and the table is one array with no more entries than the patterns have
/// symbols, plus one. Built in O(total symbols * log patterns); a step costs amortised O(log of the
/// children), whatever the pattern length.
template <class Symbol>
class automaton {
 public:
  using state = std::uint32_t;

  static constexpr std::uint32_t no_pattern = UINT32_MAX;

  automaton() : automaton(std::vector<std::span<const Symbol>>{}) {}

  /// At most 2^32 - 2 patterns and symbols in all. Of equal patterns the first is reported.
  explicit automaton(const std::vector<std::span<const Symbol>>& patterns) {
    auto sorted = in_order(patterns);
    std::vector<range> ranges{{0, sorted.size()}};
    nodes_.push_back({});
    for (state parent = 0; parent < nodes_.size(); ++parent) add_children(parent, patterns, sorted, ranges);
  }

  /// The state after one more symbol.
  state next(state from, Symbol symbol) const {
    for (;;) {
      const state child = find_child(from, symbol);
      if (child != 0 || from == 0) return child;
      from = nodes_[from].fail;
    }
  }

  /// Length of the prefix that the state stands for.
  std::size_t depth(state at) const { return nodes_[at].depth; }

  /// The longest pattern that is completed in this state, or no_pattern.
  std::uint32_t completed(state at) const { return nodes_[at].completed; }

  /// Length of the longest suffix of the stream that is a proper prefix of some pattern.
  std::size_t pending(state at) const { return nodes_[at].pending; }

 private:
  struct node {
    Symbol symbol{};  // on the edge that leads here
    std::uint32_t depth = 0;
    state first_child = 0, last_child = 0;  // [first, last)
    state fail = 0;                         // the longest proper suffix that is a state
    std::uint32_t completed = no_pattern;
    std::uint32_t pending = 0;
  };

  // The sorted patterns that share a state's prefix.
  struct range {
    std::size_t first, last;
  };

  static std::vector<std::uint32_t> in_order(const std::vector<std::span<const Symbol>>& patterns) {
    std::vector<std::uint32_t> order(patterns.size());
    std::iota(order.begin(), order.end(), 0U);
    std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) {
      const auto &x = patterns[a], &y = patterns[b];
      return std::lexicographical_compare(x.begin(), x.end(), y.begin(), y.end());
    });
    return order;
  }

  // Everything shallower is finished, so the failure state and what it completes are known.
  void add_children(state parent, const std::vector<std::span<const Symbol>>& patterns,
                    const std::vector<std::uint32_t>& sorted, std::vector<range>& ranges) {
    auto [at, last] = ranges[parent];
    node self = nodes_[parent];
    self.completed = parent == 0 ? no_pattern : nodes_[self.fail].completed;
    if (at < last && patterns[sorted[at]].size() == self.depth) self.completed = sorted[at];
    while (at < last && patterns[sorted[at]].size() == self.depth) ++at;
    self.first_child = static_cast<state>(nodes_.size());
    while (at < last) {
      const Symbol symbol = patterns[sorted[at]][self.depth];
      const std::size_t first = at;
      while (at < last && patterns[sorted[at]][self.depth] == symbol) ++at;
      ranges.push_back({first, at});
      const state fail = parent == 0 ? 0 : next(self.fail, symbol);
      nodes_.push_back({.symbol = symbol, .depth = self.depth + 1, .fail = fail});
    }
    self.last_child = static_cast<state>(nodes_.size());
    self.pending = self.first_child < self.last_child ? self.depth : nodes_[self.fail].pending;
    nodes_[parent] = self;
  }

  // The child along `symbol`, or 0: the root is nobody's child.
  state find_child(state parent, Symbol symbol) const {
    const auto first = nodes_.begin() + nodes_[parent].first_child;
    const auto last = nodes_.begin() + nodes_[parent].last_child;
    const auto child =
        std::lower_bound(first, last, symbol, [](const node& n, Symbol value) { return n.symbol < value; });
    return child != last && child->symbol == symbol ? static_cast<state>(child - nodes_.begin()) : 0;
  }

  std::vector<node> nodes_;
};

}  // namespace urn::detail
