// expect-error: this pipeline draws nothing: end it with a sampler (greedy, categorical)
#include <vector>

#include "urn/urn.hpp"

urn::draw use(const std::vector<float>& logits, urn::workspace& scratch) {
#ifdef URN_COMPILES
  const auto pipeline = urn::temperature{0.8F} | urn::top_k{40} | urn::categorical{};
#else
  const auto pipeline = urn::temperature{0.8F} | urn::top_k{40};
#endif
  return pipeline(urn::scalar, logits, {}, scratch);
}
