// expect-error: logprobs reports on a drawn token: put it after the sampler (greedy, categorical)
#include "urn/urn.hpp"

#ifdef URN_COMPILES
constexpr auto pipeline = urn::top_k{40} | (urn::categorical{} | urn::logprobs{});
#else
constexpr auto pipeline = urn::top_k{40} | (urn::temperature{} | urn::logprobs{});
#endif
