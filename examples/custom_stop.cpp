#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <string_view>
#include <urn/kernel/simd/policy.hpp>
#include <urn/urn.hpp>
#include <vector>

#include "custom_pieces.hpp"

constexpr std::array<std::string_view, 6> pieces{"f", "(", "x", ", g(", "y", ")) + "};

/// A text that a policy draws until the stop, or 100 tokens.
template <class Policy>
std::string text_by(Policy policy, const std::vector<float>& logits, urn::workspace& scratch) {
  std::string text;
  // [use]
  const auto sampler = urn::top_k{5} | urn::categorical{};
  const auto stop = urn::max_tokens{100} | closed_brackets{};
  auto state = stop.start();
  for (std::uint32_t step = 0;; ++step) {
    const urn::draw draw = sampler(policy, logits, {.seed = 8, .step = step}, scratch);
    const std::string_view piece = pieces[static_cast<std::size_t>(draw.token)];
    text += piece;
    const urn::stop_decision decision = stop.update(state, {.token = draw.token, .text = piece});
    if (decision.stop()) return text.substr(0, decision.keep(text.size()));
  }
  // [/use]
}

int main() {
  const std::vector<float> logits{0.3F, 0.2F, 0.1F, 0.0F, -2.0F, 0.5F};
  urn::workspace scratch{logits.size()};
  const std::string slow = text_by(urn::scalar, logits, scratch);
  const std::string fast = text_by(urn::simd, logits, scratch);
  std::printf("%s\n", slow.c_str());
  const auto count = [&](char c) { return std::count(slow.begin(), slow.end(), c); };
  return slow == fast && slow.back() == ')' && count('(') == count(')') ? 0 : 1;
}
