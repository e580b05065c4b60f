#include "urn/model/transformer/layer.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace {

TEST(first_visible, is_0_without_a_window) {
  const urn::model_config config;
  EXPECT_EQ(urn::nn::first_visible(config, 0, 1000), 0U);
}

TEST(first_visible, leaves_a_sliding_layer_as_many_positions_as_the_window) {
  urn::model_config config;
  config.sliding_window = 4;
  config.sliding = {true, false};
  EXPECT_EQ(urn::nn::first_visible(config, 0, 3), 0U);
  EXPECT_EQ(urn::nn::first_visible(config, 0, 4), 1U);
  EXPECT_EQ(urn::nn::first_visible(config, 0, 100), 97U);
  EXPECT_EQ(urn::nn::first_visible(config, 1, 100), 0U);
}

TEST(silu, is_x_times_its_sigmoid) {
  EXPECT_EQ(urn::nn::silu(0), 0);
  EXPECT_FLOAT_EQ(urn::nn::silu(1), 0.73105858F);
  EXPECT_FLOAT_EQ(urn::nn::silu(-2), -0.23840584F);
  EXPECT_EQ(urn::nn::silu(200), 200);
  EXPECT_EQ(urn::nn::silu(-200), 0);
}

}  // namespace
