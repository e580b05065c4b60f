// A shared library that draws from PyTorch's tensors on the CPU, without a copy: see draw.py.
#if __has_include(<dlpack/dlpack.h>)
#include <dlpack/dlpack.h>
#else
#include <ATen/dlpack.h>  // PyTorch's own
#endif

#include <cstdint>
#include <urn/adapt/dlpack.hpp>
#include <urn/urn.hpp>
#include <vector>

/// Draws a token for each row of `logits` to tokens[]; `allowed`, (batch, words) of int32, may be null.
/// Returns what is wrong, in a sentence, or null.
extern "C" const char* urn_draw(const DLManagedTensor* logits, const DLManagedTensor* allowed,
                                float temperature, float top_p, std::uint64_t seed, std::uint32_t step,
                                std::int32_t* tokens) {
  urn::tensor_problem wrong = urn::tensor_problem::no;
  const auto draw_rows = [&](auto batch) {
    urn::workspace scratch{batch.columns};
    for (std::size_t r = 0; r < batch.rows; ++r) {
      urn::bitmask mask;
      if (allowed != nullptr) wrong = urn::read_mask(*allowed, r, urn::tensor_memory::host, mask);
      if (wrong != urn::tensor_problem::no) return;
      const auto sampler = mask | urn::temperature{temperature} | urn::top_p{top_p} | urn::categorical{};
      const urn::draw_context context{.seed = seed, .sequence = r, .step = step};
      tokens[r] = sampler(urn::scalar, batch.row(r), context, scratch).token;
    }
  };
  const urn::tensor_problem refused = urn::with_logits(*logits, urn::tensor_memory::host, draw_rows);
  if (refused != urn::tensor_problem::no) wrong = refused;
  return wrong == urn::tensor_problem::no ? nullptr : urn::sentence(wrong);
}
