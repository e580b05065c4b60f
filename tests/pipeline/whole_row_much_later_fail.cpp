// expect-error: this stage allows or forbids tokens of the whole row: put it before the first cut (top_k,
// top_p,
#include "urn/urn.hpp"

#ifdef URN_COMPILES
constexpr auto pipeline = urn::bitmask{} | urn::top_k{40} | urn::penalties{} | urn::temperature{};
#else
constexpr auto pipeline = urn::top_k{40} | urn::penalties{} | urn::temperature{} | urn::bitmask{};
#endif
