// expect-error: the token is already drawn: only reports (logprobs) can follow a sampler (greedy,
// categorical)
#include "urn/urn.hpp"

#ifdef URN_COMPILES
constexpr auto pipeline = urn::temperature{0.8F} | urn::categorical{};
#else
constexpr auto pipeline = urn::categorical{} | urn::temperature{0.8F};
#endif
