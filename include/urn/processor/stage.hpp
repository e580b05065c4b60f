#pragma once
/// \file
/// What a piece of a pipeline can be. A stage is an aggregate of parameters with a member type `stage` that
/// says which:
///
///     struct soft_cap {                               // a custom processor, complete
///       using stage = urn::elementwise_edit;
///       float cap;
///       float operator()(float logit, urn::token_id) const { return cap * std::tanh(logit / cap); }
///     };
///
/// Optional members: `bool neutral() const`, true when the parameters change nothing; `status
/// check(std::size_t vocabulary) const`, bad_argument when they are wrong, asked before any kernel runs (with
/// `const Checker&` as a second parameter: see one_by_one);
/// `static constexpr bool whole_row = true`, for an edit that must see every token and so stand before the
/// cuts; `static constexpr bool only_masks = true`, for an edit that sends tokens to -inf and leaves the
/// others alone, and so need not see logits divided by the temperature; `for_draw(const draw_context&)
/// const`, which gives the stage that stands in for this one during a draw: for edits of one logit that look
/// at the history; `logprobs_wanted wants() const`, of a report.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

#include "urn/core/exact.hpp"
#include "urn/core/status.hpp"
#include "urn/core/token.hpp"

namespace urn {

/// `float operator()(float logit, token_id id) const`: a function of one logit. Optional: `void
/// edit_run(token_id first, std::span<const float> from, block_buffer& to) const`, the same for consecutive
/// tokens at once, into to.logits, which may be where they are.
struct elementwise_edit {};
/// `std::size_t touches(const draw_context&) const` tells how many tokens it touches, `touched_token
/// touch(const draw_context&, std::size_t i) const` the i-th of them with a value (ids outside the vocabulary
/// are passed over), and `float operator()(float logit, std::uint32_t value) const` gives their new logits.
/// Optional: `std::uint32_t merge(std::uint32_t a, std::uint32_t b) const`, the value of a token touched
/// twice, a before b; without it the first counts.
struct sparse_edit {};
/// A sparse edit whose tokens the row itself decides: `template <class State> kernel::gathered
/// touched(State&, std::span<touched_token> room) const` writes them to `room`, each once, in the order of
/// ids; `float operator()(float logit, std::uint32_t value) const` gives their new logits.
struct row_edit {};
/// `float operator()(float logit, float largest) const`: a function of a logit and the row's largest one,
/// both finite; what does not survive is left alone.
struct relative_edit {};
/// `operator()(State&) const` changes how logits count, not which are kept.
struct scaling {};
/// `operator()(State&) const` narrows the kept set.
struct cut {};
/// `operator()(State&) const` draws a token.
struct sampler {};
/// `operator()(State&) const` adds to a draw.
struct report {};
/// Two stages, one after the other: what `operator|` makes.
struct composition {};

/// Any of the above.
template <class S>
concept pipeline_stage = requires {
  typename S::stage;
};

/// What a stage says of itself: which of the above it is; that it speaks of tokens of the whole row and must
/// stand before the first cut; that it sends tokens to -inf and changes no other logit.
template <class S, class Tag>
inline constexpr bool stage_is = std::same_as<typename S::stage, Tag>;
template <class S>
inline constexpr bool needs_whole_row = requires {
  requires S::whole_row;
};
template <class S>
inline constexpr bool is_mask = requires {
  requires S::only_masks;
};

/// Whether the stage, with its parameters, changes no bit of any result.
template <class S>
constexpr bool is_neutral(const S& stage) {
  if constexpr (requires { stage.neutral(); }) {
    return stage.neutral();
  } else {
    return false;
  }
}

/// Who looks at the many entries of a stage when it is checked; a policy may do it with many threads.
struct one_by_one {
  /// Whether is_good(i) for each i < n.
  template <class IsGood>
  static constexpr bool all(std::size_t n, IsGood&& is_good) {
    for (std::size_t i = 0; i < n; ++i) {
      if (!is_good(i)) return false;
    }
    return true;
  }
};

/// bad_argument unless every id is a token of the vocabulary.
template <class Checker>
constexpr status check_ids(std::span<const token_id> ids, std::size_t vocabulary, const Checker& checker) {
  const auto is_good = [&](std::size_t i) {
    return ids[i] >= 0 && static_cast<std::size_t>(ids[i]) < vocabulary;
  };
  return checker.all(ids.size(), is_good) ? status::ok : status::bad_argument;
}

/// What is wrong with the stage's parameters for such a vocabulary: ok or bad_argument.
template <class S, class Checker = one_by_one>
constexpr status check_stage(const S& stage, std::size_t vocabulary, const Checker& checker = {}) {
  if constexpr (requires { stage.check(vocabulary, checker); }) {
    return stage.check(vocabulary, checker);
  } else if constexpr (requires { stage.check(vocabulary); }) {
    return stage.check(vocabulary);
  } else {
    return status::ok;
  }
}

/// Which logprobs a report will ask for: earlier stages then weigh the row by the way.
struct logprobs_wanted {
  bool processed = false;  ///< of the row as it was drawn from
  bool raw = false;        ///< of the row as it came
  bool uncut = false;      ///< of the row as it came to the first cut
  friend constexpr logprobs_wanted operator|(logprobs_wanted a, logprobs_wanted b) {
    return {a.processed || b.processed, a.raw || b.raw, a.uncut || b.uncut};
  }
};
template <class S>
constexpr logprobs_wanted wanted_by(const S& stage) {
  if constexpr (requires { stage.wants(); }) {
    return stage.wants();
  } else {
    return {};
  }
}

/// What a row is at a place in a pipeline.
enum class row_kind : std::uint8_t { logits, kept, drawn };

/// The row after a stage.
template <class S>
constexpr row_kind kind_after(row_kind before) {
  if constexpr (requires { S::after(before); }) {
    return S::after(before);
  } else if constexpr (stage_is<S, cut>) {
    return row_kind::kept;
  } else if constexpr (stage_is<S, sampler>) {
    return row_kind::drawn;
  } else {
    return before;
  }
}

/// Why a stage cannot stand where it does.
enum class misplaced : std::uint8_t { no, after_draw, whole_row_after_cut, report_before_draw };

/// Why the stage cannot follow what has made the row into this; `no` if it can.
template <class S>
constexpr misplaced placement(row_kind before) {
  if constexpr (requires { S::place(before); }) {
    return S::place(before);
  } else if constexpr (stage_is<S, report>) {
    return before == row_kind::drawn ? misplaced::no : misplaced::report_before_draw;
  } else {
    if (before == row_kind::drawn) return misplaced::after_draw;
    return needs_whole_row<S> && before == row_kind::kept ? misplaced::whole_row_after_cut : misplaced::no;
  }
}

}  // namespace urn
