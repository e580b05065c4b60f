#include <cstdio>
#include <urn/explain/explain.hpp>
#include <urn/urn.hpp>
#include <vector>

int main() {
  const std::vector<float> logits{1.0F, 2.5F, 0.3F, 2.4F, -1.0F};
  urn::workspace scratch{logits.size()};
  // [explain]
  const auto sampler = urn::temperature{0.8F} | urn::top_k{3} | urn::min_p{0.2F} | urn::categorical{};
  const urn::trace seen = urn::explain(urn::scalar, sampler, logits, {.seed = 42}, scratch);
  for (const urn::trace_step& step : seen.steps) {
    std::printf("%-16s %zu left, %.1f%% of the mass, entropy %.3f, %zu removed\n", step.stage.c_str(),
                step.size(), 100 * static_cast<double>(step.mass), static_cast<double>(step.entropy),
                step.removed.size());
  }
  // [/explain]
  std::printf("token %d, number %zu of %zu\n", seen.drawn.token, seen.steps.back().rank(seen.drawn.token),
              seen.steps.back().size());

  // [any]
  urn::any_pipeline<urn::explaining<>> pipeline;
  if (pipeline.append(urn::top_k{3}) != urn::misplaced::no) return 1;
  if (pipeline.append(urn::categorical{}) != urn::misplaced::no) return 1;
  const urn::trace of_any = urn::explain(urn::scalar, pipeline, logits, {.seed = 42}, scratch);
  // [/any]
  const bool as_plain = sampler(urn::scalar, logits, {.seed = 42}, scratch).token == seen.drawn.token;
  return as_plain && of_any.steps.size() == 3 ? 0 : 1;
}
