#pragma once
/// \file
/// One binary for every machine: a pipeline compiled for several instruction sets, of which the best that the
/// machine can run is chosen at start. The functions are those of the compiled target urn::dispatch.

#include <cstdint>

#include "urn/core/draw.hpp"
#include "urn/core/row.hpp"
#include "urn/core/workspace.hpp"
#include "urn/logprob/logprobs.hpp"
#include "urn/pipeline/any_pipeline.hpp"
#include "urn/processor/bitmask.hpp"
#include "urn/processor/logit_bias.hpp"
#include "urn/processor/min_p.hpp"
#include "urn/processor/min_tokens.hpp"
#include "urn/processor/penalties.hpp"
#include "urn/processor/temperature.hpp"
#include "urn/processor/top_k.hpp"
#include "urn/processor/top_p.hpp"

namespace urn {

/// What the pipeline is compiled for. `baseline` is whatever the target was configured for: on x86-64 SSE2,
/// which has no vector kernels, on aarch64 NEON; the others are the psABI's levels of x86-64.
enum class instruction_set : std::uint8_t { baseline, x86_64_v2, x86_64_v3, x86_64_v4 };

constexpr const char* name_of(instruction_set set) {
  constexpr const char* names[] = {"baseline", "x86-64-v2", "x86-64-v3", "x86-64-v4"};
  return names[static_cast<unsigned>(set)];
}

/// The one that `dispatched` draws with: the best that the processor has and the operating system lets
/// programs use, found at the first call. Thread-safe.
[[nodiscard]] instruction_set dispatched_instruction_set();

/// The pipeline
///
///     bitmask | min_tokens | logit_bias | penalties | temperature | top_k | top_p | min_p | categorical
///       | logprobs
///
/// by vectors of that instruction set. What is left out changes nothing. The draws are those of the typed
/// pipeline, bit for bit, with any instruction set. Rows may be of any type; calls into them are indirect,
/// one a block. Thread-safe as long as each thread has its own workspace.
///
///     const urn::dispatched sampler{.temperature = {0.8F}, .top_p = {0.95F}};
///     const urn::draw draw = sampler(logits, {.seed = 42}, scratch);
struct dispatched {
  urn::bitmask bitmask{};
  urn::min_tokens min_tokens{};
  urn::logit_bias logit_bias{};
  urn::penalties penalties{};
  urn::temperature temperature{};
  urn::top_k top_k{};
  urn::top_p top_p{};
  urn::min_p min_p{};
  urn::logprobs logprobs{.raw = false};

  /// Draws one token: see draw_row.
  template <class Logits>
  draw operator()(const Logits& logits, const draw_context& context, workspace& scratch) const;
};

namespace detail {

/// What is compiled for each instruction set. Only references cross over, so that no inline function is on
/// both sides.
using dispatched_draw = void(const dispatched&, const any_row&, const draw_context&, workspace&, draw& out);

/// The best one's, and a given one's, which the caller knows to run here; null if the target does not have
/// it.
dispatched_draw* best_dispatched_draw();
dispatched_draw* dispatched_draw_for(instruction_set set);

}  // namespace detail

template <class Logits>
draw dispatched::operator()(const Logits& logits, const draw_context& context, workspace& scratch) const {
  const auto row = as_row(logits);
  draw result;
  detail::best_dispatched_draw()(*this, any_row(row), context, scratch, result);
  return result;
}

}  // namespace urn
