#pragma once
/// \file
/// dry_breakers: where one passage ends and the next begins, for dry.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "urn/core/history.hpp"
#include "urn/core/status.hpp"
#include "urn/core/token.hpp"

namespace urn {

/// Borrowed sequence breakers, sorted, one behind the other: sequence k is tokens[starts[k]] up to
/// tokens[starts[k + 1]]. Made by dry_breakers; the spans may be copied to a device.
struct dry_breaker_view {
  std::span<const token_id> tokens;
  std::span<const std::uint32_t> starts;  ///< one more than there are sequences, or none
  std::size_t longest = 0;                ///< the length of the longest sequence

  [[nodiscard]] constexpr std::size_t size() const { return starts.empty() ? 0 : starts.size() - 1; }
  [[nodiscard]] constexpr std::span<const token_id> operator[](std::size_t k) const {
    return tokens.subspan(starts[k], starts[k + 1] - starts[k]);
  }
  /// An empty sequence sorts before all others.
  [[nodiscard]] constexpr status check() const {
    if (starts.empty()) return tokens.empty() ? status::ok : status::bad_argument;
    const bool ends = starts.back() == tokens.size();
    return ends && (size() == 0 || !(*this)[0].empty()) ? status::ok : status::bad_argument;
  }

  /// Whether the token by itself is a breaker. O(log sequences).
  [[nodiscard]] constexpr bool breaks(token_id token) const {
    const std::size_t k = first_from(token);
    return k < size() && (*this)[k].size() == 1 && (*this)[k][0] == token;
  }

  /// `most`, or fewer if fewer tokens stand behind the breaker that begins last; of several that begin there
  /// the longest counts (as llama.cpp). O((most + longest) log sequences), times their common beginnings.
  [[nodiscard]] constexpr std::size_t unbroken(const token_history& seen, std::size_t most) const {
    for (std::size_t back = 1; back <= seen.size() && back < most + longest + 1; ++back) {
      const std::size_t length = longest_at(seen, seen.size() - back);
      if (length > 0) return most < back - length ? most : back - length;
    }
    return most;
  }

 private:
  /// The first sequence that begins with this token or a larger one.
  [[nodiscard]] constexpr std::size_t first_from(token_id token) const {
    std::size_t below = 0;
    for (std::size_t rest = size(); rest > 0;) {
      const std::size_t half = rest / 2;
      const bool right = tokens[starts[below + half]] < token;
      below += right ? half + 1 : 0;
      rest = right ? rest - half - 1 : half;
    }
    return below;
  }
  /// The length of the longest sequence that stands at this place, or 0.
  [[nodiscard]] constexpr std::size_t longest_at(const token_history& seen, std::size_t place) const {
    const token_id head = seen.at(place);
    std::size_t length = 0;
    for (std::size_t k = first_from(head); k < size() && (*this)[k][0] == head; ++k) {
      const std::span<const token_id> ids = (*this)[k];
      std::size_t same = 1;
      while (same < ids.size() && place + same < seen.size() && ids[same] == seen.at(place + same)) ++same;
      if (same == ids.size() && same > length) length = same;
    }
    return length;
  }
};

/// Owns sequence breakers. In llama.cpp they are texts; here the ids that a tokenizer makes of them, each
/// token that contains one by itself, for instance. Any ids will do. An empty sequence is refused by the
/// stage that gets it.
class dry_breakers {
 public:
  dry_breakers() = default;
  explicit dry_breakers(std::vector<std::vector<token_id>> sequences) : starts_{0} {
    std::sort(sequences.begin(), sequences.end());
    for (const std::vector<token_id>& ids : sequences) {
      tokens_.insert(tokens_.end(), ids.begin(), ids.end());
      starts_.push_back(static_cast<std::uint32_t>(tokens_.size()));
      longest_ = std::max(longest_, ids.size());
    }
  }

  /// Valid as long as this object is.
  [[nodiscard]] dry_breaker_view view() const { return {tokens_, starts_, longest_}; }

 private:
  std::vector<token_id> tokens_;
  std::vector<std::uint32_t> starts_;
  std::size_t longest_ = 0;
};

}  // namespace urn
