#pragma once
/// \file
/// Philox4x32-10, a counter-based generator: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as
/// 1, 2, 3" (SC 2011). The same bits on every machine, and any of them without those before.

#include <array>
#include <cstdint>

#include "urn/core/platform.hpp"

namespace urn {

/// The ten-round Philox bijection of a 128-bit counter under a 64-bit key. Checked against the published
/// known-answer vectors of Random123.
URN_HOST_DEVICE constexpr std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                                                  std::array<std::uint32_t, 2> key) {
  std::uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p = std::uint64_t{0xD2511F53U} * c0;
    const std::uint64_t q = std::uint64_t{0xCD9E8D57U} * c2;
    c0 = static_cast<std::uint32_t>(q >> 32) ^ c1 ^ key[0];
    c1 = static_cast<std::uint32_t>(q);
    c2 = static_cast<std::uint32_t>(p >> 32) ^ c3 ^ key[1];
    c3 = static_cast<std::uint32_t>(p);
    key[0] += 0x9E3779B9U;
    key[1] += 0xBB67AE85U;
  }
  return {c0, c1, c2, c3};
}

}  // namespace urn
