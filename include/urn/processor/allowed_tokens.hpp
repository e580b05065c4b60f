#pragma once
/// \file
/// allowed_tokens: no token but these.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "urn/core/exact.hpp"
#include "urn/core/platform.hpp"
#include "urn/core/row.hpp"
#include "urn/core/status.hpp"
#include "urn/core/token.hpp"
#include "urn/processor/stage.hpp"

namespace urn {

/// The place of the first id that is not below `id`, in an ascending list. O(log n).
URN_HOST_DEVICE constexpr std::size_t ids_below(std::span<const token_id> ids, token_id id) {
  std::size_t below = 0;
  for (std::size_t rest = ids.size(); rest > 0;) {
    const std::size_t half = rest / 2;
    const bool right = ids[below + half] < id;
    below += right ? half + 1 : 0;
    rest = right ? rest - half - 1 : half;
  }
  return below;
}

/// Every token that is not listed goes to -inf (vLLM's allowed_token_ids). The ids are borrowed, in ascending
/// order; others, and ids outside the vocabulary, are refused. An empty list allows everything. Many ids are
/// better given as a bitmask, which is read 32 tokens at a time.
struct allowed_tokens {
  using stage = elementwise_edit;
  static constexpr bool whole_row = true;
  static constexpr bool only_masks = true;

  std::span<const token_id> ids;

  [[nodiscard]] constexpr bool neutral() const { return ids.empty(); }
  template <class Checker = one_by_one>
  [[nodiscard]] constexpr status check(std::size_t vocabulary, const Checker& checker = {}) const {
    const auto ascends = [&](std::size_t i) { return i == 0 || ids[i - 1] <= ids[i]; };
    const bool sorted = checker.all(ids.size(), ascends);
    return sorted ? check_ids(ids, vocabulary, checker) : status::bad_argument;
  }
  [[nodiscard]] constexpr bool allows(token_id id) const {
    const std::size_t place = ids_below(ids, id);
    return place < ids.size() && ids[place] == id;
  }
  constexpr float operator()(float logit, token_id id) const {
    if (!allows(id)) return exact::minus_infinity;
    return logit;
  }
  /// The same for tokens first, first + 1, ...: O(their number).
  void edit_run(token_id first, std::span<const float> from, block_buffer& to) const {
    std::size_t done = 0;
    const auto ban_up_to = [&](std::size_t end) {
      if (done < end) std::fill(to.logits + done, to.logits + end, exact::minus_infinity);
    };
    for (std::size_t k = ids_below(ids, first); k < ids.size(); ++k) {
      const auto place = static_cast<std::size_t>(ids[k] - first);
      if (place >= from.size()) break;
      ban_up_to(place);
      to.logits[place] = from[place];
      done = place + 1;
    }
    ban_up_to(from.size());
  }
};

}  // namespace urn
