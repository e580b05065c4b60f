#include "urn/random/random_bits.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "support/statistics.hpp"

namespace {

using urn::lane_purpose;
using urn::random_bits;

// From the known answers of Random123: key = seed, counter = (step, lane, sequence), both low word first.
TEST(random_bits, are_the_first_two_words_of_philox) {
  EXPECT_EQ(random_bits({}, lane_purpose::draw), 0xe169c58d6627e8d5ULL);
  EXPECT_EQ(random_bits({0x299f31d0a4093822, 0x0370734413198a2e, 0x243f6a88}, static_cast<lane_purpose>(0x85),
                        0xa308d3),
            0x94fdccebd16cfe09ULL);
  EXPECT_EQ(random_bits({~0ULL, ~0ULL, ~0U}, static_cast<lane_purpose>(0xFF), 0xFFFFFF),
            0x41c83b0e408f276dULL);
}

TEST(random_bits, lane_is_purpose_and_index) {
  const urn::draw_key key{0x1122334455667788, 0x99aabbccddeeff00, 17};
  for (const std::uint32_t index : {0U, 1U, 8191U, 0xFFFFFFU}) {
    for (const auto purpose : {lane_purpose::draw, lane_purpose::block}) {
      const std::uint32_t lane = (static_cast<std::uint32_t>(purpose) << 24) + index;
      const auto words = urn::philox4x32({17, lane, 0xddeeff00, 0x99aabbcc}, {0x55667788, 0x11223344});
      EXPECT_EQ(random_bits(key, purpose, index), words[0] + (std::uint64_t{words[1]} << 32));
    }
  }
}

TEST(random_bits, purposes_keep_their_numbers) {
  EXPECT_EQ(static_cast<int>(lane_purpose::draw), 0);
  EXPECT_EQ(static_cast<int>(lane_purpose::block), 1);
  EXPECT_EQ(static_cast<int>(lane_purpose::race), 2);
  EXPECT_EQ(static_cast<int>(lane_purpose::accept), 16);
  EXPECT_EQ(static_cast<int>(lane_purpose::residual), 17);
}

TEST(token_bits, are_both_halves_of_a_lane) {
  const urn::draw_key key{0x1122334455667788, 0x99aabbccddeeff00, 17};
  for (const std::uint32_t index : {0U, 1U, 8191U, 0x3FFFFFU}) {
    const auto words =
        urn::philox4x32({17, (2U << 24) + index, 0xddeeff00, 0x99aabbcc}, {0x55667788, 0x11223344});
    const auto token = static_cast<urn::token_id>(2 * index);
    EXPECT_EQ(urn::token_bits(key, lane_purpose::race, token), words[0] + (std::uint64_t{words[1]} << 32));
    EXPECT_EQ(urn::token_bits(key, lane_purpose::race, token + 1),
              words[2] + (std::uint64_t{words[3]} << 32));
  }
}

TEST(random_bits, draw_context_names_its_key) {
  const urn::draw_context context{.seed = 5, .sequence = 6, .step = 7};
  EXPECT_EQ(context.key().seed, 5U);
  EXPECT_EQ(context.key().sequence, 6U);
  EXPECT_EQ(context.key().step, 7U);
}

// 2^64 values against some 10^5 draws: two alike would be chance of 1 in 10^9.
TEST(random_bits, differ_wherever_the_name_of_the_draw_differs) {
  std::vector<std::uint64_t> all;
  for (const std::uint64_t seed : {0ULL, 1ULL, 42ULL, 1ULL << 32, ~0ULL}) {
    for (const std::uint64_t sequence : {0ULL, 1ULL, 2ULL, 1ULL << 32, ~0ULL}) {
      for (std::uint32_t step = 0; step < 20; ++step) {
        const urn::draw_key key{seed, sequence, step};
        all.push_back(random_bits(key, lane_purpose::draw));
        for (std::uint32_t block = 0; block < 256; ++block)
          all.push_back(random_bits(key, lane_purpose::block, block));
      }
    }
  }
  std::sort(all.begin(), all.end());
  EXPECT_EQ(std::adjacent_find(all.begin(), all.end()), all.end());
}

// Each of the 64 bits of neighbouring draws differs half of the time; alpha = 1e-3 over all 64 bits and the
// five ways to be neighbours.
TEST(random_bits, of_neighbours_are_independent_bits) {
  constexpr std::uint32_t n = 20000;
  using make_bits = std::uint64_t (*)(std::uint32_t);
  const std::array<make_bits, 5> ways{
      [](std::uint32_t i) {
        return random_bits({i, 0, 0}, lane_purpose::draw);
      },
      [](std::uint32_t i) {
        return random_bits({0, i, 0}, lane_purpose::draw);
      },
      [](std::uint32_t i) {
        return random_bits({0, 0, i}, lane_purpose::draw);
      },
      [](std::uint32_t i) {
        return random_bits({0, 0, 0}, lane_purpose::block, i);
      },
      [](std::uint32_t i) {
        return random_bits({0, std::uint64_t{i} << 32, 0}, lane_purpose::draw);
      }};
  double value = 0;
  for (const make_bits make : ways) {
    std::array<std::uint64_t, 64> flips{};
    for (std::uint32_t i = 0; i < n; ++i) {
      const std::uint64_t difference = make(i) ^ make(i + 1);
      for (std::size_t b = 0; b < 64; ++b) flips[b] += (difference >> b) & 1;
    }
    for (const std::uint64_t count : flips) {
      const double excess = static_cast<double>(count) - n / 2.0;
      value += excess * excess / (n / 4.0);
    }
  }
  EXPECT_GT(statistics::chi_square_tail(value, 5 * 64), 1e-3);
  EXPECT_LT(statistics::chi_square_tail(value, 5 * 64), 1 - 1e-3);
}

}  // namespace
