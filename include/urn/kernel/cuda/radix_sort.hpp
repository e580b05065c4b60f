#pragma once
/// \file
/// A long list of keys sorted by a team, digit by digit.

#include <cstddef>
#include <cstdint>
#include <span>

#include "urn/kernel/cuda/gather.hpp"
#include "urn/kernel/cuda/scratch.hpp"
#include "urn/kernel/cuda/team.hpp"

namespace urn::kernel::cuda {

/// One pass: keys in the order of a digit of six bits, the largest first, those with an equal one as they
/// were. Each warp counts and then moves a part of them.
class digit_pass {
 public:
  static constexpr int bits = 6;

  __device__ digit_pass(team_workspace& work, const std::uint64_t* from, unsigned size, int shift)
      : work_(&work), from_(from), shift_(shift) {
    static_assert(sizeof(cut_memory::strip) >= bins * most_warps * sizeof(std::uint32_t));
    places_ = reinterpret_cast<std::uint32_t*>(work.near().strip);
    const unsigned share = (size + team_warps() - 1) / team_warps();
    begin_ = min(warp_of_thread() * share, size);
    end_ = min(begin_ + share, size);
  }

  __device__ void move_to(std::uint64_t* to) {
    count();
    add_up();
    for_each_key([&](std::uint64_t key, std::uint32_t& place, std::uint32_t equals, bool is_here) {
      const unsigned before = static_cast<unsigned>(__popc(equals & ((1U << lane_of_thread()) - 1)));
      if (is_here) to[place + before] = key;
      __syncwarp();
      if (is_here && before == 0) place += static_cast<unsigned>(__popc(equals));
    });
    work_->together.sync();
  }

 private:
  static constexpr unsigned bins = 1U << bits;

  /// Calls see(key, number of its digit and this warp, lanes with the same digit, whether there is one).
  template <class See>
  __device__ void for_each_key(See&& see) const {
    std::uint32_t* const mine = places_ + warp_of_thread() * bins;
    for (unsigned first = begin_; first < end_; first += warp_threads) {
      const unsigned i = first + lane_of_thread();
      const std::uint64_t key = i < end_ ? from_[i] : 0;
      const auto digit = bins - 1 - (static_cast<unsigned>(key >> shift_) & (bins - 1));
      const std::uint32_t equals = __match_any_sync(all_lanes, i < end_ ? digit : bins);
      see(key, mine[digit], equals, i < end_);
      __syncwarp();
    }
  }
  __device__ void count() {
    for (unsigned i = threadIdx.x; i < bins * team_warps(); i += team_threads()) places_[i] = 0;
    work_->together.sync();
    for_each_key([](std::uint64_t, std::uint32_t& n, std::uint32_t equals, bool is_here) {
      const bool leads = (equals & ((1U << lane_of_thread()) - 1)) == 0;
      if (is_here && leads) n += static_cast<unsigned>(__popc(equals));
    });
    work_->together.sync();
  }
  /// Makes places of counts: of each digit, those of the warps one after the other.
  __device__ void add_up() {
    constexpr unsigned each = bins / warp_threads;
    std::uint32_t* at[each];
    std::uint32_t mine = 0, total = 0;
#pragma unroll
    for (unsigned k = 0; k < each; ++k) {
      const unsigned i = threadIdx.x * each + k;
      at[k] = places_ + i % team_warps() * bins + i / team_warps();
      mine += *at[k];
    }
    std::uint32_t before = work_->together.sum_before(mine, total);
#pragma unroll
    for (unsigned k = 0; k < each; ++k) {
      const std::uint32_t count = *at[k];
      *at[k] = before;
      before += count;
    }
    work_->together.sync();
  }

  team_workspace* work_;
  const std::uint64_t* from_;
  int shift_;
  std::uint32_t* places_;
  unsigned begin_, end_;
};

/// Sorts order keys that lie in the order of ids: by their upper halves alone, the largest first. `spare` has
/// as much room.
__device__ __noinline__ inline void sort_by_value(team_workspace& work, std::span<std::uint64_t> keys,
                                                  std::uint64_t* spare) {
  constexpr int passes = 6;  // even: the last one moves them back
  static_assert(passes * digit_pass::bits >= 32);
  std::uint64_t* from = keys.data();
  std::uint64_t* to = spare;
  for (int pass = 0; pass < passes; ++pass) {
    digit_pass(work, from, static_cast<unsigned>(keys.size()), 32 + pass * digit_pass::bits).move_to(to);
    std::uint64_t* const moved = to;
    to = from;
    from = moved;
  }
}

/// Sorts order keys that lie in the order of ids, which are all different.
__device__ inline void rank_keys(team_workspace& work, std::span<std::uint64_t> keys) {
  constexpr std::size_t many = 2048;
  std::uint64_t* const spare = keys.size() > many ? work.spare_afar() : nullptr;
  if (spare == nullptr) return sort_descending(work.together, keys);
  sort_by_value(work, keys, spare);
}

}  // namespace urn::kernel::cuda
