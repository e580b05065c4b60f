// expect-error: using stage` is one of urn::elementwise_edit, sparse_edit, row_edit, relative_edit, scaling
#include <vector>

#include "urn/urn.hpp"

struct edit {};
struct soft_cap {
#ifdef URN_COMPILES
  using stage = urn::elementwise_edit;
#else
  using stage = edit;
#endif
  float operator()(float logit, urn::token_id) const { return logit / 2; }
};

urn::draw use(const std::vector<float>& logits, urn::workspace& scratch) {
  return (soft_cap{} | urn::greedy{})(urn::scalar, logits, {}, scratch);
}
