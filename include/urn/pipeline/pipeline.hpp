#pragma once
/// \file
/// Pipelines: stages composed with `|`, in the order written. The order is part of the type, and a wrong one
/// does not compile.

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <span>
#include <type_traits>

#include "urn/core/draw.hpp"
#include "urn/core/float_environment.hpp"
#include "urn/core/platform.hpp"
#include "urn/core/row.hpp"
#include "urn/core/workspace.hpp"
#include "urn/kernel/parallel.hpp"
#include "urn/kernel/policy.hpp"
#include "urn/pipeline/run.hpp"
#include "urn/processor/stage.hpp"

URN_EITHER_SIDE_BEGIN
namespace urn {

// A static_assert takes only a literal, so the sentences are macros.
#define URN_AFTER_DRAW \
  "urn: the token is already drawn: only reports (logprobs) can follow a sampler (greedy, categorical)"
#define URN_WHOLE_ROW_AFTER_CUT                                                                            \
  "urn: this stage allows or forbids tokens of the whole row: put it before the first cut (top_k, top_p, " \
  "min_p), or a row may be left without a token"
#define URN_REPORT_BEFORE_DRAW \
  "urn: logprobs reports on a drawn token: put it after the sampler (greedy, categorical)"
#define URN_NO_STAGE                                                                              \
  "urn: what is joined to a stage by | is no stage: a piece of one's own says by `using stage = " \
  "urn::elementwise_edit`, or another of processor/stage.hpp, what it is"
#define URN_NO_POLICY                                                                                    \
  "urn: the first argument of a draw is no execution policy: give urn::scalar, urn::simd, or a backend " \
  "that "                                                                                                \
  "derives from one of them"

/// Why a stage was refused, in one sentence.
constexpr const char* sentence(misplaced wrong) {
  switch (wrong) {
    case misplaced::after_draw: return URN_AFTER_DRAW;
    case misplaced::whole_row_after_cut: return URN_WHOLE_ROW_AFTER_CUT;
    case misplaced::report_before_draw: return URN_REPORT_BEFORE_DRAW;
    case misplaced::no: break;
  }
  return "urn: the stage fits";
}

inline constexpr std::size_t largest_vocabulary = std::size_t{1} << 23;  ///< row sums stay below 2^64

/// A policy that draws whole batches itself, on a device for instance.
template <class P>
concept batch_policy = execution_policy<P> && requires {
  typename P::batch_workspace;
};

namespace detail {

/// What a row's size alone says.
template <class Workspace>
URN_HOST_DEVICE status admit(std::size_t size, const Workspace& scratch) {
  status s = status::ok;
  if (size > largest_vocabulary) s |= status::bad_argument;
  if (size > scratch.vocabulary()) s |= status::no_space;
  if (size == 0) s |= status::empty;
  return s;
}

/// Whether a batch, its contexts and its results belong together; if not, the results say so.
template <logit_type T>
bool admit(const batch_view<T>& batch, std::span<const draw_context> contexts, std::span<draw> out,
           bool others_fit = true) {
  const bool fits = others_fit && contexts.size() == batch.rows && out.size() == batch.rows &&
                    batch.stride >= batch.columns;
  for (std::size_t r = 0; !fits && r < out.size(); ++r) out[r] = {.status = status::bad_argument};
  return fits;
}

}  // namespace detail

/// Draws one token from one row: applies `stage` (a sampler, or a pipeline that ends with one) to `logits`,
/// contiguous floats, bf16 or f16, one a token, or a row of your own. Never throws or allocates; the row is
/// only read. What goes wrong is in the status. Thread-safe as long as each thread has its own workspace.
template <execution_policy Policy, pipeline_stage Stage, class Logits>
URN_HOST_DEVICE draw draw_row(Policy policy, const Stage& stage, const Logits& logits,
                              const draw_context& context, typename Policy::workspace& scratch) {
  static_assert(kind_after<Stage>(row_kind::logits) == row_kind::drawn,
                "urn: this pipeline draws nothing: end it with a sampler (greedy, categorical)");
  const float_environment environment;
  const auto row = as_row(logits);
  draw result{.status = detail::admit(row.size(), scratch) | check_stage(stage, row.size(), policy)};
  if (failed(result.status)) return result;
  using state_type = row_state<Policy, decltype(row), decltype(row)>;
  state_type state{{.wants = wanted_by(stage)}, policy, row, row, context, scratch, result};
  detail::run(stage, state, [](auto&) {});
  return result;
}

/// `left | right`: the row that comes out of left goes into right. As small as its parts (one without
/// parameters takes the space of a bool), and copyable as they are.
template <pipeline_stage Left, pipeline_stage Right>
struct pipe {
  using stage = composition;
  /// A stage without parameters: the one inside is not used, since g++ 12 takes its one byte for
  /// uninitialised.
  template <class Stage>
  static constexpr bool is_blank = std::is_empty_v<Stage>&& std::is_default_constructible_v<Stage>;

  Left left;  // plain members: nvcc 13 does not survive [[no_unique_address]] beside a std::span
  Right right;

  static constexpr row_kind after(row_kind before) { return kind_after<Right>(kind_after<Left>(before)); }
  static constexpr misplaced place(row_kind before) {
    const misplaced of_left = placement<Left>(before);
    return of_left != misplaced::no ? of_left : placement<Right>(kind_after<Left>(before));
  }
  template <class Checker = one_by_one>
  [[nodiscard]] constexpr status check(std::size_t vocabulary, const Checker& checker = {}) const {
    return check_stage(left, vocabulary, checker) | check_stage(right, vocabulary, checker);
  }
  [[nodiscard]] constexpr logprobs_wanted wants() const { return wanted_by(left) | wanted_by(right); }
  template <class State, class Next>
  URN_HOST_DEVICE URN_JOINING void run(State& state, Next&& next) const {
    const auto run_right = [&](auto& after_left) URN_JOINING {
      if constexpr (is_blank<Right>) {
        detail::run(Right{}, after_left, next);
      } else {
        detail::run(right, after_left, next);
      }
    };
    if constexpr (is_blank<Left>) {
      detail::run(Left{}, state, run_right);
    } else {
      detail::run(left, state, run_right);
    }
  }

  /// Draws one token: see draw_row.
  template <execution_policy Policy, class Logits>
  draw operator()(Policy policy, const Logits& logits, const draw_context& context,
                  workspace& scratch) const {
    return draw_row(policy, *this, logits, context, scratch);
  }
  /// By what is no policy: says so.
  template <class Other, class Logits>
    requires(!execution_policy<Other>)
  draw operator()(const Other&, const Logits&, const draw_context&, workspace&) const {
    static_assert(execution_policy<Other>, URN_NO_POLICY);
    return {};
  }

  /// Draws one token for each row of a batch, contexts[r] and out[r] for row r. If their numbers differ from
  /// the batch's, nothing is drawn and every `out` says bad_argument.
  template <execution_policy Policy, logit_type T>
  void operator()(Policy policy, batch_view<T> batch, std::span<const draw_context> contexts,
                  std::span<draw> out, workspace& scratch) const {
    if (!detail::admit(batch, contexts, out)) return;
    for (std::size_t r = 0; r < batch.rows; ++r) {
      out[r] = draw_row(policy, *this, batch.row(r), contexts[r], scratch);
    }
  }

  /// The same by a policy that draws whole batches itself; where all that is passed lies, and what the status
  /// says of the batch, see there.
  template <batch_policy Policy, logit_type T>
  status operator()(const Policy& policy, batch_view<T> batch, std::span<const draw_context> contexts,
                    std::span<draw> out, const typename Policy::batch_workspace& scratch) const {
    return policy.draw_batch(*this, batch, contexts, out, scratch);
  }

  /// The same on the threads of the policy's pool, a workspace for each: as many rows side by side; of a
  /// batch of fewer rows than threads one after the other, each divided among all threads. The draws are the
  /// same.
  template <parallel_policy Policy, logit_type T>
  void operator()(Policy policy, batch_view<T> batch, std::span<const draw_context> contexts,
                  std::span<draw> out, std::span<workspace> scratch) const {
    const std::size_t threads = std::min<std::size_t>(scratch.size(), policy.pool->size());
    if (batch.rows < threads || threads < 2) {
      if (threads > 0) return (*this)(policy, batch, contexts, out, scratch.front());
      for (draw& d : out) d = {.status = status::no_space};
      return;
    }
    if (!detail::admit(batch, contexts, out)) return;
    std::atomic<std::size_t> next = 0;
    policy.pool->run(threads, [&](std::size_t thread) {
      for (std::size_t r = next++; r < batch.rows; r = next++) {
        out[r] = draw_row(policy.base(), *this, batch.row(r), contexts[r], scratch[thread]);
      }
    });
  }
};

/// Draws one token for each row of a batch, samplers[r] for row r: the way to parameters of its own for each
/// request. Otherwise as `sampler(policy, batch, contexts, out, scratch)`.
template <execution_policy Policy, pipeline_stage Sampler, logit_type T>
void draw_rows(Policy policy, std::span<const Sampler> samplers, batch_view<T> batch,
               std::span<const draw_context> contexts, std::span<draw> out, workspace& scratch) {
  if (!detail::admit(batch, contexts, out, samplers.size() == batch.rows)) return;
  for (std::size_t r = 0; r < batch.rows; ++r) {
    out[r] = draw_row(policy, samplers[r], batch.row(r), contexts[r], scratch);
  }
}
template <batch_policy Policy, pipeline_stage Sampler, logit_type T>
status draw_rows(const Policy& policy, std::span<const Sampler> samplers, batch_view<T> batch,
                 std::span<const draw_context> contexts, std::span<draw> out,
                 const typename Policy::batch_workspace& scratch) {
  return policy.draw_batch(samplers, batch, contexts, out, scratch);
}

/// Composes two stages or pipelines.
template <pipeline_stage Left, pipeline_stage Right>
constexpr pipe<Left, Right> operator|(Left left, Right right) {
  // Reports alone may be joined too; they are judged as what follows a sampler.
  constexpr bool follows_a_draw = pipe<Left, Right>::place(row_kind::drawn) == misplaced::no;
  constexpr misplaced wrong = follows_a_draw ? misplaced::no : pipe<Left, Right>::place(row_kind::logits);
  static_assert(wrong != misplaced::after_draw, URN_AFTER_DRAW);
  static_assert(wrong != misplaced::whole_row_after_cut, URN_WHOLE_ROW_AFTER_CUT);
  static_assert(wrong != misplaced::report_before_draw, URN_REPORT_BEFORE_DRAW);
  return {left, right};
}

/// What is joined to a stage is one too: this says so.
template <class Left, class Right>
  requires(pipeline_stage<Left> != pipeline_stage<Right>)
constexpr auto operator|(const Left& left, const Right& right) {
  static_assert(pipeline_stage<Left> && pipeline_stage<Right>, URN_NO_STAGE);
  if constexpr (pipeline_stage<Left>) {
    return left;
  } else {
    return right;
  }
}

/// `a | b | ...` as a function: for stages of another namespace than urn, between which `|` is not found.
template <pipeline_stage First, pipeline_stage... Rest>
constexpr auto compose(First first, Rest... rest) {
  return (first | ... | rest);
}

#undef URN_AFTER_DRAW
#undef URN_WHOLE_ROW_AFTER_CUT
#undef URN_REPORT_BEFORE_DRAW
#undef URN_NO_STAGE
#undef URN_NO_POLICY

}  // namespace urn
URN_EITHER_SIDE_END
