// Tensors of ONNX Runtime itself, read in place.
#include <onnxruntime_cxx_api.h>

#include <cstdint>
#include <cstdio>
#include <vector>

#include "urn/adapt/onnxruntime.hpp"
#include "urn/urn.hpp"

static_assert(urn::onnxruntime_value<Ort::Value> && urn::onnxruntime_value<Ort::ConstValue>);

namespace {

/// A value over memory of its caller's, as a session's output is one over its own.
template <class T>
Ort::Value value_over(std::vector<T>& data, std::vector<std::int64_t> shape, ONNXTensorElementDataType type) {
  const auto memory = Ort::MemoryInfo::CreateCpu(OrtDeviceAllocator, OrtMemTypeCPU);
  return Ort::Value::CreateTensor(memory, data.data(), data.size() * sizeof(T), shape.data(), shape.size(),
                                  type);
}

/// Whether the value's last places are drawn from as rows of `expected`.
template <class T>
bool draws_alike(const char* what, const Ort::Value& value, const std::vector<T>& expected,
                 std::size_t places) {
  constexpr auto sampler = urn::temperature{0.8F} | urn::top_p{0.95F} | urn::categorical{};
  std::size_t alike = 0, rows = 0;
  const auto wrong = urn::with_logits(value, urn::tensor_memory::host, [&](auto batch) {
    urn::workspace scratch{batch.columns};
    rows = batch.rows;
    for (std::size_t r = 0; r < rows; ++r) {
      const std::span row =
          std::span(expected).subspan((r * places + places - 1) * batch.columns, batch.columns);
      const urn::draw_context context{.seed = 42, .sequence = r};
      const urn::draw here = sampler(urn::scalar, row, context, scratch);
      const bool in_place = static_cast<const void*>(batch.row(r).data()) == row.data();
      alike += in_place && here.token >= 0 &&
               sampler(urn::scalar, batch.row(r), context, scratch).token == here.token;
    }
  });
  std::printf("%s: %zu of %zu rows\n", what, alike, rows);
  return wrong == urn::tensor_problem::no && rows > 0 && alike == rows;
}

}  // namespace

int main() {
  constexpr std::int64_t batch = 5, places = 3, vocabulary = 4000;
  std::vector<float> floats(batch * places * vocabulary);
  for (std::size_t i = 0; i < floats.size(); ++i) floats[i] = static_cast<float>((i * 7919) % 1009) * 0.02F;
  std::vector<urn::bfloat16> bfloats;
  std::vector<urn::float16> halves;
  for (const float x : floats) bfloats.push_back(urn::to_bfloat16(x)), halves.push_back(urn::to_float16(x));
  const std::vector<std::int64_t> shape{batch, places, vocabulary};

  bool good =
      draws_alike("float", value_over(floats, shape, ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT), floats, places);
  good &= draws_alike("bfloat16", value_over(bfloats, shape, ONNX_TENSOR_ELEMENT_DATA_TYPE_BFLOAT16), bfloats,
                      places);
  good &= draws_alike("float16", value_over(halves, shape, ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16), halves,
                      places);
  const Ort::Value others = value_over(floats, shape, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32);
  const auto wrong = urn::with_logits(others, urn::tensor_memory::host, [](auto) {});
  std::puts(urn::sentence(wrong));
  return good && wrong == urn::tensor_problem::element ? 0 : 1;
}
