#include <cstdio>
#include <urn/urn.hpp>
#include <vector>

int main() {
  std::vector<float> logits(1000);
  for (std::size_t i = 0; i < logits.size(); ++i) logits[i] = -0.01F * static_cast<float>(i);
  urn::workspace scratch{logits.size()};
  const float before = urn::mirostat_state({.tau = 3}).mu();
  // [state]
  urn::mirostat_state state{{.tau = 3, .eta = 0.1F}};
  for (std::uint32_t step = 0; step < 100; ++step) {
    const auto sampler = urn::temperature{0.8F} | urn::mirostat_v2{state.mu()};
    const urn::draw draw = sampler(urn::scalar, logits, {.seed = 42, .step = step}, scratch);
    state.accept(draw);
  }
  // [/state]
  std::printf("mu went from %g to %g\n", static_cast<double>(before), static_cast<double>(state.mu()));
  state.rollback(100);
  return state.mu() == before ? 0 : 1;
}
