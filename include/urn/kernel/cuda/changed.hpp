#pragma once
/// \file
/// What an edit of few tokens leaves as it was: so that a row which was read need not be read again.

#include <cstddef>
#include <cstdint>
#include <span>

#include "urn/core/exact.hpp"
#include "urn/core/workspace.hpp"
#include "urn/kernel/cuda/patched_row.hpp"
#include "urn/kernel/cuda/read_blocks.hpp"
#include "urn/kernel/cuda/scratch.hpp"
#include "urn/kernel/edited_row.hpp"

namespace urn::kernel::cuda {

/// How many edits a view of a row stands for: of the rows of one pipeline it tells which.
template <class Row>
inline constexpr unsigned edits_on = 0;
template <class Base, class Edit>
inline constexpr unsigned edits_on<elementwise_row<Base, Edit>> = edits_on<Base> + 1;
template <class Base, int N>
inline constexpr unsigned edits_on<patched_row<Base, N>> = edits_on<Base> + N;

/// Which tokens may differ between a row and what it was some edits ago.
struct changed_tokens {
  bool all = true;
  std::span<const touched_token> few{};
};

/// Of what the row was when it had `edits`.
template <class Row>
__device__ changed_tokens changed_since(const Row&, unsigned edits) {
  return {edits != edits_on<Row>};
}
template <class Base, class Edit>
__device__ changed_tokens changed_since(const elementwise_row<Base, Edit>& row, unsigned edits) {
  if (edits == edits_on<elementwise_row<Base, Edit>>) return {false};
  return row.edit() == nullptr ? changed_since(row.base(), edits) : changed_tokens{};
}
/// Patches of earlier edits are among the changed tokens too.
template <class Base, int N>
__device__ changed_tokens changed_since(const patched_row<Base, N>& row, unsigned edits) {
  const unsigned then = edits - edits_on<Base>;  // of the N; modulo 2^32
  if (then == N) return {false};
  if (then > N) return {};
  for (unsigned i = then; i < N; ++i) {
    if (exact::bits(row.temperatures()[i]) != exact::bits(1.0F)) return {};
  }
  return {false, row.patches()};
}

/// Reads the blocks that have a changed token once more, a warp each at a time; true if this thread's warp
/// met a NaN.
template <class Row>
__device__ bool reread_blocks(const Row& row, std::span<const touched_token> changed, block_notes notes) {
  const auto block_of = [&](std::size_t i) { return static_cast<std::size_t>(changed[i].id) / block_size; };
  bool nan = false;
  for (std::size_t i = warp_of_thread(); i < changed.size(); i += team_warps()) {
    const std::size_t b = block_of(i);
    if (i > 0 && block_of(i - 1) == b) continue;
    const std::size_t first =
        b - warp_of_thread();  // modulo 2^64: this warp's first block is b, its only one
    nan |= read_blocks(row, {first, b + 1}, notes);
  }
  return nan;
}

}  // namespace urn::kernel::cuda
