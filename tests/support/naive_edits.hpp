#pragma once
// The edits that look at history or at token names, by their definitions, one token after the other; see
// naive_pipeline.hpp.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <span>
#include <vector>

#include "support/naive_pipeline.hpp"
#include "urn/urn.hpp"

namespace naive {

using tokens = std::vector<token_id>;

/// Prompt and output as one list.
inline tokens past(const urn::token_history& history) {
  tokens all(history.prompt.begin(), history.prompt.end());
  all.insert(all.end(), history.output.begin(), history.output.end());
  return all;
}

/// Whether `ids` stand in `all` up to its end, or up to `end`.
inline bool stand_before(const tokens& all, std::size_t end, std::span<const token_id> ids) {
  if (ids.size() > end) return false;
  return std::equal(ids.begin(), ids.end(), all.begin() + static_cast<std::ptrdiff_t>(end - ids.size()));
}

inline void ban(row& r, std::span<const token_id> ids) {
  for (const token_id id : ids) {
    if (id >= 0 && static_cast<std::size_t>(id) < r.vocabulary()) r.ban(id);
  }
}

/// Bans what would complete an n-gram of `text`.
inline void ban_ngrams(row& r, std::size_t n, const tokens& text) {
  const tokens all = past(r.context.history);
  if (n == 0) return;
  for (std::size_t end = n; end <= text.size(); ++end) {
    const std::span<const token_id> ngram = std::span(text).subspan(end - n, n);
    if (stand_before(all, all.size(), ngram.first(n - 1))) ban(r, ngram.last(1));
  }
}
inline void apply(row& r, const urn::no_repeat_ngram& e) { ban_ngrams(r, e.n, past(r.context.history)); }
inline void apply(row& r, const urn::encoder_no_repeat_ngram& e) {
  ban_ngrams(r, e.n, {e.encoder.begin(), e.encoder.end()});
}

/// How many tokens stand behind the sequence that begins last, the longest of those that begin there.
inline std::size_t unbroken(const tokens& all, const urn::dry_breaker_view& breakers) {
  for (std::size_t begin = all.size(); begin-- > 0;) {
    std::size_t longest = 0;
    for (std::size_t k = 0; k < breakers.size(); ++k) {
      const std::size_t length = breakers[k].size();
      if (begin + length <= all.size() && stand_before(all, begin + length, breakers[k]))
        longest = std::max(longest, length);
    }
    if (longest > 0) return all.size() - begin - longest;
  }
  return all.size();
}

/// The repetition that each token would continue.
inline std::map<token_id, std::size_t> repetitions(const tokens& all, const urn::dry& e) {
  std::map<token_id, std::size_t> found;
  for (std::size_t end = 1; end < all.size(); ++end) {
    std::size_t length = 0;
    while (length < end && all[end - 1 - length] == all[all.size() - 1 - length]) ++length;
    length = std::min(length, unbroken(all, e.breakers));
    bool breaker = false;
    for (std::size_t k = 0; k < e.breakers.size(); ++k)
      breaker |= e.breakers[k].size() == 1 && e.breakers[k][0] == all[end];
    if (length >= e.allowed_length && !breaker) {
      found[all[end]] = std::max(found.contains(all[end]) ? found[all[end]] : 0, length);
    }
  }
  return found;
}

inline void apply(row& r, const urn::dry& e) {
  if (e.multiplier == 0 || e.base < 1) return;
  tokens all = past(r.context.history);
  if (e.window < all.size()) all.erase(all.begin(), all.end() - static_cast<std::ptrdiff_t>(e.window));
  if (all.size() <= e.allowed_length) return;
  std::map<token_id, std::size_t> found = repetitions(all, e);
  std::erase_if(found, [&](const auto& t) {
    return t.first < 0 || static_cast<std::size_t>(t.first) >= r.vocabulary();
  });
  r.edit_some(found, [&](float l, std::size_t length) {
    const double power = urn::exact::power_within_float(
        static_cast<double>(e.base), static_cast<std::uint32_t>(length - e.allowed_length));
    return l - static_cast<float>(static_cast<double>(e.multiplier) * power);
  });
}

}  // namespace naive
