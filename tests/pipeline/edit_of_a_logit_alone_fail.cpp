// expect-error: an elementwise_edit needs `float operator()(float logit, urn::token_id id) const`
#include <vector>

#include "urn/urn.hpp"

struct soft_cap {
  using stage = urn::elementwise_edit;
#ifdef URN_COMPILES
  float operator()(float logit, urn::token_id) const { return logit / 2; }
#else
  float operator()(float logit) const { return logit / 2; }
#endif
};

urn::draw use(const std::vector<float>& logits, urn::workspace& scratch) {
  return (soft_cap{} | urn::greedy{})(urn::scalar, logits, {}, scratch);
}
