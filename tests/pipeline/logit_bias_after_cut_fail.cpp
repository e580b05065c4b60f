// expect-error: this stage allows or forbids tokens of the whole row: put it before the first cut (top_k,
// top_p,
#include "urn/urn.hpp"

#ifdef URN_COMPILES
constexpr auto pipeline = urn::logit_bias{} | urn::top_p{0.9F};
#else
constexpr auto pipeline = urn::top_p{0.9F} | urn::logit_bias{};
#endif
