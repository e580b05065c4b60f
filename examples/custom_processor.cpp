#include <cmath>
#include <cstdio>
#include <urn/urn.hpp>
#include <vector>

// [processor]
struct soft_cap {  // Gemma's: no logit beyond +-cap
  using stage = urn::elementwise_edit;
  float cap;
  float operator()(float logit, urn::token_id) const { return cap * std::tanh(logit / cap); }
};

constexpr auto sampler = soft_cap{30.0F} | urn::temperature{0.7F} | urn::min_p{0.05F} | urn::categorical{};
// [/processor]

int main() {
  const std::vector<float> logits{10.0F, 50.0F, 49.0F, -3.0F};
  urn::workspace scratch{logits.size()};
  const urn::draw draw = sampler(urn::scalar, logits, {.seed = 1}, scratch);
  std::printf("token %d of %u kept\n", draw.token, draw.kept);
  return draw.kept == 2 ? 0 : 1;
}
