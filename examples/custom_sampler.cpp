#include <array>
#include <cstdio>
#include <urn/kernel/simd/policy.hpp>
#include <urn/urn.hpp>
#include <vector>

#include "custom_pieces.hpp"

int main() {
  const std::vector<float> logits{0.0F, 5.0F, 1.0F, 4.0F};
  urn::workspace scratch{logits.size()};
  // [use]
  const auto sampler = urn::top_k{2} | epsilon_greedy{0.25F} | urn::logprobs{};
  // [/use]
  std::array<int, 4> drawn{};
  bool same = true;
  for (std::uint32_t step = 0; step < 1000; ++step) {
    const urn::draw slow = sampler(urn::scalar, logits, {.seed = 3, .step = step}, scratch);
    const urn::draw fast = sampler(urn::simd, logits, {.seed = 3, .step = step}, scratch);
    same = same && slow.token == fast.token && slow.logprob == fast.logprob;
    ++drawn[static_cast<std::size_t>(slow.token)];
  }
  std::printf("the best token %d times, the other of two %d times\n", drawn[1], drawn[3]);
  const bool as_expected = drawn[3] > 90 && drawn[3] < 160 && drawn[1] + drawn[3] == 1000;  // 125
  return same && as_expected ? 0 : 1;
}
