// expect-error: this stage allows or forbids tokens of the whole row: put it before the first cut (top_k,
// top_p,
#include "urn/urn.hpp"

#ifdef URN_COMPILES
constexpr auto pipeline = urn::top_k{40} | (urn::penalties{} | urn::categorical{});
#else
constexpr auto pipeline = urn::top_k{40} | (urn::bitmask{} | urn::categorical{});
#endif
