// expect-error: this stage allows or forbids tokens of the whole row: put it before the first cut (top_k,
// top_p,
#include "urn/urn.hpp"

#ifdef URN_COMPILES
constexpr auto pipeline = urn::min_tokens{} | urn::min_p{0.1F};
#else
constexpr auto pipeline = urn::min_p{0.1F} | urn::min_tokens{};
#endif
