// expect-error: this pipeline draws nothing: end it with a sampler (greedy, categorical)
#include <span>

#include "urn/urn.hpp"

void use(urn::batch_view<float> batch, std::span<const urn::draw_context> contexts, std::span<urn::draw> out,
         urn::workspace& scratch) {
#ifdef URN_COMPILES
  const auto pipeline = urn::temperature{0.8F} | (urn::top_k{40} | urn::greedy{});
#else
  const auto pipeline = urn::temperature{0.8F} | (urn::top_k{40} | urn::top_p{0.9F});
#endif
  pipeline(urn::scalar, batch, contexts, out, scratch);
}
