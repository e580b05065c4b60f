#pragma once
/// \file
/// renormalise: nothing to do.

#include "urn/core/platform.hpp"
#include "urn/processor/stage.hpp"

URN_EITHER_SIDE_BEGIN
namespace urn {

/// Stands where other engines divide the probabilities by their sum again (transformers' renormalize_logits).
/// In urn no stage leaves them otherwise: each measures the mass of what came in, and the sampler and its
/// logprobs that of what is left. Changes no bit.
struct renormalise {
  using stage = scaling;

  [[nodiscard]] static constexpr bool neutral() { return true; }
  template <class State>
  URN_HOST_DEVICE void operator()(State&) const {}
};

}  // namespace urn
URN_EITHER_SIDE_END
