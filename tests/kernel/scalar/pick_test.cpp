#include "urn/kernel/scalar/pick.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "support/oracle.hpp"
#include "support/rows.hpp"
#include "urn/kernel/candidates.hpp"

namespace {

namespace kernel = urn::kernel;
namespace definition = oracle::definition;

struct weighed_row {
  const rows::row& logits;
  float c;
  std::vector<urn::block_mass> blocks;
  kernel::row_mass mass;

  weighed_row(const rows::row& row, float temperature)
      : logits(row), c(kernel::mass_scale(temperature)), blocks(urn::block_count(row.size())) {
    mass = kernel::scalar::mass(urn::row_view{row}, c, blocks);
  }
  [[nodiscard]] std::size_t pick(const urn::draw_key& key) const {
    return kernel::scalar::pick(urn::row_view{logits}, c, blocks, mass, key);
  }
};

std::size_t pick_by_definition(const rows::row& logits, float c, const definition::row_mass& m,
                               const urn::draw_key& key) {
  return definition::pick(logits, c, m, urn::random_bits(key, urn::lane_purpose::draw), [&](std::size_t b) {
    return urn::random_bits(key, urn::lane_purpose::block, static_cast<std::uint32_t>(b));
  });
}

template <class Use>
void for_each_row(std::size_t size, Use&& use) {
  rows::for_each(rows::proper, size, use);
  rows::for_each(rows::tails, size, use);
}

TEST(pick, is_that_of_the_definition) {
  for (const std::size_t size : rows::sizes) {
    for_each_row(size, [&](const char* name, const rows::row& logits) {
      const weighed_row row(logits, 0.9F);
      const definition::row_mass m = definition::weigh_row(logits, row.c);
      for (std::uint32_t step = 0; step < 30; ++step) {
        const urn::draw_key key{42, step % 3, step};
        const std::size_t i = row.pick(key);
        ASSERT_EQ(i, pick_by_definition(logits, row.c, m, key)) << name << " of " << size;
        ASSERT_NE(kernel::mass_in_block(logits[i], row.c, row.blocks[i / 1024].key), 0U) << name;
      }
    });
  }
}

// The holder of a shard draws its blocks' candidates with the same lanes: its block number is the row's.
TEST(pick, of_the_winning_block_needs_no_other_block) {
  rows::random_source random(1);
  const rows::row logits = rows::normal(10000, random, 2);
  const weighed_row row(logits, 1.0F);
  for (std::uint32_t step = 0; step < 300; ++step) {
    const urn::draw_key key{7, 0, step};
    const std::size_t i = row.pick(key);
    const std::size_t b = i / 1024;
    const std::span<const float> block =
        std::span(logits).subspan(b * 1024, std::min<std::size_t>(1024, 10000 - b * 1024));
    const definition::block alone = definition::weigh_block(block, row.c);
    std::uint64_t left = definition::below(
        urn::random_bits(key, urn::lane_purpose::block, static_cast<std::uint32_t>(b)), alone.mass);
    std::size_t j = 0;
    for (;; ++j) {
      const std::uint64_t w = definition::in_block(block[j], row.c, alone.key);
      if (left < w) break;
      left -= w;
    }
    ASSERT_EQ(i, b * 1024 + j);
  }
}

TEST(pick_block, takes_the_first_whose_sum_exceeds_r) {
  const std::uint32_t key = kernel::magic_bits;
  const std::array<urn::block_mass, 5> blocks{{{0, 0}, {3, key}, {0, key}, {2, key}, {0, 0}}};
  const auto pick = [&](std::uint64_t r) { return kernel::scalar::pick_block(blocks, key, r); };
  EXPECT_EQ(pick(0), 1U);
  EXPECT_EQ(pick((3U << 9) - 1), 1U);
  EXPECT_EQ(pick(3U << 9), 3U);
  EXPECT_EQ(pick((5U << 9) - 1), 3U);
  EXPECT_EQ(pick(5U << 9), blocks.size());
}

TEST(pick, never_takes_what_is_masked) {
  for (const float mask : {-rows::infinity, rows::nan, -1e30F}) {
    rows::row logits(3000, mask);
    for (const std::size_t i : {5U, 1023U, 1024U, 2999U}) logits[i] = 1.0F;
    const weighed_row row(logits, 1.0F);
    for (std::uint32_t step = 0; step < 200; ++step) ASSERT_EQ(logits[row.pick({1, 0, step})], 1.0F) << mask;
  }
}

// 1023 tokens of mass 1 before a head: r below 1023 is the token itself. It comes once in two million steps;
// these were searched for.
TEST(pick, resolves_a_unit_of_mass) {
  rows::row logits(1024, -21.25F);
  logits.back() = 0;
  const weighed_row row(logits, 1.0F);
  ASSERT_EQ(row.blocks[0].mass, 1023U + 0xB504F400U);
  EXPECT_EQ(row.pick({0, 0, 4181598}), 843U);
  EXPECT_EQ(row.pick({0, 0, 5445471}), 484U);
  EXPECT_EQ(row.pick({0, 0, 6338101}), 835U);
}

TEST(pick_kept, resolves_a_unit_of_mass) {
  rows::row logits(262144, -27.5F);
  logits.back() = 0;
  const urn::row_view row{logits};
  const float c = kernel::mass_scale(1.0F);
  const kernel::row_mass m = kernel::scalar::mass_of_kept(row, c);
  ASSERT_EQ(m.total, 262143U + (0xB504F400ULL << 9));
  EXPECT_EQ(kernel::scalar::pick_kept(row, c, m, {0, 0, 11026186}), 210273U);
  EXPECT_EQ(kernel::scalar::pick_kept(row, c, m, {0, 0, 17169035}), 72417U);
}

TEST(pick_kept, is_the_walk_of_the_definition) {
  for (const std::size_t size : {1U, 2U, 3U, 50U, 1025U, 3000U}) {
    for_each_row(size, [&](const char* name, const rows::row& logits) {
      const float c = kernel::mass_scale(0.9F);
      const kernel::row_mass m = kernel::scalar::mass_of_kept(urn::row_view{logits}, c);
      for (std::uint32_t step = 0; step < 20; ++step) {
        const urn::draw_key key{9, 1, step};
        std::uint64_t left = definition::below(urn::random_bits(key, urn::lane_purpose::draw), m.total);
        std::size_t i = 0;
        for (; left >= definition::in_row(logits[i], c, m.key); ++i)
          left -= definition::in_row(logits[i], c, m.key);
        ASSERT_EQ(kernel::scalar::pick_kept(urn::row_view{logits}, c, m, key), i) << name << " of " << size;
      }
    });
  }
}

TEST(pick_kept, gives_a_position_not_an_id) {
  std::vector<urn::token_id> ids{100, 200};
  std::vector<float> logits{-50, 3};
  const urn::candidate_list kept{ids, logits};
  const float c = kernel::mass_scale(1.0F);
  EXPECT_EQ(kernel::scalar::pick_kept(kept, c, kernel::scalar::mass_of_kept(kept, c), {}), 1U);
}

template <class Half, class Convert>
void expect_same_as_converted(Convert convert) {
  rows::random_source random(2);
  std::vector<Half> halves(5000);
  for (Half& h : halves) h = convert(random.normal(2));
  rows::row floats(halves.size());
  std::transform(halves.begin(), halves.end(), floats.begin(), [](Half h) { return urn::to_float(h); });
  const weighed_row row(floats, 1.0F);
  for (std::uint32_t step = 0; step < 300; ++step) {
    ASSERT_EQ(kernel::scalar::pick(urn::row_view{halves}, row.c, row.blocks, row.mass, {3, 0, step}),
              row.pick({3, 0, step}));
  }
}

TEST(pick, of_bfloat16_is_that_of_floats) { expect_same_as_converted<urn::bfloat16>(urn::to_bfloat16); }
TEST(pick, of_float16_is_that_of_floats) { expect_same_as_converted<urn::float16>(urn::to_float16); }

}  // namespace
