#pragma once
/// \file
/// The tokens that a sparse edit touches, found by a team, and what they become.

#include <cstddef>
#include <cstdint>
#include <span>

#include "urn/core/draw.hpp"
#include "urn/core/exact.hpp"
#include "urn/core/status.hpp"
#include "urn/core/workspace.hpp"
#include "urn/kernel/cuda/patched_row.hpp"
#include "urn/kernel/cuda/scratch.hpp"
#include "urn/kernel/edited_row.hpp"
#include "urn/kernel/touch_list.hpp"

namespace urn::kernel::cuda {

/// Exchanges two keys that are not in descending order; places past the end hold what comes last of all.
__device__ inline void order_pair(std::span<std::uint64_t> keys, std::size_t a, std::size_t b) {
  if (b >= keys.size() || keys[a] >= keys[b]) return;
  const std::uint64_t key = keys[a];
  keys[a] = keys[b];
  keys[b] = key;
}

/// Batcher's bitonic sort, every comparison in the same direction. O(n log^2 n / threads).
__device__ inline void sort_many(team& together, std::span<std::uint64_t> keys) {
  const auto for_pairs = [&](auto&& pair) {
    for (std::size_t i = threadIdx.x; i < keys.size(); i += team_threads()) pair(i);
    together.sync();
  };
  for (std::size_t run = 2; run < 2 * keys.size(); run *= 2) {
    for_pairs([&](std::size_t i) {
      const std::size_t mirrored = i ^ (run - 1);
      if (mirrored > i) order_pair(keys, i, mirrored);
    });
    for (std::size_t step = run / 4; step > 0; step /= 2) {
      for_pairs([&](std::size_t i) {
        if ((i & step) == 0) order_pair(keys, i, i + step);
      });
    }
  }
}

/// Sorts different keys in descending order, a few of them by counting how many are larger.
__device__ __noinline__ inline void sort_descending(team& together, std::span<std::uint64_t> keys) {
  if (keys.size() > team_threads()) return sort_many(together, keys);
  const bool has_one = threadIdx.x < keys.size();
  const std::uint64_t mine = has_one ? keys[threadIdx.x] : 0;
  unsigned larger = 0;
  if (has_one) {
    std::size_t i = 0;
#pragma unroll 2
    for (; i + 2 <= keys.size(); i += 2) {  // the keys lie at multiples of 16 bytes
      const auto two = *reinterpret_cast<const ulonglong2*>(keys.data() + i);
      larger += (two.x > mine ? 1U : 0U) + (two.y > mine ? 1U : 0U);
    }
    if (i < keys.size() && keys[i] > mine) ++larger;
  }
  together.sync();
  if (has_one) keys[larger] = mine;
  together.sync();
}

/// The entries of an edit, sorted by id and then by their place, as inverted keys.
template <class Edit>
__device__ std::span<const std::uint64_t> sorted_entries(team_workspace& work, const Edit& edit,
                                                         const draw_context& context, std::size_t vocabulary,
                                                         gathered& result) {
  const std::span<std::uint64_t> room = work.entries();
  unsigned& count = work.memory().entries;
  if (threadIdx.x == 0) count = 0;
  work.together.sync();
  const std::size_t entries = edit.touches(context);
#pragma unroll 1
  for (std::size_t i = threadIdx.x; i < entries; i += team_threads()) {
    const token_id id = edit.touch(context, i).id;
    if (id < 0 || static_cast<std::size_t>(id) >= vocabulary) continue;
    const unsigned place = atomicAdd(&count, 1U);
    if (place < room.size()) room[place] = ~((std::uint64_t{static_cast<std::uint32_t>(id)} << 32) | i);
  }
  work.together.sync();
  const std::size_t found = count;
  result.any = found != 0;
  if (found > room.size()) {
    result.status = status::no_space;
    return {};
  }
  sort_descending(work.together, room.first(found));
  return room.first(found);
}

/// What `edit` touches in a row, into `room`; of any number of entries.
template <class Edit>
__device__ __noinline__ gathered gather_many(team_workspace& work, const Edit& edit,
                                             const draw_context& context, std::size_t vocabulary,
                                             std::span<touched_token> room) {
  gathered result;
  const std::span<const std::uint64_t> keys = sorted_entries(work, edit, context, vocabulary, result);
  const auto id_at = [&](std::size_t i) { return static_cast<token_id>(~keys[i] >> 32); };
  const auto value_at = [&](std::size_t i) {
    return edit.touch(context, static_cast<std::uint32_t>(~keys[i])).value;
  };
  std::size_t count = 0;
#pragma unroll 1
  for (std::size_t begin = 0; begin < keys.size(); begin += team_threads()) {
    const std::size_t i = begin + threadIdx.x;
    const bool leads = i < keys.size() && (i == 0 || id_at(i) != id_at(i - 1));
    std::uint32_t total = 0;
    const std::size_t place = count + work.together.count_before(leads, total);
    if (leads && place < room.size()) {
      std::uint32_t value = value_at(i);
#pragma unroll 1
      for (std::size_t j = i + 1; j < keys.size() && id_at(j) == id_at(i); ++j) {
        value = merged_value(edit, value, value_at(j));
      }
      room[place] = {id_at(i), value};
    }
    count += total;
  }
  work.together.sync();
  if (count > room.size()) result.status = status::no_space;
  if (result.status == status::ok) result.touched = room.first(count);
  return result;
}

/// How many of the first `count` words in `near.low` are smaller.
__device__ inline unsigned smaller_among(const cut_memory& near, std::uint32_t word, unsigned count) {
  unsigned smaller = 0;
#pragma unroll 2
  for (unsigned i = 0; i < count; i += 4) {  // past the end lie the largest
    const uint4 four = *reinterpret_cast<const uint4*>(near.low + i);
    smaller += (four.x < word ? 1U : 0U) + (four.y < word ? 1U : 0U) + (four.z < word ? 1U : 0U) +
               (four.w < word ? 1U : 0U);
  }
  return smaller;
}

/// The same of at most one entry a thread: each is asked for once, and what comes of it stays on chip. (An id
/// has 23 bits, a thread's number 8.)
template <class Edit>
__device__ gathered gather_few(team_workspace& work, const Edit& edit, const draw_context& context,
                               std::size_t vocabulary, unsigned entries, std::span<touched_token> room) {
  static_assert(most_threads <= 256);
  constexpr std::uint32_t nothing = ~0U;
  cut_memory& near = work.near();
  const auto id_at = [&](unsigned i) { return static_cast<token_id>(near.low[i] >> 8); };
  touched_token mine;
  if (threadIdx.x < entries) mine = edit.touch(context, threadIdx.x);
  const bool counts = mine.id >= 0 && static_cast<std::size_t>(mine.id) < vocabulary;
  const std::uint32_t key = counts ? static_cast<std::uint32_t>(mine.id) << 8 | threadIdx.x : nothing;
  near.low[threadIdx.x] = key;
  near.high[threadIdx.x] = mine.value;
  const unsigned found = team::count(counts);
  if (found > work.entries().size()) return {{}, status::no_space, true};
  const unsigned rank = counts ? smaller_among(near, key, entries) : 0;
  work.together.sync();
  if (counts) near.low[rank] = key;
  work.together.sync();
  const unsigned i = threadIdx.x;
  const bool leads = i < found && (i == 0 || id_at(i) != id_at(i - 1));
  std::uint32_t total = 0;
  const std::uint32_t place = work.together.count_before(leads, total);
  if (leads && place < room.size()) {
    std::uint32_t value = near.high[near.low[i] & 255U];
#pragma unroll 1
    for (unsigned j = i + 1; j < found && id_at(j) == id_at(i); ++j) {
      value = merged_value(edit, value, near.high[near.low[j] & 255U]);
    }
    room[place] = {id_at(i), value};
  }
  work.together.sync();
  if (total > room.size()) return {{}, status::no_space, true};
  return {room.first(total), status::ok, found != 0};
}

/// What `edit` touches in a row, into touched() past the first `used`.
template <class Edit>
__device__ __noinline__ gathered gather_touched(team_workspace& work, const Edit& edit,
                                                const draw_context& context, std::size_t vocabulary,
                                                std::size_t used) {
  const std::span<touched_token> room = work.touched().subspan(used);
  const std::size_t entries = edit.touches(context);
  if (entries > team_threads()) return gather_many(work, edit, context, vocabulary, room);
  return gather_few(work, edit, context, vocabulary, static_cast<unsigned>(entries), room);
}

/// What an edit of the touched tokens of `row`, after a temperature, makes of its `earlier` patches: one list
/// by ids, in `all`.
template <class Row, class Edit>
__device__ __noinline__ std::span<const touched_token> patches_after(
    team_workspace& work, const Row& row, std::span<const touched_token> earlier, const Edit& edit,
    std::span<const touched_token> touched, float temperature, std::span<touched_token> all) {
  touched_token* const apart = work.patches_apart();
  unsigned count = 0;
#pragma unroll 1
  for (std::size_t begin = 0; begin < earlier.size(); begin += team_threads()) {
    const std::size_t i = begin + threadIdx.x;
    const touched_token t = i < earlier.size() ? earlier[i] : touched_token{};
    const std::size_t below = touched_below(touched, t.id);
    const bool is_replaced = below < touched.size() && touched[below].id == t.id;
    const bool stays = i < earlier.size() && !is_replaced;
    std::uint32_t total = 0;
    const std::uint32_t place = count + work.together.count_before(stays, total);
    if (stays) {
      apart[place] = {t.id, exact::bits(at_temperature(patch_of(t), temperature))};
      all[place + below] = apart[place];
    }
    count += total;
  }
  if (count != 0) work.together.sync();
  const std::span<const touched_token> kept(apart, count);
#pragma unroll 1
  for (std::size_t i = threadIdx.x; i < touched.size(); i += team_threads()) {
    const touched_token t = touched[i];
    const float logit = at_temperature(row.at(static_cast<std::size_t>(t.id)), temperature);
    all[i + touched_below(kept, t.id)] = {t.id, exact::bits(edit(logit, t.value))};
  }
  work.together.sync();
  return all.first(count + touched.size());
}

/// How many lists of patches a view of a row stands on.
template <class Row>
inline constexpr unsigned patch_lists_of = 0;
template <class Base, class Edit>
inline constexpr unsigned patch_lists_of<elementwise_row<Base, Edit>> = patch_lists_of<Base>;
template <class Base, int N>
inline constexpr unsigned patch_lists_of<patched_row<Base, N>> = patch_lists_of<Base> + N;

/// The row after the edit. (The views that it stands on live as long as it does: they are on the stack
/// below.)
template <class Row, class Edit>
__device__ auto patched(team_workspace& work, const Row& row, const Edit& edit,
                        std::span<const touched_token> touched, float temperature) {
  const auto room = work.patches(patch_lists_of<Row>);
  return patched_row<Row, 1>(row, patches_after(work, row, {}, edit, touched, temperature, room),
                             temperature);
}
template <class Base, int N, class Edit>
__device__ auto patched(team_workspace& work, const patched_row<Base, N>& row, const Edit& edit,
                        std::span<const touched_token> touched, float temperature) {
  const auto room = work.patches(patch_lists_of<patched_row<Base, N>>);
  const auto patches = patches_after(work, row, row.patches(), edit, touched, temperature, room);
  return patched_row<Base, N + 1>(row, patches, temperature);
}

}  // namespace urn::kernel::cuda
