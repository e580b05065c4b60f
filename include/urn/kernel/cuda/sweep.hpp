#pragma once
/// \file
/// A cut that keeps many of a row's tokens. Each warp sweeps its part of the row and lists what may be kept;
/// none waits for another before all have.

#include <cstddef>
#include <cstdint>
#include <span>

#include "urn/core/exact.hpp"
#include "urn/core/order_key.hpp"
#include "urn/core/token.hpp"
#include "urn/kernel/candidates.hpp"
#include "urn/kernel/cuda/collect.hpp"
#include "urn/kernel/cuda/load.hpp"
#include "urn/kernel/cuda/loaded_strips.hpp"
#include "urn/kernel/cuda/scratch.hpp"
#include "urn/kernel/cuda/threshold.hpp"

namespace urn::kernel::cuda {

/// What a warp found in its part of a row, in the order of ids; the parts are in the order of warps.
struct swept_tokens {
  swept_token* first = nullptr;
  unsigned count = 0;

  /// Calls see(token) for one in each lane; for lanes past the end it is {-inf, no_token}.
  template <class See>
  __device__ void each(See&& see) const {
    constexpr unsigned ahead = 4;  // loaded before the first is looked at
    for (unsigned begin = 0; begin < count; begin += ahead * warp_threads) {
      swept_token token[ahead];
#pragma unroll
      for (unsigned k = 0; k < ahead; ++k) {
        const unsigned i = begin + k * warp_threads + lane_of_thread();
        token[k] = i < count ? first[i] : swept_token{exact::minus_infinity, no_token};
      }
#pragma unroll
      for (unsigned k = 0; k < ahead; ++k) see(token[k]);
    }
  }
};

/// The strips of a warp's part of a row whose largest logit is at least `least`, a few at a time, in order.
class strips_worth_reading {
 public:
  __device__ strips_worth_reading(std::span<const float> maxima, float least)
      : maxima_(maxima), least_(least) {
    const auto strips = static_cast<unsigned>(maxima.size());
    const unsigned share = (strips + team_warps - 1) / team_warps;
    next_ = min(warp_of_thread() * share, strips);
    end_ = min(next_ + share, strips);
  }
  [[nodiscard]] __device__ unsigned first() const { return next_; }

  /// The numbers of the next ones, the last of them repeated; how many there are, at the end 0.
  __device__ unsigned take(unsigned (&strip)[strips_in_flight]) {
    while (worth_ == 0 && next_ < end_) look();
    unsigned taken = 0;
#pragma unroll
    for (unsigned k = 0; k < strips_in_flight; ++k) {
      if (worth_ != 0) last_ = looked_at_ + static_cast<unsigned>(__ffs(worth_)) - 1;
      taken += worth_ != 0 ? 1 : 0;
      worth_ &= worth_ - 1;
      strip[k] = last_;
    }
    return taken;
  }

 private:
  __device__ void look() {
    const unsigned mine = next_ + lane_of_thread();
    worth_ = __ballot_sync(all_lanes, mine < end_ && maxima_[mine] >= least_);
    looked_at_ = next_;
    next_ += warp_threads;
  }

  std::span<const float> maxima_;
  float least_;
  unsigned next_ = 0, end_ = 0, looked_at_ = 0, last_ = 0;
  std::uint32_t worth_ = 0;  ///< a bit for each from looked_at_ on
};

/// Adds the logits of the first `listed` strips that are at least `least` to a warp's list.
__device__ inline void add_reaching(swept_tokens& to, const loaded_strips& logits, unsigned listed,
                                    float least) {
  const std::uint32_t lanes_before = (1U << lane_of_thread()) - 1;
#pragma unroll
  for (unsigned s = 0; s < strips_in_flight; ++s) {
    bool taken[lane_logits];
    unsigned place = to.count;
#pragma unroll
    for (unsigned i = 0; i < lane_logits; ++i) {
      taken[i] = s < listed && logits.of[s].logit[i] >= least;
      const std::uint32_t of_warp = __ballot_sync(all_lanes, taken[i]);
      place += static_cast<unsigned>(__popc(of_warp & lanes_before));
      to.count += static_cast<unsigned>(__popc(of_warp));
    }
#pragma unroll
    for (unsigned i = 0; i < lane_logits; ++i) {
      const auto id = static_cast<token_id>(lane_position(logits.first[s], 0) + i);
      if (taken[i]) to.first[place] = {logits.of[s].logit[i], id};
      place += taken[i] ? 1 : 0;
    }
  }
}

/// The tokens of a row that are at least `bound` (as `ordered`, of a survivor); `maxima` are its strips'.
template <class Row>
__device__ __noinline__ swept_tokens sweep(team_workspace& work, const Row& row,
                                           std::span<const float> maxima, std::uint32_t bound) {
  const float least = logit_of(std::uint64_t{bound} << 32);
  strips_worth_reading strips(maxima, least);
  swept_tokens found{work.swept_afar() + std::size_t{strips.first()} * warp_strip};
  unsigned strip[strips_in_flight];
  unsigned listed = strips.take(strip);
  loaded_strips next(row, strip);
  while (listed != 0) {
    const loaded_strips logits = next;
    const unsigned here = listed;
    listed = strips.take(strip);
    if (listed != 0) next = loaded_strips(row, strip);  // under way while the others are looked at
    add_reaching(found, logits, here, least);
  }
  __syncwarp();
  return found;
}

/// Those that a cutoff keeps, in the order of ids.
__device__ __noinline__ inline candidate_list keep_swept(team_workspace& work, swept_tokens swept,
                                                         cutoff cut) {
  const std::uint32_t value = max(cut.value, ordered_minus_infinity);
  const unsigned equals = value < least_survivor ? 0 : cut.equals;
  unsigned above = 0, equal = 0;
  swept.each([&](swept_token t) {
    above += ordered(t.logit) > value ? 1 : 0;
    equal += ordered(t.logit) == value ? 1 : 0;
  });
  std::uint32_t all_above = 0, all_equal = 0;
  team& together = work.together;
  const std::uint32_t above_before =
      together.sum_of_warps_before(static_cast<std::uint32_t>(warp_sum(above)), all_above);
  std::uint32_t ties = together.sum_of_warps_before(static_cast<std::uint32_t>(warp_sum(equal)), all_equal);
  const candidate_list kept = room_for(work, all_above + min(all_equal, equals));
  std::size_t to = above_before + min(ties, equals);
  const std::uint32_t lanes_before = (1U << lane_of_thread()) - 1;
  swept.each([&](swept_token t) {
    const bool is_tied = ordered(t.logit) == value;
    const std::uint32_t tied = __ballot_sync(all_lanes, is_tied);
    const bool is_first = is_tied && ties + static_cast<unsigned>(__popc(tied & lanes_before)) < equals;
    const bool keep = ordered(t.logit) > value || is_first;
    const std::uint32_t of_warp = __ballot_sync(all_lanes, keep);
    const std::size_t place = to + static_cast<unsigned>(__popc(of_warp & lanes_before));
    if (keep) {
      kept.ids[place] = t.id;
      kept.logits[place] = t.logit;
    }
    to += static_cast<unsigned>(__popc(of_warp));
    ties += static_cast<std::uint32_t>(__popc(tied));
  });
  together.sync();
  return kept;
}

}  // namespace urn::kernel::cuda
