#pragma once
/// \file
/// The random bits of a draw, each use on a lane of its own.

#include <cstdint>

#include "urn/core/draw.hpp"
#include "urn/core/token.hpp"
#include "urn/random/philox.hpp"

namespace urn {

/// What random bits are for; each purpose has 2^24 lanes, so that no two uses share bits.
enum class lane_purpose : std::uint8_t {
  draw = 0,       ///< lane 0: the draw itself
  block = 1,      ///< by block index: the draw inside a block
  race = 2,       ///< by token / 2: Gumbel noise
  xtc = 3,        ///< lane 0: whether xtc acts
  accept = 16,    ///< by place among siblings: whether a draft stands
  residual = 17,  ///< what is drawn in its place
};

/// The 128 bits of a lane: Philox4x32-10 with key = seed and counter = (step, purpose << 24 | index, sequence
/// low, sequence high). Precondition: index < 2^24.
URN_HOST_DEVICE constexpr words<4> lane_bits(const draw_key& key, lane_purpose purpose, std::uint32_t index) {
  const std::uint32_t lane = (static_cast<std::uint32_t>(purpose) << 24) | index;
  const auto low = [](std::uint64_t x) { return static_cast<std::uint32_t>(x); };
  const auto high = [](std::uint64_t x) { return static_cast<std::uint32_t>(x >> 32); };
  const words<4> counter{{key.step, lane, low(key.sequence), high(key.sequence)}};
  return philox4x32(counter, {{low(key.seed), high(key.seed)}});
}

/// 64 uniform bits: the first two words (low, high) of the lane.
URN_HOST_DEVICE constexpr std::uint64_t random_bits(const draw_key& key, lane_purpose purpose,
                                                    std::uint32_t index = 0) {
  const words<4> bits = lane_bits(key, purpose, index);
  return (std::uint64_t{bits[1]} << 32) | bits[0];
}

/// 64 uniform bits for each token >= 0: of lane token / 2, an even token's are the first two words, an odd
/// one's the others.
URN_HOST_DEVICE constexpr std::uint64_t token_bits(const draw_key& key, lane_purpose purpose,
                                                   token_id token) {
  const auto id = static_cast<std::uint32_t>(token);
  const words<4> bits = lane_bits(key, purpose, id / 2);
  return (id & 1U) == 0 ? (std::uint64_t{bits[1]} << 32) | bits[0] : (std::uint64_t{bits[3]} << 32) | bits[2];
}

}  // namespace urn
