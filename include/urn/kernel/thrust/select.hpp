#pragma once
/// \file
/// The three cuts, and the best tokens. What goes by rank sorts the keys: the shortest way to say it, not the
/// fastest.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "urn/core/order_key.hpp"
#include "urn/core/platform.hpp"
#include "urn/core/row.hpp"
#include "urn/core/workspace.hpp"
#include "urn/kernel/block_mass.hpp"
#include "urn/kernel/candidates.hpp"
#include "urn/kernel/scalar/mass.hpp"
#include "urn/kernel/scalar/max.hpp"
#include "urn/kernel/scalar/select.hpp"
#include "urn/kernel/scalar/typical.hpp"
#include "urn/kernel/thrust/collect.hpp"
#include "urn/kernel/thrust/lent_row.hpp"
#include "urn/kernel/thrust/system.hpp"
#include "urn/kernel/thrust/temporary.hpp"

URN_EITHER_SIDE_BEGIN
namespace urn::kernel::by_thrust {

/// A token's place in the order of candidates; 0 of one that does not survive.
struct as_key {
  URN_HOST_DEVICE std::uint64_t operator()(const placed_token& t) const {
    return survives(t.logit) ? order_key(t.logit, t.id) : 0;
  }
};

/// The keys of a row's tokens in the order of candidates, then a 0 for each that does not survive.
template <thrust_execution Exec>
class ranking {
 public:
  explicit ranking(const lent_row<Exec>& row)
      : exec_(row.exec()), keys_(exec_, static_cast<std::size_t>(row.size())) {
    const auto keys = row.each(as_key{});
    thrust::copy(exec_, keys, keys + row.size(), keys_.begin());
    thrust::sort(exec_, keys_.begin(), keys_.end(), thrust::greater<std::uint64_t>{});
  }

  [[nodiscard]] const std::uint64_t* begin() const { return keys_.begin(); }
  [[nodiscard]] const std::uint64_t* end() const { return keys_.end(); }
  /// The i-th key, which a sum of one brings to the host; 0 past the end.
  [[nodiscard]] std::uint64_t operator[](std::size_t i) const {
    if (i >= static_cast<std::size_t>(end() - begin())) return 0;
    return thrust::reduce(exec_, begin() + i, begin() + i + 1);
  }

 private:
  Exec exec_;
  temporary<std::uint64_t, Exec> keys_;
};

/// See scalar::select_k.
template <thrust_execution Exec>
selection select_k(const lent_row<Exec>& row, std::size_t k, const row_scan& scanned, candidate_list out) {
  const ranking ranked(row);
  return collect(row, key_is_at_least{ranked[k - 1]}, scanned, out);
}

/// The mass in row units of the token with a key; 0 is NaN's, which has none.
struct mass_of_key {
  float c;
  std::uint32_t row_key;

  URN_HOST_DEVICE std::uint64_t operator()(std::uint64_t key) const {
    return mass_in_row(logit_of(key), c, row_key);
  }
};
struct is_below {
  std::uint64_t limit;

  URN_HOST_DEVICE bool operator()(std::uint64_t x) const { return x < limit; }
};

/// See scalar::select_mass.
template <thrust_execution Exec>
selection select_mass(const lent_row<Exec>& row, float c, std::uint32_t row_key, std::uint64_t target,
                      const row_scan& scanned, candidate_list out) {
  const ranking ranked(row);
  const auto masses = each_of(ranked.begin(), mass_of_key{c, row_key});
  const temporary<std::uint64_t, Exec> sums(row.exec(), static_cast<std::size_t>(row.size()));
  thrust::inclusive_scan(row.exec(), masses, masses + row.size(), sums.begin());
  const auto before = thrust::count_if(row.exec(), sums.begin(), sums.end(), is_below{target});
  return collect(row, key_is_at_least{ranked[static_cast<std::size_t>(before)]}, scanned, out);
}

/// See scalar::select_above.
template <thrust_execution Exec>
selection select_above(const lent_row<Exec>& row, float c, std::uint32_t row_key, std::uint64_t least,
                       const row_scan& scanned, candidate_list out) {
  return collect(row, mass_is_at_least{least, c, row_key}, scanned, out);
}

/// A token's place in a typical cut, and its mass.
struct as_typical_key {
  typical_aim aim;

  URN_HOST_DEVICE std::uint64_t operator()(const placed_token& t) const {
    return scalar::typical_key(t.logit, t.id, aim);
  }
};
struct as_mass {
  float c;
  std::uint32_t row_key;

  URN_HOST_DEVICE std::uint64_t operator()(const placed_token& t) const {
    return mass_in_row(t.logit, c, row_key);
  }
};
struct typical_key_is_at_least {
  typical_aim aim;
  std::uint64_t lowest;

  URN_HOST_DEVICE bool operator()(const placed_token& t) const {
    return scalar::typical_key(t.logit, t.id, aim) >= lowest;
  }
};

/// See scalar::select_typical.
template <thrust_execution Exec>
selection select_typical(const lent_row<Exec>& row, const typical_aim& aim, const row_scan& scanned,
                         candidate_list out) {
  const auto size = static_cast<std::size_t>(row.size());
  const temporary<std::uint64_t, Exec> keys(row.exec(), size);
  const temporary<std::uint64_t, Exec> sums(row.exec(), size);
  const auto key = row.each(as_typical_key{aim});
  const auto mass = row.each(as_mass{aim.c, aim.row_key});
  thrust::copy(row.exec(), key, key + row.size(), keys.begin());
  thrust::copy(row.exec(), mass, mass + row.size(), sums.begin());
  thrust::sort_by_key(row.exec(), keys.begin(), keys.end(), sums.begin(), thrust::greater<std::uint64_t>{});
  thrust::inclusive_scan(row.exec(), sums.begin(), sums.end(), sums.begin());
  const auto lacking = thrust::count_if(row.exec(), sums.begin(), sums.end(), is_below{aim.target});
  const auto before = std::max(static_cast<std::size_t>(lacking), std::max<std::size_t>(1, aim.least) - 1);
  const auto last = keys.begin() + before;
  const std::uint64_t found = before < size ? thrust::reduce(row.exec(), last, last + 1) : 0;
  const std::uint64_t lowest = std::max<std::uint64_t>(1, found);  // 0 is of those without a mass
  return collect(row, typical_key_is_at_least{aim, scalar::typical_bound(lowest, aim)}, scanned, out);
}

/// See scalar::select_reaching.
template <thrust_execution Exec>
selection select_reaching(const lent_row<Exec>& row, float least, const row_scan& scanned,
                          candidate_list out) {
  return collect(row, logit_is_at_least{ordered(least)}, scanned, out);
}

struct as_ranked {
  URN_HOST_DEVICE ranked_mass operator()(std::uint64_t key) const { return {key, 0}; }
};

/// See scalar::top_n.
template <thrust_execution Exec>
std::span<const ranked_mass> top_n(const lent_row<Exec>& row, std::size_t n, std::span<ranked_mass> out) {
  out = out.first(std::min(n, static_cast<std::size_t>(row.size())));
  const ranking ranked(row);
  const temporary<ranked_mass, Exec> best(row.exec(), out.size());
  thrust::transform(row.exec(), ranked.begin(), ranked.begin() + out.size(), best.begin(), as_ranked{});
  best.to_host(out);
  const auto survived = [](const ranked_mass& r) { return r.key != 0; };
  return out.first(static_cast<std::size_t>(std::ranges::count_if(out, survived)));
}

struct stands_before {
  std::uint64_t key;

  URN_HOST_DEVICE bool operator()(const placed_token& t) const { return order_key(t.logit, t.id) > key; }
};

/// See scalar::count_before.
template <thrust_execution Exec>
std::size_t count_before(const lent_row<Exec>& row, std::uint64_t key) {
  const auto tokens = row.each(stands_before{key});
  return static_cast<std::size_t>(thrust::count(row.exec(), tokens, tokens + row.size(), true));
}

}  // namespace urn::kernel::by_thrust
URN_EITHER_SIDE_END
