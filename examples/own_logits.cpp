#include <cstdio>
#include <urn/urn.hpp>
#include <vector>

int main() {
  const std::vector<float> logits{1.0F, 2.5F, 0.3F, 2.4F};  // from your model: one for each token
  const std::vector<urn::token_id> tokens{0, 3};            // what was said so far
  constexpr auto sampler = urn::penalties{.repetition = 1.1F} | urn::temperature{0.8F} | urn::top_k{40} |
                           urn::top_p{0.95F} | urn::categorical{};
  urn::workspace scratch{logits.size()};  // once for each thread
  const urn::draw draw = sampler(urn::scalar, logits, {.history = tokens, .seed = 42, .step = 2}, scratch);
  std::printf("token %d, logprob %.4f\n", draw.token, static_cast<double>(draw.logprob));
  return urn::failed(draw.status) ? 1 : 0;
}
