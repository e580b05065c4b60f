#include <cstdio>
#include <span>
#include <urn/kernel/simd/policy.hpp>
#include <urn/urn.hpp>
#include <vector>

constexpr auto sampler = urn::temperature{0.8F} | urn::top_k{40} | urn::top_p{0.95F} | urn::categorical{};

// [backend]
/// The kernels of another policy, one of them with a note of how often it ran.
template <urn::execution_policy Base>
struct counting : Base {
  int* passes;

  counting(Base base, int& count) : Base(base), passes(&count) {}

  template <urn::logits_row Row>
  urn::kernel::row_scan scan(const Row& row, std::span<float> maxima) const {
    if (!maxima.empty()) ++*passes;  // a whole row, not a kept set
    return Base::scan(row, maxima);
  }
};
// [/backend]

std::vector<float> some_logits(std::size_t count) {
  std::vector<float> logits(count);
  for (std::size_t i = 0; i < count; ++i) logits[i] = static_cast<float>((i * 7919) % 1000) * 0.01F;
  return logits;
}

int main() {
  constexpr std::size_t vocabulary = 50000;
  constexpr std::size_t rows = 8;
  const std::vector<float> logits = some_logits(vocabulary * rows);

  // [simd]
  urn::workspace scratch{vocabulary};
  const std::span row = std::span(logits).first(vocabulary);
  const urn::draw slow = sampler(urn::scalar, row, {.seed = 42}, scratch);
  const urn::draw fast = sampler(urn::simd, row, {.seed = 42}, scratch);  // the same token, the same bits
  // [/simd]

  // [batch]
  urn::thread_pool pool{2};
  std::vector<urn::workspace> workspaces(pool.size(), urn::workspace{vocabulary});
  std::vector<urn::draw_context> contexts(rows);
  for (std::size_t r = 0; r < rows; ++r) contexts[r] = {.seed = 42, .sequence = r};
  std::vector<urn::draw> out(rows);

  const urn::batch_view<float> batch{logits.data(), rows, vocabulary, vocabulary};
  sampler(urn::parallel{urn::simd, pool}, batch, contexts, out, std::span(workspaces));
  // [/batch]

  int passes = 0;
  const urn::draw counted = sampler(counting{urn::simd, passes}, row, {.seed = 42}, scratch);

  std::printf("tokens %d %d %d %d, %d pass over the row\n", slow.token, fast.token, counted.token,
              out[0].token, passes);
  const bool same = slow.token == fast.token && slow.token == counted.token && slow.token == out[0].token &&
                    slow.logprob == fast.logprob && slow.mass == fast.mass;
  return same && passes == 1 ? 0 : 1;
}
