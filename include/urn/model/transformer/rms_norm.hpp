#pragma once
/// \file
/// Root-mean-square normalisation (Zhang and Sennrich, 2019, arXiv:1910.07467).

#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include "urn/model/transformer/linear.hpp"

namespace urn::nn {

/// x -> weight * x / sqrt(mean(x^2) + epsilon). The mean is summed in double, in order, so that it is the
/// same in every batch.
struct rms_norm {
  std::vector<float> weight;
  float epsilon = 1e-6F;

  /// Normalises `in` into `out`; both are as long as the weight and may be the same.
  void apply(std::span<const float> in, std::span<float> out) const {
    double squares = 0;
    for (const float x : in) squares += static_cast<double>(x) * static_cast<double>(x);
    const double mean = squares / static_cast<double>(in.size());
    const auto scale = static_cast<float>(1.0 / std::sqrt(mean + static_cast<double>(epsilon)));
    for (std::size_t i = 0; i < in.size(); ++i) out[i] = weight[i] * (in[i] * scale);
  }

  /// Normalises every row of `in` into `out`.
  void apply(const matrix& in, matrix& out) const {
    const auto width = static_cast<std::size_t>(in.cols());
    for (index row = 0; row < in.rows(); ++row) {
      apply(std::span(in.row(row).data(), width), std::span(out.row(row).data(), width));
    }
  }
};

}  // namespace urn::nn
