#pragma once
/// \file
/// What a team works in: shared memory for what is small, the caller's device memory for what is not.

#include <cstddef>
#include <cstdint>
#include <span>

#include "urn/core/draw.hpp"
#include "urn/core/row.hpp"
#include "urn/core/token.hpp"
#include "urn/core/workspace.hpp"
#include "urn/kernel/cuda/load.hpp"
#include "urn/kernel/cuda/team.hpp"
#include "urn/kernel/cuda/workspace.hpp"
#include "urn/kernel/touch_list.hpp"

namespace urn::kernel::cuda {

/// Strips that are looked at at a time, a block's by each thread: 262,144 logits.
inline constexpr std::size_t near_strips = std::size_t{most_threads} * block_strips;
inline constexpr std::size_t near_sums = 256;  ///< blocks: 262,144 logits
inline constexpr std::size_t near_kept = 1024;
inline constexpr std::size_t near_ranked = most_threads;
inline constexpr unsigned near_waiting = 256;  ///< tokens of a warp
inline constexpr unsigned near_staged = 4;     ///< strips of a warp
inline constexpr unsigned histogram_bins = most_threads;

/// The same of this team.
__device__ inline std::size_t strips_of_segment() { return std::size_t{team_threads()} * block_strips; }

/// A token that a cut may keep.
struct alignas(8) swept_token {
  float logit;
  token_id id;
};

/// What a cut works in, and what it keeps.
struct cut_memory {
  alignas(16) std::uint32_t low[histogram_bins];  ///< of each bin's weight
  std::uint32_t high[histogram_bins];
  std::uint16_t strip[near_strips];  ///< those worth reading, as places in a segment of the row
  token_id kept_ids[near_kept];
  float kept_logits[near_kept];
  alignas(16) std::uint64_t ranked[near_ranked];
};

/// The shared memory of one team. While it reads a row for the second time it needs nothing of what a cut
/// does.
struct team_memory {
  union {
    cut_memory cut;
    swept_token waiting[most_warps][near_waiting];         ///< to be written, of each warp
    float4 staged[most_warps][near_staged][warp_threads];  ///< strips to be looked into, of each warp
  };
  std::uint64_t sums[near_sums];  ///< of the blocks' kept masses
  unsigned entries;
};

/// A token in the order of candidates.
struct ranked_key {
  std::uint64_t key;
};

/// What a pass over a row is to find out.
struct pass_goals {
  bool strips = true;   ///< the strips' largest logits
  bool masses = false;  ///< the blocks' masses at the scale c
  float c = 0;
};

/// Which row a team's blocks tell of, by its number of edits, and what.
struct looked_row {
  static constexpr unsigned never = ~0U;

  unsigned edits = never;
  pass_goals goals{};
};

/// The blocks of a row that a team reads.
struct block_range {
  std::size_t first = 0;
  std::size_t last = 0;
};

/// The part of a row that a team is the first to read. The leader, who has the first part, hears what the
/// others say of theirs, and goes on from there.
struct row_slice {
  block_range blocks{};
  bool leads = true;
  bool is_block = false;  ///< like each slice of its row; then a team has a warp for each strip of it
};

/// The part of a team's shared memory whose size the launch decides.
struct team_room {
  unsigned char* notes = nullptr;  ///< of the row, or null: they are far
  unsigned char* edits = nullptr;
  std::size_t most_edits = 0;
};

/// The scratch of one row's pipeline. It lies in shared memory: a copy a thread would fill the cache that the
/// threads' stacks need.
class team_workspace {
 public:
  __device__ team_workspace(const device_memory& far, std::size_t row, row_slice part, team_room room,
                            const draw_context& asked)
      : slice(part), context(&asked), far_(&far), vocabulary_(far.vocabulary), room_(room) {
    const std::size_t blocks = block_count(vocabulary_), offset = row * row_notes::bytes(blocks);
    unsigned char* const near = room.notes != nullptr ? room.notes : far.notes + offset;
    letters_ = row_notes::at(far.letters + offset, blocks);
    notes_ = part.leads ? row_notes::at(near, blocks) : letters_;
  }

  team together;
  row_slice slice;
  unsigned had_nan = 0;  ///< the row, when it was looked at
  looked_row looked{};
  const draw_context* context;  ///< of the row
  bool only_draws = false;      ///< from a nucleus that is not looked at otherwise
  bool has_drawn = false;       ///< from it, the first of the kept tokens

  /// (Named, not passed: as the exchanges' memory.)
  [[nodiscard]] __device__ static team_memory& memory() {
    __shared__ team_memory of_team;
    return of_team;
  }
  [[nodiscard]] __device__ static cut_memory& near() { return memory().cut; }
  [[nodiscard]] __device__ std::size_t vocabulary() const { return vocabulary_; }
  [[nodiscard]] __device__ std::span<weighed_block> blocks() const {
    return {notes_.blocks, block_count(vocabulary_)};
  }
  [[nodiscard]] __device__ std::span<float> maxima_of(std::size_t size) const {
    return {notes_.maxima, (size + warp_strip - 1) / warp_strip};
  }

  /// Where this team's notes are, and where others put theirs.
  [[nodiscard]] __device__ const row_notes& notes() const { return notes_; }
  [[nodiscard]] __device__ const row_notes& letters() const { return letters_; }

  /// Of the entries of sparse edits: keys to sort, the touched tokens that come of them, and for each edit
  /// what they become.
  [[nodiscard]] __device__ std::span<std::uint64_t> entries() const {
    return {reinterpret_cast<std::uint64_t*>(room_.edits), room_.most_edits};
  }
  [[nodiscard]] __device__ std::span<touched_token> touched() const { return edit_room(1); }
  [[nodiscard]] __device__ std::span<touched_token> patches(unsigned edit) const {
    return edit_room(2 + edit);
  }
  /// Where patches are made, in place of the keys.
  [[nodiscard]] __device__ touched_token* patches_apart() const { return edit_room(0).data(); }
  /// The bytes of all this for a pipeline with so many edits.
  static constexpr std::size_t edit_bytes(std::size_t entries, std::size_t edits) {
    return entries * (sizeof(std::uint64_t) + (1 + edits) * sizeof(touched_token));
  }

  /// The far lists, on a shelf that no other row has until release().
  [[nodiscard]] __device__ far_list kept_afar() {
    const far_list list = far_->list_on(shelf(), false);
    if (threadIdx.x == 0) keeps_afar_ = true;
    return list;
  }
  /// Room for a key of each token, if no cut has kept its tokens there.
  [[nodiscard]] __device__ std::uint64_t* spare_afar() {
    return keeps_afar_ ? nullptr : reinterpret_cast<std::uint64_t*>(far_->list_on(shelf(), false).ids);
  }
  [[nodiscard]] __device__ std::uint64_t* ranked_afar() {
    return reinterpret_cast<std::uint64_t*>(far_->list_on(shelf(), true).ids);
  }
  [[nodiscard]] __device__ swept_token* swept_afar() {
    return reinterpret_cast<swept_token*>(far_->list_on(shelf(), true).ids);
  }
  /// Room for a logit beside each kept one, until something is ranked or swept.
  [[nodiscard]] __device__ std::span<float> left() {
    return {far_->list_on(shelf(), true).logits, vocabulary_};
  }
  __device__ void release() {
    if (shelf_ == none) return;
    together.sync();
    if (threadIdx.x == 0) {
      __threadfence();
      atomicExch(&far_->taken[shelf_], 0U);
    }
  }

 private:
  static constexpr unsigned none = ~0U;

  [[nodiscard]] __device__ std::span<touched_token> edit_room(std::size_t which) const {
    return {reinterpret_cast<touched_token*>(room_.edits) + which * room_.most_edits, room_.most_edits};
  }

  /// Waits for a shelf, if it has none. Those who hold one are at work, and give it back when they are done.
  __device__ unsigned shelf() {
    if (shelf_ != none) return shelf_;
    unsigned mine = (blockIdx.x + blockIdx.y) % far_->shelves;
    if (threadIdx.x == 0) {
      while (atomicExch(&far_->taken[mine], 1U) != 0) mine = (mine + 1) % far_->shelves;
      __threadfence();
    }
    mine = static_cast<unsigned>(together.tell(threadIdx.x == 0, mine));
    if (threadIdx.x == 0) shelf_ = mine;
    together.sync();
    return mine;
  }

  const device_memory* far_;
  std::size_t vocabulary_;
  row_notes notes_;  ///< of this row: here they need no multiplications
  row_notes letters_;
  team_room room_;
  unsigned shelf_ = none;
  bool keeps_afar_ = false;
};

}  // namespace urn::kernel::cuda
