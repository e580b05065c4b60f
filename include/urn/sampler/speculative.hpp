#pragma once
/// \file
/// Speculative verification: a cheap draft proposes tokens, the target's distributions decide which stand
/// (Leviathan et al., "Fast inference from transformers via speculative decoding"; Chen et al., "Accelerating
/// large language model decoding with speculative sampling", 2023). All of it in exact integers: the tokens
/// come out with the target's own distribution, whatever the draft, and there is no rounding to repair.

#include <cstddef>
#include <cstdint>
#include <span>

#include "urn/core/draw.hpp"
#include "urn/core/exact.hpp"
#include "urn/core/token.hpp"
#include "urn/kernel/exponential.hpp"
#include "urn/kernel/fraction.hpp"
#include "urn/random/random_bits.hpp"
#include "urn/sampler/distribution.hpp"

namespace urn {

/// A proposed token and what it was drawn from, after all processors. `from` is empty where the draft is one
/// token without a choice: the best of a model, or the continuation of an n-gram.
struct draft_token {
  token_id token = no_token;
  token_masses from{};
};

/// What became of a draft.
struct verdict {
  token_id token = no_token;  ///< the draft's if it was accepted, else what stands in its place
  bool accepted = false;
};

namespace detail {

__extension__ using wide = unsigned __int128;

/// floor(bits * mass / 2^64).
constexpr wide uniform_below(std::uint64_t bits, wide mass) {
  const wide low = static_cast<wide>(bits) * static_cast<std::uint64_t>(mass);
  return static_cast<wide>(bits) * static_cast<std::uint64_t>(mass >> 64) + (low >> 64);
}

/// The mass of the draft in what it was drawn from.
inline std::uint64_t draft_mass(const draft_token& draft, token_id id) {
  if (draft.from.empty()) return id == draft.token ? 1 : 0;
  return draft.from.of(id);
}
inline std::uint64_t draft_total(const draft_token& draft) {
  return draft.from.empty() ? 1 : draft.from.total;
}

/// Calls use(id, mass) for each token with mass of max(p - q, 0), in units of 1 / (p.total * q.total), by
/// ascending ids.
template <class Use>
void for_each_residual(const token_masses& p, const draft_token& q, Use&& use) {
  const std::uint64_t all = draft_total(q);
  std::size_t j = 0;
  for (std::size_t i = 0; i < p.size(); ++i) {
    while (j < q.from.size() && q.from.ids[j] < p.ids[i]) ++j;
    const bool shared = j < q.from.size() && q.from.ids[j] == p.ids[i];
    const std::uint64_t other = q.from.empty() ? draft_mass(q, p.ids[i]) : (shared ? q.from.masses[j] : 0);
    const wide mine = static_cast<wide>(p.masses[i]) * all;
    const wide theirs = static_cast<wide>(other) * p.total;
    if (mine > theirs) use(p.ids[i], mine - theirs);
  }
}

inline wide residual_total(const token_masses& p, const draft_token& q) {
  wide total = 0;
  for_each_residual(p, q, [&](token_id, wide mass) { total += mass; });
  return total;
}

/// A token of max(p - q, 0), which is not 0 everywhere.
inline token_id draw_residual(const token_masses& p, const draft_token& q, std::uint64_t bits) {
  wide left = uniform_below(bits, residual_total(p, q));
  token_id drawn = no_token;
  for_each_residual(p, q, [&](token_id id, wide mass) {
    if (drawn != no_token) return;
    if (left < mass) drawn = id;
    left -= mass;
  });
  return drawn;
}

}  // namespace detail

/// True for a share min(1, p(x) / q(x)) of all 64-bit `bits`, where p(x) = p / p_total and so on: u * q(x) <
/// p(x) with u = bits / 2^64, compared as integers of 192 bits.
constexpr bool accepts(std::uint64_t bits, std::uint64_t p, std::uint64_t p_total, std::uint64_t q,
                       std::uint64_t q_total) {
  return detail::uniform_below(bits, static_cast<detail::wide>(q) * p_total) <
         static_cast<detail::wide>(p) * q_total;
}

/// Rejection sampling: the token has the distribution p, and the draft stands as often as any rule can have
/// it, sum min(p, q). It stands if u * q(x) < p(x); otherwise the token is drawn from max(p - q, 0), which
/// then has mass. A draft that q never draws is passed over for a draw from p.
struct rejection_sampling {
  [[nodiscard]] verdict operator()(const token_masses& p, const draft_token& draft,
                                   const draw_key& key) const {
    const std::uint64_t q = detail::draft_mass(draft, draft.token);
    if (q == 0) return {draw_from(p, random_bits(key, lane_purpose::residual)), false};
    const std::uint64_t bits = random_bits(key, lane_purpose::accept);
    if (accepts(bits, p.of(draft.token), p.total, q, detail::draft_total(draft))) return {draft.token, true};
    return {detail::draw_residual(p, draft, random_bits(key, lane_purpose::residual)), false};
  }
};

/// The token that would have been drawn without a draft, which stands if it is that token. Distribution and
/// tokens are those of plain sampling by the same key (after a cut, categorical's), whatever the draft. A
/// draft that was drawn with the same key agrees more often than an independent one.
struct equality_match {
  [[nodiscard]] verdict operator()(const token_masses& p, const draft_token& draft,
                                   const draw_key& key) const {
    const token_id token = draw_from(p, random_bits(key, lane_purpose::draw));
    return {token, token == draft.token};
  }
};

/// The entropy of a distribution in nats, in double, summed by ascending ids. O(n) logarithms.
inline double entropy(const token_masses& p) {
  double sum = 0;
  for (const std::uint64_t mass : p.masses)
    sum = exact::fma(static_cast<double>(mass), kernel::natural_log(mass), sum);
  return exact::sub(kernel::natural_log(p.total), exact::div(sum, static_cast<double>(p.total)));
}

/// Typical acceptance (Cai et al., "Medusa", 2024): the draft stands if p(x) > min(epsilon, delta * exp(-H)),
/// H the entropy of p; otherwise the token is drawn from p. More drafts stand, and the tokens do not have the
/// distribution p.
struct typical_acceptance {
  float epsilon = 0.3F;
  float delta = 0.09F;

  [[nodiscard]] verdict operator()(const token_masses& p, const draft_token& draft,
                                   const draw_key& key) const {
    const double share = exact::div(static_cast<double>(p.of(draft.token)), static_cast<double>(p.total));
    const double by_entropy =
        exact::mul(static_cast<double>(delta), kernel::exp2(exact::div(-entropy(p), kernel::ln2)));
    if (share > static_cast<double>(epsilon) || share > by_entropy) return {draft.token, true};
    return {draw_from(p, random_bits(key, lane_purpose::draw)), false};
  }
};

/// What a chain of drafts gave: its first `accepted` tokens, then `next`; no_token if the target had no
/// distribution there.
struct chain_verdict {
  std::size_t accepted = 0;
  token_id next = no_token;
};

/// Verifies drafts[0], drafts[1], ... until one does not stand; what stands in its place, or after the last
/// one a draw from the target, is the next token. `target(i)` gives the target's distribution at position i,
/// where the drafts before i stand; it is asked in order, no further than needed, and may use one room for
/// all. The draw at position i has the key of step first.step + i; the drafts may have been drawn with those
/// keys by lane_purpose::draw.
template <class Target, class Rule = rejection_sampling>
chain_verdict verify_chain(std::span<const draft_token> drafts, Target&& target, draw_key first,
                           const Rule& rule = {}) {
  for (std::size_t i = 0; i < drafts.size(); ++i, ++first.step) {
    const token_masses p = target(i);
    if (p.empty()) return {i, no_token};
    const verdict v = rule(p, drafts[i], first);
    if (!v.accepted) return {i, v.token};
  }
  return {drafts.size(), draw_from(target(drafts.size()), random_bits(first, lane_purpose::draw))};
}

}  // namespace urn
