#pragma once
/// \file
/// A row's final distribution in exact integers, from any pipeline: what speculation compares, and what a
/// trainer or an explanation wants to see of a draw.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "urn/core/draw.hpp"
#include "urn/core/platform.hpp"
#include "urn/core/row.hpp"
#include "urn/core/status.hpp"
#include "urn/core/token.hpp"
#include "urn/core/workspace.hpp"
#include "urn/kernel/block_mass.hpp"
#include "urn/kernel/candidates.hpp"
#include "urn/kernel/fraction.hpp"
#include "urn/pipeline/pipeline.hpp"
#include "urn/processor/stage.hpp"

URN_EITHER_SIDE_BEGIN
namespace urn {

/// A borrowed distribution: token ids[i] has the probability masses[i] / total, exactly; any other token 0.
/// The ids ascend, no mass is 0, and the total is below 2^64. Empty where a row has none.
struct token_masses {
  std::span<const token_id> ids;
  std::span<const std::uint64_t> masses;
  std::uint64_t total = 0;

  [[nodiscard]] bool empty() const { return ids.empty(); }
  [[nodiscard]] std::size_t size() const { return ids.size(); }
  /// The mass of a token. O(log n).
  [[nodiscard]] std::uint64_t of(token_id id) const {
    const std::size_t i = place_of(ids, id);
    return i < size() && ids[i] == id ? masses[i] : 0;
  }
};

/// The token that 64 random bits draw: the first in id order whose cumulative mass exceeds floor(u * total).
/// With the bits of lane_purpose::draw it is what categorical draws after a cut. no_token of an empty one.
/// O(n).
inline token_id draw_from(const token_masses& p, std::uint64_t bits) {
  std::uint64_t left = kernel::uniform_below(bits, p.total);
  for (std::size_t i = 0; i < p.size(); ++i) {
    if (left < p.masses[i]) return p.ids[i];
    left -= p.masses[i];
  }
  return no_token;
}

/// Memory for one distribution: 12 bytes for each token of the vocabulary.
class distribution_room {
 public:
  explicit distribution_room(std::size_t vocabulary) : ids_(vocabulary), masses_(vocabulary) {}

  [[nodiscard]] std::size_t capacity() const { return ids_.size(); }
  [[nodiscard]] token_masses view() const {
    return {std::span(ids_).first(size_), std::span(masses_).first(size_), total_};
  }

  /// Makes it empty, for the next row.
  void clear() { size_ = total_ = 0; }
  /// Appends a token with a larger id than the last one's; one without mass is left out. Precondition: there
  /// is room.
  void add(token_id id, std::uint64_t mass) {
    if (mass == 0) return;
    ids_[size_] = id;
    masses_[size_] = mass;
    total_ += mass;
    ++size_;
  }

 private:
  std::vector<token_id> ids_;
  std::vector<std::uint64_t> masses_;
  std::size_t size_ = 0;
  std::uint64_t total_ = 0;
};

/// Writes what the row has become, by masses in its unit, to `into`, at the end of a pipeline: behind a
/// sampler, or in the place of one, and then no token is drawn. greedy leaves a row as it was; a temperature
/// of 0 leaves one token. The masses are those that a draw after a cut is made with; of a whole row they
/// differ from the draw's, which goes by blocks, by less than 2^-20 in all. With less room than tokens the
/// status is no_space. O(V).
struct distribution {
  using stage = report;

  distribution_room* into;

  static constexpr row_kind after(row_kind) { return row_kind::drawn; }
  static constexpr misplaced place(row_kind) { return misplaced::no; }
  [[nodiscard]] status check(std::size_t vocabulary) const {
    into->clear();
    return into->capacity() < vocabulary ? status::no_space : status::ok;
  }
  template <class State>
  URN_HOST_DEVICE void operator()(State& row) const {
    static_assert(std::same_as<decltype(row.scratch), workspace&>,
                  "urn: distribution has no CUDA kernel: ask for it with a policy of the host");
    row.settle();
    if (row.size() == 1 || !row.weigh()) {
      if (!row.has_failed()) row.keep_best();
      if (!row.has_failed()) into->add(row.kept.id(0), 1);
      return;
    }
    row.visit([&](const auto& source) {
      for_each_block(source, [&](std::size_t first, std::span<const float> logits) {
        for (std::size_t i = 0; i < logits.size(); ++i)
          into->add(source.id(first + i), kernel::mass_in_row(logits[i], row.scale(), row.mass().key));
      });
    });
  }
};

/// The distribution that `stages`, a pipeline with or without a sampler, makes of a row, in `room`. Empty if
/// the row has none; `drawn` says why, and has the token of a pipeline with a sampler. As draw_row otherwise.
template <execution_policy Policy, pipeline_stage Stages, class Logits>
token_masses distribution_of(Policy policy, const Stages& stages, const Logits& logits,
                             const draw_context& context, workspace& scratch, distribution_room& room,
                             draw* drawn = nullptr) {
  const draw d = draw_row(policy, stages | distribution{&room}, logits, context, scratch);
  if (drawn != nullptr) *drawn = d;
  return room.view();
}

}  // namespace urn
URN_EITHER_SIDE_END
