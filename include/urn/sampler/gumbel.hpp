#pragma once
/// \file
/// gumbel: a token drawn with its probability by a race of all tokens.

#include <cstddef>
#include <cstdint>

#include "urn/core/draw.hpp"
#include "urn/core/platform.hpp"
#include "urn/kernel/fraction.hpp"
#include "urn/processor/stage.hpp"
#include "urn/sampler/categorical.hpp"

URN_EITHER_SIDE_BEGIN
namespace urn {

/// Draws as categorical does, from the same distribution, by other random bits: the token with the largest
/// l / T + G_i, where the Gumbel variable G_i belongs to (seed, sequence, step, i) whatever the other tokens
/// are. So two rows that are nearly the same mostly give the same token, and a cut that keeps the winner does
/// not change it: draws of a draft and its target, or of two checkpoints, go together as far as they can.
/// Decided as E_i / w_i, E_i = -ln(1 - u) of 64 bits in exact double arithmetic: a token some 40 nats behind
/// still has its chance. Fills what categorical fills. About as slow as ten rounds of Philox for two tokens.
struct gumbel {
  using stage = sampler;
  static constexpr bool draws_by_blocks = true;  ///< see categorical

  template <class State>
  URN_HOST_DEVICE void operator()(State& row) const {
    row.settle();
    if (row.size() == 1 || !row.weigh()) return categorical{}(row);
    draw& result = row.result;
    result.kept = static_cast<std::uint32_t>(row.size());
    result.mass = row.mass().total;
    const draw_key key = row.context.key();
    if (row.is_cut) {
      take(row, row.kept, row.policy.race_kept(row.kept, row.scale(), row.mass(), key));
    } else {
      take(row, row.row, row.policy.race(row.row, row.scale(), row.scratch.blocks(), row.mass(), key));
    }
  }

 private:
  template <class State, class Source>
  URN_HOST_DEVICE static void take(State& row, const Source& source, std::size_t i) {
    row.result.token = source.id(i);
    row.result.logprob = kernel::log_share(source.at(i), row.scale(), row.mass().key, row.mass().total);
  }
};

}  // namespace urn
URN_EITHER_SIDE_END
