#pragma once
/// \file
/// reasoning_budget: reasoning ends when its tokens are used up. `reasoning_state` follows what is written
/// and gives the stage for the next token:
///
///     urn::reasoning_state state{{.begins = {{begin}}, .ends = {{end}}, .forced = {end}, .budget = 512}};
///     urn::draw d = (state.next() | urn::temperature{0.8F} | ...)(urn::simd, row, context, scratch);
///     state.accept(d.token);

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "urn/core/history.hpp"
#include "urn/core/rewindable.hpp"
#include "urn/core/token.hpp"
#include "urn/processor/forced_tokens.hpp"

namespace urn {

/// What counts as reasoning, and what is written when its budget is used up. Empty sequences match nothing.
struct reasoning_budget {
  std::vector<std::vector<token_id>> begins{};  ///< any of them begins reasoning
  std::vector<std::vector<token_id>> ends{};    ///< any of them ends it
  std::vector<token_id> forced{};               ///< a message, perhaps, and the end; empty: nothing is forced
  std::uint32_t budget = 0;                     ///< so many tokens between begin and end
};

/// Whether there is reasoning, as llama.cpp's reasoning budget has it: each begin opens a new budget, a
/// sequence counts only with all of its tokens in one phase, and once the budget is used up the forced tokens
/// follow one by one, whatever is accepted in their place. Copies share nothing. Used by one thread at a
/// time; `accept` may allocate.
class reasoning_state {
 public:
  enum class phase : std::uint32_t {
    outside,     ///< waiting for a begin
    reasoning,   ///< counting, and waiting for an end
    unfinished,  ///< the budget is used up in the middle of a character
    forcing      ///< the forced tokens are due
  };

  /// `begun` where the prompt ended with a begin.
  explicit reasoning_state(reasoning_budget parameters, bool begun = false)
      : parameters_(std::move(parameters)), state_(begun ? begin() : step{}) {}

  /// One more token of the sequence. `whole` is false if its text ends inside a UTF-8 character: then nothing
  /// is forced yet.
  void accept(token_id token, bool whole = true) {
    tokens_.push_back(token);
    state_.advance(after(whole));
  }
  /// As if the last n tokens had never been accepted; all of them if there were fewer.
  void rollback(std::size_t n) {
    state_.rollback(n);
    tokens_.resize(state_.steps());
  }

  [[nodiscard]] phase now() const { return state_.now().is; }
  /// How many tokens of the budget are left while there is reasoning.
  [[nodiscard]] std::uint32_t left() const { return state_.now().left; }

  /// Forces the next token, or nothing. Valid until the state is assigned to or gone.
  [[nodiscard]] forced_choice next() const {
    const std::size_t place = state_.now().inside;
    if (now() != phase::forcing || place >= parameters_.forced.size()) return {};
    return {std::span(parameters_.forced).subspan(place, 1)};
  }

  /// What `restore` of a state with the same parameters takes.
  [[nodiscard]] std::vector<std::uint32_t> save() const {
    std::vector<std::uint32_t> saved = state_.save();
    for (const token_id id : tokens_) saved.push_back(static_cast<std::uint32_t>(id));
    return saved;
  }
  /// False, and nothing changes, if that was not saved by such a state.
  [[nodiscard]] bool restore(std::span<const std::uint32_t> saved) {
    constexpr std::size_t words = rewindable<step>::words;
    if (saved.size() < words || (saved.size() - words) % (words + 1) != 0) return false;
    const std::size_t tokens = (saved.size() - words) / (words + 1);
    const auto steps = saved.first(saved.size() - tokens);
    for (std::size_t i = 0; i < steps.size(); i += words) {
      if (steps[i] > static_cast<std::uint32_t>(phase::forcing) || steps[i + 1] > parameters_.budget)
        return false;
    }
    if (!state_.restore(steps)) return false;
    const auto ids = saved.last(tokens);
    tokens_.assign(ids.begin(), ids.end());
    return true;
  }

 private:
  struct step {
    phase is = phase::outside;
    std::uint32_t left = 0;
    std::uint32_t inside = 0;  ///< tokens since the phase began
    friend bool operator==(const step&, const step&) = default;
  };

  [[nodiscard]] step begin() const {
    return {parameters_.budget > 0 ? phase::reasoning : phase::forcing, parameters_.budget, 0};
  }
  /// Whether one of the sequences was just completed inside the phase.
  [[nodiscard]] bool completed(const std::vector<std::vector<token_id>>& sequences) const {
    const std::size_t inside = state_.now().inside + std::size_t{1};
    const token_history past(tokens_);
    for (const std::vector<token_id>& ids : sequences) {
      if (!ids.empty() && ids.size() <= inside && past.ends_with(ids)) return true;
    }
    return false;
  }
  /// What the last token makes of the state.
  [[nodiscard]] step after(bool whole) const {
    step next = state_.now();
    ++next.inside;
    if (next.is == phase::outside) return completed(parameters_.begins) ? begin() : next;
    if (next.is == phase::forcing) return next.inside < parameters_.forced.size() ? next : step{};
    if (completed(parameters_.ends)) return {};
    if (next.is == phase::reasoning && --next.left > 0) return next;
    if (whole) return {phase::forcing, 0, 0};
    return next.is == phase::unfinished ? next : step{phase::unfinished, 0, 0};
  }

  reasoning_budget parameters_;
  std::vector<token_id> tokens_;
  rewindable<step> state_;
};

}  // namespace urn
