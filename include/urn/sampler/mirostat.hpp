#pragma once
/// \file
/// mirostat: draws of a chosen mean surprise (Basu et al., "Mirostat: a neural text decoding algorithm that
/// directly controls perplexity", 2021). The pieces `mirostat_v1` and `mirostat_v2` draw at a given limit mu;
/// `mirostat_state` moves mu after each accepted draw:
///
///     urn::mirostat_state state{{.tau = 5, .eta = 0.1F}};
///     urn::draw d = (urn::temperature{0.8F} | urn::mirostat_v2{state.mu()})(urn::simd, row, context,
///     scratch); state.accept(d);

#include <bit>
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
#include "urn/kernel/exponential.hpp"
#include "urn/kernel/fraction.hpp"
#include "urn/kernel/scalar/mass.hpp"
#include "urn/processor/stage.hpp"
#include "urn/sampler/categorical.hpp"

URN_EITHER_SIDE_BEGIN
namespace urn {

/// Of which distribution a draw's surprise is measured.
enum class surprise : std::uint8_t {
  kept,  ///< the renormalised one that was drawn from (llama.cpp, text-generation-webui)
  whole  ///< the one that came to mirostat, before its cut
};

/// What the feedback aims at: tau bits of surprise, approached at the rate eta. Both finite, tau >= 0.
struct mirostat {
  float tau = 5.0F;
  float eta = 0.1F;
  surprise of = surprise::kept;
};

/// mu, which starts at 2 tau; after each accepted draw mu -= eta * (its surprise - tau). Copies share
/// nothing. Used by one thread at a time; `accept` may allocate.
class mirostat_state {
 public:
  explicit mirostat_state(const mirostat& parameters = {})
      : parameters_(parameters), mu_(exact::mul(2.0F, parameters.tau)) {}

  [[nodiscard]] float mu() const { return mu_.now(); }

  /// Learns from a draw that became part of the output. One without a token changes nothing, but counts.
  void accept(const draw& d) {
    const float logprob = parameters_.of == surprise::kept ? d.logprob : d.prior_logprob;
    if (d.token == no_token || exact::is_nan(logprob)) return mu_.advance(mu());
    const double bits = exact::div(static_cast<double>(logprob), -kernel::ln2);
    const double error = exact::sub(bits, static_cast<double>(parameters_.tau));
    mu_.advance(static_cast<float>(
        exact::fma(-static_cast<double>(parameters_.eta), error, static_cast<double>(mu()))));
  }
  /// As if the last n draws had never been accepted.
  void rollback(std::size_t n) { mu_.rollback(n); }

  /// What `restore` of a state with the same parameters takes.
  [[nodiscard]] std::vector<std::uint32_t> save() const { return mu_.save(); }
  [[nodiscard]] bool restore(std::span<const std::uint32_t> saved) { return mu_.restore(saved); }

 private:
  mirostat parameters_;
  rewindable<float> mu_;
};

namespace detail {

/// The draw's prior_logprob, once it was drawn from the part `kept` of a row of mass `came`, in one unit.
URN_HOST_DEVICE inline void fill_prior(draw& result, std::uint64_t kept, std::uint64_t came) {
  const double share = exact::sub(kernel::natural_log(kept), kernel::natural_log(came));
  const double prior = exact::add(static_cast<double>(result.logprob), share);
  result.prior_logprob = prior < 0 ? static_cast<float>(prior) : 0.0F;
}

/// Draws by probability from what `cut` leaves of a weighed row; the best token stays in. `cut` is told the
/// mass of the best.
template <class State, class Cut>
URN_HOST_DEVICE void draw_after(State& row, Cut&& cut) {
  row.settle();
  if (row.size() == 1 || !row.weigh()) {
    categorical{}(row);
    if (!row.has_failed()) row.result.prior_logprob = 0.0F;
    return;
  }
  const kernel::row_mass came = row.mass();
  const float largest = logit_of(std::uint64_t{came.largest} << 32);
  const std::uint64_t best = kernel::mass_in_row(largest, row.scale(), came.key);
  cut(came, best);
  categorical{}(row);
  if (row.has_failed()) return;
  fill_prior(row.result, row.size() == 1 ? best : row.mass().total, came.total);
}

}  // namespace detail

/// Draws from the tokens whose surprise -log2 p is at most mu, from the best one alone if there are none. In
/// masses: v_i >= ceil(total * 2^-mu). Fills what categorical fills, and prior_logprob. mu of NaN is refused.
/// O(V).
struct mirostat_v2 {
  using stage = sampler;
  static constexpr bool draws_by_point = true;

  float mu = 10.0F;

  [[nodiscard]] constexpr status check(std::size_t) const {
    return exact::is_nan(mu) ? status::bad_argument : status::ok;
  }
  template <class State>
  URN_HOST_DEVICE void operator()(State& row) const {
    detail::draw_after(row, [&](const kernel::row_mass& came, std::uint64_t best) {
      const bool positive = ordered(mu) >= ordered(0.0F);
      const std::uint64_t least = positive ? kernel::ceil_share_of_surprise(came.total, mu) : ~0ULL;
      if (least > best) return row.keep_best();
      row.keep([&](const auto& source, const auto& scanned) {
        return row.policy.select_above(source, row.scale(), came.key, least, scanned, row.scratch);
      });
    });
  }
};

/// Draws from the k best tokens, k by Zipf's law: with b_i = ln(p_i / p_{i+1}) and t_i = ln((i + 2) / (i +
/// 1)) over the best `sample` tokens, i from 0,
///
///     s = sum t b / sum t^2     e = s - 1     k = floor((e * 2^mu / (1 - V^-e))^(1 / s)), from 1 to V
///
/// in double; where e = 0 its limit 2^mu / ln V, where s = 0 (all equal) V or 1. Fills what categorical
/// fills, and prior_logprob. mu of NaN is refused. O(V + sample log sample).
struct mirostat_v1 {
  using stage = sampler;
  static constexpr bool draws_by_point = true;

  float mu = 10.0F;
  std::uint32_t sample = 100;  ///< how many of the best tokens tell s; at least 2

  [[nodiscard]] constexpr status check(std::size_t) const {
    return exact::is_nan(mu) || sample < 2 ? status::bad_argument : status::ok;
  }
  template <class State>
  URN_HOST_DEVICE void operator()(State& row) const {
    detail::draw_after(row, [&](const kernel::row_mass&, std::uint64_t) {
      const kernel::row_scan scanned = row.scan();
      const double s = row.visit([&](const auto& source) {
        return exponent(row.policy.top_n(source, sample, scanned, row.scratch), row.temperature);
      });
      const std::size_t k = count(s, row.vocabulary());
      if (k >= row.size()) return;
      row.keep([&](const auto& source, const auto& seen) {
        return row.policy.select_k(source, k, seen, row.scratch);
      });
    });
  }

  /// s, of tokens in the order of candidates; b_i is the difference of their logits at the temperature.
  template <class Ranked>
  [[nodiscard]] URN_HOST_DEVICE static double exponent(const Ranked& best, float temperature) {
    double products = 0;
    double squares = 0;
    for (std::size_t i = 0; i + 1 < best.size(); ++i) {
      const auto logit = [&](std::size_t at) { return static_cast<double>(logit_of(best[at].key)); };
      const double b = exact::div(exact::sub(logit(i), logit(i + 1)), static_cast<double>(temperature));
      const double t =
          exact::sub(kernel::natural_log(std::uint64_t{i + 2}), kernel::natural_log(std::uint64_t{i + 1}));
      products = exact::fma(t, b, products);
      squares = exact::fma(t, t, squares);
    }
    return squares > 0 ? exact::div(products, squares) : 0.0;
  }
  /// k, for a vocabulary of so many tokens.
  [[nodiscard]] URN_HOST_DEVICE std::size_t count(double s, std::size_t vocabulary) const {
    if (vocabulary < 2) return 1;
    const double log2_k = log2_of_mass(exact::sub(s, 1.0), vocabulary);
    const bool large = log2_k > 0;
    if (!large) return 1;
    if (!(exact::mul(s, 64.0) > log2_k)) return vocabulary;  // above 2^64, s = 0 among them
    const double k = kernel::exp2(exact::div(log2_k, s));
    return k < static_cast<double>(vocabulary) ? static_cast<std::size_t>(k) : vocabulary;
  }

 private:
  /// log2(e * 2^mu / (1 - V^-e)).
  [[nodiscard]] URN_HOST_DEVICE double log2_of_mass(double e, std::size_t vocabulary) const {
    const double of_vocabulary = kernel::natural_log(std::uint64_t{vocabulary});
    const double tail = exact::sub(1.0, kernel::exp2(exact::div(exact::mul(-e, of_vocabulary), kernel::ln2)));
    const bool limit = tail == 0 || e == 0;
    const double share =
        limit ? -kernel::natural_log_of(of_vocabulary) : kernel::natural_log_of(exact::div(e, tail));
    const float bounded = mu < -1e6F ? -1e6F : (mu > 1e6F ? 1e6F : mu);
    return exact::add(exact::div(share, kernel::ln2), static_cast<double>(bounded));
  }
};

}  // namespace urn
URN_EITHER_SIDE_END
