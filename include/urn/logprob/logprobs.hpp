#pragma once
/// \file
/// logprobs: how likely the drawn token was, and which would have been likelier.

#include <cstddef>
#include <cstdint>
#include <span>

#include "urn/core/draw.hpp"
#include "urn/core/float_environment.hpp"
#include "urn/core/order_key.hpp"
#include "urn/core/platform.hpp"
#include "urn/core/row.hpp"
#include "urn/core/workspace.hpp"
#include "urn/kernel/candidates.hpp"
#include "urn/kernel/edited_row.hpp"
#include "urn/kernel/fraction.hpp"
#include "urn/kernel/policy.hpp"
#include "urn/pipeline/pipeline.hpp"
#include "urn/processor/stage.hpp"

URN_EITHER_SIDE_BEGIN
namespace urn {

/// Fills `best` with the best tokens of a row at scale c and their logprobs, in the order of candidates, and
/// what is left of it with {no_token, -inf}. `mass` and `scanned` are the row's. O(V + n log n).
template <execution_policy Policy, logits_row Row>
URN_HOST_DEVICE void fill_top_logprobs(Policy policy, const Row& row, float c, const kernel::row_mass& mass,
                                       const kernel::row_scan& scanned, std::span<token_logprob> best,
                                       typename Policy::workspace& scratch) {
  const auto ranked = policy.top_n(row, best.size(), scanned, scratch);
  policy.each(best.size(), [&](std::size_t i) {
    best[i] = {};
    if (i >= ranked.size()) return;
    const std::uint64_t key = ranked[i].key;
    best[i] = {id_of(key), kernel::log_share(logit_of(key), c, mass.key, mass.total)};
  });
}

namespace detail {

template <execution_policy Policy>
URN_HOST_DEVICE void clear(Policy policy, std::span<token_logprob> list) {
  policy.each(list.size(), [&](std::size_t i) { list[i] = {}; });
}
template <execution_policy Policy>
URN_HOST_DEVICE void put_first(Policy policy, std::span<token_logprob> list, const token_logprob& best) {
  policy.each(1, [&](std::size_t i) { list[i] = best; });
}

URN_HOST_DEVICE constexpr bool is_token(token_id token, std::size_t vocabulary) {
  return token >= 0 && static_cast<std::size_t>(token) < vocabulary;
}
/// The logprob of what is not left of a row; NaN of what is no token.
URN_HOST_DEVICE constexpr float without_mass(token_id token, std::size_t vocabulary) {
  if (!is_token(token, vocabulary)) return exact::quiet_nan;
  return exact::minus_infinity;
}

/// The logit of a token that is left of the row, before the temperature; NaN of one that is not.
template <class State>
URN_HOST_DEVICE float logit_left(const State& row, token_id token) {
  if (!is_token(token, row.vocabulary())) return exact::quiet_nan;
  if (!row.is_cut) return row.row.at(static_cast<std::size_t>(token));
  const std::size_t i = place_of(row.kept.ids, token);
  return i < row.kept.size() && row.kept.ids[i] == token ? row.kept.logits[i] : exact::quiet_nan;
}

/// The token's raw_logprob (`known`, unless that is NaN), rank and `best` in a row whose mass at temperature
/// 1 is known.
template <execution_policy Policy, logits_row Row>
URN_HOST_DEVICE draw score(Policy policy, const Row& row, token_id token, const kernel::row_mass& mass,
                           typename Policy::workspace& scratch, std::span<token_logprob> best,
                           float known = exact::quiet_nan) {
  const kernel::row_scan scanned = kernel::scan_of(mass);
  const float logit = row.at(static_cast<std::size_t>(token));
  draw result{.token = token, .status = mass.status, .mass = mass.total};
  result.kept = static_cast<std::uint32_t>(row.size());
  result.rank = static_cast<std::uint32_t>(policy.count_before(row, order_key(logit, token), scanned) + 1);
  if (has(mass.status, status::infinite)) {
    result.raw_logprob = result.rank == 1 ? 0.0F : exact::minus_infinity;
    if (!best.empty()) put_first(policy, best, {policy.max(row, scanned).token(), 0.0F});
  }
  if (mass.total == 0) return result;
  const float c = kernel::unit_scale;
  result.raw_logprob = exact::is_nan(known) ? kernel::log_share(logit, c, mass.key, mass.total) : known;
  if (!best.empty()) fill_top_logprobs(policy, row, c, mass, scanned, best, scratch);
  return result;
}

}  // namespace detail

/// Scores a given token, a prompt's for instance: raw_logprob = ln softmax(logits)[token] of the row as it
/// is, at temperature 1 (what a trainer computes), its rank, and in `best` the best tokens. raw_logprob is
/// NaN if the row has no distribution (see status) or `token` is not one of its tokens (bad_argument).
template <execution_policy Policy, class Logits>
draw score_token(Policy policy, const Logits& logits, token_id token, workspace& scratch,
                 std::span<token_logprob> best = {}) {
  const float_environment environment;
  const row_view row{logits};
  for (token_logprob& b : best) b = {};
  status admitted = detail::admit(row.size(), scratch);
  if (token < 0 || static_cast<std::size_t>(token) >= row.size()) admitted |= status::bad_argument;
  if (failed(admitted)) return {.token = token, .status = admitted};
  const std::span<float> maxima = scratch.maxima_of(row.size());
  const kernel::row_mass mass = policy.mass(row, kernel::unit_scale, scratch.blocks(), maxima);
  return detail::score(policy, row, token, mass, scratch, best);
}

/// What a report gives for a token.
enum class logprob_value : std::uint8_t {
  logprob,  ///< vLLM's raw_logprobs and processed_logprobs
  logit     ///< its raw_logits and processed_logits: l, and l / T of what is left, -inf of the rest
};

/// Of which row the processed logprobs are.
enum class logprob_row : std::uint8_t {
  kept,  ///< of what was drawn from
  uncut  ///< of the row as it came to the first cut, edited and at its temperature (SGLang)
};

/// Completes a draw: `logprob` where the sampler left it out (greedy); with `raw`, raw_logprob and rank, from
/// the row as it came; and the lists of the context that are not empty, `top_logprobs` of what was drawn
/// from, `raw_top_logprobs` of the row as it came, and given_logprobs and raw_given_logprobs, whose tokens
/// the caller has set (-inf for what was cut off, NaN for what is no token). Logprobs are natural; the rank
/// counts from 1, equal logits by id. With logprob_value::logit all of them are logits instead. O(log n) for
/// each given token.
struct logprobs {
  using stage = report;

  bool raw = true;
  logprob_value value = logprob_value::logprob;
  logprob_row of = logprob_row::kept;

  [[nodiscard]] constexpr logprobs_wanted wants() const { return {true, raw, of == logprob_row::uncut}; }

  template <class State>
  URN_HOST_DEVICE void operator()(State& row) const {
    if (row.result.token == no_token) return;  // `distribution` in the place of a sampler draws none
    const float of_best = complete_processed(row);
    if (of == logprob_row::uncut && row.is_cut && row.uncut.total != 0) complete_uncut(row);
    complete_raw(row, row.is_as_it_came() ? of_best : exact::quiet_nan);
    if (value == logprob_value::logit) put_logits(row);
  }

 private:
  /// `known` is the token's raw logprob, or NaN.
  template <class State>
  URN_HOST_DEVICE void complete_raw(State& row, float known) const {
    const std::span<token_logprob> best = row.context.raw_top_logprobs;
    const std::span<token_logprob> given = row.context.raw_given_logprobs;
    detail::clear(row.policy, best);
    if (!raw && best.empty() && given.empty()) return;
    row.weigh_raw();
    const draw scored =
        detail::score(row.policy, row.raw, row.result.token, *row.raw_mass, row.scratch, best, known);
    complete_given_raw(row, given);
    row.result.raw_logprob = scored.raw_logprob;
    row.result.rank = scored.rank;
  }

  template <class State>
  URN_HOST_DEVICE static void complete_given_raw(State& row, std::span<token_logprob> given) {
    if (given.empty()) return;
    const kernel::row_mass& mass = *row.raw_mass;
    const bool infinite = has(mass.status, status::infinite);
    const token_id first = infinite ? row.policy.max(row.raw, kernel::scan_of(mass)).token() : no_token;
    row.policy.each(given.size(), [&](std::size_t i) {
      const token_id token = given[i].token;
      float& logprob = given[i].logprob = detail::without_mass(token, row.vocabulary());
      if (exact::is_nan(logprob)) return;
      if (infinite && token == first) logprob = 0.0F;
      if (infinite) return;
      const float logit = row.raw.at(static_cast<std::size_t>(token));
      logprob = mass.total == 0 ? exact::quiet_nan
                                : kernel::log_share(logit, kernel::unit_scale, mass.key, mass.total);
    });
  }
  /// Gives the logprob of the best token where the sampler left it out and it could be drawn at all, else
  /// NaN.
  template <class State>
  URN_HOST_DEVICE static float complete_processed(State& row) {
    const std::span<token_logprob> best = row.context.top_logprobs;
    float of_best = exact::quiet_nan;
    detail::clear(row.policy, best);
    if (exact::is_nan(row.result.logprob) && row.size() > 1 && row.weigh()) {
      const kernel::row_mass& mass = row.mass();
      const float largest = logit_of(std::uint64_t{mass.largest} << 32);
      row.result.logprob = of_best = kernel::log_share(largest, row.scale(), mass.key, mass.total);
      row.result.mass = mass.total;
    }
    if (row.size() == 1) row.result.logprob = 0.0F;
    const std::span<token_logprob> given = row.context.given_logprobs;
    if (best.empty() && given.empty()) return of_best;
    if (row.size() == 1 || !row.weigh()) {
      const draw& only = row.result;
      if (!best.empty()) detail::put_first(row.policy, best, {only.token, only.logprob});
      row.policy.each(given.size(), [&](std::size_t i) {
        const bool is_it = given[i].token == only.token;
        given[i].logprob = is_it ? only.logprob : detail::without_mass(given[i].token, row.vocabulary());
      });
      return of_best;
    }
    row.policy.each(given.size(), [&](std::size_t i) {
      const float logit = detail::logit_left(row, given[i].token);
      given[i].logprob = exact::is_nan(logit)
                             ? detail::without_mass(given[i].token, row.vocabulary())
                             : kernel::log_share(logit, row.scale(), row.mass().key, row.mass().total);
    });
    if (best.empty()) return of_best;
    const kernel::row_scan scanned = row.scan();
    row.visit([&](const auto& source) {
      fill_top_logprobs(row.policy, source, row.scale(), row.mass(), scanned, best, row.scratch);
    });
    return of_best;
  }

  /// Replaces what complete_processed said of the kept set. The row's logits are those before the first cut.
  template <class State>
  URN_HOST_DEVICE static void complete_uncut(State& row) {
    const row_unit& unit = row.uncut;
    const auto logprob_of = [&](token_id token) {
      const float logit = row.row.at(static_cast<std::size_t>(token));
      return kernel::log_share(logit, unit.c, unit.key, unit.total);
    };
    row.result.logprob = logprob_of(row.result.token);
    const std::span<token_logprob> given = row.context.given_logprobs;
    row.policy.each(given.size(), [&](std::size_t i) {
      const bool known = detail::is_token(given[i].token, row.vocabulary());
      given[i].logprob = known ? logprob_of(given[i].token) : exact::quiet_nan;
    });
    const std::span<token_logprob> best = row.context.top_logprobs;
    if (best.empty()) return;
    if (row.raw_mass) row.raw_mass->maxima = {};  // the scan notes its own there
    const kernel::row_scan scanned = row.policy.scan(row.row, row.scratch.maxima_of(row.vocabulary()));
    const kernel::row_mass mass{unit.total, unit.key};
    fill_top_logprobs(row.policy, row.row, unit.c, mass, scanned, best, row.scratch);
  }

  /// Replaces what was filled by logits.
  template <class State>
  URN_HOST_DEVICE void put_logits(State& row) const {
    const auto left = [&](token_id token) {
      const float logit = detail::logit_left(row, token);
      if (exact::is_nan(logit)) return detail::without_mass(token, row.vocabulary());
      return at_temperature(logit, row.temperature);
    };
    const auto as_it_came = [&](token_id token) {
      return detail::is_token(token, row.vocabulary()) ? row.raw.at(static_cast<std::size_t>(token))
                                                       : exact::quiet_nan;
    };
    row.result.logprob = left(row.result.token);
    if (!exact::is_nan(row.result.raw_logprob)) row.result.raw_logprob = as_it_came(row.result.token);
    const draw_context& lists = row.context;
    replace(row.policy, lists.top_logprobs, left);
    replace(row.policy, lists.given_logprobs, left);
    replace(row.policy, lists.raw_top_logprobs, as_it_came);
    replace(row.policy, lists.raw_given_logprobs, as_it_came);
  }
  template <class Policy, class Value>
  URN_HOST_DEVICE static void replace(const Policy& policy, std::span<token_logprob> list, const Value& of) {
    policy.each(list.size(), [&](std::size_t i) {
      if (list[i].token != no_token) list[i].logprob = of(list[i].token);
    });
  }
};

}  // namespace urn
URN_EITHER_SIDE_END
