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
#include "urn/kernel/cuda/read_blocks.hpp"
#include "urn/kernel/cuda/scratch.hpp"
#include "urn/kernel/cuda/threshold.hpp"
#include "urn/kernel/cuda/token_lists.hpp"

namespace urn::kernel::cuda {

/// What a warp found in its part of a row, in the order of ids; the parts are in the order of warps.
struct swept_tokens {
  swept_token* first = nullptr;
  unsigned count = 0;

  /// Calls see(token) for one in each lane; for lanes past the end it is {-inf, no_token}. The next few are
  /// under way while some are looked at. (Eight of them took a fifth longer for one row, most of whose time
  /// goes into fetching instructions, and were no faster for many.)
  template <class See>
  __device__ void each(See&& see) const {
    constexpr unsigned few = 4, step = few * warp_threads;
    swept_token next[few];
#pragma unroll
    for (swept_token& t : next) t = {exact::minus_infinity, no_token};
    for (unsigned i = lane_of_thread(); i < count + lane_of_thread() + step; i += step) {
      swept_token here[few];
#pragma unroll
      for (unsigned k = 0; k < few; ++k) {
        here[k] = next[k];
        const unsigned at = i + k * warp_threads;
        next[k] = at < count ? first[at] : swept_token{exact::minus_infinity, no_token};
      }
#pragma unroll
      for (unsigned k = 0; k < few; ++k) see(here[k]);
    }
  }
};

/// Of the strips from `first` to `end` those whose largest logit is at least `least`, a few at a time, in
/// order.
class strips_worth_reading {
 public:
  __device__ strips_worth_reading(std::span<const float> maxima, float least, unsigned first, unsigned end)
      : maxima_(maxima), least_(least), next_(first), end_(end), last_(first) {}

  /// The numbers of the next ones, the last of them repeated; how many there are, at the end 0.
  __device__ unsigned take(unsigned (&strip)[strips_in_flight]) {
    constexpr std::uint32_t all = (1U << strips_in_flight) - 1;
    while (worth_ == 0 && next_ < end_) look();
    if ((worth_ & all) == all) {  // a GPU looks for a bit as long as it does eight additions
#pragma unroll
      for (unsigned k = 0; k < strips_in_flight; ++k) strip[k] = looked_at_ + k;
      worth_ >>= strips_in_flight;
      looked_at_ += strips_in_flight;
      last_ = looked_at_ - 1;
      return strips_in_flight;
    }
    const unsigned taken = min(static_cast<unsigned>(__popc(worth_)), strips_in_flight + 0U);
#pragma unroll
    for (unsigned k = 0; k < strips_in_flight; ++k) {
      if (worth_ != 0) last_ = looked_at_ + static_cast<unsigned>(__ffs(worth_)) - 1;
      worth_ &= worth_ - 1;
      strip[k] = last_;
    }
    return taken;
  }

 private:
  __device__ void look() {
    const unsigned mine = next_ + lane_of_thread();
    std::uint32_t is_worth = 0;
    if (mine < end_) take_if_reaching(maxima_[mine], least_, 1, is_worth);
    worth_ = __ballot_sync(all_lanes, is_worth != 0);
    looked_at_ = next_;
    next_ += warp_threads;
  }

  std::span<const float> maxima_;
  float least_;
  unsigned next_, end_, looked_at_ = 0;
  unsigned last_;            ///< that was taken, or may be
  std::uint32_t worth_ = 0;  ///< a bit for each from looked_at_ on
};

/// Of a lane, or of lanes, how many logits of each strip are taken: a byte a strip, those of even numbers in
/// one word.
struct taken_of_strips {
  std::uint32_t even, odd;

  [[nodiscard]] __device__ unsigned of(unsigned strip) const {
    return (strip % 2 == 0 ? even : odd) >> (strip / 2 * 8) & 255U;
  }
  /// The sum over the lanes up to this one; a strip has at most 128.
  [[nodiscard]] __device__ taken_of_strips upto_lane() const {
    taken_of_strips sum = *this;
#pragma unroll
    for (unsigned o = 1; o < warp_threads; o *= 2) {
      const std::uint32_t more_even = __shfl_up_sync(all_lanes, sum.even, o);
      const std::uint32_t more_odd = __shfl_up_sync(all_lanes, sum.odd, o);
      if (lane_of_thread() >= o) sum = {sum.even + more_even, sum.odd + more_odd};
    }
    return sum;
  }
  [[nodiscard]] __device__ taken_of_strips of_lane(unsigned lane) const {
    return {__shfl_sync(all_lanes, even, lane), __shfl_sync(all_lanes, odd, lane)};
  }
  [[nodiscard]] __device__ unsigned sum() const { return sum_of_bytes((std::uint64_t{odd} << 32) | even); }
};

/// `taken` has a bit for each of a lane's logits, four a strip: added up two by two, then four by four.
__device__ inline taken_of_strips count_taken(std::uint32_t taken) {
  static_assert(strips_in_flight == 8 && lane_logits == 4);
  const std::uint32_t twos = taken - (taken >> 1 & 0x55555555U);
  const std::uint32_t fours = (twos & 0x33333333U) + (twos >> 2 & 0x33333333U);
  return {fours & 0x0F0F0F0FU, fours >> 4 & 0x0F0F0F0FU};
}

/// Writes a token to shared memory unless `taken` is 0, and moves on. (By PTX: nvcc makes a branch of it.)
__device__ inline void put_if(std::uint32_t taken, std::uint32_t& to, float logit, unsigned id) {
  asm volatile(
      "{.reg .pred p; setp.ne.u32 p, %1, 0; @p st.shared.f32 [%0], %2; @p st.shared.u32 [%0+4], %3;"
      " @p add.u32 %0, %0, 8;}"
      : "+r"(to)
      : "r"(taken), "f"(logit), "r"(id)
      : "memory");
}

/// A warp's list as it grows. What is new waits on chip until it is worth writing: single tokens would cost
/// the memory a transaction each. (To weigh it there took longer than to read it again: 66 us instead of 60
/// for a nucleus of 13,000 tokens of one row.)
class swept_writer {
 public:
  __device__ explicit swept_writer(swept_token* first) : list_{first} {}

  /// Adds the logits of the first `listed` strips that are at least `least`; of many, those of two strips at
  /// a time.
  __device__ void add(const loaded_strips& logits, unsigned listed, float least) {
    const std::uint32_t taken = logits.reaching(least, listed);
    std::uint32_t part = ~0U;
    do {
      const taken_of_strips mine = count_taken(taken & part), upto = mine.upto_lane();
      const taken_of_strips all = upto.of_lane(warp_threads - 1);
      if (all.sum() > room) {
        part = 0xFF;
      } else {
        put(logits, taken & part, {upto.even - mine.even, upto.odd - mine.odd}, all);
        part = part == ~0U ? 0 : part << 8;
      }
    } while (part != 0);
  }
  /// All of them.
  __device__ swept_tokens finish() {
    write();
    return list_;
  }

 private:
  static constexpr unsigned room = near_waiting;

  __device__ static swept_token* waiting() { return team_workspace::memory().waiting[warp_of_thread()]; }
  /// The taken logits, so many of which are in the lanes `before` this one and in `all` lanes.
  __device__ void put(const loaded_strips& logits, std::uint32_t taken, taken_of_strips before,
                      taken_of_strips all) {
    if (waiting_ + all.sum() > room) write();
    auto to = static_cast<std::uint32_t>(__cvta_generic_to_shared(waiting() + waiting_));
#pragma unroll
    for (unsigned s = 0; s < strips_in_flight; ++s) {
      std::uint32_t of_lane = to + before.of(s) * sizeof(swept_token);
      const unsigned first = lane_position(logits.first[s], 0);
#pragma unroll
      for (unsigned i = 0; i < lane_logits; ++i) {
        put_if(taken & 1U << (lane_logits * s + i), of_lane, logits.of[s].logit[i], first + i);
      }
      to += all.of(s) * sizeof(swept_token);
    }
    waiting_ += all.sum();
  }
  __device__ void write() {
    __syncwarp();
    const swept_token* const from = waiting();
    for (unsigned i = lane_of_thread(); i < waiting_; i += warp_threads)
      list_.first[list_.count + i] = from[i];
    __syncwarp();
    list_.count += waiting_;
    waiting_ = 0;
  }

  swept_tokens list_;
  unsigned waiting_ = 0;
};

/// Adds those of some strips, which load(strips) loads. (With the next ones under way in registers meanwhile,
/// what callers had to spill for them cost every cut 2 to 8 %.)
template <class Load>
__device__ void sweep_strips(swept_writer& found, strips_worth_reading strips, float least, Load&& load) {
  unsigned strip[strips_in_flight];
  while (const unsigned listed = strips.take(strip)) found.add(load(strip), listed, least);
}

/// The same of any row.
template <class Row>
__device__ __noinline__ swept_writer sweep_rest(swept_writer found, const Row& row,
                                                strips_worth_reading strips, float least) {
  const auto all = held(row);
  sweep_strips(found, strips, least, [&](const auto& strip) { return loaded_strips(all, strip); });
  return found;
}

/// The tokens of a row that are at least `bound` (as `ordered`, of a survivor); `maxima` are its strips'.
template <class Row>
__device__ __noinline__ swept_tokens sweep(team_workspace& work, const Row& row,
                                           std::span<const float> maxima, std::uint32_t bound) {
  const float least = logit_of(std::uint64_t{bound} << 32);
  const auto strips = static_cast<unsigned>(maxima.size());
  const unsigned share = (strips + team_warps() - 1) / team_warps();
  unsigned first = min(warp_of_thread() * share, strips);
  const unsigned end = min(first + share, strips);
  swept_writer found(work.swept_afar() + std::size_t{first} * warp_strip);
  if constexpr (lies_in_memory<Row>) {  // whole strips are loaded as they lie
    const unsigned whole = min(end, static_cast<unsigned>(row.size()) / warp_strip);
    if (first < whole && lies_in_fours(row, std::size_t{whole} * warp_strip)) {
      sweep_strips(found, {maxima, least, first, whole}, least,
                   [row](const auto& strip) { return loaded_strips(as_they_lie{}, row, strip); });
      first = whole;
    }
  }
  if (first < end) found = sweep_rest(found, row, {maxima, least, first, end}, least);
  const swept_tokens swept = found.finish();
  work.together.sync();  // what waited lay in the way of everything else
  return swept;
}

/// Puts those of a warp's tokens that it keeps to place `to`, and moves it on.
__device__ inline void put_kept(candidate_list kept, std::size_t& to, swept_token t, bool keep) {
  const std::uint32_t of_warp = __ballot_sync(all_lanes, keep);
  const std::size_t place = to + static_cast<unsigned>(__popc(of_warp & ((1U << lane_of_thread()) - 1)));
  if (keep) {
    kept.ids[place] = t.id;
    kept.logits[place] = t.logit;
  }
  to += static_cast<unsigned>(__popc(of_warp));
}

/// Those that a cutoff keeps, in the order of ids.
__device__ __noinline__ inline candidate_list keep_swept(team_workspace& work, swept_tokens swept,
                                                         cutoff cut) {
  const std::uint32_t value = max(cut.value, ordered_minus_infinity);
  const unsigned equals = value < least_survivor ? 0 : cut.equals;
  unsigned above = 0, equal = 0;
  swept.each([&](swept_token t) {
    above += ordered_number(t.logit) > value ? 1 : 0;
    equal += ordered_number(t.logit) == value ? 1 : 0;
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
    const std::uint32_t tied = __ballot_sync(all_lanes, equals != 0 && ordered_number(t.logit) == value);
    bool keep = ordered_number(t.logit) > value;
    if (tied != 0) {
      const bool is_tied = (tied >> lane_of_thread() & 1U) != 0;
      keep |= is_tied && ties + static_cast<unsigned>(__popc(tied & lanes_before)) < equals;
      ties += static_cast<std::uint32_t>(__popc(tied));
    }
    put_kept(kept, to, t, keep);
  });
  together.sync();
  return kept;
}

/// Those for which keep(token), in the order of ids; it is false of {-inf, no_token}.
template <class Keep>
__device__ __noinline__ candidate_list keep_swept_if(team_workspace& work, swept_tokens swept, Keep keep) {
  std::uint32_t mine = 0, all = 0;
  swept.each([&](swept_token t) { mine += keep(t) ? 1 : 0; });
  std::size_t to = work.together.sum_of_warps_before(static_cast<std::uint32_t>(warp_sum(mine)), all);
  const candidate_list kept = room_for(work, all);
  swept.each([&](swept_token t) { put_kept(kept, to, t, keep(t)); });
  work.together.sync();
  return kept;
}

}  // namespace urn::kernel::cuda
