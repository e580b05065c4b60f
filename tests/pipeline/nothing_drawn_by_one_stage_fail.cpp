// expect-error: this pipeline draws nothing: end it with a sampler (greedy, categorical)
#include <vector>

#include "urn/urn.hpp"

urn::draw use(const std::vector<float>& logits, urn::workspace& scratch) {
#ifdef URN_COMPILES
  return urn::draw_row(urn::scalar, urn::categorical{}, logits, {}, scratch);
#else
  return urn::draw_row(urn::scalar, urn::top_p{0.9F}, logits, {}, scratch);
#endif
}
