#pragma once
/// \file
/// The draw as a race by vectors: random bits for vectors of tokens; the few that may still win run one by
/// one.

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include "urn/core/draw.hpp"
#include "urn/core/exact.hpp"
#include "urn/core/row.hpp"
#include "urn/core/workspace.hpp"
#include "urn/kernel/scalar/mass.hpp"
#include "urn/kernel/scalar/race.hpp"
#include "urn/kernel/simd/block.hpp"
#include "urn/random/philox.hpp"
#include "urn/random/random_bits.hpp"

namespace urn::kernel::simd {

/// token_bits for races, the upper halves. Philox works on the lower halves of 64-bit lanes, one for two
/// tokens; what is in the upper ones never counts.
template <class L>
class race_noise {
 public:
  static constexpr std::size_t vectors = L::width >= 16 ? 4 : 2;  ///< worked on side by side
  static constexpr std::size_t tokens = vectors * L::width;

  explicit race_noise(const draw_key& key)
      : step_(key.step), sequence_low_(key.sequence), sequence_high_(key.sequence >> 32) {
    for (std::size_t r = 0; r < rounds; ++r) {
      keys_[r][0] = longs(key.seed + r * philox_step_0);
      keys_[r][1] = longs((key.seed >> 32) + r * philox_step_1);
    }
  }

  /// Of `tokens` tokens, the first of which is even.
  URN_INLINE void upper_halves(typename L::words (&halves)[vectors], std::size_t first) const {
    longs c[vectors][4];
    unrolled<vectors>([&](auto i) URN_INLINE_LAMBDA {
      c[i][0] = step_;
      c[i][1] = places() + longs(race_lane + (first + i * L::width) / 2);
      c[i][2] = sequence_low_;
      c[i][3] = sequence_high_;
    });
    unrolled<rounds - 1>([&](auto r) URN_INLINE_LAMBDA {
      unrolled<vectors>([&](auto i) URN_INLINE_LAMBDA { turn(c[i], keys_[r]); });
    });
    unrolled<vectors>([&](auto i) URN_INLINE_LAMBDA {
      const longs odd = L::multiply(longs(philox_factor_0), c[i][0]);
      const longs even = L::multiply(longs(philox_factor_1), c[i][2]);
      halves[i] = L::halves((odd << 32) | (even & longs(0xFFFFFFFFU)));
    });
  }

 private:
  using longs = typename L::longs;
  static constexpr std::size_t rounds = philox_rounds;
  static constexpr auto race_lane = std::uint64_t{static_cast<std::uint32_t>(lane_purpose::race)} << 24;

  URN_INLINE static void turn(longs (&c)[4], const longs (&key)[2]) {
    const longs p = L::multiply(longs(philox_factor_0), c[0]);
    const longs q = L::multiply(longs(philox_factor_1), c[2]);
    c[0] = (q >> 32) ^ c[1] ^ key[0];
    c[1] = q;
    c[2] = (p >> 32) ^ c[3] ^ key[1];
    c[3] = p;
  }
  URN_INLINE static longs places() {
    alignas(64) static constexpr auto all = [] {
      std::array<std::uint64_t, L::width / 2> at{};
      for (std::size_t i = 0; i < at.size(); ++i) at[i] = i;
      return at;
    }();
    return longs::load_aligned(all.data());
  }

  longs step_;
  longs sequence_low_;
  longs sequence_high_;
  longs keys_[rounds][2];
};

/// race_leader, asked by vectors: whom it says no to cannot win. Goes by powers of two above the weights and
/// by the first 23 bits of the noise, with more room than roundings take.
template <class L>
class race_bar {
 public:
  race_bar(float c, std::uint32_t row_key) : c_(L::set(c)), row_key_(L::set(row_key)) {}

  void set(const race_leader& leader) { time_ = L::set(static_cast<float>(leader.time) * (1 + 0x1p-20F)); }

  [[nodiscard]] URN_INLINE std::uint32_t may_win(typename L::floats logits,
                                                 typename L::words upper_half) const {
    const auto below = row_key_ - L::bits(L::fma(logits, c_, L::set(magic)));
    const auto weight = L::of_bits((L::set(128U) - xsimd::min(below, L::set(127U))) << 23);
    const auto noise = L::of_bits((upper_half >> 9) | L::set(0x3F800000U));  // 1 and what it is
    return L::at_least(L::fma(weight, time_, L::set(1 + 0x1p-21F)), noise);
  }

 private:
  typename L::floats c_;
  typename L::words row_key_;
  typename L::floats time_ = L::set(128.0F);
};

/// As scalar::race.
template <class L, logits_row Row>
std::size_t race(const Row& row, float c, std::span<const block_mass> blocks, const row_mass& mass,
                 const draw_key& key) {
  using noise_of = race_noise<L>;
  const noise_of noise(key);
  race_leader leader;
  race_bar<L> bar(c, mass.key);
  buffer<L> space;
  alignas(64) std::uint32_t half[noise_of::tokens];
  const auto run = [&](float logit, std::size_t at, std::uint32_t upper) {
    const double weight = weight_in_row(logit, c, mass.key);
    if (weight == 0 || !leader.may_win(std::uint64_t{upper} << 32, weight)) return;
    leader.run(weight, token_bits(key, lane_purpose::race, static_cast<token_id>(at)), row.id(at), at);
    bar.set(leader);
  };
  for (std::size_t b = 0; b < block_count(row.size()); ++b) {
    if (blocks[b].key == no_mass_key) continue;
    const float* logits = load_block(row, b, space);
    for (std::size_t first = 0; first < block_size; first += noise_of::tokens) {
      const std::size_t at = b * block_size + first;
      typename L::words halves[noise_of::vectors];
      noise.upper_halves(halves, at);
      std::uint64_t runners = 0;
      unrolled<noise_of::vectors>([&](auto i) URN_INLINE_LAMBDA {
        constexpr std::size_t lane = i * L::width;
        L::store(half + lane, halves[i]);
        runners |= std::uint64_t{bar.may_win(L::load(logits + first + lane), halves[i])} << lane;
      });
      for (; runners != 0; runners &= runners - 1) {
        const auto i = static_cast<std::size_t>(std::countr_zero(runners));
        run(logits[first + i], at + i, half[i]);
      }
    }
  }
  return leader.place;
}

}  // namespace urn::kernel::simd
