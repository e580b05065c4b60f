#pragma once
/// \file
/// A typed pipeline taken apart: what profiles are at run time.

#include <type_traits>

#include "urn/pipeline/any_pipeline.hpp"
#include "urn/pipeline/pipeline.hpp"
#include "urn/processor/stage.hpp"

namespace urn::profile {

/// Calls use(stage) for each stage of a typed pipeline, in its order.
template <pipeline_stage Stage, class Use>
constexpr void for_each_stage(const Stage& stage, Use&& use) {
  if constexpr (stage_is<Stage, composition> && requires { stage.left, stage.right; }) {
    for_each_stage(stage.left, use);
    for_each_stage(stage.right, use);
  } else {
    use(stage);
  }
}

/// Appends each stage that changes something; the first that cannot stand there ends it.
template <execution_policy Policy, pipeline_stage Stage>
misplaced append_active(any_pipeline<Policy>& to, const Stage& stages) {
  misplaced wrong = misplaced::no;
  for_each_stage(stages, [&](const auto& stage) {
    if (wrong == misplaced::no && !is_neutral(stage)) wrong = to.append(stage);
  });
  return wrong;
}

/// The same without the sampler and what follows it.
template <execution_policy Policy, pipeline_stage Stage>
misplaced append_before_draw(any_pipeline<Policy>& to, const Stage& stages) {
  misplaced wrong = misplaced::no;
  for_each_stage(stages, [&](const auto& stage) {
    using type = std::remove_cvref_t<decltype(stage)>;
    if constexpr (!stage_is<type, sampler> && !stage_is<type, report>) {
      if (wrong == misplaced::no && !is_neutral(stage)) wrong = to.append(stage);
    }
  });
  return wrong;
}

/// Whether nothing before the sampler changes anything.
template <pipeline_stage Stage>
constexpr bool is_idle(const Stage& stages) {
  bool idle = true;
  for_each_stage(stages, [&](const auto& stage) {
    using type = std::remove_cvref_t<decltype(stage)>;
    if constexpr (!stage_is<type, sampler> && !stage_is<type, report>) idle &= is_neutral(stage);
  });
  return idle;
}

}  // namespace urn::profile
