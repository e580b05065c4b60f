#include <cstdio>
#include <urn/urn.hpp>
#include <vector>

int main() {
  constexpr urn::token_id think = 0, answer = 1;
  const std::vector<float> logits{0.0F, 0.0F, 9.0F, 5.0F};  // goes on thinking, if it is let
  urn::workspace scratch{logits.size()};
  std::vector<urn::token_id> output;

  // [budget]
  urn::reasoning_state state{{.begins = {{think}}, .ends = {{answer}}, .forced = {answer}, .budget = 3}};
  state.accept(think);  // the prompt's last token
  while (state.now() != urn::reasoning_state::phase::outside) {
    const auto sampler = state.next() | urn::temperature{0.8F} | urn::categorical{};
    const urn::draw draw = sampler(urn::scalar, logits, {.history = output, .seed = 42}, scratch);
    state.accept(draw.token);
    output.push_back(draw.token);
  }
  // [/budget]

  // [guided]
  const std::vector<float> without_prompt{0.0F, 0.0F, 9.0F, 1.0F};
  const auto row = urn::guided(urn::scalar, logits, without_prompt, 4.0F, scratch);
  const urn::draw guided = (urn::top_k{1} | urn::categorical{})(urn::scalar, row, {}, scratch);
  // [/guided]

  std::printf("%zu tokens, then %d\n", output.size(), guided.token);
  return output.size() == 4 && output.back() == answer && guided.token == 3 ? 0 : 1;
}
