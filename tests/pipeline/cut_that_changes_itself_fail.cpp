// expect-error: a scaling, cut, sampler or report needs `template <class State> void operator()(State& row)
#include <vector>

#include "urn/urn.hpp"

struct best_only {
  using stage = urn::cut;
  template <class State>
#ifdef URN_COMPILES
  void operator()(State& row) const {
#else
  void operator()(State& row) {
#endif
      row.keep_best();
}
}
;

urn::draw use(const std::vector<float>& logits, urn::workspace& scratch) {
  return (best_only{} | urn::categorical{})(urn::scalar, logits, {}, scratch);
}
