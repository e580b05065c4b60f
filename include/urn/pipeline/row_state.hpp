#pragma once
/// \file
/// One row on its way through a pipeline.

#include <cstddef>
#include <optional>

#include "urn/core/draw.hpp"
#include "urn/core/exact.hpp"
#include "urn/core/row.hpp"
#include "urn/core/workspace.hpp"
#include "urn/kernel/policy.hpp"

namespace urn {

/// What scaling, cut, sampler and report stages see and change. `raw` is the row as it came, `row` the same
/// with the edits so far; after a cut, `kept` counts instead of `row`. Edited logits are never written back:
/// a later edit wraps `row`.
template <execution_policy Policy, logits_row Raw, logits_row Row>
struct row_state {
  Policy policy;
  const Raw& raw;
  const Row& row;
  const draw_context& context;
  workspace& scratch;
  draw& result;
  float temperature = 1.0F;  ///< what the logits are still to be divided by
  std::size_t touched = 0;   ///< entries of scratch.touched() in use
  bool is_cut = false;
  candidate_list kept{};
  std::optional<kernel::row_mass> weighed{};  ///< of what is kept, at the temperature

  [[nodiscard]] std::size_t vocabulary() const { return raw.size(); }
  /// c of block mass at the temperature.
  [[nodiscard]] float scale() const { return kernel::mass_scale(temperature); }
  /// Where a cut may write what it keeps, even while it reads `kept`.
  [[nodiscard]] candidate_list room() { return {scratch.ids(), scratch.logits()}; }
  [[nodiscard]] bool has_failed() const { return failed(result.status); }
  [[nodiscard]] const kernel::row_mass& mass() const { return *weighed; }
  /// The number of tokens still in.
  [[nodiscard]] std::size_t size() const { return is_cut ? kept.size() : row.size(); }

  /// Calls use(row) or use(kept), whichever counts.
  template <class Use>
  decltype(auto) visit(Use&& use) const {
    return is_cut ? use(kept) : use(row);
  }

  void apply_temperature(float t) {
    temperature = exact::mul(temperature, t);
    weighed.reset();
  }

  /// Lets a temperature of 0 take effect: only the best token is kept. Masks may come before that.
  void settle() {
    if (temperature > 0.0F) return;
    temperature = 1.0F;
    keep_best();
  }

  /// Replaces what counts by `select(row or kept)`, a kernel::selection.
  template <class Select>
  void keep(Select&& select) {
    settle();
    if (has_failed()) return;
    const kernel::selection selected = visit(select);
    kept = selected.kept;
    is_cut = true;
    result.status |= selected.status;
    weighed.reset();
  }

  /// Keeps only the best token.
  void keep_best() {
    keep([this](const auto& source) {
      const kernel::row_max best = policy.max(source);
      candidate_list one = room().first(best.key == 0 ? 0 : 1);
      if (best.key != 0) {
        one.ids[0] = best.token();
        one.logits[0] = best.logit();
      }
      return kernel::selection{one, best.status};
    });
  }

  /// Makes mass() valid. False if there is nothing to weigh: the row failed, or +inf took the whole mass and
  /// is kept alone.
  bool weigh() {
    settle();
    if (has_failed()) return false;
    if (!weighed) {
      weighed = is_cut ? policy.mass_of_kept(kept, scale()) : policy.mass(row, scale(), scratch.blocks());
      result.status |= weighed->status;
    }
    if (!has(weighed->status, status::infinite)) return !has_failed();
    keep_best();
    return false;
  }

  /// The same state over another row: what an edit goes on with.
  template <logits_row Edited>
  [[nodiscard]] row_state<Policy, Raw, Edited> over(const Edited& edited, std::size_t touched_now) {
    return {policy, raw, edited, context, scratch, result, temperature, touched_now, is_cut, kept, weighed};
  }
};

}  // namespace urn
