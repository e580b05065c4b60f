#pragma once
/// \file
/// The tokens that a cut kept.

#include <cstddef>
#include <span>

#include "urn/core/count_below.hpp"
#include "urn/core/platform.hpp"
#include "urn/core/row.hpp"
#include "urn/core/workspace.hpp"

namespace urn {

/// A kept set: ids in ascending order with their logits, in a workspace. A row for the kernels, which may
/// write their result over it, since they never write past what they have read.
struct candidate_list {
  std::span<token_id> ids;
  std::span<float> logits;

  [[nodiscard]] constexpr std::size_t size() const { return ids.size(); }
  [[nodiscard]] constexpr float at(std::size_t i) const { return logits[i]; }
  [[nodiscard]] constexpr token_id id(std::size_t i) const { return ids[i]; }
  [[nodiscard]] std::span<const float> load(std::size_t first, std::size_t count, block_buffer&) const {
    return logits.subspan(first, count);
  }

  [[nodiscard]] constexpr candidate_list first(std::size_t n) const {
    return {ids.first(n), logits.first(n)};
  }
};
static_assert(logits_row<candidate_list>);

/// How many of the ascending ids are below `id`: its place, if it is among them.
URN_HOST_DEVICE constexpr std::size_t place_of(std::span<const token_id> ids, token_id id) {
  return count_below(ids.size(), [=](std::size_t i) { return ids[i] < id; });
}

/// Where a cut writes what it keeps, even while it reads what an earlier cut kept there.
inline candidate_list room_in(workspace& scratch) { return {scratch.ids(), scratch.logits()}; }

}  // namespace urn
