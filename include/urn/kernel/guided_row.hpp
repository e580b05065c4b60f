#pragma once
/// \file
/// Classifier-free guidance: two rows of logits seen as one.

#include <cstddef>
#include <span>
#include <type_traits>

#include "urn/core/exact.hpp"
#include "urn/core/float_environment.hpp"
#include "urn/core/order_key.hpp"
#include "urn/core/platform.hpp"
#include "urn/core/row.hpp"
#include "urn/core/status.hpp"
#include "urn/core/workspace.hpp"
#include "urn/kernel/fraction.hpp"
#include "urn/kernel/policy.hpp"

namespace urn {

/// The row u + s * (c - u) of the log-softmaxes c and u of two rows (Sanchez et al., "Stay on topic with
/// classifier-free guidance", 2023): what is likely with a prompt, and less so without. s = 1 is the
/// conditional row, s = 0 the other one. A token that is at -inf or NaN in one of them is at -inf. Made by
/// `guided`; a pipeline draws from it as from any row, on the host.
template <logits_row Conditional, logits_row Unconditional>
class guided_row {
 public:
  /// A row without logits, and why it has none.
  guided_row(const Conditional& conditional, const Unconditional& unconditional, urn::status why)
      : conditional_(conditional), unconditional_(unconditional), size_(0), status_(why) {}
  /// `normaliser` is that of u + s * (c - u).
  guided_row(const Conditional& conditional, const Unconditional& unconditional, urn::status seen,
             float scale, float normaliser)
      : conditional_(conditional),
        unconditional_(unconditional),
        size_(conditional.size()),
        status_(seen),
        scale_(scale),
        normaliser_(normaliser) {}

  /// What was unusual about the two rows.
  [[nodiscard]] urn::status status() const { return status_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] token_id id(std::size_t i) const { return conditional_.id(i); }
  [[nodiscard]] float at(std::size_t i) const { return guide(conditional_.at(i), unconditional_.at(i)); }
  URN_INLINE void prefetch(std::size_t first, std::size_t count) const {
    urn::prefetch(conditional_, first, count);
    urn::prefetch(unconditional_, first, count);
  }
  [[nodiscard]] std::span<const float> load(std::size_t first, std::size_t count,
                                            block_buffer& buffer) const {
    block_buffer other;
    other.conversions = buffer.conversions;
    const std::span<const float> without = unconditional_.load(first, count, other);
    const std::span<const float> with = conditional_.load(first, count, buffer);
    for (std::size_t i = 0; i < count; ++i) buffer.logits[i] = guide(with[i], without[i]);
    return {buffer.logits, count};
  }

 private:
  /// Each step rounds once; the normalisers come last, for both rows together.
  [[nodiscard]] float guide(float with, float without) const {
    if (!survives(with) || !survives(without)) return exact::minus_infinity;
    return exact::sub(exact::fma(scale_, exact::sub(with, without), without), normaliser_);
  }

  Conditional conditional_;
  Unconditional unconditional_;
  std::size_t size_;
  urn::status status_;
  float scale_ = 1.0F;
  float normaliser_ = 0.0F;
};

namespace kernel {

/// ln sum e^l of a weighed row at temperature 1.
inline double log_sum(const row_mass& mass) {
  const auto n = static_cast<double>(static_cast<std::int32_t>(mass.key - magic_bits));
  return exact::fma(exact::sub(n, row_bits + 0.5), ln2, natural_log(mass.total));
}

}  // namespace kernel

/// The rows of a prompt's logits and of those without it as one, guided by `scale`: O(V) to weigh both, the
/// rest is done while the row is read. The logits are borrowed; a row of your own is copied. Where the status
/// is bad_argument (rows of different sizes, a scale that is infinite or NaN), no_space, empty, infinite or
/// out_of_range (of one of the rows, whose softmax is not defined), the row has no logits, and nothing can be
/// drawn from it.
template <execution_policy Policy, class Conditional, class Unconditional>
auto guided(Policy policy, const Conditional& conditional, const Unconditional& unconditional, float scale,
            workspace& scratch) {
  const float_environment environment;
  const auto with = as_row(conditional);
  const auto without = as_row(unconditional);
  using row = guided_row<std::remove_const_t<decltype(with)>, std::remove_const_t<decltype(without)>>;
  if (with.size() != without.size() || !exact::is_finite(scale))
    return row(with, without, status::bad_argument);
  if (with.size() > scratch.vocabulary()) return row(with, without, status::no_space);
  const auto weigh = [&](const auto& one) {
    return policy.mass(one, kernel::unit_scale, scratch.blocks(), scratch.maxima_of(one.size()));
  };
  const kernel::row_mass mass = weigh(with), other = weigh(without);
  const status seen = mass.status | other.status;
  if (mass.total == 0 || other.total == 0) return row(with, without, seen);
  const double of_other = kernel::log_sum(other);
  const double more = exact::sub(kernel::log_sum(mass), of_other);
  const double normaliser = exact::fma(static_cast<double>(scale), more, of_other);
  return row(with, without, seen, scale, static_cast<float>(normaliser));
}

}  // namespace urn
