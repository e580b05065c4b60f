#include <cstdio>
#include <urn/kernel/simd/policy.hpp>
#include <urn/urn.hpp>
#include <vector>

#include "custom_pieces.hpp"

int main() {
  const std::vector<float> logits{1.0F, 4.0F, 2.0F, 4.0F};
  urn::workspace scratch{logits.size()};
  // [use]
  const auto sampler = urn::temperature{0.8F} | urn::greedy{} | urn::logprobs{};
  const urn::draw plain = sampler(urn::scalar, logits, {}, scratch);
  const urn::draw slow = sampler(first_of_the_largest{urn::scalar}, logits, {}, scratch);
  const urn::draw fast = sampler(first_of_the_largest{urn::simd}, logits, {}, scratch);
  // [/use]
  std::printf("tokens %d %d %d\n", plain.token, slow.token, fast.token);
  return plain.token == 1 && slow.token == 1 && fast.token == 1 && slow.logprob == fast.logprob ? 0 : 1;
}
