// One of the objects of link_isas.cpp.
#include "link_isas.hpp"
#include "urn/kernel/simd/policy.hpp"
#include "urn/urn.hpp"

drawn URN_ISA(const std::vector<float>& logits, std::uint32_t step) {
  constexpr auto sampler =
      urn::temperature{0.8F} | urn::top_k{500} | urn::top_p{0.95F} | urn::categorical{} | urn::logprobs{};
  urn::workspace scratch(logits.size());
  const urn::draw d = sampler(urn::simd, logits, {.seed = 7, .step = step}, scratch);
  return {urn::native_simd_t::lanes::width, d.token, d.logprob, d.mass};
}
