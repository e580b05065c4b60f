#include "urn/model/transformer/linear.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <random>
#include <span>
#include <vector>

#include "model/transformer/fixture.hpp"
#include "urn/core/exact.hpp"

namespace {

using urn::nn::index;
using urn::nn::linear;
using urn::nn::matrix;
using urn_test::bits;

std::vector<float> random_floats(std::size_t count, unsigned seed) {
  std::mt19937 engine(seed);
  std::normal_distribution<float> normal;
  std::vector<float> result(count);
  for (float& x : result) x = normal(engine);
  return result;
}

struct shape {
  index inputs, outputs;
};

class linear_of : public testing::TestWithParam<shape> {
 protected:
  const index inputs = GetParam().inputs;
  const index outputs = GetParam().outputs;
  const std::vector<float> weights = random_floats(static_cast<std::size_t>(inputs * outputs), 1);
  const std::vector<float> bias = random_floats(static_cast<std::size_t>(outputs), 2);
  linear layer{inputs, outputs};
  matrix x = matrix::Zero(9, inputs);

  void SetUp() override {
    const auto values = random_floats(static_cast<std::size_t>(9 * inputs), 3);
    std::copy(values.begin(), values.end(), x.data());
    layer.set_rows(0, weights);
    layer.set_bias(0, bias);
  }
  matrix apply(const matrix& rows) const {
    matrix y(rows.rows(), outputs);
    layer.apply(rows, y);
    return y;
  }
};

TEST_P(linear_of, multiplies_and_adds_the_bias) {
  const matrix y = apply(x);
  for (index row = 0; row < x.rows(); ++row) {
    for (index o = 0; o < outputs; ++o) {
      auto sum = static_cast<double>(bias[static_cast<std::size_t>(o)]);
      double magnitude = std::abs(sum);
      for (index i = 0; i < inputs; ++i) {
        const double product = static_cast<double>(x(row, i)) *
                               static_cast<double>(weights[static_cast<std::size_t>(o * inputs + i)]);
        sum += product;
        magnitude += std::abs(product);
      }
      // The bound of recursive summation: (n + 1) roundings of at most 2^-24 of the sum of magnitudes.
      EXPECT_NEAR(static_cast<double>(y(row, o)), sum, static_cast<double>(inputs + 1) * magnitude * 0x1p-24);
    }
  }
}

TEST_P(linear_of, gives_a_row_the_same_bits_in_every_batch) {
  const matrix y = apply(x);
  for (index first = 0; first < x.rows(); ++first) {
    for (index count = 1; first + count <= x.rows(); ++count) {
      const matrix part = apply(x.middleRows(first, count));
      const matrix same = y.middleRows(first, count);
      EXPECT_EQ(bits({part.data(), static_cast<std::size_t>(part.size())}),
                bits({same.data(), static_cast<std::size_t>(same.size())}));
    }
  }
}

/// Row `row` of x times W, plus b: the definition, one rounding after the other.
std::vector<float> plain_row(const linear& layer, std::span<const float> x, std::vector<float> sums) {
  std::vector<float> weights(x.size());
  for (std::size_t o = 0; o < sums.size(); ++o) {
    layer.copy_row(static_cast<index>(o), weights);
    for (std::size_t i = 0; i < x.size(); ++i) {
      sums[o] = urn::exact::add(sums[o], urn::exact::mul(x[i], weights[i]));
    }
  }
  return sums;
}

TEST_P(linear_of, gives_the_bits_of_the_plain_loop_in_every_version_and_batch) {
  for (const auto& version : urn::nn::panel_versions()) {
    if (!version.available) continue;
    for (index count = 1; count <= x.rows(); ++count) {
      const matrix rows = x.topRows(count);
      matrix y(count, outputs);
      layer.apply(rows, urn::nn::matrix_view(y.data(), count, outputs), version);
      for (index row = 0; row < count; ++row) {
        const auto plain = plain_row(layer, {rows.row(row).data(), static_cast<std::size_t>(inputs)}, bias);
        EXPECT_EQ(bits({y.row(row).data(), static_cast<std::size_t>(outputs)}), bits(plain))
            << version.name << ", row " << row << " of " << count;
      }
    }
  }
}

TEST_P(linear_of, gives_its_rows_back) {
  std::vector<float> row(static_cast<std::size_t>(inputs));
  for (index o = 0; o < outputs; ++o) {
    layer.copy_row(o, row);
    EXPECT_EQ(bits(row), bits(std::span(weights).subspan(static_cast<std::size_t>(o * inputs), row.size())));
  }
}

TEST_P(linear_of, takes_its_rows_in_parts) {
  linear parts(inputs, outputs);
  const index half = outputs / 2;
  const auto cut = static_cast<std::size_t>(half * inputs);
  parts.set_rows(half, std::span(weights).subspan(cut));
  parts.set_bias(half, std::span(bias).subspan(static_cast<std::size_t>(half)));
  parts.set_rows(0, std::span(weights).first(cut));
  parts.set_bias(0, std::span(bias).first(static_cast<std::size_t>(half)));
  matrix y(x.rows(), outputs);
  parts.apply(x, y);
  EXPECT_EQ(y, apply(x));
}

INSTANTIATE_TEST_SUITE_P(shapes, linear_of,
                         testing::Values(shape{1, 1}, shape{5, 31}, shape{48, 32}, shape{3, 33},
                                         shape{130, 100}, shape{257, 95}));

/// x = 1 + 2^-12 squared is 1 + 2^-11 + 2^-24, which rounds to 1 + 2^-11: added to its negative the rounded
/// product gives 0, the exact one 2^-24.
TEST(linear, rounds_each_product_before_it_is_added) {
  linear layer(1, 32);
  layer.set_rows(0, std::vector<float>(32, 1 + 0x1p-12F));
  layer.set_bias(0, std::vector<float>(32, -1 - 0x1p-11F));
  const matrix x = matrix::Constant(5, 1, 1 + 0x1p-12F);
  for (const auto& version : urn::nn::panel_versions()) {
    if (!version.available) continue;
    matrix y(x.rows(), 32);
    layer.apply(x, urn::nn::matrix_view(y.data(), x.rows(), 32), version);
    EXPECT_TRUE(y.isZero(0)) << version.name;
  }
}

TEST(linear, has_a_version_for_every_machine) { EXPECT_TRUE(urn::nn::panel_versions().back().available); }

TEST(linear, has_no_bias_unless_given) {
  linear layer(2, 3);
  layer.set_rows(0, std::vector<float>{1, 2, 3, 4, 5, 6});
  const matrix x = matrix::Constant(1, 2, 1.0F);
  matrix y(1, 3);
  layer.apply(x, y);
  EXPECT_EQ(y(0, 0), 3);
  EXPECT_EQ(y(0, 1), 7);
  EXPECT_EQ(y(0, 2), 11);
}

}  // namespace
