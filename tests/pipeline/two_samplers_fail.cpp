// expect-error: the token is already drawn: only reports (logprobs) can follow a sampler (greedy,
// categorical)
#include "urn/urn.hpp"

#ifdef URN_COMPILES
constexpr auto pipeline = urn::top_k{40} | urn::categorical{};
#else
constexpr auto pipeline = urn::top_k{40} | urn::categorical{} | urn::greedy{};
#endif
