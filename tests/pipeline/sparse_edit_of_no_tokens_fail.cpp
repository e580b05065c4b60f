// expect-error: a sparse_edit needs `std::size_t touches(const urn::draw_context&) const` and
#include <vector>

#include "urn/urn.hpp"

struct first_token_only {
  using stage = urn::sparse_edit;
#ifdef URN_COMPILES
  static std::size_t touches(const urn::draw_context&) { return 1; }
  static urn::touched_token touch(const urn::draw_context&, std::size_t) { return {0, 0}; }
#endif
  float operator()(float logit, std::uint32_t) const { return logit + 1; }
};

urn::draw use(const std::vector<float>& logits, urn::workspace& scratch) {
  return (first_token_only{} | urn::greedy{})(urn::scalar, logits, {}, scratch);
}
