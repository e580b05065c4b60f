#pragma once
/// \file
/// contrastive search: a likely token whose hidden state is unlike those before it (Su et al., "A contrastive
/// framework for neural text generation", 2022).

#include <cstddef>
#include <cstdint>
#include <span>

#include "urn/core/draw.hpp"
#include "urn/core/exact.hpp"
#include "urn/core/token.hpp"
#include "urn/kernel/exponential.hpp"
#include "urn/kernel/fraction.hpp"

namespace urn {

/// Borrowed vectors of one width, one after another.
struct hidden_states {
  std::span<const float> values;
  std::size_t width = 0;

  [[nodiscard]] std::size_t size() const { return width == 0 ? 0 : values.size() / width; }
  [[nodiscard]] std::span<const float> operator[](std::size_t i) const {
    return values.subspan(i * width, width);
  }
};

namespace detail {

inline double dot(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    sum = exact::fma(static_cast<double>(a[i]), static_cast<double>(b[i]), sum);
  return sum;
}

/// 1 / |a|; 0 of a null vector.
inline double inverse_norm(std::span<const float> a) {
  const double square = dot(a, a);
  return square > 0 ? kernel::exp2(exact::mul(-0.5 / kernel::ln2, kernel::natural_log_of(square))) : 0.0;
}

}  // namespace detail

/// (1 - alpha) * p - alpha * the largest cosine between the candidate's state and those before it (0 if there
/// are none), in double. The states are finite. O(past * width).
inline double contrastive_score(float logprob, std::span<const float> state, const hidden_states& past,
                                float alpha) {
  double closest = past.size() == 0 ? 0.0 : -1.0;
  const double inverse = detail::inverse_norm(state);
  for (std::size_t i = 0; i < past.size(); ++i) {
    const double both = exact::mul(inverse, detail::inverse_norm(past[i]));
    const double cosine = exact::mul(detail::dot(state, past[i]), both);
    if (cosine > closest) closest = cosine;
  }
  const double p = kernel::exp2(exact::div(static_cast<double>(logprob), kernel::ln2));
  const auto weight = static_cast<double>(alpha);
  return exact::sub(exact::mul(exact::sub(1.0, weight), p), exact::mul(weight, closest));
}

/// The place of the candidate with the largest score, of equals the more likely one; best.size() if there is
/// no candidate. `best` are the best tokens of the row, as top_logprobs gives them; states[i] is the hidden
/// state that the model has after best[i], one for each. transformers' penalty_alpha and top_k = best.size().
inline std::size_t contrastive_choice(std::span<const token_logprob> best, const hidden_states& states,
                                      const hidden_states& past, float alpha) {
  std::size_t choice = best.size();
  double most = 0;
  for (std::size_t i = 0; i < best.size() && best[i].token != no_token; ++i) {
    const double score = contrastive_score(best[i].logprob, states[i], past, alpha);
    if (choice == best.size() || score > most) {
      choice = i;
      most = score;
    }
  }
  return choice;
}

}  // namespace urn
