#include <urn/urn.hpp>
#include <vector>

#ifdef FOUND_VERSION  // what the package says it is
static_assert(urn::version == urn::version_number{FOUND_VERSION});
#endif

int main() {
  const std::vector<float> logits{1.0F, 2.5F, 0.3F};
  constexpr auto sampler = urn::temperature{0.8F} | urn::top_k{2} | urn::categorical{};
  urn::workspace scratch{logits.size()};
  const urn::draw draw = sampler(urn::scalar, logits, {.seed = 42}, scratch);
  return urn::failed(draw.status) || draw.token == 2 ? 1 : 0;
}
