// Tensors of other libraries as rows: DLPack's structs and ONNX Runtime's members, copied by hand, with their
// numbers.
#include "urn/adapt/tensor.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "urn/adapt/dlpack.hpp"
#include "urn/adapt/onnxruntime.hpp"
#include "urn/urn.hpp"

namespace {

using urn::tensor_memory;
using urn::tensor_problem;
using sizes = std::vector<std::int64_t>;

enum dl_device_type : std::int32_t { cpu = 1, cuda = 2, cuda_host = 3, opencl = 4, cuda_managed = 13 };
struct dl_device {
  dl_device_type device_type = cpu;
  std::int32_t device_id = 0;
};
struct dl_type {
  std::uint8_t code = 2, bits = 32;
  std::uint16_t lanes = 1;
};
struct DLTensor {
  void* data = nullptr;
  dl_device device;
  std::int32_t ndim = 0;
  dl_type dtype;
  std::int64_t* shape = nullptr;
  std::int64_t* strides = nullptr;
  std::uint64_t byte_offset = 0;
};
struct DLManagedTensor {
  DLTensor dl_tensor;
  void* manager_ctx = nullptr;
  void (*deleter)(DLManagedTensor*) = nullptr;
};
static_assert(urn::dlpack_tensor<DLTensor> && urn::dlpack_managed_tensor<DLManagedTensor>);
static_assert(!urn::dlpack_tensor<DLManagedTensor> && !urn::dlpack_tensor<urn::foreign_tensor>);

DLTensor tensor_over(void* data, sizes& shape, dl_type type = {}) {
  return {data, {}, static_cast<std::int32_t>(shape.size()), type, shape.data()};
}

/// What `use` was given, whatever its type.
struct seen {
  const void* data = nullptr;
  std::size_t rows = 0, columns = 0, stride = 0, element = 0;
  bool operator==(const seen&) const = default;
};

template <class Tensor>
std::pair<tensor_problem, seen> look(const Tensor& tensor, tensor_memory from = tensor_memory::host) {
  seen s;
  const auto problem = urn::with_logits(tensor, from, [&]<class T>(urn::batch_view<T> b) {
    s = {b.data, b.rows, b.columns, b.stride, std::is_same_v<T, urn::bfloat16> ? 3U : sizeof(T)};
  });
  return {problem, s};
}

/// The problem alone; a refused tensor reaches nobody.
template <class Tensor>
tensor_problem problem_of(const Tensor& tensor, tensor_memory from = tensor_memory::host) {
  const auto [problem, s] = look(tensor, from);
  EXPECT_EQ(s == seen{}, problem != tensor_problem::no);
  return problem;
}

class Tensor : public testing::Test {
 protected:
  std::vector<float> memory_ = std::vector<float>(64);

  seen expected(std::size_t first, std::size_t rows, std::size_t columns, std::size_t stride) {
    return {memory_.data() + first, rows, columns, stride, 4};
  }
};

TEST_F(Tensor, ShapesAreRows) {
  sizes one{7}, batch{3, 7}, places{3, 2, 7}, single{1, 7};
  EXPECT_EQ(look(tensor_over(memory_.data(), one)).second, expected(0, 1, 7, 7));
  EXPECT_EQ(look(tensor_over(memory_.data(), batch)).second, expected(0, 3, 7, 7));
  EXPECT_EQ(look(tensor_over(memory_.data(), places)).second, expected(7, 3, 7, 14));
  EXPECT_EQ(look(tensor_over(memory_.data(), single)).second, expected(0, 1, 7, 7));
}

TEST_F(Tensor, StridesOfRowsAndPlaces) {
  sizes batch{3, 7}, wide{16, 1}, places{2, 3, 5}, transposed{5, 10, 1}, single{1, 7}, any{0, 1};
  DLTensor t = tensor_over(memory_.data(), batch);
  t.strides = wide.data();
  EXPECT_EQ(look(t).second, expected(0, 3, 7, 16));
  t = tensor_over(memory_.data(), places);
  t.strides = transposed.data();  // of a (sequence, batch, vocabulary) tensor
  EXPECT_EQ(look(t).second, expected(20, 2, 5, 5));
  t = tensor_over(memory_.data(), single);
  t.strides = any.data();  // of one row, any
  EXPECT_EQ(look(t).second, expected(0, 1, 7, 7));
}

TEST_F(Tensor, RefusesStrides) {
  for (const sizes& wrong : {sizes{1, 3}, sizes{7, 2}, sizes{6, 1}, sizes{0, 1}, sizes{-7, 1}}) {
    sizes batch{3, 7}, strides = wrong;
    DLTensor t = tensor_over(memory_.data(), batch);
    t.strides = strides.data();
    EXPECT_EQ(problem_of(t), tensor_problem::strides) << wrong[0] << ' ' << wrong[1];
  }
}

TEST_F(Tensor, RefusesShapes) {
  sizes none, four{1, 1, 1, 7}, negative{-1, 7}, nowhere{2, 0, 7};
  EXPECT_EQ(problem_of(tensor_over(memory_.data(), none)), tensor_problem::rank);
  EXPECT_EQ(problem_of(tensor_over(memory_.data(), four)), tensor_problem::rank);
  EXPECT_EQ(problem_of(tensor_over(memory_.data(), negative)), tensor_problem::shape);
  EXPECT_EQ(problem_of(tensor_over(memory_.data(), nowhere)), tensor_problem::shape);
  DLTensor broken = tensor_over(memory_.data(), four);
  broken.ndim = -1;
  EXPECT_EQ(problem_of(broken), tensor_problem::rank);
}

TEST_F(Tensor, ElementsByTheirType) {
  sizes one{8};
  const auto element_of = [&](std::uint8_t code, std::uint8_t bits, std::uint16_t lanes = 1) {
    const auto [problem, s] = look(tensor_over(memory_.data(), one, {code, bits, lanes}));
    return problem == tensor_problem::element ? 0U : s.element;
  };
  EXPECT_EQ(element_of(2, 32), sizeof(float));
  EXPECT_EQ(element_of(2, 16), sizeof(urn::float16));
  EXPECT_EQ(element_of(4, 16), 3U);
  for (const auto& [code, bits] :
       {std::pair<int, int>{2, 64}, {2, 8}, {0, 32}, {0, 64}, {1, 16}, {4, 32}, {5, 64}}) {
    EXPECT_EQ(element_of(static_cast<std::uint8_t>(code), static_cast<std::uint8_t>(bits)), 0U)
        << code << ' ' << bits;
  }
  EXPECT_EQ(element_of(2, 32, 4), 0U);
}

TEST_F(Tensor, WhoCanReadWhichMemory) {
  sizes one{7};
  DLTensor t = tensor_over(memory_.data(), one);
  const auto readers = [&](dl_device_type type) {
    t.device.device_type = type;
    return std::array{problem_of(t, tensor_memory::host) == tensor_problem::no,
                      problem_of(t, tensor_memory::cuda) == tensor_problem::no};
  };
  EXPECT_EQ(readers(cpu), (std::array{true, false}));
  EXPECT_EQ(readers(cuda), (std::array{false, true}));
  EXPECT_EQ(readers(cuda_host), (std::array{true, true}));
  EXPECT_EQ(readers(cuda_managed), (std::array{true, true}));
  EXPECT_EQ(readers(opencl), (std::array{false, false}));
  EXPECT_EQ(problem_of(t), tensor_problem::memory);
}

TEST_F(Tensor, DataStartsAtItsOffset) {
  sizes one{7}, no_rows{0, 7};
  DLTensor t = tensor_over(memory_.data(), one);
  t.byte_offset = 8;
  EXPECT_EQ(look(t).second, expected(2, 1, 7, 7));
  t.byte_offset = 6;
  EXPECT_EQ(problem_of(t), tensor_problem::data);
  EXPECT_EQ(problem_of(tensor_over(nullptr, one)), tensor_problem::data);
  EXPECT_EQ(look(tensor_over(nullptr, no_rows)).first, tensor_problem::no);
}

TEST_F(Tensor, ProblemsAreSentences) {
  std::vector<std::string> all;
  for (int p = 0; p <= static_cast<int>(tensor_problem::data); ++p) {
    const std::string sentence = urn::sentence(static_cast<tensor_problem>(p));
    EXPECT_TRUE(sentence.starts_with("urn: ")) << sentence;
    EXPECT_EQ(std::count(all.begin(), all.end(), sentence), 0);
    all.push_back(sentence);
  }
}

TEST_F(Tensor, DrawsWhatItsRowsDraw) {
  for (std::size_t i = 0; i < memory_.size(); ++i) memory_[i] = static_cast<float>(i * 37 % 23) / 4;
  sizes shape{4, 16};
  DLManagedTensor managed{tensor_over(memory_.data(), shape)};
  constexpr auto sampler = urn::top_p{0.9F} | urn::categorical{};
  urn::workspace scratch{16};
  std::vector<urn::draw_context> contexts(4);
  for (std::uint32_t r = 0; r < 4; ++r) contexts[r] = {.seed = 3, .sequence = r};
  std::vector<urn::draw> out(4);
  const auto problem = urn::with_logits(
      managed, tensor_memory::host, [&](auto batch) { sampler(urn::scalar, batch, contexts, out, scratch); });
  ASSERT_EQ(problem, tensor_problem::no);
  for (std::size_t r = 0; r < 4; ++r) {
    const std::span row = std::span(memory_).subspan(16 * r, 16);
    EXPECT_EQ(out[r].token, sampler(urn::scalar, row, contexts[r], scratch).token);
    EXPECT_GE(out[r].token, 0);
  }
}

TEST_F(Tensor, MasksAreWords) {
  std::vector<std::int32_t> words{1, 2, 3, 4, 5, 6};
  sizes shape{2, 3}, flat{6}, deep{1, 2, 3};
  const dl_type int32{0, 32, 1};
  urn::bitmask mask;
  ASSERT_EQ(urn::read_mask(tensor_over(words.data(), shape, int32), 1, tensor_memory::host, mask),
            tensor_problem::no);
  EXPECT_EQ(mask.words.data(), words.data() + 3);
  EXPECT_EQ(mask.words.size(), 3U);
  ASSERT_EQ(urn::read_mask(tensor_over(words.data(), flat, int32), 0, tensor_memory::host, mask),
            tensor_problem::no);
  EXPECT_EQ(mask.words.size(), 6U);
  const auto refused = [&](const DLTensor& t, std::size_t row) {
    const auto problem = urn::read_mask(t, row, tensor_memory::host, mask);
    EXPECT_EQ(mask.words.size(), 6U);
    return problem;
  };
  EXPECT_EQ(refused(tensor_over(words.data(), shape, int32), 2), tensor_problem::shape);
  EXPECT_EQ(refused(tensor_over(words.data(), deep, int32), 0), tensor_problem::rank);
  EXPECT_EQ(refused(tensor_over(words.data(), shape, {2, 32, 1}), 0), tensor_problem::element);
  EXPECT_EQ(problem_of(tensor_over(words.data(), shape, int32)), tensor_problem::element);
}

/// What the adapter asks an Ort::Value.
struct ort_value {
  struct info {
    int type;
    sizes shape;
    [[nodiscard]] int GetElementType() const { return type; }
    [[nodiscard]] sizes GetShape() const { return shape; }
  };
  struct memory_info {
    int device;
    [[nodiscard]] int GetDeviceType() const { return device; }
  };
  const void* data;
  int type;
  sizes shape;
  int device = 0;
  bool tensor = true;
  [[nodiscard]] bool IsTensor() const { return tensor; }
  [[nodiscard]] info GetTensorTypeAndShapeInfo() const { return {type, shape}; }
  [[nodiscard]] memory_info GetTensorMemoryInfo() const { return {device}; }
  [[nodiscard]] const void* GetTensorRawData() const { return data; }
};

TEST_F(Tensor, OfOnnxRuntime) {
  const void* data = memory_.data();
  EXPECT_EQ(look(ort_value{data, 1, {2, 3, 5}}).second, expected(10, 2, 5, 15));
  EXPECT_EQ(look(ort_value{data, 10, {2, 5}}).second.element, 2U);
  EXPECT_EQ(look(ort_value{data, 16, {2, 5}}).second.element, 3U);
  EXPECT_EQ(problem_of(ort_value{data, 11, {2, 5}}), tensor_problem::element);
  EXPECT_EQ(problem_of(ort_value{data, 1, {2, 5}, 1}), tensor_problem::memory);
  EXPECT_EQ(problem_of(ort_value{data, 1, {2, 5}, 1}, tensor_memory::cuda), tensor_problem::no);
  EXPECT_EQ(problem_of(ort_value{data, 1, {2, 5}, 0, false}), tensor_problem::element);
}

}  // namespace
