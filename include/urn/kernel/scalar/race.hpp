#pragma once
/// \file
/// The draw as a race: Gumbel-max, with noise of its own for each token.

#include <cstddef>
#include <cstdint>
#include <span>

#include "urn/core/draw.hpp"
#include "urn/core/exact.hpp"
#include "urn/core/platform.hpp"
#include "urn/core/row.hpp"
#include "urn/core/workspace.hpp"
#include "urn/kernel/block_mass.hpp"
#include "urn/kernel/exponential.hpp"
#include "urn/kernel/scalar/mass.hpp"
#include "urn/random/random_bits.hpp"

namespace urn::kernel {

/// A token's weight 2^(l * c) as a share of the row's unit, in [1, 2) * 2^-n: its mass without the truncation
/// to 40 bits. 0 if it does not survive or stands more than 2^100 behind, where it cannot win a race.
URN_HOST_DEVICE inline double weight_in_row(float logit, float c, std::uint32_t row_key) {
  const weight w = weight_of(logit, c);
  const std::uint32_t below = row_key - w.exponent;
  if (below > 100) return 0.0;
  return exact::mul(static_cast<double>(w.mantissa), exact::double_of((1023ULL - 31 - below) << 52));
}

/// More than the weight of any token of a block.
URN_HOST_DEVICE constexpr double weight_bound(std::uint32_t block_key, std::uint32_t row_key) {
  const std::uint32_t below = row_key - block_key;
  return below > 100 ? 0x1p-99 : exact::double_of((1024ULL - below) << 52);
}

/// Who leads a race: token i arrives at E_i / w_i, where E_i is exponential(its random bits).
struct race_leader {
  double time = 64;  ///< a token of weight 1 or more is here by then, and each row has one
  token_id token = no_token;
  std::size_t place = 0;

  /// False if a token that weighs no more than `bound` comes too late with these bits. An exponential
  /// variable is never smaller than its uniform one, so that few tokens need a weight or a logarithm.
  [[nodiscard]] URN_HOST_DEVICE bool may_win(std::uint64_t bits, double bound) const {
    constexpr double with_margin = 0x1.000001p64;
    return static_cast<double>(bits) <= exact::mul(exact::mul(time, bound), with_margin);
  }
  /// The lower id of two that arrive together goes first.
  URN_HOST_DEVICE void meet(double other_time, token_id other, std::size_t at) {
    const bool tied = exact::bits(other_time) == exact::bits(time);
    if (other_time < time || (tied && other < token)) *this = {other_time, other, at};
  }
  URN_HOST_DEVICE void run(double weight, std::uint64_t bits, token_id id, std::size_t at) {
    if (weight > 0 && may_win(bits, weight)) meet(exact::div(exponential(bits), weight), id, at);
  }
};

namespace scalar {

/// The random bits of the tokens of a block, for compilers to make vectors of: token 2 i + j has bits[j][i].
struct block_noise {
  std::uint64_t bits[2][block_size / 2];

  /// `key` by value: the bits cannot alias it.
  void fill(draw_key key, std::size_t first, std::size_t count) {
    const auto lane = static_cast<std::uint32_t>(first / 2);
    for (std::uint32_t i = 0; i < (count + 1) / 2; ++i) {
      const words<4> w = lane_bits(key, lane_purpose::race, lane + i);
      bits[0][i] = (std::uint64_t{w[1]} << 32) | w[0];
      bits[1][i] = (std::uint64_t{w[3]} << 32) | w[2];
    }
  }
};

/// The position of the token that wins the race, which is each token's with its share of the weights. A
/// token's time depends on its logit, its id and the key alone: on no sum and no order. `blocks` and `mass`
/// as given by `mass`, whose total is > 0. O(V).
template <logits_row Row>
std::size_t race(const Row& row, float c, std::span<const block_mass> blocks, const row_mass& mass,
                 const draw_key& key) {
  race_leader leader;
  block_noise noise;
  for_each_block(row, [&](std::size_t first, std::span<const float> logits) {
    const std::uint32_t block_key = blocks[first / block_size].key;
    if (block_key == no_mass_key) return;
    const double bound = weight_bound(block_key, mass.key);
    noise.fill(key, first, logits.size());
    for (std::size_t i = 0; i < logits.size(); ++i) {
      const std::uint64_t bits = noise.bits[i % 2][i / 2];
      if (!leader.may_win(bits, bound)) continue;
      leader.run(weight_in_row(logits[i], c, mass.key), bits, row.id(first + i), first + i);
    }
  });
  return leader.place;
}

/// The same of a kept set; its tokens run as they would in a whole row of the same unit.
template <logits_row Row>
std::size_t race_kept(const Row& kept, float c, const row_mass& mass, const draw_key& key) {
  race_leader leader;
  for (std::size_t i = 0; i < kept.size(); ++i) {
    const token_id id = kept.id(i);
    leader.run(weight_in_row(kept.at(i), c, mass.key), token_bits(key, lane_purpose::race, id), id, i);
  }
  return leader.place;
}

}  // namespace scalar
}  // namespace urn::kernel
