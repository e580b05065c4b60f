#pragma once
/// \file
/// explain: draws a token as a pipeline does, and says what each stage did:
///
///     const urn::trace seen = urn::explain(urn::scalar, pipeline, logits, {.seed = 42}, scratch);
///     for (const urn::trace_step& s : seen.steps) std::printf("%s: %zu left\n", s.stage.c_str(), s.size());
///
/// Who does not ask for it compiles nothing of it: a policy that watches is another type.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "urn/core/draw.hpp"
#include "urn/core/order_key.hpp"
#include "urn/core/row.hpp"
#include "urn/core/workspace.hpp"
#include "urn/explain/stage_text.hpp"
#include "urn/explain/trace.hpp"
#include "urn/kernel/block_mass.hpp"
#include "urn/kernel/edited_row.hpp"
#include "urn/kernel/fraction.hpp"
#include "urn/kernel/policy.hpp"
#include "urn/logprob/kept_set.hpp"
#include "urn/pipeline/any_pipeline.hpp"
#include "urn/pipeline/pipeline.hpp"
#include "urn/processor/stage.hpp"
#include "urn/random/random_bits.hpp"

namespace urn {
namespace detail {

/// The trace so far, and memory to weigh the row with, so that the draw's own stays as it is.
struct watcher {
  explicit watcher(std::size_t vocabulary) : scratch(vocabulary) {}
  trace seen;
  workspace scratch;
};

/// Lists what a sampler would find: it would settle the temperature and weigh the row, and so does a copy of
/// the state.
template <class State>
void look(trace_step& step, const State& row, workspace& scratch) {
  kept_summary summary{};
  const draw_context asks{.summary = &summary};
  draw result = row.result;
  State here{row, row.policy, row.raw, row.row, asks, scratch, result};
  here.settle();
  if ((here.size() == 1 || !here.weigh()) && !here.has_failed()) here.keep_best();
  step.passed = true;
  step.status = result.status;
  const auto mass_of = [&](float logit) -> std::uint64_t {
    if (here.has_failed()) return 0;
    return here.size() == 1 ? 1 : kernel::mass_in_row(logit, here.scale(), here.mass().key);
  };
  here.visit([&](const auto& source) {
    for_each_block(source, [&](std::size_t first, std::span<const float> logits) {
      for (std::size_t i = 0; i < logits.size(); ++i) {
        if (!survives(logits[i])) continue;
        step.tokens.push_back(source.id(first + i));
        step.logits.push_back(at_temperature(logits[i], here.temperature));
        step.masses.push_back(mass_of(logits[i]));
        step.total += step.masses.back();
      }
    });
  });
  if (here.has_failed()) return;
  kept_set{}(here);
  step.mass = summary.mass;
  step.entropy = summary.entropy;
}

/// Where a token stands in a row, whose ids ascend.
template <logits_row Row>
std::size_t position_of(const Row& row, token_id id) {
  std::size_t first = 0;
  for (std::size_t rest = row.size(); rest > 0;) {
    const std::size_t half = rest / 2;
    const bool right = row.id(first + half) < id;
    first += right ? half + 1 : 0;
    rest = right ? rest - half - 1 : half;
  }
  return first;
}

/// The interval of the last of the first n, and the point.
template <class MassOf>
choice choice_of(std::size_t n, const MassOf& mass_of, std::uint64_t bits, std::uint64_t total) {
  choice c{.point = kernel::uniform_below(bits, total), .total = total};
  for (std::size_t i = 0; i < n; ++i) {
    c.from = c.to;
    c.to += mass_of(i);
  }
  return c;
}

/// How categorical came to the token, from the row that it has weighed.
template <class State>
void note_choices(std::vector<choice>& to, const State& row, workspace& scratch) {
  if (row.size() == 1 || !row.weighed || row.mass().total == 0) return;
  const draw_key key = row.context.key();
  const std::uint64_t bits = random_bits(key, lane_purpose::draw);
  const std::uint64_t total = row.mass().total;
  const float c = row.scale();
  if (row.is_cut) {
    const auto in_row = [&](std::size_t i) { return kernel::mass_in_row(row.kept.at(i), c, row.mass().key); };
    to = {choice_of(place_of(row.kept.ids, row.result.token) + 1, in_row, bits, total)};
    return;
  }
  row.policy.mass(row.row, c, scratch.blocks(), scratch.maxima_of(row.raw.size()));
  const std::span<const block_mass> blocks = scratch.blocks();
  const auto in_row = [&](std::size_t b) {
    return kernel::block_in_row(blocks[b].mass, blocks[b].key, row.mass().key);
  };
  const std::size_t place = position_of(row.row, row.result.token);
  const std::size_t b = place / block_size;
  const auto in_block = [&](std::size_t i) -> std::uint64_t {
    return kernel::mass_in_block(row.row.at(b * block_size + i), c, blocks[b].key);
  };
  const std::uint64_t of_block = random_bits(key, lane_purpose::block, static_cast<std::uint32_t>(b));
  to = {choice_of(b + 1, in_row, bits, total),
        choice_of(place % block_size + 1, in_block, of_block, blocks[b].mass)};
}

template <class Stage>
inline constexpr bool draws_by_point = requires {
  requires Stage::draws_by_point;
};

}  // namespace detail

/// Another policy's kernels, and a look at the row behind each stage that is no report. Its draws are those
/// of the policy. An any_pipeline that is to be explained is one over this:
/// `any_pipeline<explaining<scalar_t>>`; drawn from without `explain` it tells nothing.
template <execution_policy Policy = scalar_t>
struct explaining : Policy {
  static constexpr bool watches = true;

  detail::watcher* watcher = nullptr;

  /// Called with the row before the stage, and with the one behind it, unless it failed.
  template <class Stage, class State>
  void enter(const Stage& stage, State& row) const {
    if (watcher == nullptr || stage_is<Stage, report>) return;
    std::vector<trace_step>& steps = watcher->seen.steps;
    if (steps.empty()) {
      row.wants.uncut = true;  // as kept_set asks for it
      steps.push_back({.stage = "logits"});
      const any_row erased(row.row);
      detail::look(steps.back(), row.over(erased), watcher->scratch);
    }
    steps.push_back({.stage = stage_text(stage)});
  }
  /// See enter.
  template <class Stage, class State>
  void leave(const Stage&, const State& row) const {
    if (watcher == nullptr || stage_is<Stage, report>) return;
    trace& seen = watcher->seen;
    const any_row erased(row.row);  // or all below would be compiled for each edit's view of the row
    const auto here = row.over(erased);
    detail::look(seen.steps.back(), here, watcher->scratch);
    detail::compare(seen.steps[seen.steps.size() - 2], seen.steps.back());
    if constexpr (detail::draws_by_point<Stage>) detail::note_choices(seen.choices, here, watcher->scratch);
  }
};

/// Draws one token as `pipeline` does, a sampler, a typed pipeline or an any_pipeline<explaining<Policy>>,
/// and says how. The trace is the same on every policy of the host. Where the row fails, the last step says
/// in which stage; where a parameter is refused there are no steps. Allocates: some 20 bytes for each
/// candidate of each step. O(V) a stage. Arguments, status and threads as for draw_row.
template <execution_policy Policy, class Pipeline, class Logits>
trace explain(Policy policy, const Pipeline& pipeline, const Logits& logits, const draw_context& context,
              workspace& scratch) {
  static_assert(std::same_as<typename Policy::workspace, workspace>,
                "urn: explain has no CUDA kernel: draw this row with a policy of the host");
  detail::watcher watcher(as_row(logits).size());
  const explaining<Policy> watching{policy, &watcher};
  if constexpr (pipeline_stage<Pipeline>) {
    watcher.seen.drawn = draw_row(watching, pipeline, logits, context, scratch);
  } else {
    static_assert(std::same_as<typename Pipeline::policy_type, explaining<Policy>>,
                  "urn: only an any_pipeline<urn::explaining<P>> can be explained, by the policy P");
    watcher.seen.drawn = pipeline(watching, logits, context, scratch);
  }
  return std::move(watcher.seen);
}

}  // namespace urn
