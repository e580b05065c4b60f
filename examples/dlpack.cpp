// Logits and a grammar's bitmask as DLPack tensors, read where they lie.
#include <dlpack/dlpack.h>

#include <cstdio>
#include <urn/adapt/dlpack.hpp>
#include <urn/urn.hpp>
#include <vector>

// [draw]
/// Draws a token for each row of `logits`, (batch, vocabulary), of which the grammar's `allowed` has a row
/// too.
urn::tensor_problem draw_all(const DLTensor& logits, const DLTensor& allowed, std::vector<urn::draw>& out) {
  urn::tensor_problem wrong = urn::tensor_problem::no;
  const auto draw_rows = [&](auto batch) {  // a batch_view of float, bfloat16 or float16
    urn::workspace scratch{batch.columns};
    for (std::size_t r = 0; r < batch.rows; ++r) {
      urn::bitmask mask;
      wrong = urn::read_mask(allowed, r, urn::tensor_memory::host, mask);
      if (wrong != urn::tensor_problem::no) return;
      const auto sampler = mask | urn::temperature{0.8F} | urn::top_p{0.95F} | urn::categorical{};
      out.push_back(sampler(urn::scalar, batch.row(r), {.seed = 42, .sequence = r}, scratch));
    }
  };
  const urn::tensor_problem refused = urn::with_logits(logits, urn::tensor_memory::host, draw_rows);
  return refused != urn::tensor_problem::no ? refused : wrong;
}
// [/draw]

int main() {
  constexpr int rows = 3, vocabulary = 100, words = (vocabulary + 31) / 32;
  std::vector<float> logits(rows * vocabulary);
  for (std::size_t i = 0; i < logits.size(); ++i) logits[i] = static_cast<float>((i * 7919) % 101) * 0.05F;
  std::vector<std::int32_t> bits(rows * words, 0x24924924);  // of each word's tokens 2, 5, 8, ...
  std::int64_t shape[] = {rows, vocabulary}, mask_shape[] = {rows, words};
  DLTensor tensor{}, mask{};
  tensor.data = logits.data(), mask.data = bits.data();
  tensor.device.device_type = mask.device.device_type = kDLCPU;
  tensor.ndim = mask.ndim = 2;
  tensor.dtype = {kDLFloat, 32, 1}, mask.dtype = {kDLInt, 32, 1};
  tensor.shape = shape, mask.shape = mask_shape;

  std::vector<urn::draw> out;
  if (draw_all(tensor, mask, out) != urn::tensor_problem::no || out.size() != rows) return 1;
  for (const urn::draw& d : out) {
    std::printf("token %d\n", d.token);
    if (d.token < 0 || d.token % 32 % 3 != 2) return 1;
  }
  tensor.dtype.bits = 64;  // what urn does not read it says
  const urn::tensor_problem wrong = draw_all(tensor, mask, out);
  std::puts(urn::sentence(wrong));
  return wrong == urn::tensor_problem::element && out.size() == rows ? 0 : 1;
}
