// expect-error: only an any_pipeline<urn::explaining<P>> can be explained
#include "urn/explain/explain.hpp"
#ifdef URN_COMPILES
using pipeline = urn::any_pipeline<urn::explaining<>>;
#else
using pipeline = urn::any_pipeline<>;
#endif
urn::trace use(const pipeline& p, const std::vector<float>& logits, urn::workspace& scratch) {
  return urn::explain(urn::scalar, p, logits, {}, scratch);
}
