#pragma once
// The documented meaning of every stage, step by step on a plain vector of logits; and ways to look at what a
// pipeline of urn did by its public results alone.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <limits>
#include <map>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "support/oracle.hpp"
#include "urn/random/philox.hpp"
#include "urn/urn.hpp"

namespace naive {

using urn::status, urn::token_id;

inline constexpr float infinity = std::numeric_limits<float>::infinity();
inline constexpr float nan = std::numeric_limits<float>::quiet_NaN();

/// 64 random bits of a draw: Philox's counter is (step, lane, sequence).
inline std::uint64_t random_bits(const urn::draw_context& who, std::uint32_t lane) {
  const auto word = [](std::uint64_t x, int i) { return static_cast<std::uint32_t>(x >> (32 * i)); };
  const auto words = urn::philox4x32({who.step, lane, word(who.sequence, 0), word(who.sequence, 1)},
                                     {word(who.seed, 0), word(who.seed, 1)});
  return words[0] | (std::uint64_t{words[1]} << 32);
}

/// A row on its way: every logit as the edits left it, the ids still in, and a temperature that no edit has
/// needed yet.
class row {
 public:
  row(std::vector<float> as_it_came, const urn::draw_context& who)
      : context(who), raw(std::move(as_it_came)), logits(raw), kept(raw.size()) {
    std::iota(kept.begin(), kept.end(), 0);
  }

  const urn::draw_context& context;
  const std::vector<float> raw;
  std::vector<float> logits;
  std::vector<token_id> kept;
  bool cut = false;
  float pending = 1;
  urn::draw result;

  [[nodiscard]] bool failed() const { return urn::failed(result.status); }
  [[nodiscard]] std::size_t vocabulary() const { return raw.size(); }
  [[nodiscard]] float logit(token_id id) const { return logits[static_cast<std::size_t>(id)]; }
  [[nodiscard]] float scale() const { return oracle::definition::scale(pending); }

  /// The logits still in, in id order.
  [[nodiscard]] std::vector<float> left() const {
    std::vector<float> l;
    for (const token_id id : kept) l.push_back(logit(id));
    return l;
  }
  /// Those that can be drawn, the best first.
  [[nodiscard]] std::vector<token_id> best() const {
    std::vector<token_id> ids;
    for (const std::int32_t at : oracle::order(left())) ids.push_back(kept[static_cast<std::size_t>(at)]);
    return ids;
  }

  /// Whatever reads the row says what it met.
  std::vector<token_id> look() {
    const std::vector<token_id> ids = best();
    for (const float l : left()) {
      if (std::isnan(l)) result.status |= status::nan;
    }
    if (ids.empty()) result.status |= status::empty;
    return ids;
  }
  void keep(std::vector<token_id> ids) {
    std::sort(ids.begin(), ids.end());
    kept = std::move(ids);
    cut = true;
  }
  void keep_best() {
    std::vector<token_id> ids = look();
    if (!ids.empty()) ids = {ids[0]};
    if (!ids.empty() && logit(ids[0]) == infinity) result.status |= status::infinite;
    keep(std::move(ids));
  }
  void settle() {
    if (pending > 0) return;
    pending = 1;
    keep_best();
  }

  template <class Function>
  void edit(Function&& f) {
    settle();
    if (failed()) return;
    for (const token_id id : kept) {
      float& l = logits[static_cast<std::size_t>(id)];
      l = f(pending == 1 ? l : l / pending, id);
    }
    pending = 1;
  }
  /// An edit of some tokens divides them all, one of no token none.
  template <class Value, class Function>
  void edit_some(const std::map<token_id, Value>& some, Function&& f) {
    if (some.empty()) return;
    edit([&](float l, token_id id) { return some.contains(id) ? f(l, some.at(id)) : l; });
  }
  void ban(token_id id) { logits[static_cast<std::size_t>(id)] = -infinity; }

  oracle::definition::row_mass mass;  ///< of what is left, after weigh()

  /// False if there is nothing to weigh.
  bool weigh() {
    settle();
    if (failed()) return false;
    const std::vector<token_id> ids = look();
    if (failed()) return false;
    if (logit(ids[0]) == infinity) {
      keep_best();
      return false;
    }
    if (cut) {
      mass = {};
      mass.key = oracle::definition::key_of(logit(ids[0]), scale());
    } else {
      mass = oracle::definition::weigh_row(logits, scale());
    }
    if (!oracle::definition::in_range(mass.key)) {
      result.status |= status::out_of_range;
      return false;
    }
    for (const token_id id : kept) mass.total += cut ? weight(id) : 0;
    return true;
  }
  [[nodiscard]] std::uint64_t weight(token_id id) const {
    return oracle::definition::in_row(logit(id), scale(), mass.key);
  }
  [[nodiscard]] float logprob(token_id id) const {
    if (weight(id) == mass.total) return 0.0F;
    constexpr long double ln2 = 0.693147180559945309417L;
    const auto n = static_cast<long double>(static_cast<std::int64_t>(mass.key) - oracle::definition::middle);
    const long double power = static_cast<long double>(logit(id)) * static_cast<long double>(scale()) - n;
    const long double of_all = std::log(static_cast<long double>(mass.total)) - 40.5L * ln2;
    return static_cast<float>(std::min(0.0L, ln2 * power - of_all));
  }
};

inline void apply(row& r, const urn::bitmask& m) {
  if (m.words.data() == nullptr) return;
  for (const token_id id : r.kept) {
    const auto word = static_cast<std::size_t>(id / 32);
    const bool allowed =
        word < m.words.size() && ((static_cast<std::int64_t>(m.words[word]) >> (id % 32)) & 1) != 0;
    if (!allowed) r.ban(id);
  }
}

inline void apply(row& r, const urn::min_tokens& m) {
  if (r.context.history.output.size() >= m.count) return;
  for (const token_id id : m.end_tokens) r.ban(id);
}

inline void apply(row& r, const urn::logit_bias& b) {
  std::map<token_id, float> sums;
  for (const urn::token_bias& e : b.entries) sums[e.token] += e.bias;
  r.edit_some(sums, [](float l, float bias) {
    if (std::isnan(l) || l == -infinity) return l;
    if (std::isnan(bias) || bias == -infinity) return -infinity;  // a ban beats everything
    return l + bias;
  });
}

inline void apply(row& r, const urn::penalties& p) {
  if (p.repetition == 1 && p.frequency == 0 && p.presence == 0) return;
  constexpr auto all = urn::penalty_scope::prompt_and_output;
  std::vector<std::pair<token_id, bool>> past;
  for (const token_id id : r.context.history.prompt) past.emplace_back(id, false);
  for (const token_id id : r.context.history.output) past.emplace_back(id, true);
  past.erase(past.begin(), past.begin() + static_cast<std::ptrdiff_t>(std::min(p.ignored, past.size())));
  std::map<token_id, std::pair<bool, unsigned>> found;  // repeated, and how often counted
  for (std::size_t back = 1; back <= std::min(p.window, past.size()); ++back) {
    const auto [id, drawn] = past[past.size() - back];
    if (id < 0 || static_cast<std::size_t>(id) >= r.vocabulary()) continue;
    const bool repeats = drawn || p.repeated_in == all, counts = drawn || p.counted_in == all;
    if (!repeats && !counts) continue;
    found[id].first |= repeats;
    found[id].second += counts ? 1 : 0;
  }
  r.edit_some(found, [&](float l, const std::pair<bool, unsigned>& seen) {
    if (seen.first) l = l > 0 ? l / p.repetition : l * p.repetition;
    if (seen.second == 0) return l;
    return std::fma(-static_cast<float>(seen.second), p.frequency, l) - p.presence;
  });
}

inline void apply(row& r, const urn::temperature& t) { r.pending *= t.value < 1e-5F ? 0.0F : t.value; }

inline void apply(row& r, const urn::top_k& cut) {
  if (cut.k <= 0 || static_cast<std::size_t>(cut.k) >= r.vocabulary()) return;
  r.settle();
  if (r.failed()) return;
  std::vector<token_id> ids = r.look();
  ids.resize(std::min(ids.size(), static_cast<std::size_t>(cut.k)));
  r.keep(std::move(ids));
}

inline void apply(row& r, const urn::top_k_with_ties& cut) {
  if (cut.k <= 0 || static_cast<std::size_t>(cut.k) >= r.vocabulary()) return;
  r.settle();
  if (r.failed()) return;
  std::vector<token_id> best = r.look();
  if (r.failed()) return;
  if (r.logit(best[0]) == infinity) return r.keep_best();
  std::size_t n = std::min(best.size(), static_cast<std::size_t>(cut.k));
  while (n < best.size() && r.logit(best[n]) == r.logit(best[n - 1])) ++n;
  best.resize(n);
  r.keep(std::move(best));
}

/// ceil(share * mass), the share rounded down to a multiple of 2^-63.
inline std::uint64_t ceil_share(std::uint64_t mass, float share) {
  __extension__ using wide = unsigned __int128;
  const wide product = wide{mass} * static_cast<std::uint64_t>(std::ldexp(static_cast<double>(share), 63));
  return static_cast<std::uint64_t>((product >> 63) + ((product & ((wide{1} << 63) - 1)) != 0 ? 1 : 0));
}

inline void apply(row& r, const urn::top_p& cut) {
  if (cut.p >= 1 || !r.weigh()) return;
  std::uint64_t target = cut.p > 0 ? ceil_share(r.mass.total, cut.p) : 0;
  if (cut.p > 0 && cut.rule == urn::top_p_rule::beyond) {
    __extension__ using wide = unsigned __int128;
    const double share = std::ldexp(static_cast<double>(cut.p), 63);
    const wide product = wide{r.mass.total} * static_cast<std::uint64_t>(share);
    target = static_cast<std::uint64_t>(product >> 63) + 1;
  }
  std::vector<token_id> ids;
  std::uint64_t sum = 0;
  for (const token_id id : r.best()) {
    if (!ids.empty() && sum >= target) break;
    ids.push_back(id);
    sum += r.weight(id);
  }
  r.keep(std::move(ids));
}

/// Tokens of mass at least `least`, and the best `min_keep`.
inline void keep_heavy(row& r, std::uint64_t least, std::size_t min_keep = 1) {
  const std::vector<token_id> best = r.best();
  least = std::min(least, r.weight(best[std::min(min_keep, best.size()) - 1]));
  std::vector<token_id> ids;
  std::copy_if(best.begin(), best.end(), std::back_inserter(ids),
               [&](token_id id) { return r.weight(id) >= least; });
  r.keep(std::move(ids));
}

inline void apply(row& r, const urn::min_p& cut) {
  if (cut.value <= 0 || !r.weigh()) return;
  const std::uint64_t top = r.weight(r.best()[0]);
  keep_heavy(r, cut.value < 1 ? ceil_share(top, cut.value) : top);
}

inline void apply(row& r, const urn::epsilon_cutoff& cut) {
  if (cut.epsilon <= 0 || !r.weigh()) return;
  keep_heavy(r, cut.epsilon < 1 ? ceil_share(r.mass.total, cut.epsilon) : r.mass.total);
}

inline std::int64_t depth(const row& r, token_id id) {
  return urn::kernel::depth_of(r.logit(id), r.scale(), r.mass.key);
}
/// The entropy in nats.
inline double entropy(const row& r) {
  urn::kernel::row_moments m;
  for (const token_id id : r.kept) {
    if (r.weight(id) != 0) m.add(r.weight(id), depth(r, id));
  }
  return urn::kernel::entropy(m);
}

inline void apply(row& r, const urn::eta_cutoff& cut) {
  if (cut.epsilon <= 0 || !r.weigh()) return;
  const double epsilon = std::min(1.0, static_cast<double>(cut.epsilon));
  const double eta = std::min(epsilon, std::sqrt(epsilon) * std::exp(-entropy(r)));
  keep_heavy(r, eta < 1 ? static_cast<std::uint64_t>(std::ceil(eta * static_cast<double>(r.mass.total)))
                        : r.mass.total);
}

inline void apply(row& r, const urn::top_a& cut) {
  if (cut.a <= 0 || !r.weigh()) return;
  __extension__ using wide = unsigned __int128;
  const std::uint64_t top = r.weight(r.best()[0]);
  const wide product = wide{cut.a < 1 ? ceil_share(top, cut.a) : top} * top;
  keep_heavy(r, static_cast<std::uint64_t>((product + r.mass.total - 1) / r.mass.total));
}

inline void apply(row& r, const urn::min_keep<urn::min_p>& cut) {
  if (cut.inner.value <= 0 || !r.weigh()) return;
  const std::uint64_t top = r.weight(r.best()[0]);
  keep_heavy(r, cut.inner.value < 1 ? ceil_share(top, cut.inner.value) : top,
             std::max<std::size_t>(1, cut.count));
}

inline void apply(row& r, const urn::top_n_sigma& cut) {
  if (cut.n <= 0 || cut.n == infinity) return;
  r.settle();
  if (r.failed()) return;
  const std::vector<token_id> best = r.look();
  if (r.failed()) return;
  const float largest = r.logit(best[0]);
  if (largest == infinity) return r.keep_best();
  long double count = 0, sum = 0, squares = 0;
  for (const token_id id : best) {
    const auto d =
        static_cast<long double>(std::floor((largest - std::max(r.logit(id), largest - 1024)) * 65536));
    count += 1, sum += d, squares += d * d;
  }
  const auto sigma =
      static_cast<double>(std::sqrt(std::max(0.0L, squares * count - sum * sum)) / count / 65536);
  const auto least = static_cast<float>(static_cast<double>(largest) - static_cast<double>(cut.n) * sigma);
  std::vector<token_id> ids;
  std::copy_if(best.begin(), best.end(), std::back_inserter(ids),
               [&](token_id id) { return r.logit(id) >= least; });
  r.keep(std::move(ids));
}

inline void keep_typical(row& r, const urn::typical& cut, std::size_t least) {
  if (cut.p >= 1 || !r.weigh()) return;
  __extension__ using wide = __int128;
  const auto depth_of = [&](token_id id) { return depth(r, id); };
  std::uint64_t total = 0, sum = 0;
  wide depths = 0;
  std::vector<token_id> some;
  for (const token_id id : r.kept) {
    if (r.weight(id) == 0) continue;
    some.push_back(id);
    total += r.weight(id);
    depths += static_cast<wide>(r.weight(id)) * depth_of(id);
  }
  const auto mean = static_cast<std::int64_t>(
      std::floor(static_cast<long double>(depths) / static_cast<long double>(total) + 0.5L));
  std::stable_sort(some.begin(), some.end(), [&](token_id a, token_id b) {
    return std::llabs(depth_of(a) - mean) < std::llabs(depth_of(b) - mean);
  });
  const double share = std::ldexp(std::max(0.0, static_cast<double>(cut.p)), 63);
  const wide product = static_cast<wide>(total) * static_cast<std::int64_t>(share);
  const bool beyond = cut.rule == urn::typical_rule::beyond;
  std::size_t n = 0;
  do {
    sum += r.weight(some[n++]);
  } while (n < some.size() && (n < least || static_cast<wide>(sum) << 63 < product ||
                               (beyond && static_cast<wide>(sum) << 63 == product)));
  if (cut.rule == urn::typical_rule::with_ties) {
    const auto score = [&](token_id id) { return std::llabs(depth_of(id) - mean); };
    while (n < some.size() && score(some[n]) == score(some[n - 1])) ++n;
  }
  some.resize(n);
  r.keep(std::move(some));
}

inline void apply(row& r, const urn::typical& cut) { keep_typical(r, cut, 1); }
inline void apply(row& r, const urn::min_keep<urn::typical>& cut) { keep_typical(r, cut.inner, cut.count); }

inline void apply(row& r, const urn::top_h& cut) {
  if (cut.h <= 0 || !r.weigh()) return;
  __extension__ using wide = unsigned __int128;
  std::vector<token_id> best = r.best();
  best.resize(std::min<std::size_t>(best.size(), 100));
  while (r.weight(best.back()) == 0) best.pop_back();
  std::uint64_t total = 0;
  for (const token_id id : best) total += r.weight(id);
  const double lift = std::round((std::log2(static_cast<double>(total)) - 40.5) * 65536);
  const auto term = [&](token_id id) {
    const std::int64_t surprise = depth(r, id) + static_cast<std::int64_t>(lift);
    return surprise > 0 ? wide{r.weight(id)} * static_cast<std::uint64_t>(surprise) : wide{0};
  };
  wide all = 0, sum = 0;
  for (const token_id id : best) all += term(id);
  const double share = std::floor(std::min(1.0, static_cast<double>(cut.h)) * 0x1p40);
  const wide limit = (all * static_cast<std::uint64_t>(share)) >> 40;
  std::size_t n = 0;
  for (; n < best.size(); ++n) {
    sum += term(best[n]);
    if (n > 0 && sum > limit) break;
  }
  best.resize(n);
  r.keep(std::move(best));
}

inline void apply(row& r, const urn::tail_free& cut) {
  if (cut.z >= 1 || !r.weigh()) return;
  std::vector<token_id> best = r.best();
  std::vector<std::uint64_t> bends;
  const auto v = [&](std::size_t i) { return static_cast<std::int64_t>(r.weight(best[i])); };
  for (std::size_t i = 0; i + 2 < best.size(); ++i)
    bends.push_back(static_cast<std::uint64_t>(std::llabs((v(i) - v(i + 1)) - (v(i + 1) - v(i + 2)))));
  const std::uint64_t all = std::accumulate(bends.begin(), bends.end(), std::uint64_t{0});
  __extension__ using wide = unsigned __int128;
  const double share = std::floor(std::max(0.0, static_cast<double>(cut.z)) * 0x1p63);
  const auto limit = static_cast<std::uint64_t>((wide{all} * static_cast<std::uint64_t>(share)) >> 63);
  std::uint64_t sum = 0;
  std::size_t n = 1;
  for (std::size_t i = 0; i < bends.size() && (sum += bends[i]) <= limit; ++i) ++n;
  if (cut.rule == urn::tail_free_rule::before && best.size() > 2) n = std::max<std::size_t>(1, n - 1);
  if (cut.rule == urn::tail_free_rule::before && best.size() == 2) n = 2;
  best.resize(n);
  r.keep(std::move(best));
}

/// All tokens with the threshold's mass but the last of them.
template <class Xtc>
std::map<token_id, int> top_choices(row& r, const Xtc& cut) {
  std::map<token_id, int> top;
  if (!r.weigh()) return top;
  const std::uint64_t least = std::max<std::uint64_t>(1, ceil_share(r.mass.total, cut.threshold));
  std::vector<token_id> heavy;
  for (const token_id id : r.best()) {
    if (r.weight(id) < least) break;
    heavy.push_back(id);
  }
  if constexpr (requires { cut.min_keep; }) {
    if (r.kept.size() - (heavy.empty() ? 0 : heavy.size() - 1) < cut.min_keep) return top;
  }
  for (std::size_t i = 0; i + 1 < heavy.size(); ++i) {
    if (std::find(cut.spared.begin(), cut.spared.end(), heavy[i]) == cut.spared.end()) top[heavy[i]] = 0;
  }
  return top;
}
inline void apply(row& r, const urn::xtc& cut) {
  if (cut.probability <= 0 || cut.threshold > 0.5F) return;
  const double u = std::ldexp(static_cast<double>(random_bits(r.context, 3U << 24) >> 11), -53);
  if (u >= static_cast<double>(cut.probability)) return;
  for (const auto& [id, zero] : top_choices(r, cut)) r.ban(id);
}
inline void apply(row& r, const urn::expected_xtc& cut) {
  if (cut.probability <= 0 || cut.threshold > 0.5F) return;
  r.edit_some(top_choices(r, cut), [&](float l, int) { return cut(l, 0); });
}

/// The largest logit as an edit would see it; false if there is none, or +inf.
inline bool look_up(row& r, float& largest) {
  r.settle();
  if (r.failed()) return false;
  const std::vector<token_id> best = r.look();
  if (r.failed()) return false;
  largest = r.logit(best[0]);
  if (largest != infinity) return true;
  r.keep_best();
  return false;
}
inline void apply(row& r, const urn::smoothing& s) {
  float largest = 0;
  if (s.factor <= 0 || !look_up(r, largest)) return;
  if (r.pending != 1) largest /= r.pending;
  r.edit([&](float l, token_id) { return oracle::survives(l) ? s(l, largest) : l; });
}
inline void apply(row& r, const urn::dynamic_temperature& t) {
  if ((t.min == 1 && t.max == 1) || r.kept.size() < 2 || !r.weigh()) return;
  const std::size_t n = r.cut ? r.best().size() : r.kept.size();
  if (n < 2) return;
  const float at = t.at(entropy(r) / std::log(static_cast<double>(n)));
  r.pending *= at < 1e-5F ? 0.0F : at;
}
inline void apply(row&, const urn::renormalise&) {}

inline void apply(row& r, const urn::greedy&) {
  const std::vector<token_id> ids = r.look();
  if (!ids.empty() && r.logit(ids[0]) == infinity) r.result.status |= status::infinite;
  r.result.token = ids.empty() ? urn::no_token : ids[0];
  r.result.kept = static_cast<std::uint32_t>(r.kept.size());
}

inline void take_only(row& r) {
  r.keep_best();
  if (r.failed()) return;
  r.result.token = r.kept[0];
  r.result.logprob = 0;
  r.result.kept = 1;
}

inline token_id pick(const row& r) {
  const std::uint64_t bits = random_bits(r.context, 0);
  if (!r.cut) {
    const auto of_block = [&](std::size_t b) {
      return random_bits(r.context, (1U << 24) | static_cast<std::uint32_t>(b));
    };
    return static_cast<token_id>(oracle::definition::pick(r.logits, r.scale(), r.mass, bits, of_block));
  }
  std::uint64_t rest = oracle::definition::below(bits, r.mass.total);
  for (const token_id id : r.kept) {
    if (rest < r.weight(id)) return id;
    rest -= r.weight(id);
  }
  return urn::no_token;
}

inline void apply(row& r, const urn::categorical&) {
  r.settle();
  if (r.kept.size() == 1 || !r.weigh()) {
    if (!r.failed()) take_only(r);
    return;
  }
  r.result.token = pick(r);
  r.result.logprob = r.logprob(r.result.token);
  r.result.kept = static_cast<std::uint32_t>(r.kept.size());
  r.result.mass = r.mass.total;
}

/// 1 + the tokens before this one; those at -inf stand behind all others, those at NaN behind them.
inline std::uint32_t rank(const std::vector<float>& logits, token_id token) {
  const auto before = [&](std::size_t i, std::size_t j) {
    const float a = logits[i], b = logits[j];
    if (std::isnan(a) != std::isnan(b)) return std::isnan(b);
    return a > b || (!(a < b) && i < j);
  };
  std::uint32_t place = 1;
  for (std::size_t i = 0; i < logits.size(); ++i) place += before(i, static_cast<std::size_t>(token)) ? 1 : 0;
  return place;
}

/// raw_logprob in double, where the raw row has a distribution.
inline void apply(row& r, const urn::logprobs& report) {
  urn::draw& result = r.result;
  if (std::isnan(result.logprob) && r.kept.size() > 1 && r.weigh()) {
    result.logprob = r.logprob(result.token);
    result.mass = r.mass.total;
  }
  if (r.kept.size() == 1) result.logprob = 0;
  if (!report.raw) return;
  result.rank = rank(r.raw, result.token);
  const std::vector<std::int32_t> order = oracle::order(r.raw);
  if (order.empty()) return;
  const float largest = r.raw[static_cast<std::size_t>(order[0])];
  const float l = r.raw[static_cast<std::size_t>(result.token)];
  const float c = oracle::definition::scale(1);
  if (largest == infinity) {
    result.raw_logprob = result.token == order[0] ? 0.0F : -infinity;
  } else if (oracle::definition::in_range(oracle::definition::weigh_row(r.raw, c).key)) {
    result.raw_logprob =
        oracle::survives(l) ? static_cast<float>(oracle::softmax(r.raw, 1).logprob(l)) : -infinity;
  }
}

/// A custom edit says itself what it does to one logit; custom sparse edits have their own apply().
template <class Stage>
  requires urn::stage_is<Stage, urn::elementwise_edit>
void apply(row& r, const Stage& stage) {
  if constexpr (urn::is_mask<Stage>) {
    for (const token_id id : r.kept) {
      if (stage(0.0F, id) != 0.0F) r.ban(id);
    }
  } else {
    r.edit(stage);
  }
}

/// Stages in the order in which they were appended.
class pipeline {
 public:
  template <class Stage>
  pipeline& append(const Stage& stage) {
    stages_.emplace_back([stage](row& r) { apply(r, stage); });
    return *this;
  }
  [[nodiscard]] urn::draw operator()(std::vector<float> logits, const urn::draw_context& context) const {
    row r(std::move(logits), context);
    for (const auto& stage : stages_) {
      if (!r.failed()) stage(r);
    }
    return r.result;
  }

 private:
  std::vector<std::function<void(row&)>> stages_;
};

}  // namespace naive

namespace look {

using urn::token_id;
using urn::operator|;  // for two stages that both come from outside urn

/// Every bit of two draws, so that NaN equals itself.
inline bool same(const urn::draw& a, const urn::draw& b) {
  const auto fields = [](const urn::draw& d) {
    return std::array<std::uint64_t, 7>{static_cast<std::uint32_t>(d.token),
                                        static_cast<std::uint64_t>(d.status),
                                        std::bit_cast<std::uint32_t>(d.logprob),
                                        std::bit_cast<std::uint32_t>(d.raw_logprob),
                                        d.rank,
                                        d.kept,
                                        d.mass};
  };
  return fields(a) == fields(b);
}

inline std::string text(const urn::draw& d) {
  return "token " + std::to_string(d.token) + " status " + std::to_string(static_cast<int>(d.status)) +
         " logprob " + std::to_string(d.logprob) + " raw " + std::to_string(d.raw_logprob) + " rank " +
         std::to_string(d.rank) + " kept " + std::to_string(d.kept) + " mass " + std::to_string(d.mass);
}

/// A draw that was refused: no token, and nothing else filled in.
inline bool refused(const urn::draw& d, urn::status why) { return same(d, urn::draw{.status = why}); }

/// ln p, -inf where p is 0.
inline std::vector<float> logits_of(std::initializer_list<double> probabilities) {
  std::vector<float> l;
  for (const double p : probabilities) l.push_back(static_cast<float>(std::log(p)));
  return l;
}

/// Draws by `stages | categorical`.
template <class Stages, class Logits>
urn::draw drawn(const Stages& stages, const Logits& logits, const urn::draw_context& context = {}) {
  urn::workspace scratch(logits.size());
  return (stages | urn::categorical{})(urn::scalar, logits, context, scratch);
}

/// What a row has become: the tokens that can be drawn, the best first, with their logprobs.
template <class Stages, class Logits>
std::vector<urn::token_logprob> ranked(const Stages& stages, const Logits& logits,
                                       urn::draw_context context = {}) {
  std::vector<urn::token_logprob> best(logits.size());
  urn::workspace scratch(logits.size());
  context.top_logprobs = best;
  const urn::draw d = (stages | urn::categorical{} | urn::logprobs{})(urn::scalar, logits, context, scratch);
  if (d.token == urn::no_token) return {};
  while (!best.empty() && best.back().token == urn::no_token) best.pop_back();
  return best;
}

/// Its tokens, ascending.
template <class Stages, class Logits>
std::vector<token_id> kept(const Stages& stages, const Logits& logits,
                           const urn::draw_context& context = {}) {
  std::vector<token_id> ids;
  for (const urn::token_logprob& t : ranked(stages, logits, context)) ids.push_back(t.token);
  std::sort(ids.begin(), ids.end());
  return ids;
}

/// A custom stage that writes down what it sees.
struct spy {
  using stage = urn::elementwise_edit;
  float* seen;
  float operator()(float logit, token_id id) const { return seen[id] = logit; }
};

/// What an edit after `stages` sees: the logits of the tokens that are left, NaN for those cut off.
template <class Stages, class Logits>
std::vector<float> edited(const Stages& stages, const Logits& logits, const urn::draw_context& context = {}) {
  std::vector<float> seen(logits.size(), naive::nan);
  urn::workspace scratch(logits.size());
  (stages | spy{seen.data()} | urn::greedy{})(urn::scalar, logits, context, scratch);
  return seen;
}

/// The same bits, one by one.
inline bool same(const std::vector<float>& a, const std::vector<float>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](float x, float y) {
    return std::bit_cast<std::uint32_t>(x) == std::bit_cast<std::uint32_t>(y);
  });
}

}  // namespace look
