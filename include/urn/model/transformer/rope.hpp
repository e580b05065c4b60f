#pragma once
/// \file
/// Rotary position embedding (Su et al., 2021, arXiv:2104.09864) in the layout of Hugging Face checkpoints:
/// dimension i turns together with dimension i + head_dim / 2.

#include <cmath>
#include <cstddef>
#include <numbers>
#include <span>
#include <vector>

#include "urn/model/model_shape.hpp"

namespace urn::nn {

/// The cosines and sines of one position's angles, head_dim / 2 each.
struct rotation {
  std::vector<float> cosines;
  std::vector<float> sines;

  /// Turns one head of a query or key in place; `head` holds head_dim floats.
  void apply(std::span<float> head) const {
    const std::size_t half = cosines.size();
    for (std::size_t i = 0; i < half; ++i) {
      const float first = head[i];
      const float second = head[i + half];
      head[i] = first * cosines[i] - second * sines[i];
      head[i + half] = second * cosines[i] + first * sines[i];
    }
  }
};

/// A frequency stretched as transformers' _compute_llama3_parameters does it: short wavelengths are kept,
/// long ones divided by the factor, with a ramp between.
inline float stretch_llama3(float frequency, const rope_scaling& scaling) {
  const auto original = static_cast<float>(scaling.original_max_position_embeddings);
  const float wavelength = 2 * std::numbers::pi_v<float> / frequency;
  if (wavelength < original / scaling.high_freq_factor) return frequency;
  if (wavelength > original / scaling.low_freq_factor) return frequency / scaling.factor;
  const float kept = (original / wavelength - scaling.low_freq_factor) /
                     (scaling.high_freq_factor - scaling.low_freq_factor);
  return (1 - kept) * frequency / scaling.factor + kept * frequency;
}

/// The angles that a model's queries and keys are turned by. Immutable, so safe to share between threads.
class rope {
 public:
  rope() = default;
  explicit rope(const model_config& config) {
    for (int i = 0; i < config.head_dim / 2; ++i) {
      const double exponent = -2.0 * i / config.head_dim;
      const auto frequency = static_cast<float>(std::pow(static_cast<double>(config.rope_theta), exponent));
      frequencies_.push_back(stretch(frequency, config));
    }
  }

  /// Angle i is position * frequency i, in float as the checkpoints were trained.
  rotation at(std::size_t position) const {
    rotation result;
    for (const float frequency : frequencies_) {
      const float angle = static_cast<float>(position) * frequency;
      result.cosines.push_back(std::cos(angle));
      result.sines.push_back(std::sin(angle));
    }
    return result;
  }

 private:
  static float stretch(float frequency, const model_config& config) {
    if (!config.rope) return frequency;
    if (config.rope->kind == rope_scaling::scaling_kind::linear) return frequency / config.rope->factor;
    return stretch_llama3(frequency, *config.rope);
  }

  std::vector<float> frequencies_;  // radians a position, head_dim / 2 of them
};

}  // namespace urn::nn
