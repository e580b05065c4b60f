// For the oldest architecture and one of the newest: a batch, all kernels of a draw, a sampler for each row.

#include "urn/pipeline/cuda/policy.hpp"
#include "urn/urn.hpp"

urn::status draw(urn::cuda policy, urn::batch_view<urn::bfloat16> batch,
                 std::span<const urn::draw_context> contexts, std::span<urn::draw> out,
                 const urn::cuda_workspace& scratch) {
  const auto sampler = urn::temperature{0.8F} | urn::top_k{40} | urn::top_p{0.9F} | urn::categorical{};
  using sampler_type = decltype(sampler);
  const urn::status one = sampler(policy, batch, contexts, out, scratch);
  return one | urn::draw_rows(policy, std::span<const std::remove_const_t<sampler_type>>(), batch, contexts,
                              out, scratch);
}
