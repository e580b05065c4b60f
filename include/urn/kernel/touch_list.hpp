#pragma once
/// \file
/// The few tokens that a sparse edit changes, gathered in workspace memory.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "urn/core/count_below.hpp"
#include "urn/core/draw.hpp"
#include "urn/core/platform.hpp"
#include "urn/core/status.hpp"
#include "urn/core/token.hpp"
#include "urn/core/workspace.hpp"

namespace urn {

/// Collects touched tokens, each id once; the values of a token touched twice are merged. O(1) a token.
class touch_list {
 public:
  /// `storage` receives the tokens; `slots` has a zero for each token of the vocabulary and is all zero again
  /// after finish().
  touch_list(std::span<touched_token> storage, std::span<std::uint32_t> slots)
      : storage_(storage), slots_(slots) {}

  [[nodiscard]] bool holds(token_id id) const {
    return id >= 0 && static_cast<std::size_t>(id) < slots_.size();
  }
  [[nodiscard]] bool overflowed() const { return overflowed_; }

  /// Ids outside the vocabulary are passed over; `merge(earlier value, value)`.
  template <class Merge>
  void add(const touched_token& t, Merge&& merge) {
    if (!holds(t.id)) return;
    std::uint32_t& slot = slots_[static_cast<std::size_t>(t.id)];
    if (slot != 0) {
      std::uint32_t& value = storage_[slot - 1].value;
      value = merge(value, t.value);
    } else if (size_ == storage_.size()) {
      overflowed_ = true;
    } else {
      storage_[size_] = t;
      slot = static_cast<std::uint32_t>(++size_);
    }
  }

  /// The tokens in ascending order of ids. O(n log n); O(n) of those that came so.
  std::span<const touched_token> finish() {
    const std::span<touched_token> touched = storage_.first(size_);
    for (const touched_token& t : touched) slots_[static_cast<std::size_t>(t.id)] = 0;
    const auto by_id = [](const touched_token& a, const touched_token& b) { return a.id < b.id; };
    const bool sorted = std::ranges::is_sorted(touched, by_id);  // as a list of biases is
    if (!sorted) std::ranges::sort(touched, by_id);
    return touched;
  }

 private:
  std::span<touched_token> storage_;
  std::span<std::uint32_t> slots_;
  std::size_t size_ = 0;
  bool overflowed_ = false;
};

/// The value of a token that an edit touched twice, `a` before `b`: what its merge says; without one, a.
template <class Edit>
URN_HOST_DEVICE std::uint32_t merged_value(const Edit& edit, std::uint32_t a, std::uint32_t b) {
  if constexpr (requires { edit.merge(a, b); }) {
    return edit.merge(a, b);
  } else {
    return a;
  }
}

namespace kernel {

/// The tokens that a sparse edit touches, by ascending ids; status no_space if the storage could not hold
/// them, and then `any` all the same.
struct gathered {
  std::span<const touched_token> touched;
  urn::status status = urn::status::ok;
  bool any = false;
};

namespace scalar {

/// What `edit` touches in a row of `vocabulary` tokens. O(n log n).
template <class Edit>
gathered gather(const Edit& edit, const draw_context& context, std::size_t vocabulary,
                std::span<touched_token> storage, std::span<std::uint32_t> slots) {
  touch_list list(storage, slots.first(vocabulary));
  const std::size_t count = edit.touches(context);
  const auto merge = [&](std::uint32_t a, std::uint32_t b) { return merged_value(edit, a, b); };
  for (std::size_t i = 0; i < count; ++i) list.add(edit.touch(context, i), merge);
  const std::span<const touched_token> touched = list.finish();
  return {touched, list.overflowed() ? status::no_space : status::ok, !touched.empty()};
}

}  // namespace scalar
}  // namespace kernel

/// How many of the touched tokens have ids below `id`.
URN_HOST_DEVICE constexpr std::size_t touched_below(std::span<const touched_token> touched, token_id id) {
  return count_below(touched.size(), [=](std::size_t i) { return touched[i].id < id; });
}

/// The touched tokens whose ids lie in [first, last).
URN_HOST_DEVICE constexpr std::span<const touched_token> touched_between(
    std::span<const touched_token> touched, token_id first, token_id last) {
  const std::size_t begin = touched_below(touched, first);
  std::size_t end = begin;  // not searched for: there are few, and each of them will be looked at
  while (end < touched.size() && touched[end].id < last) ++end;
  return touched.subspan(begin, end - begin);
}

}  // namespace urn
