#pragma once
/// \file
/// Integer moments of a row's distribution, for cuts and reports that need its entropy.

#include <cstddef>
#include <cstdint>
#include <span>

#include "urn/core/row.hpp"
#include "urn/kernel/block_mass.hpp"
#include "urn/kernel/fraction.hpp"
#include "urn/kernel/scalar/mass.hpp"

namespace urn::kernel {

/// Sums over the tokens of a row, in row units: `mass` = sum v_i and `depth` = sum v_i * d_i, where
/// d_i = (n_row << 16) - rint(2^16 * l_i * c) is how far the token's exponent l * c lies below the row's
/// unit, in 2^-16 bits. v_i < 2^41 and v_i > 0 only where d_i < 42 * 2^16, so `depth` is a 128-bit sum, exact
/// in any order.
struct row_moments {
  std::uint64_t mass = 0;
  std::uint64_t depth_low = 0;
  std::int64_t depth_high = 0;

  /// Adds v * d.
  URN_HOST_DEVICE constexpr void add(std::uint64_t v, std::int64_t d) {
    __extension__ using wide = __int128;
    add_to_depth<wide>(static_cast<wide>(v) * d);
    mass += v;
  }
  /// Adds sum * 2^shift to `depth` alone.
  URN_HOST_DEVICE constexpr void add_depth(std::uint64_t sum, int shift) {
    __extension__ using wide = __int128;
    add_to_depth<wide>(static_cast<wide>(sum) << shift);
  }

 private:
  template <class Wide>
  URN_HOST_DEVICE constexpr void add_to_depth(Wide more) {
    const Wide sum = ((static_cast<Wide>(depth_high) << 64) | depth_low) + more;
    depth_low = static_cast<std::uint64_t>(sum);
    depth_high = static_cast<std::int64_t>(sum >> 64);
  }
};

inline constexpr float fraction_magic = 192.0F;  ///< 1.5 * 2^7: adding it rounds to multiples of 2^-16

/// d_i above: the integer part by exponents, the fraction f rounded to 2^-16 by adding 1.5 * 2^7.
URN_HOST_DEVICE inline std::int64_t depth_of(float logit, float c, std::uint32_t row_key) {
  const float t = exact::fma(logit, c, magic);
  const float f = exact::fma(logit, c, -exact::sub(t, magic));
  const auto fraction =
      static_cast<std::int32_t>(exact::bits(exact::add(f, fraction_magic)) - exact::bits(fraction_magic));
  return (static_cast<std::int64_t>(row_key - exact::bits(t)) << 16) - fraction;
}

/// The entropy in nats: ln(mass / 2^40) - ln2 / 2 + ln2 * depth / (2^16 * mass). Error below 1e-5.
URN_HOST_DEVICE inline double entropy(const row_moments& m) {
  const double depth =
      exact::fma(static_cast<double>(m.depth_high), 0x1p64, static_cast<double>(m.depth_low));
  const double mean = exact::div(exact::mul(depth, 0x1p-16), static_cast<double>(m.mass));
  const double nats = exact::fma(exact::sub(mean, row_bits + 0.5), ln2, natural_log(m.mass));
  return nats > 0 ? nats : 0.0;
}

namespace scalar {

/// The moments of a row whose unit is `row_key`. O(V).
template <logits_row Row>
row_moments moments(const Row& row, float c, std::uint32_t row_key) {
  row_moments m;
  for_each_block(row, [&](std::size_t, std::span<const float> logits) {
    for (const float l : logits) {
      const std::uint64_t v = mass_in_row(l, c, row_key);
      if (v != 0) m.add(v, depth_of(l, c, row_key));
    }
  });
  return m;
}

}  // namespace scalar
}  // namespace urn::kernel
