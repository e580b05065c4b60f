#pragma once
/// \file
/// dry: the longer a repetition that a token would continue, the less likely it becomes.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "urn/core/draw.hpp"
#include "urn/core/exact.hpp"
#include "urn/core/exact_power.hpp"
#include "urn/core/history.hpp"
#include "urn/core/platform.hpp"
#include "urn/core/status.hpp"
#include "urn/core/token.hpp"
#include "urn/core/workspace.hpp"
#include "urn/processor/dry_breakers.hpp"
#include "urn/processor/stage.hpp"

namespace urn {

/// DRY ("don't repeat yourself", p-e-w, 2024), as llama.cpp has it. Where the last m tokens, at least
/// allowed_length, stood before, the token that followed them there loses
///
///     multiplier * base^(m - allowed_length)
///
/// of the largest such m; the power stops growing at 2^128, the edge of float. A repetition is not followed
/// past a breaker, and a token that is one by itself loses nothing. Prompt and output count together, within
/// the last `window` tokens. Neutral: multiplier 0, base < 1, window 0. multiplier and base must be finite.
/// O(window) a row where little repeats; at worst, where all does, times the exponent at which the power
/// stops (158 for 1.75): for long windows see dry_matches.
struct dry {
  using stage = sparse_edit;

  float multiplier = 0.0F;
  float base = 1.75F;
  std::size_t allowed_length = 2;
  std::size_t window = whole_history;  ///< llama.cpp's penalty_last_n
  dry_breaker_view breakers{};         ///< borrowed

  [[nodiscard]] constexpr bool neutral() const { return multiplier == 0.0F || base < 1.0F || window == 0; }
  [[nodiscard]] constexpr status check(std::size_t) const {
    return exact::is_finite(multiplier) && exact::is_finite(base) ? breakers.check() : status::bad_argument;
  }
  [[nodiscard]] constexpr std::size_t touches(const draw_context& context) const {
    const std::size_t size = context.history.last(window).size();
    return size > allowed_length ? size - 1 : 0;
  }
  [[nodiscard]] constexpr touched_token touch(const draw_context& context, std::size_t i) const {
    const token_history seen = context.history.last(window);
    const std::size_t last = seen.size() - 1;
    const std::size_t most = i + 1 < longest() ? i + 1 : longest();
    std::size_t length = 0;
    while (length < most && seen.at(i - length) == seen.at(last - length)) ++length;
    if (length >= allowed_length) length = breakers.unbroken(seen, length);
    return touched(seen.at(i + 1), length);
  }
  /// The value is m.
  [[nodiscard]] constexpr touched_token touched(token_id token, std::size_t length) const {
    if (length < allowed_length || breakers.breaks(token)) return {};
    return {token, static_cast<std::uint32_t>(length)};
  }
  [[nodiscard]] static constexpr std::uint32_t merge(std::uint32_t a, std::uint32_t b) {
    return a < b ? b : a;
  }
  [[nodiscard]] URN_HOST_DEVICE float operator()(float logit, std::uint32_t length) const {
    const auto more = static_cast<std::uint32_t>(length - allowed_length);
    const double power = exact::power_within_float(static_cast<double>(base), more);
    return exact::sub(logit, exact::saturated(exact::mul(static_cast<double>(multiplier), power)));
  }

 private:
  /// From some m on, not above this one, the power is the same: base^e > 2^128 once e ln(base) > 88.8, and
  /// ln(base) >= (base - 1) / base.
  [[nodiscard]] constexpr std::size_t longest() const {
    if (base <= 1.001F) return whole_history;
    return allowed_length + 2 + static_cast<std::size_t>(90.0F / (1.0F - 1.0F / base));  // base may be huge
  }
};

/// Finds what dry touches in time linear in the window, however much repeats, in memory of its own:
///
///     sampler = known_touches{edit, matches.find(edit, history)} | temperature{0.8F} | categorical{};
///
/// There is no state to keep in step with the sequence: the result depends on the history alone. Allocates
/// only if the window outgrows the room. One thread at a time.
class dry_matches {
 public:
  dry_matches() = default;
  explicit dry_matches(std::size_t window) : lengths_(window) { touched_.reserve(window); }

  /// Valid until the next call.
  [[nodiscard]] std::span<const touched_token> find(const dry& edit, const token_history& history) {
    const token_history seen = history.last(edit.window);
    touched_.clear();
    if (edit.neutral() || seen.size() <= edit.allowed_length) return touched_;
    const std::size_t unbroken = edit.breakers.unbroken(seen, match(seen));
    for (std::size_t back = 1; back < seen.size(); ++back) {
      const std::size_t length = std::min<std::size_t>(lengths_[back], unbroken);
      const touched_token t = edit.touched(seen.at(seen.size() - back), length);
      if (t.id != no_token) touched_.push_back(t);
    }
    return touched_;
  }

 private:
  /// lengths_[back] = how many tokens up to `back` before the last one are the last ones too: the
  /// Z-algorithm (Gusfield, 1997) on the reversed text. Returns the largest.
  std::size_t match(const token_history& seen) {
    const std::size_t size = seen.size();
    const auto reversed = [&](std::size_t i) { return seen.at(size - 1 - i); };
    if (lengths_.size() < size) lengths_.resize(size);
    std::size_t left = 0, right = 0, most = 0;
    for (std::size_t back = 1; back < size; ++back) {
      std::size_t n = back < right ? std::min<std::size_t>(right - back, lengths_[back - left]) : 0;
      while (back + n < size && reversed(n) == reversed(back + n)) ++n;
      lengths_[back] = static_cast<std::uint32_t>(n);
      most = std::max(most, n);
      if (back + n > right) left = back, right = back + n;
    }
    return most;
  }

  std::vector<std::uint32_t> lengths_;
  std::vector<touched_token> touched_;
};

}  // namespace urn
