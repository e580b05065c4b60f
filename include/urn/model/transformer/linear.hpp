#pragma once
/// \file
/// Dense layers whose every output is summed in one fixed order, so that no result depends on the batch it is
/// in.

#include <Eigen/Core>
#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "urn/model/transformer/linear_panel.hpp"

namespace urn::nn {

using index = Eigen::Index;

/// Activations: one row for each token.
using matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
/// Activations that somebody else owns, contiguous.
using matrix_view = Eigen::Map<matrix>;
/// Floats that somebody else owns, for elementwise work.
using array_view = Eigen::Map<Eigen::ArrayXf>;
using const_array_view = Eigen::Map<const Eigen::ArrayXf>;

/// y = W x + b for each row x. An output is b + w[0] x[0] + w[1] x[1] + ... summed from left to right in
/// float, each product rounded before it is added, whatever the other rows are: its bits depend on its row
/// alone, on every machine. The weights lie in panels of 32 outputs, inputs outermost, so that a panel's
/// outputs are computed side by side. Immutable once filled, so safe to share between threads.
///
/// Measured on one core of an AVX-512 Xeon, in GMAC/s for 1, 8 and 32 rows of a model of 1.3 million weights:
/// 6, 27, 32 with AVX-512; 6, 19, 22 with AVX2; 6, 11, 12 with the baseline. One row waits for its weights.
class linear {
 public:
  static constexpr index lanes = panel_outputs;

  linear() = default;
  /// A layer of this shape; its memory is taken with the first weights, when their shape is known to be
  /// right.
  linear(index inputs, index outputs) : inputs_(inputs), outputs_(outputs) {}

  index inputs() const { return inputs_; }
  index outputs() const { return outputs_; }

  /// Sets the weights of outputs first, first + 1, ...: `weights` holds rows of inputs() floats.
  void set_rows(index first, std::span<const float> weights) {
    panels_.resize(padded() * static_cast<std::size_t>(inputs_));
    bias_.resize(padded());
    for (std::size_t i = 0; i < weights.size(); ++i) {
      const auto row = static_cast<index>(i) / inputs_;
      panels_[at(first + row, static_cast<index>(i) % inputs_)] = weights[i];
    }
  }

  /// Sets the biases of outputs first, first + 1, ..., which are zero otherwise; the weights come before.
  void set_bias(index first, std::span<const float> bias) { std::ranges::copy(bias, bias_.begin() + first); }

  /// Copies the weights of one output: with the embedding matrix, a token's embedding.
  void copy_row(index output, std::span<float> weights) const {
    for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = panels_[at(output, static_cast<index>(i))];
  }

  /// y = W x + b for each row; x is rows x inputs(), y rows x outputs(), and they do not overlap. No result
  /// depends on the version, which this machine must have.
  void apply(const matrix& x, matrix_view y, const panel_version& version = best_panel_version()) const {
    if (x.rows() == 0) return;  // y may have no memory
    for (index first = 0; first < outputs_; first += lanes) {
      version.multiply({.weights = panels_.data() + first * inputs_,
                        .bias = bias_.data() + first,
                        .inputs = static_cast<std::size_t>(inputs_),
                        .rows = static_cast<std::size_t>(x.rows()),
                        .x = x.data(),
                        .y = y.data() + first,
                        .stride = static_cast<std::size_t>(outputs_),
                        .width = static_cast<std::size_t>(std::min(lanes, outputs_ - first))});
    }
  }
  void apply(const matrix& x, matrix& y) const { apply(x, matrix_view(y.data(), y.rows(), y.cols())); }

 private:
  std::size_t padded() const { return static_cast<std::size_t>((outputs_ + lanes - 1) / lanes * lanes); }
  std::size_t at(index output, index input) const {
    return static_cast<std::size_t>((output / lanes * inputs_ + input) * lanes + output % lanes);
  }

  index inputs_ = 0;
  index outputs_ = 0;
  std::vector<float> panels_;  // [output / 32][input][output % 32]
  std::vector<float> bias_;
};

}  // namespace urn::nn
