#pragma once
/// \file
/// One row on its way through a pipeline.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "urn/core/draw.hpp"
#include "urn/core/exact.hpp"
#include "urn/core/platform.hpp"
#include "urn/core/row.hpp"
#include "urn/core/workspace.hpp"
#include "urn/kernel/policy.hpp"
#include "urn/processor/stage.hpp"

URN_EITHER_SIDE_BEGIN
namespace urn {

/// What came to the first cut: the scale, unit and total of its masses. Total 0: not known.
struct row_unit {
  std::uint64_t total = 0;
  std::uint32_t key = 0;
  float c = 0.0F;
};

/// What is known of a row so far. What counts is the kept set once there was a cut, before it the edited row.
struct row_facts {
  float temperature = 1.0F;      ///< what the logits are still to be divided by
  float c = kernel::unit_scale;  ///< of block mass at it; a division of doubles, made once
  std::size_t touched = 0;       ///< entries of scratch.touched() in use
  logprobs_wanted wants{};       ///< by later stages
  bool is_edited = false;        ///< the row may differ from what it was
  bool is_cut = false;
  candidate_list kept{};
  std::optional<kernel::row_scan> scanned{};  ///< of what counts
  std::optional<kernel::row_mass> weighed{};  ///< of what counts, at the temperature; total 0: not yet summed
  std::optional<kernel::row_mass> raw_mass{};  ///< of the row as it came, at temperature 1
  row_unit uncut{};                            ///< if it was cut, and is wanted
};

/// What scaling, cut, sampler and report stages see and change. `raw` is the row as it came, `row` the same
/// with the edits so far; after a cut, `kept` counts instead of `row`. Edited logits are never written back:
/// a later edit wraps `row`.
template <execution_policy Policy, logits_row Raw, logits_row Row>
struct row_state : row_facts {
  Policy policy;
  const Raw& raw;
  const Row& row;
  const draw_context& context;
  typename Policy::workspace& scratch;
  draw& result;

  [[nodiscard]] URN_HOST_DEVICE std::size_t vocabulary() const { return raw.size(); }
  /// c of block mass at the temperature.
  [[nodiscard]] URN_HOST_DEVICE float scale() const { return c; }
  URN_HOST_DEVICE void set_temperature(float t) {
    temperature = t;
    c = kernel::mass_scale(t);
  }
  /// Logits count as they are from here on.
  URN_HOST_DEVICE void drop_temperature() {
    temperature = 1.0F;
    c = kernel::unit_scale;
  }
  [[nodiscard]] URN_HOST_DEVICE bool has_failed() const { return failed(result.status); }
  [[nodiscard]] URN_HOST_DEVICE const kernel::row_mass& mass() const { return *weighed; }
  /// Whether what counts is the row as it came, at temperature 1.
  [[nodiscard]] URN_HOST_DEVICE bool is_as_it_came() const {
    return !is_cut && !is_edited && exact::bits(temperature) == exact::bits(1.0F);
  }
  /// The number of tokens still in.
  [[nodiscard]] URN_HOST_DEVICE std::size_t size() const { return is_cut ? kept.size() : row.size(); }

  /// Calls use(row) or use(kept), whichever counts.
  template <class Use>
  URN_HOST_DEVICE decltype(auto) visit(Use&& use) const {
    return is_cut ? use(kept) : use(row);
  }

  /// Logits count as divided by t, beside what they are divided by already.
  URN_HOST_DEVICE void apply_temperature(float t) {
    set_temperature(exact::mul(temperature, t));
    weighed.reset();
  }

  /// Lets a temperature of 0 take effect: only the best token is kept. Masks may come before that.
  URN_HOST_DEVICE void settle() {
    if (exact::bits(temperature) != 0) return;
    drop_temperature();
    if (!has_failed()) keep_best();
  }

  /// What counts has changed: nothing is known of it.
  URN_HOST_DEVICE void forget() {
    scanned.reset();
    weighed.reset();
  }

  /// Where a cut may write what it keeps, even while it reads `kept`.
  [[nodiscard]] URN_HOST_DEVICE candidate_list room() { return room_in(scratch); }

  /// Replaces what counts by `select(row or kept)`, a kernel::selection; select may take what scan() says as
  /// well.
  template <class Select>
  URN_HOST_DEVICE void keep(Select&& select) {
    settle();
    if (has_failed()) return;
    if (wants.uncut && !is_cut) note_uncut();
    const kernel::row_scan seen = scan();
    if (has(seen.status, status::empty)) {
      result.status |= seen.status;
      return;
    }
    const kernel::selection selected = visit([&](const auto& source) {
      if constexpr (std::invocable<Select&, decltype(source), const kernel::row_scan&>) {
        return select(source, seen);
      } else {
        return select(source);
      }
    });
    kept = selected.kept;
    is_cut = true;
    result.status |= selected.status;
    scanned.reset();
    if (selected.largest != 0) {
      scanned = kernel::row_scan{selected.largest, kernel::status_of_row(selected.largest, false)};
    }
    if (selected.mass == 0) weighed.reset();
    if (weighed) weighed->total = selected.mass;
  }

  /// Keeps only the best token.
  URN_HOST_DEVICE void keep_best() {
    if (wants.uncut && !is_cut) note_uncut();
    const kernel::row_max first = best();
    kept = room().first(first.key == 0 ? 0 : 1);
    policy.each(kept.size(), [&](std::size_t i) {
      kept.ids[i] = first.token();
      kept.logits[i] = first.logit();
    });
    is_cut = true;
    result.status |= first.status;
    forget();
  }

  /// The first of the largest logits.
  [[nodiscard]] URN_HOST_DEVICE kernel::row_max best() {
    const kernel::row_scan seen = scan();
    return visit([&](const auto& source) { return policy.max(source, seen); });
  }

  /// The integer moments of a measured row.
  [[nodiscard]] URN_HOST_DEVICE kernel::row_moments moments() const {
    return visit([&](const auto& source) { return policy.moments(source, scale(), mass().key); });
  }

  /// Weighs a whole row of which nothing is known yet with the same pass that looks for its largest logit:
  /// for a sampler that only needs the latter, where a report on the former follows.
  URN_HOST_DEVICE void foresee() {
    if (wants.processed && !is_cut && !scanned && exact::bits(temperature) != 0) weighed = sum();
  }

  /// The largest logits of what counts. Where the row as it came is wanted later, the same pass weighs it.
  URN_HOST_DEVICE kernel::row_scan scan() {
    if (!scanned && !is_cut && !is_edited && wants.raw) weigh_raw();
    if (!scanned && is_cut) scanned = policy.scan(kept, {});
    if (!scanned) {
      scanned = policy.scan(row, maxima());
      if (raw_mass) raw_mass->maxima = {};
    }
    return *scanned;
  }

  /// Looks at what counts. False if there is nothing to compare: the row failed or is empty, or +inf is there
  /// and kept alone.
  URN_HOST_DEVICE bool look() {
    settle();
    if (has_failed()) return false;
    result.status |= scan().status;
    if (!has(scan().status, status::infinite)) return !has_failed();
    keep_best();
    return false;
  }

  /// Makes the unit of mass() valid. False if there is nothing to weigh: the row failed, or +inf took the
  /// whole mass and is kept alone.
  URN_HOST_DEVICE bool measure() {
    settle();
    if (has_failed()) return false;
    if (!weighed) weighed = kernel::unit_of(scan(), scale());
    result.status |= weighed->status;
    if (!has(weighed->status, status::infinite)) return !has_failed();
    keep_best();
    return false;
  }

  /// The same, with the total.
  URN_HOST_DEVICE bool weigh() {
    settle();
    if (has_failed()) return false;
    if (!weighed || weighed->total == 0) weighed = sum();
    return measure();
  }

  /// Makes raw_mass valid. While the row still is as it came, `scanned` too, and at temperature 1 `weighed`.
  URN_HOST_DEVICE void weigh_raw() {
    if (raw_mass) return;
    raw_mass = policy.mass(raw, kernel::unit_scale, scratch.blocks(), maxima());
    if (is_cut) return;
    forget();
    if (is_edited) return;
    scanned = kernel::scan_of(*raw_mass);
    if (exact::bits(temperature) == exact::bits(1.0F)) weighed = raw_mass;
  }

  /// The same state over another row: what an edit goes on with.
  template <logits_row Edited>
  [[nodiscard]] URN_HOST_DEVICE row_state<Policy, Raw, Edited> over(const Edited& edited) const {
    return {*this, policy, raw, edited, context, scratch, result};
  }

 private:
  /// Weighs a row that is about to be cut for the first time. At a temperature of 0, which settle() has just
  /// made 1, that is the row at 1. Nothing if the row has no masses.
  URN_HOST_DEVICE void note_uncut() {
    if (!weighed || weighed->total == 0) weighed = sum();
    if (weighed->total != 0) uncut = {weighed->total, weighed->key, scale()};
  }

  [[nodiscard]] URN_HOST_DEVICE std::span<float> maxima() const { return scratch.maxima_of(raw.size()); }

  URN_HOST_DEVICE kernel::row_mass sum() {
    if (is_cut) return policy.mass_of_kept(kept, scale(), scan());
    if (wants.raw && is_as_it_came()) {
      weigh_raw();
      return *raw_mass;
    }
    const kernel::row_mass all = policy.mass(row, scale(), scratch.blocks(), maxima());
    scanned = kernel::scan_of(all);
    if (raw_mass) raw_mass->maxima = {};
    return all;
  }
};

}  // namespace urn
URN_EITHER_SIDE_END
