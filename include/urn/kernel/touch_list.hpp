#pragma once
/// \file
/// The few tokens that a sparse edit changes, gathered in workspace memory.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "urn/core/token.hpp"
#include "urn/core/workspace.hpp"

namespace urn {

/// Collects (id, value) pairs, each id once: `touch(id)` is the id's value, 0 at first. O(1) a touch.
class touch_list {
 public:
  /// `storage` receives the pairs; `slots` has a zero for each token of the vocabulary and is all zero again
  /// after finish().
  touch_list(std::span<touched_token> storage, std::span<std::uint32_t> slots)
      : storage_(storage), slots_(slots) {}

  [[nodiscard]] bool holds(token_id id) const {
    return id >= 0 && static_cast<std::size_t>(id) < slots_.size();
  }
  [[nodiscard]] bool overflowed() const { return overflowed_; }

  /// The value of a token of the vocabulary (`holds(id)`); when the storage is full, a value that is thrown
  /// away.
  std::uint32_t& touch(token_id id) {
    std::uint32_t& slot = slots_[static_cast<std::size_t>(id)];
    if (slot == 0) {
      if (size_ == storage_.size()) {
        overflowed_ = true;
        return discarded_ = 0;
      }
      storage_[size_] = {id, 0};
      slot = static_cast<std::uint32_t>(++size_);
    }
    return storage_[slot - 1].value;
  }

  /// The pairs in ascending order of ids. O(n log n).
  std::span<const touched_token> finish() {
    const std::span<touched_token> touched = storage_.first(size_);
    for (const touched_token& t : touched) slots_[static_cast<std::size_t>(t.id)] = 0;
    std::sort(touched.begin(), touched.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
    return touched;
  }

 private:
  std::span<touched_token> storage_;
  std::span<std::uint32_t> slots_;
  std::size_t size_ = 0;
  std::uint32_t discarded_ = 0;
  bool overflowed_ = false;
};

/// The touched tokens whose ids lie in [first, last).
inline std::span<const touched_token> touched_between(std::span<const touched_token> touched, token_id first,
                                                      token_id last) {
  const auto before = [](const touched_token& t, token_id id) { return t.id < id; };
  const auto from = std::lower_bound(touched.begin(), touched.end(), first, before);
  return {from, std::lower_bound(from, touched.end(), last, before)};
}

}  // namespace urn
