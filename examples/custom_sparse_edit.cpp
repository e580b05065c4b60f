#include <cstdio>
#include <urn/urn.hpp>
#include <vector>

// [edit]
struct no_stutter {  // never the last token again
  using stage = urn::sparse_edit;
  static constexpr std::size_t touches(const urn::draw_context& context) {
    return context.history.output.empty() ? 0 : 1;
  }
  static constexpr urn::touched_token touch(const urn::draw_context& context, std::size_t) {
    return {context.history.output.back(), 0};
  }
  float operator()(float, std::uint32_t) const { return urn::exact::minus_infinity; }
};
// [/edit]

int main() {
  const std::vector<float> logits{1.0F, 9.0F, 2.0F};
  const std::vector<urn::token_id> tokens{0, 1};
  urn::workspace scratch{logits.size()};
  const auto sampler = no_stutter{} | urn::greedy{};
  const urn::draw draw = sampler(urn::scalar, logits, {.history = tokens}, scratch);
  std::printf("token %d\n", draw.token);
  return draw.token == 2 ? 0 : 1;
}
