// The pipeline of urn::dispatched for one instruction set: compiled once for each, with its flags. All that
// it defines but the one function is made local afterwards: see cmake/dispatch.cmake.
#include "urn/adapt/dispatch.hpp"
#include "urn/kernel/simd/policy.hpp"
#include "urn/pipeline/pipeline.hpp"
#include "urn/sampler/categorical.hpp"

extern "C" void URN_DISPATCHED_DRAW(const urn::dispatched& d, const urn::dispatched_row& row,
                                    const urn::draw_context& context, urn::workspace& scratch,
                                    urn::draw& out) {
  const auto pipeline = d.bitmask | d.min_tokens | d.logit_bias | d.penalties | d.temperature | d.top_k |
                        d.top_p | d.min_p | urn::categorical{} | d.logprobs;
  out = urn::draw_row(urn::simd, pipeline, row, context, scratch);
}
