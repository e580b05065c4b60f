#pragma once
/// \file
/// trace: what each stage of a pipeline did to a row, and how the token was drawn.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include "urn/core/draw.hpp"
#include "urn/core/status.hpp"
#include "urn/core/token.hpp"
#include "urn/kernel/candidates.hpp"

namespace urn {

/// What is left of a row behind a stage: what a sampler that stands there would draw from. The three lists
/// are as long as each other.
struct trace_step {
  std::string stage{};                  ///< see stage_text; of the first step, the row as it came, "logits"
  bool passed = false;                  ///< false where the row failed in the stage: all below is empty
  urn::status status = status::ok;      ///< what a sampler here would say of the row
  std::vector<token_id> tokens{};       ///< the candidates, those above -inf, ascending
  std::vector<float> logits{};          ///< theirs, divided by the temperature and rounded once
  std::vector<std::uint64_t> masses{};  ///< theirs, exactly, in the row's unit; 0 of what is never drawn
  std::uint64_t total = 0;              ///< of the masses; 0 where the status says that there are none
  float mass = 0.0F;     ///< the candidates' share of what came to the first cut: kept_summary::mass
  float entropy = 0.0F;  ///< in nats: kept_summary::entropy
  double share = 1.0;    ///< what the candidates had of the mass before this stage
  std::vector<token_id> removed{};  ///< candidates before, but not here
  std::vector<token_id> added{};    ///< here, but not before: by a stage that forces a token
  std::vector<token_id> changed{};  ///< both, with another logit

  [[nodiscard]] std::size_t size() const { return tokens.size(); }
  /// The i-th candidate's.
  [[nodiscard]] double probability(std::size_t i) const {
    return total == 0 ? 0.0 : static_cast<double>(masses[i]) / static_cast<double>(total);
  }
  /// Where the token stands in the lists; size() if it is no candidate.
  [[nodiscard]] std::size_t find(token_id id) const {
    const std::size_t i = place_of(tokens, id);
    return i < size() && tokens[i] == id ? i : size();
  }
  /// Whether the i-th candidate stands before the j-th: by larger logit, then by smaller id.
  [[nodiscard]] bool before(std::size_t i, std::size_t j) const {
    return logits[i] != logits[j] ? logits[i] > logits[j] : i < j;
  }
  /// The places of the n best candidates, or of all, in their order. O(V + n log n).
  [[nodiscard]] std::vector<std::size_t> best(std::size_t n) const {
    std::vector<std::size_t> places(size());
    std::iota(places.begin(), places.end(), std::size_t{0});
    n = std::min(n, size());
    const auto end = places.begin() + static_cast<std::ptrdiff_t>(n);
    std::partial_sort(places.begin(), end, places.end(),
                      [this](std::size_t i, std::size_t j) { return before(i, j); });
    places.resize(n);
    return places;
  }
  /// 1 + the candidates before the token; 0 if it is none. O(V).
  [[nodiscard]] std::size_t rank(token_id id) const {
    const std::size_t place = find(id);
    std::size_t above = 0;
    for (std::size_t i = 0; i < size(); ++i) above += place < size() && before(i, place) ? 1 : 0;
    return place < size() ? above + 1 : 0;
  }
  friend bool operator==(const trace_step&, const trace_step&) = default;
};

/// A uniform integer in [0, total), and what it chose: the one whose interval [from, to) it fell into, where
/// all have an interval as long as their mass, side by side in the order of ids.
struct choice {
  std::uint64_t point = 0;
  std::uint64_t from = 0;
  std::uint64_t to = 0;
  std::uint64_t total = 0;
  friend bool operator==(const choice&, const choice&) = default;
};

/// The steps of a draw. `choices` are how the bits of (seed, sequence, step) led to the token: one after a
/// cut, among the candidates; two from a whole row, first a block of 1024 tokens by the blocks' masses, then
/// a token by those in its block. There are none where no such draw decides: a single candidate, greedy,
/// gumbel, or a sampler of your own, unless it draws so too and says `static constexpr bool draws_by_point =
/// true`.
struct trace {
  std::vector<trace_step> steps{};  ///< the row as it came, then each stage up to the sampler
  draw drawn{};                     ///< what the pipeline draws without being watched
  std::vector<choice> choices{};
};

namespace detail {

/// Completes a step by what it did to the one before it. O(V).
inline void compare(const trace_step& before, trace_step& after) {
  std::uint64_t kept = 0;
  std::size_t j = 0;
  for (std::size_t i = 0; i < before.size(); ++i) {
    const token_id id = before.tokens[i];
    for (; j < after.size() && after.tokens[j] < id; ++j) after.added.push_back(after.tokens[j]);
    if (j == after.size() || after.tokens[j] != id) {
      after.removed.push_back(id);
      continue;
    }
    if (before.logits[i] != after.logits[j]) after.changed.push_back(id);
    kept += before.masses[i];
    ++j;
  }
  for (; j < after.size(); ++j) after.added.push_back(after.tokens[j]);
  if (before.total != 0) after.share = static_cast<double>(kept) / static_cast<double>(before.total);
}

}  // namespace detail
}  // namespace urn
