#pragma once
/// \file
/// One binary for every machine: a pipeline compiled for several instruction sets, of which the best that the
/// machine can run is chosen at start. The functions are those of the compiled target urn::dispatch.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

#include "urn/core/draw.hpp"
#include "urn/core/float16.hpp"
#include "urn/core/row.hpp"
#include "urn/core/token.hpp"
#include "urn/core/workspace.hpp"
#include "urn/logprob/logprobs.hpp"
#include "urn/processor/bitmask.hpp"
#include "urn/processor/logit_bias.hpp"
#include "urn/processor/min_p.hpp"
#include "urn/processor/min_tokens.hpp"
#include "urn/processor/penalties.hpp"
#include "urn/processor/temperature.hpp"
#include "urn/processor/top_k.hpp"
#include "urn/processor/top_p.hpp"

namespace urn {

/// What the pipeline is compiled for. `baseline` is whatever the target was configured for: on x86-64 SSE2,
/// which has no vector kernels, on aarch64 NEON; the others are the psABI's levels of x86-64.
enum class instruction_set : std::uint8_t { baseline, x86_64_v2, x86_64_v3, x86_64_v4 };

/// "x86-64-v3" and the like.
constexpr const char* name_of(instruction_set set) {
  constexpr const char* names[] = {"baseline", "x86-64-v2", "x86-64-v3", "x86-64-v4"};
  return names[static_cast<unsigned>(set)];
}

/// The one that `dispatched` draws with: the best that the processor has and the operating system lets
/// programs use, found at the first call. Thread-safe.
[[nodiscard]] instruction_set dispatched_instruction_set();

/// A contiguous row whose element type is known at run time: one compiled pipeline reads all three.
class dispatched_row {
  enum class type : std::uint8_t { float32, bfloat16, float16 };
  template <class T>
  static constexpr type type_of = std::same_as<T, float>      ? type::float32
                                  : std::same_as<T, bfloat16> ? type::bfloat16
                                                              : type::float16;

  template <class Use>
  auto visit(Use&& use) const {
    if (type_ == type::float32) return use(row_view(static_cast<const float*>(data_), size_));
    if (type_ == type::bfloat16) return use(row_view(static_cast<const bfloat16*>(data_), size_));
    return use(row_view(static_cast<const float16*>(data_), size_));
  }

 public:
  template <logit_type T>
  constexpr dispatched_row(const row_view<T>& row)  // NOLINT(google-explicit-constructor): it is the row
      : data_(row.data()), size_(row.size()), type_(type_of<T>) {}

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] static constexpr token_id id(std::size_t i) { return static_cast<token_id>(i); }
  [[nodiscard]] float at(std::size_t i) const {
    return visit([=](const auto& row) { return row.at(i); });
  }
  void prefetch(std::size_t first, std::size_t count) const {
    visit([=](const auto& row) { row.prefetch(first, count); });
  }
  [[nodiscard]] std::span<const float> load(std::size_t first, std::size_t count,
                                            block_buffer& buffer) const {
    return visit([&](const auto& row) { return row.load(first, count, buffer); });
  }

 private:
  const void* data_;
  std::size_t size_;
  type type_;
};
static_assert(logits_row<dispatched_row>);

/// The pipeline
///
///     bitmask | min_tokens | logit_bias | penalties | temperature | top_k | top_p | min_p | categorical
///       | logprobs
///
/// by vectors of that instruction set. What is left out changes nothing. The draws are those of the typed
/// pipeline, bit for bit, with any instruction set. Thread-safe as long as each thread has its own workspace.
///
///     const urn::dispatched sampler{.temperature = {0.8F}, .top_p = {0.95F}};
///     const urn::draw draw = sampler(logits, {.seed = 42}, scratch);
struct dispatched {
  urn::bitmask bitmask{};
  urn::min_tokens min_tokens{};
  urn::logit_bias logit_bias{};
  urn::penalties penalties{};
  urn::temperature temperature{};
  urn::top_k top_k{};
  urn::top_p top_p{};
  urn::min_p min_p{};
  urn::logprobs logprobs{.raw = false};

  /// Draws one token from contiguous floats, bf16 or f16: see draw_row.
  template <class Logits>
  draw operator()(const Logits& logits, const draw_context& context, workspace& scratch) const;
};

namespace detail {

/// What is compiled for each instruction set. Only references cross over, so that no inline function is on
/// both sides.
using dispatched_draw = void(const dispatched&, const dispatched_row&, const draw_context&, workspace&,
                             draw& out);

/// The best one's, and a given one's, which the caller knows to run here; null if the target does not have
/// it.
dispatched_draw* best_dispatched_draw();
dispatched_draw* dispatched_draw_for(instruction_set set);

}  // namespace detail

template <class Logits>
draw dispatched::operator()(const Logits& logits, const draw_context& context, workspace& scratch) const {
  draw result;
  detail::best_dispatched_draw()(*this, dispatched_row(row_view(logits)), context, scratch, result);
  return result;
}

}  // namespace urn
