// expect-error: the first argument of a draw is no execution policy: give urn::scalar, urn::simd, or a
#include <vector>

#include "urn/urn.hpp"

#ifdef URN_COMPILES
struct my_backend : urn::scalar_t {};
#else
struct my_backend {};
#endif

urn::draw use(const std::vector<float>& logits, urn::workspace& scratch) {
  return (urn::top_k{40} | urn::greedy{})(my_backend{}, logits, {}, scratch);
}
