// A draw by Thrust's algorithms: compiled as plain C++ on the host, by nvcc on the GPU.
#include <urn/kernel/thrust/policy.hpp>
#include <urn/urn.hpp>

// After urn's header, with which Thrust needs no CUDA compiler.
#include <thrust/device_vector.h>

#include <cstdio>
#include <vector>

int main() {
  std::vector<float> logits(50000);
  for (std::size_t i = 0; i < logits.size(); ++i) logits[i] = static_cast<float>((i * 7919) % 1000) * 0.01F;
  constexpr auto sampler = urn::temperature{0.8F} | urn::top_k{40} | urn::top_p{0.95F} | urn::categorical{};
  urn::workspace scratch{logits.size()};

  // [thrust]
  const urn::draw slow = sampler(urn::scalar, logits, {.seed = 42}, scratch);
  const urn::draw same = sampler(urn::thrust_on(thrust::host), logits, {.seed = 42}, scratch);

  const thrust::device_vector<float> on_device(logits.begin(), logits.end());  // from your model
  const urn::device_row row{on_device};
  const urn::draw again = sampler(urn::thrust_on(thrust::device), row, {.seed = 42}, scratch);
  // [/thrust]

  std::printf("tokens %d %d %d\n", slow.token, same.token, again.token);
  const bool alike = slow.token == same.token && slow.token == again.token && slow.logprob == same.logprob &&
                     slow.logprob == again.logprob && slow.mass == again.mass;
  return alike ? 0 : 1;
}
