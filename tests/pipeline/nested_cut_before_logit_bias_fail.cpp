// expect-error: this stage allows or forbids tokens of the whole row: put it before the first cut (top_k,
// top_p,
#include "urn/urn.hpp"

#ifdef URN_COMPILES
constexpr auto pipeline = (urn::logit_bias{} | urn::temperature{}) | (urn::top_k{40} | urn::greedy{});
#else
constexpr auto pipeline = (urn::temperature{} | urn::top_k{40}) | (urn::logit_bias{} | urn::greedy{});
#endif
