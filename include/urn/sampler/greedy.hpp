#pragma once
/// \file
/// greedy: the best token.

#include <cstdint>

#include "urn/core/platform.hpp"
#include "urn/kernel/scalar/max.hpp"
#include "urn/processor/stage.hpp"

URN_EITHER_SIDE_BEGIN
namespace urn {

/// The largest logit, the lowest id among equals; NaN never wins. Reads the row once and weighs nothing:
/// `logprob` is filled only by a later `logprobs`. Uses no random bits.
struct greedy {
  using stage = sampler;

  template <class State>
  URN_HOST_DEVICE void operator()(State& row) const {
    row.foresee();
    const kernel::row_max best = row.best();
    row.result.status |= best.status;
    row.result.token = best.token();
    row.result.kept = static_cast<std::uint32_t>(row.size());
  }
};

}  // namespace urn
URN_EITHER_SIDE_END
