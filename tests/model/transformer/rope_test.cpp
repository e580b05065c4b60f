#include "urn/model/transformer/rope.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace {

using urn::rope_scaling;
using urn::nn::rope;

urn::model_config config_of(int head_dim, float theta) {
  urn::model_config config;
  config.head_dim = head_dim;
  config.rope_theta = theta;
  return config;
}

TEST(rope, turns_dimension_i_with_dimension_i_plus_half) {
  const rope turn(config_of(4, 10000));  // frequencies 1 and 1/100
  std::vector<float> head{1, 0, 0, 2};
  turn.at(3).apply(head);
  EXPECT_FLOAT_EQ(head[0], std::cos(3.0F));
  EXPECT_FLOAT_EQ(head[1], -2 * std::sin(0.03F));
  EXPECT_FLOAT_EQ(head[2], std::sin(3.0F));
  EXPECT_FLOAT_EQ(head[3], 2 * std::cos(0.03F));
}

TEST(rope, leaves_position_0_as_it_is) {
  std::vector<float> head{1, 2, 3, 4};
  rope(config_of(4, 10000)).at(0).apply(head);
  EXPECT_EQ(head, (std::vector<float>{1, 2, 3, 4}));
}

TEST(rope, linear_scaling_divides_positions) {
  auto config = config_of(2, 10000);
  config.rope = rope_scaling{.factor = 4, .kind = rope_scaling::scaling_kind::linear};
  EXPECT_FLOAT_EQ(rope(config).at(8).cosines[0], std::cos(2.0F));
}

TEST(rope, llama3_scaling_keeps_short_and_divides_long_wavelengths) {
  const rope_scaling scaling{
      .factor = 8, .low_freq_factor = 1, .high_freq_factor = 4, .original_max_position_embeddings = 8192};
  const auto frequency = [](float wavelength) { return 6.2831853F / wavelength; };
  EXPECT_EQ(urn::nn::stretch_llama3(frequency(2000), scaling), frequency(2000));
  EXPECT_EQ(urn::nn::stretch_llama3(frequency(9000), scaling), frequency(9000) / 8);
  // 8192 / 4096 = 2 is a third of the way from 1 to 4.
  EXPECT_FLOAT_EQ(urn::nn::stretch_llama3(frequency(4096), scaling),
                  frequency(4096) * (2.0F / 3 / 8 + 1.0F / 3));
}

}  // namespace
