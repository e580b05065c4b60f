#include "urn/kernel/simd/race.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernel/simd/seen_rows.hpp"

namespace {

namespace kernel = urn::kernel;
using L = seen::lanes;
using seen::simd;

TEST(simd_race, noise_is_that_of_the_tokens) {
  using noise_of = kernel::simd::race_noise<L>;
  rows::random_source random(1);
  for (int round = 0; round < 200; ++round) {
    const urn::draw_key key{random.bits(), random.bits(), static_cast<std::uint32_t>(random.bits())};
    const std::size_t first = 2 * random.below(4000000);
    L::words halves[noise_of::vectors];
    noise_of(key).upper_halves(halves, first);
    for (std::size_t i = 0; i < noise_of::tokens; ++i) {
      std::uint32_t lanes[L::width];
      L::store(lanes, halves[i / L::width]);
      const auto token = static_cast<urn::token_id>(first + i);
      ASSERT_EQ(lanes[i % L::width], urn::token_bits(key, urn::lane_purpose::race, token) >> 32) << token;
    }
  }
}

TEST(simd_race, is_won_by_whom_the_scalar_kernel_says) {
  std::size_t count = 0;
  for (const std::size_t size : {1U, 2U, 63U, 65U, 1023U, 1025U, 5000U, 20001U}) {
    const auto expect = [&](const char* name, const rows::row& logits) {
      const urn::row_view row{logits};
      const float c = kernel::mass_scale(0.8F);
      std::vector<urn::block_mass> blocks(urn::block_count(size));
      const kernel::row_mass mass = kernel::scalar::mass(row, c, blocks);
      if (!seen::has_distribution(mass)) return;
      for (std::uint32_t step = 0; step < 4; ++step, ++count) {
        const urn::draw_key key{~std::uint64_t{step}, std::uint64_t{step} << 40, step};
        ASSERT_EQ(simd.race(row, c, blocks, mass, key), kernel::scalar::race(row, c, blocks, mass, key))
            << name << " of " << size;
      }
    };
    rows::for_each(rows::proper, size, expect);
    rows::for_each(rows::tails, size, expect);
    rows::for_each(rows::improper, size, expect);
  }
  EXPECT_GT(count, 500U);
}

}  // namespace
