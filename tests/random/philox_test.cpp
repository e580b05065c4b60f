#include "urn/random/philox.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <random>

namespace {

using words = std::array<std::uint32_t, 4>;

constexpr words philox(words counter, std::array<std::uint32_t, 2> key) {
  const auto random = urn::philox4x32({counter[0], counter[1], counter[2], counter[3]}, {key[0], key[1]});
  return {random[0], random[1], random[2], random[3]};
}

// Known answers published with Random123 (tests/kat_vectors, "philox4x32 10").
constexpr words of_zeros{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8};
constexpr words of_ones{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd};
constexpr words of_pi{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1};

static_assert(philox({0, 0, 0, 0}, {0, 0}) == of_zeros);

TEST(philox, gives_the_known_answers) {
  EXPECT_EQ(philox({0, 0, 0, 0}, {0, 0}), of_zeros);
  EXPECT_EQ(philox({~0U, ~0U, ~0U, ~0U}, {~0U, ~0U}), of_ones);
  EXPECT_EQ(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}), of_pi);
}

/// The ten rounds undone, written from the paper: a bijection has an inverse.
words undone(words c, std::array<std::uint32_t, 2> key) {
  const auto inverse = [](std::uint32_t odd) {
    std::uint32_t x = odd;  // Newton's iteration doubles the right bits: 3, 6, 12, 24, 48
    for (int i = 0; i < 4; ++i) x *= 2 - odd * x;
    return x;
  };
  const std::uint32_t m0 = 0xD2511F53U, m1 = 0xCD9E8D57U;
  for (std::uint32_t round = 10; round-- > 0;) {
    const std::uint32_t k0 = key[0] + round * 0x9E3779B9U, k1 = key[1] + round * 0xBB67AE85U;
    const std::uint32_t c0 = c[3] * inverse(m0);
    const std::uint32_t c2 = c[1] * inverse(m1);
    const auto high = [](std::uint32_t a, std::uint32_t b) {
      return static_cast<std::uint32_t>((std::uint64_t{a} * b) >> 32);
    };
    c = {c0, c[0] ^ k0 ^ high(m1, c2), c2, c[2] ^ k1 ^ high(m0, c0)};
  }
  return c;
}

TEST(philox, is_a_bijection_of_the_counter) {
  std::mt19937 random(1);
  const auto word = [&] { return static_cast<std::uint32_t>(random()); };
  for (int i = 0; i < 10000; ++i) {
    const words counter{word(), word(), word(), word()};
    const std::array<std::uint32_t, 2> key{word(), word()};
    ASSERT_EQ(undone(philox(counter, key), key), counter);
  }
}

}  // namespace
