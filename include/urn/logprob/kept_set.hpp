#pragma once
/// \file
/// kept_set: which tokens a draw was made from, how much of the row they are, and how open the choice was.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "urn/core/draw.hpp"
#include "urn/core/exact.hpp"
#include "urn/core/order_key.hpp"
#include "urn/core/platform.hpp"
#include "urn/core/status.hpp"
#include "urn/core/token.hpp"
#include "urn/kernel/block_mass.hpp"
#include "urn/kernel/fraction.hpp"
#include "urn/kernel/scalar/moments.hpp"
#include "urn/processor/stage.hpp"

URN_EITHER_SIDE_BEGIN
namespace urn {

/// Fills what the context asks for. `kept_set`: the first tokens that are left, by ascending ids, with their
/// logprobs, and {no_token, -inf} behind them; draw::kept says how many there are in all. `summary`: mass,
/// the share that they have of the row as it came to the first cut, edited, at its temperature (a temperature
/// of 0 is a cut at 1); and the entropy of what is left, to 1e-5. For any token that is left
///
///     logprob = logprob before the first cut - ln(mass)
///
/// where no temperature and no edit follows the cuts. The masses are summed by the way where the first cut
/// looks at the row. O(kept), or O(V) without a cut.
struct kept_set {
  using stage = report;

  bool summary = true;  ///< whether the context may ask for it

  [[nodiscard]] constexpr logprobs_wanted wants() const { return {false, false, summary}; }

  template <class State>
  URN_HOST_DEVICE void operator()(State& row) const {
    fill(row, row.context.kept_set);
    kept_summary* const to = row.context.summary;
    if (!summary || to == nullptr) return;
    const kept_summary both{share(row), entropy_of(row)};
    row.policy.each(1, [&](std::size_t) { *to = both; });
  }

 private:
  template <class State>
  URN_HOST_DEVICE static void fill(State& row, std::span<token_logprob> list) {
    if (list.empty()) return;
    const bool weighed = row.size() > 1 && row.weigh();
    row.policy.each(list.size(), [&](std::size_t i) {
      list[i] = i < row.size() ? entry(row, i, weighed) : token_logprob{};
    });
  }
  template <class State>
  URN_HOST_DEVICE static token_logprob entry(const State& row, std::size_t i, bool weighed) {
    return row.visit([&](const auto& source) -> token_logprob {
      if (!weighed) return {source.id(i), 0.0F};
      return {source.id(i), kernel::log_share(source.at(i), row.scale(), row.mass().key, row.mass().total)};
    });
  }

  /// By masses of the first cut's unit, from the row's own logits.
  template <class State>
  URN_HOST_DEVICE static float share(const State& row) {
    if (!row.is_cut || row.uncut.total == 0) return 1.0F;
    std::uint64_t mass = 0;
    for (std::size_t i = 0; i < row.kept.size(); ++i) {
      if (!survives(row.kept.at(i))) continue;  // masked after the cut
      const float logit = row.row.at(static_cast<std::size_t>(row.kept.id(i)));
      mass += kernel::mass_in_row(logit, row.uncut.c, row.uncut.key);
    }
    const double share = exact::div(static_cast<double>(mass), static_cast<double>(row.uncut.total));
    return share < 1 ? static_cast<float>(share) : 1.0F;
  }
  template <class State>
  URN_HOST_DEVICE static float entropy_of(State& row) {
    if (row.size() == 1 || !row.weigh()) return 0.0F;
    return static_cast<float>(kernel::entropy(row.visit(
        [&](const auto& source) { return row.policy.moments(source, row.scale(), row.mass().key); })));
  }
};

/// The kept sets of a batch as one matrix of compressed rows: those of row r are token_ids[offsets[r]] to
/// token_ids[offsets[r + 1] - 1], by ascending ids (vLLM's sampling mask).
struct kept_rows {
  std::vector<token_id> token_ids{};
  std::vector<float> logprobs{};
  std::vector<std::size_t> offsets{0};
};

/// Gathers the lists of a batch's contexts. Of a row with more kept tokens than its list holds, those in the
/// list; of one that failed, none.
inline kept_rows compressed(std::span<const draw> draws, std::span<const draw_context> contexts) {
  kept_rows rows;
  for (std::size_t r = 0; r < draws.size(); ++r) {
    const std::span<const token_logprob> list = contexts[r].kept_set;
    const std::size_t kept = failed(draws[r].status) ? 0 : std::min<std::size_t>(draws[r].kept, list.size());
    for (const token_logprob& t : list.first(kept)) {
      rows.token_ids.push_back(t.token);
      rows.logprobs.push_back(t.logprob);
    }
    rows.offsets.push_back(rows.token_ids.size());
  }
  return rows;
}

}  // namespace urn
URN_EITHER_SIDE_END
