#include "urn/model/transformer/weights.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "model/transformer/tensor_file.hpp"
#include "urn/model/model_config.hpp"

// That tensors are refused by name is tested in transformer_test.cpp, through the front door.
namespace {

using namespace urn_test;
using shapes = std::map<std::string, std::vector<std::int64_t>>;

class weight_plan : public testing::TestWithParam<const char*> {};

TEST_P(weight_plan, asks_for_the_tensors_that_the_library_writes) {
  const auto config = urn::load_model_config(fixture_directory(GetParam()));
  urn::nn::model_weights weights;
  const urn::nn::weight_plan plan(config, weights);
  shapes planned;
  for (const auto& slot : plan.slots()) planned[slot.name] = slot.shape;
  EXPECT_EQ(planned.size(), plan.slots().size());
  shapes written;
  for (const auto& [name, tensor] : read_tensor_file(fixture_directory(GetParam()) / "model.safetensors")) {
    written[name] = tensor.shape;
  }
  EXPECT_EQ(planned, written);
}

INSTANTIATE_TEST_SUITE_P(all, weight_plan,
                         testing::Values("llama", "llama_tied_llama3", "llama_biases_linear",
                                         "mistral_window", "qwen2", "qwen3", "qwen3_mixed_windows"),
                         [](const auto& each) { return each.param; });

TEST(read_weights, puts_query_key_and_value_rows_into_one_matrix) {
  const auto directory = fixture_directory("qwen3");  // 4 query heads and 2 key heads of 16
  const auto weights =
      urn::nn::read_weights(urn::load_model_config(directory), urn::checkpoint::open(directory));
  const auto tensors = read_tensor_file(directory / "model.safetensors");
  const auto expect_row = [&](const std::string& name, urn::nn::index row, urn::nn::index place) {
    std::vector<float> found(48);
    weights.layers[1].qkv.copy_row(place, found);
    std::vector<float> wanted(48);
    std::memcpy(wanted.data(), tensors.at(name).bytes.data() + row * 48 * 4, 48 * sizeof(float));
    EXPECT_EQ(bits(found), bits(wanted)) << name << " " << row;
  };
  expect_row("model.layers.1.self_attn.q_proj.weight", 63, 63);
  expect_row("model.layers.1.self_attn.k_proj.weight", 0, 64);
  expect_row("model.layers.1.self_attn.k_proj.weight", 31, 95);
  expect_row("model.layers.1.self_attn.v_proj.weight", 31, 127);
}

TEST(read_weights, takes_memory_only_after_the_check) {
  auto config = urn::load_model_config(fixture_directory("llama"));
  config.vocab_size = 1 << 30;  // 200 GB of embeddings, if they were there
  const auto tensors = urn::checkpoint::open(fixture_directory("llama"));
  EXPECT_EQ(message_of([&] { urn::nn::read_weights(config, tensors); }),
            "model.embed_tokens.weight: has shape [128, 48]; the config asks for [1073741824, 48]");
}

TEST(to_text, writes_a_shape_as_a_list) {
  EXPECT_EQ(urn::nn::to_text({}), "[]");
  EXPECT_EQ(urn::nn::to_text(std::vector<std::int64_t>{3, 40}), "[3, 40]");
}

}  // namespace
