// Objects that draw with urn::simd of different instruction sets: each has its own kernels after linking, and
// they draw the same.
#include "link_isas.hpp"

#include <cmath>
#include <cstdio>

int main() {
  std::vector<float> logits(40000);
  for (std::size_t i = 0; i < logits.size(); ++i) logits[i] = 3 * std::sin(static_cast<float>(i * i % 10007));
  int wrong = 0;
  for (std::uint32_t step = 0; step < 200; ++step) {
    const drawn a = avx2(logits, step);
    const drawn b = avx512(logits, step);
    const bool apart = a.width == 8 && b.width == 16;
    const bool same = a.token == b.token && a.logprob == b.logprob && a.mass == b.mass;
    if (apart && same && a.token >= 0) continue;
    std::printf("step %u: %zu lanes draw %d, %zu lanes %d\n", step, a.width, a.token, b.width, b.token);
    ++wrong;
  }
  return wrong == 0 ? 0 : 1;
}
