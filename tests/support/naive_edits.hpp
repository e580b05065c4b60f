#pragma once
// The edits that look at history or at token names, by their definitions, one token after the other; see
// naive_pipeline.hpp.

#include <algorithm>
#include <cfloat>
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

inline void apply(row& r, const urn::allowed_tokens& e) {
  if (e.ids.empty()) return;
  for (token_id id = 0; static_cast<std::size_t>(id) < r.vocabulary(); ++id) {
    if (std::find(e.ids.begin(), e.ids.end(), id) == e.ids.end()) r.ban(id);
  }
}
inline void apply(row& r, const urn::suppressed_tokens& e) { ban(r, e.ids); }
inline void apply(row& r, const urn::begin_suppressed& e) {
  if (r.context.history.output.size() == e.place) ban(r, e.ids);
}
inline void apply(row& r, const urn::min_length& e) {
  if (r.context.history.size() < e.length) ban(r, e.end_tokens);
}

inline void force(row& r, std::span<const token_id> ids) {
  for (float& l : r.logits) l = -infinity;
  for (const token_id id : ids) r.logits[static_cast<std::size_t>(id)] = 0;
}
inline void apply(row& r, const urn::forced_tokens& e) {
  for (const urn::forced_token& entry : e.entries) {
    if (entry.place == r.context.history.output.size()) return force(r, {&entry.token, 1});
  }
}
inline void apply(row& r, const urn::forced_end& e) {
  if (r.context.history.size() + 1 == e.length && !e.end_tokens.empty()) force(r, e.end_tokens);
}

inline void apply(row& r, const urn::exponential_decay_length& e) {
  const std::size_t size = r.context.history.output.size();
  if (e.factor == 1 || size <= e.start) return;
  std::map<token_id, int> ends;
  for (const token_id id : e.end_tokens) ends[id] = 0;
  const double power = urn::exact::power_within_float(e.factor, static_cast<std::uint32_t>(size - e.start));
  const float growth = static_cast<float>(std::min(power - 1, static_cast<double>(FLT_MAX)));
  r.edit_some(ends, [&](float l, int) {
    if (!std::isfinite(l)) return l;
    const float more = std::fabs(l) * growth;
    return std::min(l + more, std::max(l, 65536.0F));
  });
}

/// As logit_bias, with what counts after this history.
inline void apply(row& r, const urn::sequence_bias& e) {
  const tokens all = past(r.context.history);
  std::vector<urn::token_bias> biases;
  for (const urn::biased_sequence& s : e.entries) {
    const std::span<const token_id> beginning = std::span(s.tokens).first(s.tokens.size() - 1);
    if (stand_before(all, all.size(), beginning)) biases.push_back({s.tokens.back(), s.bias});
  }
  apply(r, urn::logit_bias{biases});
}

inline void apply(row& r, const urn::encoder_repetition& e) {
  if (e.penalty == 1) return;
  std::map<token_id, int> seen;
  for (const token_id id : e.encoder) {
    if (id >= 0 && static_cast<std::size_t>(id) < r.vocabulary()) seen[id] = 0;
  }
  r.edit_some(seen, [&](float l, int) { return l > 0 ? l * e.penalty : l / e.penalty; });
}

inline void apply(row& r, const urn::decaying_repetition& e) {
  if (e.penalty == 1) return;
  const tokens all = past(r.context.history);
  std::map<token_id, float> penalties;
  for (std::size_t d = 0; d < all.size() && (d < e.sustain || d - e.sustain < e.decay); ++d) {
    const token_id id = all[all.size() - 1 - d];
    if (id < 0 || static_cast<std::size_t>(id) >= r.vocabulary() || penalties.contains(id)) continue;
    const float slope = (1 - e.penalty) / static_cast<float>(e.decay);
    penalties[id] = d > e.sustain ? std::fma(static_cast<float>(d - e.sustain), slope, e.penalty) : e.penalty;
  }
  r.edit_some(penalties, [](float l, float p) { return l > 0 ? l / p : l * p; });
}

inline void apply(row& r, const urn::watermark& e) {
  if (e.bias == 0 || e.green.empty()) return;
  r.edit([&](float l, token_id id) {
    const auto word = static_cast<std::size_t>(id / 32);
    const bool green =
        word < e.green.size() && ((static_cast<std::int64_t>(e.green[word]) >> (id % 32)) & 1) != 0;
    return green ? l + e.bias : l;
  });
}

}  // namespace naive
