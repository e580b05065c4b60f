#include <cstdio>
#include <urn/urn.hpp>
#include <vector>

// [choices]
constexpr auto chat = urn::temperature{0.8F} | urn::min_p{0.05F} | urn::categorical{};
constexpr auto usual = urn::temperature{0.7F} | urn::top_k{40} | urn::top_p{0.95F} | urn::categorical{};
constexpr auto varied = urn::dry{.multiplier = 0.8F} | urn::temperature{1.1F} | urn::min_p{0.05F} |
                        urn::xtc{.threshold = 0.1F, .probability = 0.5F} | urn::categorical{};
constexpr auto code = urn::temperature{0.2F} | urn::top_p{0.95F} | urn::categorical{};
constexpr auto rollout = urn::temperature{1.0F} | urn::categorical{} | urn::logprobs{};
constexpr auto exam = urn::greedy{} | urn::logprobs{};
// [/choices]

int main() {
  const std::vector<float> logits{1.0F, 5.0F, 4.5F, 4.0F, -3.0F};
  urn::workspace scratch{logits.size()};
  const auto kept = [&](const auto& sampler) {
    return sampler(urn::scalar, logits, {.seed = 42}, scratch).kept;
  };
  std::printf("kept: chat %u, usual %u, varied %u, code %u, rollout %u, exam %u\n", kept(chat), kept(usual),
              kept(varied), kept(code), kept(rollout), kept(exam));
  return kept(chat) == 3 && kept(code) == 2 && kept(rollout) == 5 ? 0 : 1;
}
