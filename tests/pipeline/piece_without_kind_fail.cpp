// expect-error: what is joined to a stage by | is no stage: a piece of one's own says by `using stage =
#include "urn/urn.hpp"

struct soft_cap {
#ifdef URN_COMPILES
  using stage = urn::elementwise_edit;
#endif
  float operator()(float logit, urn::token_id) const { return logit / 2; }
};

const auto pipeline = soft_cap{} | urn::greedy{};
