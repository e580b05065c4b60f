#pragma once
// What the kernels are compared with: the distribution of a row in double precision, by sorting and std::exp;
// and, for what only integers can decide, the definition of exact mass written down once more. Nothing here
// comes from urn.

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <vector>

namespace oracle {

using row = std::vector<float>;
using ids = std::vector<std::int32_t>;

inline bool survives(float l) { return !std::isnan(l) && l > -std::numeric_limits<float>::infinity(); }

/// The surviving tokens, larger logit first, then smaller id.
inline ids order(const row& logits) {
  ids best;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    if (survives(logits[i])) best.push_back(static_cast<std::int32_t>(i));
  }
  std::stable_sort(best.begin(), best.end(), [&](std::int32_t a, std::int32_t b) {
    return logits[static_cast<std::size_t>(a)] > logits[static_cast<std::size_t>(b)];
  });
  return best;
}

inline ids ascending(ids some) {
  std::sort(some.begin(), some.end());
  return some;
}

inline ids top_k(const row& logits, std::size_t k) {
  ids best = order(logits);
  best.resize(std::min(k, best.size()));
  return ascending(best);
}

/// p_i = exp(l_i / T) / sum; of a row where some token survives and none is +inf.
struct distribution {
  std::vector<double> p;
  double largest = 0;  ///< max l_i / T
  double log_sum = 0;  ///< ln sum exp(l_i / T - largest)
  double temperature = 1;

  [[nodiscard]] double logprob(float logit) const {
    return static_cast<double>(logit) / temperature - largest - log_sum;
  }
};

inline distribution softmax(const row& logits, float temperature) {
  distribution d;
  d.temperature = static_cast<double>(temperature);
  d.largest = -std::numeric_limits<double>::infinity();
  for (const float l : logits) {
    if (survives(l)) d.largest = std::max(d.largest, static_cast<double>(l) / d.temperature);
  }
  long double sum = 0;
  for (const float l : logits) {
    const double e = survives(l) ? std::exp(static_cast<double>(l) / d.temperature - d.largest) : 0.0;
    d.p.push_back(e);
    sum += static_cast<long double>(e);
  }
  for (double& p : d.p) p = static_cast<double>(static_cast<long double>(p) / sum);
  d.log_sum = static_cast<double>(std::log(sum));
  return d;
}

inline double entropy(const distribution& d) {
  long double h = 0;
  for (const double p : d.p) {
    if (p > 0) h -= static_cast<long double>(p) * std::log(static_cast<long double>(p));
  }
  return static_cast<double>(h);
}

inline double total_variation(const std::vector<double>& p, const std::vector<double>& q) {
  long double sum = 0;
  for (std::size_t i = 0; i < p.size(); ++i) sum += std::fabs(static_cast<long double>(p[i]) - q[i]);
  return static_cast<double>(sum / 2);
}

/// A kept set, and how near its boundary came to being elsewhere, as a difference of probabilities.
struct cut {
  ids kept;
  double margin = 0;
};

/// The shortest prefix of `best`, the order, whose probability is at least p, and at least one token.
inline cut top_p(const ids& best, const distribution& d, double p) {
  cut result{{}, 1};
  long double sum = 0;
  for (const std::int32_t id : best) {
    result.margin = std::min(result.margin, std::fabs(static_cast<double>(sum) - p));
    if (!result.kept.empty() && sum >= static_cast<long double>(p)) break;
    result.kept.push_back(id);
    sum += static_cast<long double>(d.p[static_cast<std::size_t>(id)]);
  }
  result.kept = ascending(result.kept);
  return result;
}

/// p_i >= share * p_max; the margin relative to p_max.
inline cut min_p(const distribution& d, double share) {
  const double top = *std::max_element(d.p.begin(), d.p.end());
  cut result{{}, 1};
  for (std::size_t i = 0; i < d.p.size(); ++i) {
    const double ratio = d.p[i] / top;
    result.margin = std::min(result.margin, std::fabs(ratio - share));
    if (ratio >= share) result.kept.push_back(static_cast<std::int32_t>(i));
  }
  return result;
}

/// p_i >= bound, and the best whatever it has; the margin relative to the bound.
inline cut at_least(const distribution& d, double bound) {
  bound = std::min(bound, *std::max_element(d.p.begin(), d.p.end()));
  cut result{{}, 1};
  for (std::size_t i = 0; i < d.p.size(); ++i) {
    const double off = std::fabs(d.p[i] / bound - 1);
    if (off > 0) result.margin = std::min(result.margin, off);
    if (d.p[i] >= bound) result.kept.push_back(static_cast<std::int32_t>(i));
  }
  return result;
}

/// The definition of exact mass, by std::fma and plain sums.
namespace definition {

__extension__ using wide = unsigned __int128;

inline constexpr std::uint32_t unbounded = ~0U;
inline constexpr std::uint32_t middle = 0x4B400000U;  // bits(1.5 * 2^23)

struct weight {
  float t;
  std::uint32_t mantissa;
};

inline float scale(float temperature) {
  return static_cast<float>(1.4426950408889634 / static_cast<double>(temperature));
}

inline float power(float f) {
  float p = 0x1.ec328p-10F;
  for (const float a : {0x1.c05f8ap-7F, 0x1.41878cp-4F, 0x1.5be0a6p-2F, 0x1.f5e45ep-1F, 0x1.6a09e8p+0F}) {
    p = std::fma(p, f, a);
  }
  return p;
}

inline weight weigh(float l, float c) {
  const float t = std::fma(l, c, 12582912.0F);
  const float n = t - 12582912.0F;
  return {t, std::bit_cast<std::uint32_t>(power(std::fma(l, c, -n))) << 8};
}

/// floor(mantissa * 2^up / 2^(key - bits(t))).
inline std::uint64_t shifted(float l, float c, std::uint32_t key, int up) {
  if (!survives(l)) return 0;
  const weight w = weigh(l, c);
  const std::int64_t down = std::int64_t{key} - std::int64_t{std::bit_cast<std::uint32_t>(w.t)};
  if (down < 0 || down > 63) return 0;
  return static_cast<std::uint64_t>((wide{w.mantissa} << up) >> down);
}
inline std::uint64_t in_block(float l, float c, std::uint32_t key) { return shifted(l, c, key, 0); }
inline std::uint64_t in_row(float l, float c, std::uint32_t key) { return shifted(l, c, key, 9); }

struct block {
  std::uint32_t key = 0;
  std::uint64_t mass = 0;
};

struct row_mass {
  std::vector<block> blocks;
  std::uint32_t key = 0;
  std::uint64_t total = 0;

  [[nodiscard]] std::uint64_t in_row(std::size_t b) const {
    const std::uint32_t down = key - blocks[b].key;
    return down > 63 ? 0 : (blocks[b].mass << 9) >> down;
  }
};

inline std::uint32_t key_of(float largest, float c) {
  const float t = std::fma(largest, c, 12582912.0F);
  if (t >= 0x1p24F) return unbounded;
  return t >= 0x1p23F ? std::bit_cast<std::uint32_t>(t) : 0;
}

inline float largest(std::span<const float> logits) {
  float best = -std::numeric_limits<float>::infinity();
  for (const float l : logits) {
    if (l > best) best = l;  // false for NaN
  }
  return best;
}

inline bool in_range(std::uint32_t key) {
  return key != unbounded && std::llabs(std::int64_t{key} - std::int64_t{middle}) <= (1 << 21);
}

inline block weigh_block(std::span<const float> logits, float c) {
  block b;
  const float best = largest(logits);
  if (survives(best)) b.key = key_of(best, c);
  if (b.key == 0 || b.key == unbounded) return b;
  for (const float l : logits) b.mass += in_block(l, c, b.key);
  return b;
}

/// The total is 0 where the row has no distribution.
inline row_mass weigh_row(std::span<const float> logits, float c) {
  row_mass m;
  for (std::size_t first = 0; first < logits.size(); first += 1024) {
    m.blocks.push_back(
        weigh_block(logits.subspan(first, std::min<std::size_t>(1024, logits.size() - first)), c));
    m.key = std::max(m.key, m.blocks.back().key);
  }
  if (!in_range(m.key)) return m;
  for (std::size_t b = 0; b < m.blocks.size(); ++b) m.total += m.in_row(b);
  return m;
}

/// floor(bits * mass / 2^64).
inline std::uint64_t below(std::uint64_t bits, std::uint64_t mass) {
  return static_cast<std::uint64_t>((wide{bits} * mass) >> 64);
}

/// The drawn token of a whole row: `draw` are lane 0's bits, block_bits(b) those of block b.
template <class Bits>
std::size_t pick(const row& logits, float c, const row_mass& m, std::uint64_t draw, Bits&& block_bits) {
  std::uint64_t left = below(draw, m.total);
  std::size_t b = 0;
  for (; left >= m.in_row(b); ++b) left -= m.in_row(b);
  left = below(block_bits(b), m.blocks[b].mass);
  for (std::size_t i = b * 1024;; ++i) {
    const std::uint64_t w = in_block(logits[i], c, m.blocks[b].key);
    if (left < w) return i;
    left -= w;
  }
}

/// The shortest prefix of `best`, the order, with mass at least target, and at least one token.
inline ids prefix(const ids& best, const row& logits, float c, std::uint32_t key, std::uint64_t target) {
  ids kept;
  std::uint64_t sum = 0;
  for (const std::int32_t id : best) {
    if (!kept.empty() && sum >= target) break;
    kept.push_back(id);
    sum += in_row(logits[static_cast<std::size_t>(id)], c, key);
  }
  return ascending(kept);
}

inline ids above(const row& logits, float c, std::uint32_t key, std::uint64_t least) {
  ids kept;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    if (survives(logits[i]) && in_row(logits[i], c, key) >= least)
      kept.push_back(static_cast<std::int32_t>(i));
  }
  return kept;
}

/// The probability with which each token is drawn, given blocks and no cut.
inline std::vector<double> drawn_with(const row& logits, float c, const row_mass& m) {
  std::vector<double> p(logits.size());
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const block& b = m.blocks[i / 1024];
    if (b.mass == 0) continue;
    const double of_block = static_cast<double>(m.in_row(i / 1024)) / static_cast<double>(m.total);
    p[i] = of_block * (static_cast<double>(in_block(logits[i], c, b.key)) / static_cast<double>(b.mass));
  }
  return p;
}

}  // namespace definition
}  // namespace oracle
