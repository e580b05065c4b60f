#pragma once
/// \file
/// Philox4x32-10, a counter-based generator: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as
/// 1, 2, 3" (SC 2011). The same bits on every machine, and any of them without those before.

#include <cstddef>
#include <cstdint>

#include "urn/core/platform.hpp"

namespace urn {

/// Some 32-bit words: std::array, for host and device.
template <std::size_t N>
struct words {
  std::uint32_t word[N];

  URN_HOST_DEVICE constexpr std::uint32_t operator[](std::size_t i) const { return word[i]; }
  friend constexpr bool operator==(const words&, const words&) = default;
};

inline constexpr std::uint32_t philox_factor_0 = 0xD2511F53U;  ///< of the counter's first word
inline constexpr std::uint32_t philox_factor_1 = 0xCD9E8D57U;  ///< of its third
inline constexpr std::uint32_t philox_step_0 = 0x9E3779B9U;    ///< of the key's words, from round to round
inline constexpr std::uint32_t philox_step_1 = 0xBB67AE85U;    ///< of the second
inline constexpr int philox_rounds = 10;                       ///< as in the paper

/// The ten-round Philox bijection of a 128-bit counter under a 64-bit key. Checked against the published
/// known-answer vectors of Random123.
URN_HOST_DEVICE constexpr words<4> philox4x32(words<4> counter, words<2> key) {
  std::uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
  std::uint32_t k0 = key[0], k1 = key[1];
  for (int round = 0; round < philox_rounds; ++round) {
    const std::uint64_t p = std::uint64_t{philox_factor_0} * c0;
    const std::uint64_t q = std::uint64_t{philox_factor_1} * c2;
    c0 = static_cast<std::uint32_t>(q >> 32) ^ c1 ^ k0;
    c1 = static_cast<std::uint32_t>(q);
    c2 = static_cast<std::uint32_t>(p >> 32) ^ c3 ^ k1;
    c3 = static_cast<std::uint32_t>(p);
    k0 += philox_step_0;
    k1 += philox_step_1;
  }
  return {{c0, c1, c2, c3}};
}

}  // namespace urn
