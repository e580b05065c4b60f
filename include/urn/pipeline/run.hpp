#pragma once
/// \file
/// How stages run over a row, in continuation style: each calls `next` with the state that follows it, so
/// that the views which edits stack on a row live on the call stack, and nothing is allocated.

#include <cstddef>
#include <span>
#include <type_traits>

#include "urn/core/order_key.hpp"
#include "urn/core/platform.hpp"
#include "urn/core/status.hpp"
#include "urn/kernel/edited_row.hpp"
#include "urn/kernel/touch_list.hpp"
#include "urn/pipeline/fit.hpp"
#include "urn/pipeline/row_state.hpp"
#include "urn/processor/stage.hpp"

URN_EITHER_SIDE_BEGIN
namespace urn::detail {

/// The temperature that an edit divides the logits by before it sees them; it is 1 from there on. A mask
/// leaves it pending. What was known of the row no longer counts.
template <class Stage, class State>
URN_HOST_DEVICE float take_temperature(State& state) {
  state.forget();
  if constexpr (is_mask<Stage>) return 1.0F;
  state.settle();
  const float taken = state.temperature;
  state.drop_temperature();
  return taken;
}

/// After a cut an edit changes the few kept logits in place.
template <class State, class Edit>
URN_HOST_DEVICE void edit_kept(State& state, float temperature, Edit&& edit) {
  state.policy.each(state.kept.size(), [&](std::size_t i) {
    float& logit = state.kept.logits[i];
    logit = edit(at_temperature(logit, temperature), state.kept.ids[i]);
  });
}

/// The edit's view stands on the row even where it changes nothing (neutral parameters, or a cut row, whose
/// kept logits are edited in place): one type comes after an edit, or each would double what the compiler
/// sees of the stages behind it.
template <class Stage, class State, class Next>
URN_HOST_DEVICE URN_JOINING inline void run_elementwise(const Stage& stage, State& state, Next&& next) {
  elementwise_row<std::remove_cvref_t<decltype(state.row)>, Stage> edited(state.row);
  if (!is_neutral(stage)) {
    const float temperature = take_temperature<Stage>(state);
    if (state.has_failed()) return;
    if (state.is_cut) {
      edit_kept(state, temperature, stage);
    } else {
      edited = {state.row, stage, temperature};
      state.is_edited = true;
    }
  }
  auto after = state.over(edited);
  next(after);
}

/// Gathers what the stage touches; an edit that touches nothing leaves the row and its temperature as they
/// are.
template <class Stage, class State>
URN_HOST_DEVICE kernel::gathered touched_by(const Stage& stage, State& state) {
  if (is_neutral(stage)) return {};
  const kernel::gathered gathered =
      state.policy.gather(stage, state.context, state.vocabulary(), state.touched, state.scratch);
  state.result.status |= gathered.status;
  return gathered;
}

/// A function of logits that knows the largest; or one that changes nothing. It holds the stage itself: a
/// device is given a copy of it.
template <class Stage>
struct relative_to_largest {
  Stage stage;
  float largest = 0.0F;
  bool changes = false;

  [[nodiscard]] URN_HOST_DEVICE bool neutral() const { return !changes; }
  [[nodiscard]] URN_HOST_DEVICE float operator()(float logit, token_id) const {
    return survives(logit) ? stage(logit, largest) : logit;
  }
};

/// Looks for the largest logit, as the edit will see it, and runs the edit as one of single logits. A row
/// that +inf took is left as it is.
template <class Stage, class State, class Next>
URN_HOST_DEVICE URN_JOINING inline void run_relative(const Stage& stage, State& state, Next&& next) {
  relative_to_largest<Stage> edit{stage};
  if (!is_neutral(stage)) {
    if (state.look()) {
      edit.largest = at_temperature(logit_of(std::uint64_t{state.scan().largest} << 32), state.temperature);
      edit.changes = true;
    }
    if (state.has_failed()) return;
  }
  run_elementwise(edit, state, next);
}

/// As run_elementwise, of the tokens that were gathered.
template <class Stage, class State, class Next>
URN_HOST_DEVICE URN_JOINING inline void run_touched(const Stage& stage, State& state, kernel::gathered edits,
                                                    Next&& next) {
  float temperature = 1.0F;
  if (edits.any) temperature = take_temperature<Stage>(state);
  if (state.has_failed()) return;
  if (state.is_cut && edits.any) {
    edit_kept(state, temperature, [&](float logit, token_id id) {
      const std::span<const touched_token> hit = touched_between(edits.touched, id, id + 1);
      return hit.empty() ? logit : stage(logit, hit.front().value);
    });
    edits = {};
    temperature = 1.0F;
  }
  state.is_edited |= edits.any;
  state.touched += edits.touched.size();
  const auto edited = state.policy.touch(state.row, stage, edits.touched, temperature);
  auto after = state.over(edited);
  next(after);
}

template <class Stage, class State, class Next>
URN_HOST_DEVICE URN_JOINING inline void run_sparse(const Stage& stage, State& state, Next&& next) {
  run_touched(stage, state, touched_by(stage, state), next);
}

/// What the stage touches is decided once the row before it is known.
template <class Stage, class State, class Next>
URN_HOST_DEVICE URN_JOINING inline void run_row_edit(const Stage& stage, State& state, Next&& next) {
  kernel::gathered edits;
  if (!is_neutral(stage)) edits = stage.touched(state, state.scratch.touched().subspan(state.touched));
  state.result.status |= edits.status;
  run_touched(stage, state, edits, next);
}

/// A policy that looks on (explain/explain.hpp): `enter(stage, state)` is called before each stage,
/// `leave(stage, state)` behind it. Any other leaves no trace of this in what is compiled.
template <class Policy>
concept watching_policy = requires {
  requires std::remove_cvref_t<Policy>::watches;
};

/// What follows a stage that is watched.
template <class Stage, class Next>
struct watched {
  const Stage& stage;
  Next& next;
  template <class State>
  void operator()(State& after) const {
    after.policy.leave(stage, after);
    next(after);
  }
};
template <class Next>
inline constexpr bool is_watched = false;
template <class Stage, class Next>
inline constexpr bool is_watched<watched<Stage, Next>> = true;

/// Runs one stage, then `next`; a row that failed goes no further.
template <class Stage, class State, class Next>
URN_HOST_DEVICE URN_JOINING inline void run(const Stage& stage, State& state, Next&& next) {
  if constexpr (stage_is<Stage, composition>) {
    stage.run(state, next);
  } else if constexpr (watching_policy<decltype(state.policy)> && !is_watched<std::remove_cvref_t<Next>>) {
    state.policy.enter(stage, state);
    run(stage, state, watched<Stage, std::remove_reference_t<Next>>{stage, next});
  } else if constexpr (requires { stage.for_draw(state.context); }) {
    run(stage.for_draw(state.context), state, next);
  } else if constexpr (!fits<Stage, State>()) {
    return;  // the compiler has said why
  } else if constexpr (stage_is<Stage, elementwise_edit>) {
    run_elementwise(stage, state, next);
  } else if constexpr (stage_is<Stage, sparse_edit>) {
    run_sparse(stage, state, next);
  } else if constexpr (stage_is<Stage, row_edit>) {
    run_row_edit(stage, state, next);
  } else if constexpr (stage_is<Stage, relative_edit>) {
    run_relative(stage, state, next);
  } else {
    if (!is_neutral(stage)) stage(state);
    if (!state.has_failed()) next(state);
  }
}

}  // namespace urn::detail
URN_EITHER_SIDE_END
