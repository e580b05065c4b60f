#pragma once
/// \file
/// The logprob of a whole text, and the best of several.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include "urn/core/draw.hpp"
#include "urn/core/exact.hpp"
#include "urn/core/rewindable.hpp"
#include "urn/kernel/exponential.hpp"
#include "urn/kernel/fraction.hpp"

namespace urn {

/// Which of a draw's logprobs is summed.
enum class logprob_kind : std::uint8_t {
  processed,  ///< of what the token was drawn from: draw::logprob
  raw         ///< of the row as it came, at temperature 1: raw_logprob, which `logprobs` fills
};

/// The sum of the logprobs of accepted draws, in double, in their order. Copies share nothing; `accept` may
/// allocate. A draw without a token, or without that logprob, counts as 0 but is a token.
class cumulative_logprob {
 public:
  explicit cumulative_logprob(logprob_kind kind = logprob_kind::processed) : kind_(kind), sum_(0.0) {}

  void accept(const draw& d) {
    const float logprob = kind_ == logprob_kind::raw ? d.raw_logprob : d.logprob;
    const bool counts = d.token != no_token && !exact::is_nan(logprob);
    sum_.advance(counts ? exact::add(sum(), static_cast<double>(logprob)) : sum());
  }
  /// As if the last n draws had never been accepted.
  void rollback(std::size_t n) { sum_.rollback(n); }

  [[nodiscard]] double sum() const { return sum_.now(); }
  [[nodiscard]] std::size_t tokens() const { return sum_.steps(); }
  /// sum / tokens^length_penalty: with 1 the mean, with 0 the sum; 0 before the first token.
  [[nodiscard]] double score(float length_penalty = 1.0F) const {
    if (tokens() == 0) return 0;
    const double log2_of_tokens = exact::div(kernel::natural_log(std::uint64_t{tokens()}), kernel::ln2);
    return exact::div(sum(), kernel::exp2(exact::mul(log2_of_tokens, static_cast<double>(length_penalty))));
  }

  /// What `restore` of another of the same kind takes.
  [[nodiscard]] std::vector<std::uint32_t> save() const { return sum_.save(); }
  [[nodiscard]] bool restore(std::span<const std::uint32_t> saved) { return sum_.restore(saved); }

 private:
  logprob_kind kind_;
  rewindable<double> sum_;
};

/// Best of n: the places of the texts, the largest score first, of equals the earlier text. OpenAI's best_of
/// is the first of them with length_penalty 1.
inline std::vector<std::size_t> best_of(std::span<const cumulative_logprob> texts,
                                        float length_penalty = 1.0F) {
  std::vector<std::size_t> order(texts.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return texts[a].score(length_penalty) > texts[b].score(length_penalty);
  });
  return order;
}

}  // namespace urn
