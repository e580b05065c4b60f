#pragma once
/// \file
/// The draw as a race, by a team.

#include <cstddef>
#include <cstdint>
#include <limits>

#include "urn/core/draw.hpp"
#include "urn/core/exact.hpp"
#include "urn/core/token.hpp"
#include "urn/kernel/block_mass.hpp"
#include "urn/kernel/candidates.hpp"
#include "urn/kernel/cuda/load.hpp"
#include "urn/kernel/cuda/read_ahead.hpp"
#include "urn/kernel/cuda/scratch.hpp"
#include "urn/kernel/scalar/mass.hpp"
#include "urn/kernel/scalar/race.hpp"
#include "urn/random/random_bits.hpp"

namespace urn::kernel::cuda {

/// Nobody of this thread leads: whoever comes at `time` does.
__device__ inline race_leader nobody_before(double time) {
  return {time, std::numeric_limits<token_id>::max(), ~std::size_t{0}};
}

/// The place of the winner among the threads' leaders, of those who arrive together the lowest.
__device__ __noinline__ inline std::size_t winner_of(team& together, race_leader mine) {
  const std::uint64_t time = exact::bits(mine.time);  // positive, so its bits have its order
  const bool is_first = time == ~together.max(~time);
  return ~together.max(is_first ? ~std::uint64_t{mine.place} : 0);
}

/// The best time so far of a team, in shared memory.
class time_to_beat {
 public:
  __device__ explicit time_to_beat(team_workspace& work) : bits_(&work.near().ranked[0]) {
    work.together.sync();
    if (threadIdx.x == 0) *bits_ = exact::bits(race_leader{}.time);
    work.together.sync();
  }
  __device__ void tell(race_leader& leader) const {
    const double time = exact::double_of(*static_cast<const volatile std::uint64_t*>(bits_));
    if (time < leader.time) leader = nobody_before(time);
  }
  __device__ void hear(double time) const {
    atomicMin(reinterpret_cast<unsigned long long*>(bits_), exact::bits(time));
  }

 private:
  std::uint64_t* bits_;
};

/// Bits above this come too late for a token that weighs no more than `bound`; see race_leader::may_win.
__device__ inline std::uint64_t latest_bits(double time, double bound) {
  const double most = exact::mul(exact::mul(time, bound), 0x1.00001p64);
  return most < 0x1p64 ? static_cast<std::uint64_t>(most) : ~std::uint64_t{0};
}

/// Two strips of a row whose ids begin at `first`; true if one of this thread's tokens leads now.
__device__ inline bool run_strips(race_leader& leader, const strips<2>& logits, std::size_t first, float c,
                                  double bound, std::uint32_t row_key, const draw_key& key) {
  const double before = leader.time;
  const std::uint64_t latest = latest_bits(before, bound);
#pragma unroll
  for (int j = 0; j < 2; ++j) {
#pragma unroll
    for (unsigned i = 0; i < lane_logits; i += 2) {  // two tokens share a lane's bits
      const unsigned at = lane_position(first, j) + i;
      const words<4> w = lane_bits(key, lane_purpose::race, at / 2);
      const auto run = [&](float logit, unsigned id, std::uint64_t bits) {
        if (bits <= latest) leader.run(weight_in_row(logit, c, row_key), bits, static_cast<token_id>(id), id);
      };
      run(logits.logit[j][i], at, (std::uint64_t{w[1]} << 32) | w[0]);
      run(logits.logit[j][i + 1], at + 1, (std::uint64_t{w[3]} << 32) | w[2]);
    }
  }
  __syncwarp();
  return leader.time < before;
}

/// See scalar::race.
template <class Row>
__device__ __noinline__ std::size_t race_of(team_workspace& work, const Row& row, float c, row_mass mass,
                                            draw_key key) {
  const time_to_beat best(work);
  race_leader leader = nobody_before(race_leader{}.time);
  for_each_strips<2>(row, [&](const strips<2>& logits, std::size_t first) {
    const std::uint32_t block_key = work.blocks()[first / block_size].key;
    if (block_key == no_mass_key) return;
    best.tell(leader);
    const double bound = weight_bound(block_key, mass.key);
    if (run_strips(leader, logits, first, c, bound, mass.key, key)) best.hear(leader.time);
    __syncwarp();
  });
  return winner_of(work.together, leader);
}

/// See scalar::race_kept.
__device__ __noinline__ inline std::size_t race_of_kept(team_workspace& work, candidate_list kept, float c,
                                                        row_mass mass, draw_key key) {
  race_leader leader = nobody_before(race_leader{}.time);
  for (std::size_t i = threadIdx.x; i < kept.size(); i += team_threads()) {
    const token_id id = kept.id(i);
    leader.run(weight_in_row(kept.at(i), c, mass.key), token_bits(key, lane_purpose::race, id), id, i);
  }
  return winner_of(work.together, leader);
}

}  // namespace urn::kernel::cuda
