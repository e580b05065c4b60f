#pragma once
/// \file
/// categorical: a token drawn with its probability.

#include <cstddef>
#include <cstdint>

#include "urn/core/draw.hpp"
#include "urn/core/platform.hpp"
#include "urn/kernel/fraction.hpp"
#include "urn/processor/stage.hpp"

URN_EITHER_SIDE_BEGIN
namespace urn {

/// Draws a token i with probability p_i of what is left of the row, by exact integer masses and the bits of
/// (seed, sequence, step); a token of mass 0 is never drawn. Fills logprob, kept and mass.
struct categorical {
  using stage = sampler;
  static constexpr bool draws_by_blocks =
      true;  ///< a whole row's masses are enough, the best tokens are not asked for
  static constexpr bool draws_by_point = true;  ///< see `choice` in explain/trace.hpp

  template <class State>
  URN_HOST_DEVICE void operator()(State& row) const {
    row.settle();
    if (row.size() == 1 || !row.weigh()) {
      if (!row.has_failed()) draw_only(row);
      return;
    }
    draw& result = row.result;
    result.kept = static_cast<std::uint32_t>(row.size());
    result.mass = row.mass().total;
    if (row.is_cut) {
      const std::size_t i = row.policy.pick_kept(row.kept, row.scale(), row.mass(), row.context.key());
      take(row, row.kept.id(i), row.kept.at(i));
    } else {
      const std::size_t i =
          row.policy.pick(row.row, row.scale(), row.scratch.blocks(), row.mass(), row.context.key());
      take(row, row.row.id(i), logit_of(row, i));
    }
  }

 private:
  template <class State>
  URN_HOST_DEVICE static void take(State& row, token_id id, float logit) {
    row.result.token = id;
    row.result.logprob = kernel::log_share(logit, row.scale(), row.mass().key, row.mass().total);
  }

  /// The logit of the token that was just drawn from the row: a policy may have come by it.
  template <class State>
  [[nodiscard]] URN_HOST_DEVICE static float logit_of(const State& row, std::size_t i) {
    if constexpr (requires { row.policy.logit_of_drawn(); }) {
      return row.policy.logit_of_drawn();
    } else {
      return row.row.at(i);
    }
  }

  /// One token is left: it has the whole mass, whatever its logit.
  template <class State>
  URN_HOST_DEVICE static void draw_only(State& row) {
    row.keep_best();
    if (row.has_failed()) return;
    row.result.token = row.kept.id(0);
    row.result.logprob = 0.0F;
    row.result.kept = 1;
  }
};

}  // namespace urn
URN_EITHER_SIDE_END
