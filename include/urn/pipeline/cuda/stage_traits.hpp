#pragma once
/// \file
/// What a device kernel asks of a pipeline's type.

#include <concepts>
#include <type_traits>
#include <utility>

#include "urn/core/draw.hpp"
#include "urn/processor/min_p.hpp"
#include "urn/processor/stage.hpp"
#include "urn/processor/temperature.hpp"
#include "urn/processor/top_k.hpp"
#include "urn/processor/top_p.hpp"

namespace urn {

// Told apart by name, not used: they stand to the right of pipelines.
struct categorical;
struct greedy;
struct logprobs;

}  // namespace urn

namespace urn::kernel::cuda {

/// How many stages S there are of which Test<S> holds, counting those inside others.
template <class Stage, template <class> class Test>
constexpr unsigned count_stages() {
  if constexpr (requires(const Stage& s) { s.left, s.right; }) {
    return count_stages<decltype(Stage::left), Test>() + count_stages<decltype(Stage::right), Test>();
  } else if constexpr (requires(const Stage& s, const draw_context& c) { s.for_draw(c); }) {
    return count_stages<decltype(std::declval<const Stage&>().for_draw(std::declval<const draw_context&>())),
                        Test>();
  } else {
    static_assert(!stage_is<Stage, composition>, "a device knows no composition but a | b");
    return Test<Stage>::value ? 1 : 0;
  }
}

template <class Stage>
concept draws_by_blocks = requires {
  requires Stage::draws_by_blocks;
};

/// Whether it looks for the best tokens, so that the strips' largest logits are worth noting.
template <class Stage>
using looks_for_the_best =
    std::bool_constant<stage_is<Stage, cut> || stage_is<Stage, report> || stage_is<Stage, row_edit> ||
                       (stage_is<Stage, sampler> && !draws_by_blocks<Stage>)>;

/// Whether it has tokens to gather, which costs every team as much as reading a few blocks.
template <class Stage>
using gathers = std::bool_constant<stage_is<Stage, sparse_edit>>;

/// Whether it changes a few tokens, which its team lists.
template <class Stage>
using touches = std::bool_constant<stage_is<Stage, sparse_edit> || stage_is<Stage, row_edit>>;

/// Whether one look at the row is not known to be enough for it: for a draw, and for a report on one, which
/// must find the row as it came.
template <class Stage>
using looks_again =
    std::bool_constant<!stage_is<Stage, elementwise_edit> && !std::same_as<Stage, temperature> &&
                       !std::same_as<Stage, categorical> && !std::same_as<Stage, greedy>>;
template <class Stage>
using reports_again = std::bool_constant<!std::same_as<Stage, greedy> && !std::same_as<Stage, logprobs>>;

/// Whether it draws by chance.
template <class Stage>
using is_chance = std::bool_constant<std::same_as<Stage, categorical>>;

/// Whether a single warp does for what comes after the look.
template <class Stage>
constexpr bool draws_by_a_warp = count_stages<Stage, looks_again>() == 0;
/// Whether it does unless lists are asked for.
template <class Stage>
constexpr bool reports_by_a_warp = !draws_by_a_warp<Stage> && count_stages<Stage, reports_again>() == 0;
template <class Stage>
constexpr bool is_by_a_warp = draws_by_a_warp<Stage> || reports_by_a_warp<Stage>;

/// How far a pipeline has come whose nucleus is only drawn from: `top_p | categorical | logprobs` at its end.
enum class nucleus_use : unsigned char { none, cut, drawn };

template <class Stage>
constexpr nucleus_use use_after(nucleus_use before) {
  if constexpr (requires(const Stage& s) { s.left, s.right; }) {
    return use_after<decltype(Stage::right)>(use_after<decltype(Stage::left)>(before));
  } else {
    if (std::same_as<Stage, top_p>) return nucleus_use::cut;
    const bool draws = std::same_as<Stage, categorical> && before == nucleus_use::cut;
    const bool reports = std::same_as<Stage, logprobs> && before == nucleus_use::drawn;
    return draws || reports ? nucleus_use::drawn : nucleus_use::none;
  }
}

template <class Stage>
using is_nucleus = std::bool_constant<std::same_as<Stage, top_p>>;
template <class Stage>
using is_other_cut = std::bool_constant<stage_is<Stage, cut> && !std::same_as<Stage, top_p> &&
                                        !std::same_as<Stage, top_k> && !std::same_as<Stage, min_p>>;

/// Whether nothing looks at the tokens that its only nucleus keeps but the draw, unless lists are asked for.
/// (Other cuts may be nuclei too.)
template <class Stage>
constexpr bool draws_from_nucleus =
    use_after<Stage>(nucleus_use::none) == nucleus_use::drawn&& count_stages<Stage, is_nucleus>() == 1 &&
    count_stages<Stage, is_other_cut>() == 0;

/// Whether the reports of such a pipeline look at what was kept.
template <class Stage>
__device__ bool looks_at_kept(const Stage& stage, const draw_context& context) {
  if constexpr (requires { stage.left, stage.right; }) {
    return looks_at_kept(stage.right, context) || looks_at_kept(stage.left, context);
  } else if constexpr (std::same_as<Stage, logprobs>) {
    return !context.top_logprobs.empty() || !context.given_logprobs.empty() ||
           stage.value == decltype(Stage::value)::logit;
  } else {
    return false;
  }
}

}  // namespace urn::kernel::cuda
