// A batch drawn on a GPU, and on the host.
//
//     nvcc -std=c++20 --expt-relaxed-constexpr -arch=native -I include examples/cuda_batch.cu -o cuda_batch
//     && ./cuda_batch
#include <thrust/device_vector.h>
#include <thrust/host_vector.h>

#include <cstdio>
#include <urn/pipeline/cuda/policy.hpp>
#include <urn/urn.hpp>

constexpr auto sampler = urn::temperature{0.8F} | urn::top_k{40} | urn::top_p{0.95F} | urn::categorical{};

int main() {
  constexpr std::size_t rows = 64, vocabulary = 50000;
  const cudaStream_t stream = nullptr;
  thrust::host_vector<float> host(rows * vocabulary);
  for (std::size_t i = 0; i < host.size(); ++i) host[i] = static_cast<float>((i * 7919) % 1009) * 0.01F;

  // [setup]
  thrust::device_vector<unsigned char> memory(urn::cuda_workspace::bytes(rows, vocabulary));
  const urn::cuda_workspace scratch{memory.data().get(), memory.size(), rows, vocabulary};
  scratch.clear(stream);  // once, before the first draw
  // [/setup]

  // [batch]
  const thrust::device_vector<float> logits = host;  // from your model
  thrust::host_vector<urn::draw_context> requests(rows);
  for (std::size_t r = 0; r < rows; ++r) requests[r] = {.seed = 42, .sequence = r};
  const thrust::device_vector<urn::draw_context> contexts = requests;
  thrust::device_vector<urn::draw> out(rows);

  const urn::batch_view<float> batch{logits.data().get(), rows, vocabulary, vocabulary};
  const urn::status status =
      sampler(urn::cuda{stream}, batch, {contexts.data().get(), rows}, {out.data().get(), rows}, scratch);
  // [/batch]

  const thrust::host_vector<urn::draw> drawn = out;
  urn::workspace here{vocabulary};
  std::size_t same = 0;
  for (std::size_t r = 0; r < rows; ++r) {
    const urn::row_view<float> row{host.data() + r * vocabulary, vocabulary};
    const urn::draw again = sampler(urn::scalar, row, requests[r], here);
    same += drawn[r].token == again.token && drawn[r].logprob == again.logprob ? 1 : 0;
  }
  std::printf("%zu of %zu rows drew the same token and logprob as the host\n", same, rows);
  return status == urn::status::ok && same == rows ? 0 : 1;
}
