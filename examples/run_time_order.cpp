#include <cstdio>
#include <string>
#include <urn/urn.hpp>
#include <vector>

// [pipeline]
/// Stages in the order of their names, as a configuration file would list them.
urn::misplaced build(urn::any_pipeline<>& pipeline, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    urn::misplaced wrong = urn::misplaced::no;
    if (name == "temperature") wrong = pipeline.append(urn::temperature{0.8F});
    if (name == "top_k") wrong = pipeline.append(urn::top_k{3});
    if (name == "top_p") wrong = pipeline.append(urn::top_p{0.9F});
    if (name == "draw") wrong = pipeline.append(urn::categorical{});
    if (wrong != urn::misplaced::no) return wrong;
  }
  return urn::misplaced::no;
}
// [/pipeline]

int main() {
  const std::vector<float> logits{1.0F, 2.5F, 0.3F, 2.4F};
  urn::workspace scratch{logits.size()};
  urn::any_pipeline<> good;
  if (build(good, {"top_p", "top_k", "temperature", "draw"}) != urn::misplaced::no) return 1;
  std::printf("token %d\n", good(logits, {.seed = 5}, scratch).token);

  urn::any_pipeline<> bad;
  const urn::misplaced wrong = build(bad, {"draw", "top_k"});
  std::printf("%s\n", urn::sentence(wrong));
  return wrong == urn::misplaced::after_draw ? 0 : 1;
}
