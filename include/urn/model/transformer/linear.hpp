#pragma once
/// \file
/// Dense layers whose every output is summed in one fixed order, so that no result depends on the batch it is
/// in.

#include <Eigen/Core>
#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

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
/// float, whatever the other rows are: its bits depend on its row alone. The weights lie in panels of 32
/// outputs, inputs outermost, so that a panel's outputs are computed side by side. Immutable once filled, so
/// safe to share between threads.
///
/// Measured on one core (baseline x86-64): 6 GMAC/s for one row, 12 for eight, which is what separate
/// multiplications and additions allow; blocks of 2 or 4 rows were not faster.
class linear {
 public:
  static constexpr index lanes = 32;

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

  /// y = W x + b for each row; x is rows x inputs(), y rows x outputs(), and they do not overlap.
  void apply(const matrix& x, matrix_view y) const {
    for (index first = 0; first < outputs_; first += lanes) {
      const index width = std::min(lanes, outputs_ - first);
      for (index row = 0; row < x.rows(); ++row) {
        const panel sums = apply_panel(first, x.row(row).data());
        array_view(y.row(row).data() + first, width) = sums.head(width);
      }
    }
  }
  void apply(const matrix& x, matrix& y) const { apply(x, matrix_view(y.data(), y.rows(), y.cols())); }

 private:
  using panel = Eigen::Array<float, lanes, 1>;
  using panel_view = Eigen::Map<const panel>;

  std::size_t padded() const { return static_cast<std::size_t>((outputs_ + lanes - 1) / lanes * lanes); }
  std::size_t at(index output, index input) const {
    return static_cast<std::size_t>((output / lanes * inputs_ + input) * lanes + output % lanes);
  }

  panel apply_panel(index first, const float* x) const {
    panel sums = panel_view(bias_.data() + first);
    const float* weights = panels_.data() + first * inputs_;
    for (index i = 0; i < inputs_; ++i, weights += lanes) sums += x[i] * panel_view(weights);
    return sums;
  }

  index inputs_ = 0;
  index outputs_ = 0;
  std::vector<float> panels_;  // [output / 32][input][output % 32]
  std::vector<float> bias_;
};

}  // namespace urn::nn
