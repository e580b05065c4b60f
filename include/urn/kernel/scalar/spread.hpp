#pragma once
/// \file
/// How far the logits of a row lie below the largest: integer sums, for cuts that need their standard
/// deviation.

#include <cstddef>
#include <cstdint>
#include <span>

#include "urn/core/exact.hpp"
#include "urn/core/order_key.hpp"
#include "urn/core/platform.hpp"
#include "urn/core/row.hpp"

namespace urn::kernel {

/// Sums over the surviving tokens of a row (not -inf, not NaN) of d_i = floor(2^16 * (m - max(l_i, m -
/// 1024))) and of d_i^2, m being the largest logit, both differences rounded once to float: distances in
/// 2^-16, those of 1024 and more all alike. d_i <= 2^27, so a sum of squares takes up to 77 bits; exact in
/// any order.
struct row_spread {
  std::uint64_t count = 0;
  std::uint64_t sum = 0;
  std::uint64_t squares_low = 0;
  std::uint64_t squares_high = 0;

  URN_HOST_DEVICE constexpr void add(std::uint32_t d) { add({1, d, std::uint64_t{d} * d, 0}); }
  URN_HOST_DEVICE constexpr void add(const row_spread& other) {
    count += other.count;
    sum += other.sum;
    squares_low += other.squares_low;
    squares_high += other.squares_high + (squares_low < other.squares_low ? 1 : 0);
  }
};

inline constexpr float farthest = 1024.0F;  ///< see row_spread
inline constexpr float spread_unit = 0x1p16F;

/// d_i of a surviving logit.
URN_HOST_DEVICE inline std::uint32_t distance_of(float logit, float largest) {
  const float floor = exact::sub(largest, farthest);
  const float near = ordered(logit) > ordered(floor) ? logit : floor;
  return static_cast<std::uint32_t>(exact::mul(exact::sub(largest, near), spread_unit));
}

/// The standard deviation of the logits, by dividing by their number: sqrt(count * squares - sum^2) / count
/// in double, from exact integers. Within 2^-16 of that of logits less than 1024 apart.
URN_HOST_DEVICE inline double standard_deviation(const row_spread& s) {
  __extension__ using wide = unsigned __int128;
  const wide squares = (static_cast<wide>(s.squares_high) << 64) | s.squares_low;
  const wide scaled = squares * s.count - static_cast<wide>(s.sum) * s.sum;
  const double variance = exact::fma(static_cast<double>(static_cast<std::uint64_t>(scaled >> 64)), 0x1p64,
                                     static_cast<double>(static_cast<std::uint64_t>(scaled)));
  return exact::mul(exact::div(exact::sqrt(variance), static_cast<double>(s.count)), 0x1p-16);
}

namespace scalar {

/// The spread of a row whose largest logit is `largest`, as `ordered`, and finite. O(V).
template <logits_row Row>
row_spread spread(const Row& row, std::uint32_t largest) {
  const float top = logit_of(std::uint64_t{largest} << 32);
  row_spread all;
  for_each_block(row, [&](std::size_t, std::span<const float> logits) {
    for (const float l : logits) {
      if (survives(l)) all.add(distance_of(l, top));
    }
  });
  return all;
}

}  // namespace scalar
}  // namespace urn::kernel
