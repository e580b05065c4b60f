#include "urn/model/transformer/rms_norm.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace {

using urn::nn::matrix;
using urn::nn::rms_norm;

TEST(rms_norm, divides_by_the_root_mean_square) {
  const rms_norm norm{{1, 2}, 0};
  std::vector<float> out(2);
  norm.apply(std::vector<float>{3, -4}, out);  // the mean of 9 and 16 is 12.5
  EXPECT_FLOAT_EQ(out[0], 0.84852814F);
  EXPECT_FLOAT_EQ(out[1], -2.2627417F);
}

TEST(rms_norm, adds_epsilon_to_the_mean) {
  const rms_norm norm{{1, 1}, 0.25F};
  std::vector<float> out{0, 0};
  norm.apply(out, out);
  EXPECT_EQ(out, (std::vector<float>{0, 0}));
  norm.apply(std::vector<float>{0.5F, -0.5F}, out);  // sqrt(0.25 + 0.25)
  EXPECT_FLOAT_EQ(out[0], 0.70710678F);
  EXPECT_FLOAT_EQ(out[1], -0.70710678F);
}

TEST(rms_norm, does_not_overflow_where_float_squares_would) {
  const rms_norm norm{{1, 1}, 1e-6F};
  std::vector<float> out(2);
  norm.apply(std::vector<float>{3e30F, 3e30F}, out);
  EXPECT_FLOAT_EQ(out[0], 1);
}

TEST(rms_norm, normalises_every_row_alone) {
  const rms_norm norm{{1, 1}, 0};
  matrix rows(2, 2);
  rows << 1, 1, 100, -100;
  norm.apply(rows, rows);
  EXPECT_FLOAT_EQ(rows(0, 0), 1);
  EXPECT_FLOAT_EQ(rows(0, 1), 1);
  EXPECT_FLOAT_EQ(rows(1, 0), 1);
  EXPECT_FLOAT_EQ(rows(1, 1), -1);
}

}  // namespace
