#pragma once
/// \file
/// adaptive_p: prefers tokens whose probability is near a target, which moves so that the drawn ones average
/// to the one asked for (koboldcpp; llama.cpp, pull request 17927). The piece `adaptive_p` draws at a given
/// target; `adaptive_p_state` moves it.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "urn/core/draw.hpp"
#include "urn/core/exact.hpp"
#include "urn/core/order_key.hpp"
#include "urn/core/platform.hpp"
#include "urn/core/rewindable.hpp"
#include "urn/core/status.hpp"
#include "urn/kernel/candidates.hpp"
#include "urn/kernel/exponential.hpp"
#include "urn/kernel/fraction.hpp"
#include "urn/kernel/scalar/mass.hpp"
#include "urn/processor/stage.hpp"
#include "urn/sampler/categorical.hpp"

URN_EITHER_SIDE_BEGIN
namespace urn {

/// What the feedback aims at: drawn tokens whose probability is `target` on average, the last 1 / (1 - decay)
/// of them counting most. 0 <= target <= 1, or negative: then nothing adapts. decay is taken into [0, 0.99].
struct adaptive_p_goal {
  float target = 0.5F;
  float decay = 0.9F;
};

/// S and W, sums over the accepted draws: after each S = p + decay * S, W = 1 + decay * W, with p the drawn
/// token's probability before adaptive_p; at first S = target / (1 - decay), W = 1 / (1 - decay). Copies
/// share nothing. Used by one thread at a time; `accept` may allocate.
class adaptive_p_state {
 public:
  explicit adaptive_p_state(const adaptive_p_goal& goal = {})
      : target_(goal.target), decay_(within(goal.decay, 0.99F)), sums_(first(target_, decay_)) {}

  /// clamp(2 * target - S / W, 0, 1); a negative target stays what it is.
  [[nodiscard]] float target() const {
    if (ordered(target_) < ordered(0.0F)) return target_;
    const sums now = sums_.now();
    return within(exact::fma(2.0F, target_, -exact::div(now.probability, now.weight)), 1.0F);
  }

  /// Learns from a draw that became part of the output. One without a token changes nothing, but counts.
  void accept(const draw& d) {
    const sums now = sums_.now();
    if (d.token == no_token || exact::is_nan(d.prior_logprob)) return sums_.advance(now);
    const double bits = exact::div(static_cast<double>(d.prior_logprob), kernel::ln2);
    const auto p = static_cast<float>(kernel::exp2(bits));
    sums_.advance({exact::fma(decay_, now.probability, p), exact::fma(decay_, now.weight, 1.0F)});
  }
  /// As if the last n draws had never been accepted.
  void rollback(std::size_t n) { sums_.rollback(n); }

  /// What `restore` of a state with the same goal takes.
  [[nodiscard]] std::vector<std::uint32_t> save() const { return sums_.save(); }
  [[nodiscard]] bool restore(std::span<const std::uint32_t> saved) { return sums_.restore(saved); }

 private:
  struct sums {
    float probability;
    float weight;
  };
  /// x clamped to [0, most]; NaN gives 0.
  static float within(float x, float most) {
    if (!(ordered(x) > ordered(0.0F))) return 0.0F;
    return ordered(x) < ordered(most) ? x : most;
  }
  static sums first(float target, float decay) {
    const float rest = exact::sub(1.0F, decay);
    return {exact::div(target, rest), exact::div(1.0F, rest)};
  }

  float target_;
  float decay_;
  rewindable<sums> sums_;
};

/// Draws from softmax(l') of what is left of the row, where, with p the probability so far,
///
///     d = |p - target| / 0.3     l' = 5 - 10 d^2 / (1 + d)
///
/// each step rounded once in float. Unlikely tokens keep a weight that does not fall with p, and the many of
/// a whole row outweigh the rest: cut them off first (min_p). Fills what categorical fills, and prior_logprob
/// = ln p. target < 0 draws as categorical does; NaN is refused. O(V).
struct adaptive_p {
  using stage = sampler;
  static constexpr bool draws_by_point = true;

  float target = -1.0F;

  [[nodiscard]] constexpr status check(std::size_t) const {
    return exact::is_nan(target) ? status::bad_argument : status::ok;
  }
  /// l' of a probability.
  [[nodiscard]] URN_HOST_DEVICE float reshaped(float p) const {
    const float off = exact::sub(p, target);
    const float d = exact::div(exact::float_of(exact::bits(off) & 0x7FFFFFFFU), 0.3F);
    const float drop = exact::div(exact::mul(10.0F, exact::mul(d, d)), exact::add(1.0F, d));
    return exact::sub(5.0F, drop);
  }
  template <class State>
  URN_HOST_DEVICE void operator()(State& row) const {
    row.settle();
    if (row.size() == 1 || !row.weigh() || ordered(target) < ordered(0.0F)) {
      categorical{}(row);
      if (!row.has_failed()) row.result.prior_logprob = row.result.logprob;
      return;
    }
    const kernel::row_mass came = row.mass();
    const float c = row.scale();
    const std::span<const float> before = reshape(row, c, came);
    categorical{}(row);
    const std::size_t i = before.size() == 1 ? 0 : place_of(row.kept.ids, row.result.token);
    row.result.prior_logprob = kernel::log_share(before[i], c, came.key, came.total);
  }

 private:
  /// Makes l' of the logits of all tokens that can be drawn; returns what they were.
  template <class State>
  URN_HOST_DEVICE std::span<const float> reshape(State& row, float c, const kernel::row_mass& came) const {
    row.keep([&](const auto& source, const auto& scanned) {
      return row.policy.select_above(source, c, came.key, 0, scanned, row.scratch);
    });
    const std::span<float> before = row.scratch.left().first(row.kept.size());
    row.policy.each(before.size(), [&](std::size_t i) {
      before[i] = row.kept.logits[i];
      const auto mass = static_cast<double>(kernel::mass_in_row(before[i], c, came.key));
      row.kept.logits[i] = reshaped(static_cast<float>(exact::div(mass, static_cast<double>(came.total))));
    });
    row.drop_temperature();
    row.forget();
    return before;
  }
};

}  // namespace urn
URN_EITHER_SIDE_END
