#include "urn/model/transformer/attention.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <memory>
#include <random>
#include <span>
#include <vector>

#include "urn/model/transformer/kv_cache.hpp"

namespace {

using urn::nn::attend;
using urn::nn::kv_cache;
using urn::nn::kv_shape;

constexpr std::size_t head_dim = 6;
constexpr std::size_t positions = 100;

struct attention : testing::Test {
  std::vector<std::vector<float>> keys, values;
  std::vector<float> query, scores, out = std::vector<float>(head_dim);
  kv_cache cache{std::make_shared<const kv_shape>(kv_shape{.layers = 2, .heads = 2, .head_dim = head_dim})};

  attention() {
    std::mt19937 engine(5);
    std::normal_distribution<float> normal;
    const auto draw = [&] {
      std::vector<float> result(head_dim);
      for (float& x : result) x = normal(engine);
      return result;
    };
    query = draw();
    cache.prepare(positions);
    for (std::size_t i = 0; i < positions; ++i) {
      keys.push_back(draw());
      values.push_back(draw());
      urn::nn::store(cache, 1, 1, i, keys[i], values[i]);
    }
    cache.commit(positions);
  }

  std::vector<double> expected(std::size_t first, std::size_t last) const {
    std::vector<double> sum(head_dim);
    double total = 0;
    for (std::size_t i = first; i <= last; ++i) {
      double score = 0;
      for (std::size_t d = 0; d < head_dim; ++d) {
        score += static_cast<double>(query[d]) * static_cast<double>(keys[i][d]);
      }
      const double weight = std::exp(score / std::sqrt(static_cast<double>(head_dim)));
      total += weight;
      for (std::size_t d = 0; d < head_dim; ++d) sum[d] += weight * static_cast<double>(values[i][d]);
    }
    for (double& x : sum) x /= total;
    return sum;
  }
};

TEST_F(attention, is_the_softmax_weighted_mean_of_the_visible_values) {
  for (const std::size_t last : {0U, 1U, 30U, 31U, 32U, 63U, 64U, 99U}) {
    for (const std::size_t first : {0U, 1U, 31U, 32U, 33U, 63U, 64U, 99U}) {
      if (first > last) continue;
      attend(query, {cache, 1, 1, first, last}, scores, out);
      const auto wanted = expected(first, last);
      for (std::size_t d = 0; d < head_dim; ++d) EXPECT_NEAR(static_cast<double>(out[d]), wanted[d], 2e-6);
    }
  }
}

TEST_F(attention, sees_nothing_outside_the_visible_past) {
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  attend(query, {cache, 1, 1, 10, 40}, scores, out);
  const auto before = out;
  const std::vector<float> poison(head_dim, nan);
  for (std::size_t i = 0; i < positions; ++i) {
    if (i < 10 || i > 40) urn::nn::store(cache, 1, 1, i, poison, poison);
    urn::nn::store(cache, 1, 0, i, poison, poison);
    urn::nn::store(cache, 0, 1, i, poison, poison);
  }
  attend(query, {cache, 1, 1, 10, 40}, scores, out);
  EXPECT_EQ(out, before);
}

TEST(softmax, does_not_overflow) {
  std::vector<float> scores{1000, 1000, -1000};
  urn::nn::softmax(scores);
  EXPECT_EQ(scores, (std::vector<float>{0.5F, 0.5F, 0}));
}

}  // namespace
