#include <cstdio>
#include <urn/kernel/simd/policy.hpp>
#include <urn/urn.hpp>
#include <vector>

#include "custom_pieces.hpp"

int main() {
  const std::vector<float> logits{3.0F, 2.5F, 2.4F, 2.2F, -1.0F};  // 2.3 = 3 - ln 2: half as likely
  urn::workspace scratch{logits.size()};
  // [use]
  const auto sampler = urn::temperature{1.0F} | within_bits{1} | urn::categorical{} | urn::logprobs{};
  const urn::draw slow = sampler(urn::scalar, logits, {.seed = 4}, scratch);
  const urn::draw fast = sampler(urn::simd, logits, {.seed = 4}, scratch);
  // [/use]
  std::printf("token %d of %u kept, and %d of %u\n", slow.token, slow.kept, fast.token, fast.kept);
  return slow.kept == 3 && slow.token == fast.token && slow.mass == fast.mass ? 0 : 1;
}
