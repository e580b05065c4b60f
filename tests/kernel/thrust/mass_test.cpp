#include "urn/kernel/thrust/mass.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <vector>

#include "kernel/thrust/on_device.hpp"

namespace {

namespace kernel = urn::kernel;
using on_device::place, on_device::policy;

TEST(thrust_scan, finds_the_scalar_kernels_largest_logit) {
  on_device::each([](const place& at, const auto& here, const auto& there) {
    const kernel::row_scan expected = urn::scalar.scan(here, {});
    const kernel::row_scan found = policy.scan(there, {});
    ASSERT_EQ(found.status, expected.status) << at;
    ASSERT_TRUE(found.maxima.empty());
    if (!has(expected.status, urn::status::empty)) {
      ASSERT_EQ(found.largest, expected.largest) << at;
    }
  });
}

TEST(thrust_max, is_the_scalar_kernels) {
  on_device::each([](const place& at, const auto& here, const auto& there) {
    const kernel::row_max expected = urn::scalar.max(here, {});
    const kernel::row_max found = policy.max(there, {});
    ASSERT_EQ(found.key, expected.key) << at;
    ASSERT_EQ(found.status, expected.status) << at;
  });
}

TEST(thrust_mass, is_the_scalar_kernels_block_by_block) {
  on_device::each([](const place& at, const auto& here, const auto& there) {
    std::vector<urn::block_mass> blocks(urn::block_count(here.size()), {99, 99});
    std::vector<urn::block_mass> expected_blocks(blocks.size());
    for (const float temperature : {1.0F, 0.6F, 1e-3F}) {
      const float c = kernel::mass_scale(temperature);
      const kernel::row_mass expected = urn::scalar.mass(here, c, expected_blocks, {});
      const kernel::row_mass found = policy.mass(there, c, blocks, {});
      ASSERT_EQ(found.status, expected.status) << at;
      ASSERT_EQ(found.key, expected.key) << at;
      ASSERT_EQ(found.total, expected.total) << at;
      if (!has(expected.status, urn::status::empty)) {
        ASSERT_EQ(found.largest, expected.largest) << at;
      }
      for (std::size_t b = 0; b < blocks.size(); ++b) {
        ASSERT_EQ(blocks[b].key, expected_blocks[b].key) << at << ", block " << b;
        ASSERT_EQ(blocks[b].mass, expected_blocks[b].mass) << at << ", block " << b;
      }
    }
  });
}

TEST(thrust_moments, are_the_scalar_kernels) {
  std::size_t negative = 0;
  on_device::each([&](const place& at, const auto& here, const auto& there) {
    const float c = kernel::mass_scale(0.8F);
    const kernel::row_mass mass = kernel::scalar::mass_of_kept(here, c);
    if (failed(mass.status) || has(mass.status, urn::status::infinite)) return;
    const kernel::row_moments expected = urn::scalar.moments(here, c, mass.key);
    const kernel::row_moments found = policy.moments(there, c, mass.key);
    ASSERT_EQ(found.mass, expected.mass) << at;
    ASSERT_EQ(found.depth_low, expected.depth_low) << at;
    ASSERT_EQ(found.depth_high, expected.depth_high) << at;
    if (expected.depth_high < 0) ++negative;
  });
  EXPECT_GT(negative, 0U);
}

TEST(thrust_spread, is_the_scalar_kernels) {
  on_device::each([](const place& at, const auto& here, const auto& there) {
    const kernel::row_scan scanned = urn::scalar.scan(here, {});
    if (has(scanned.status, urn::status::empty | urn::status::infinite)) return;
    const kernel::row_spread expected = urn::scalar.spread(here, scanned);
    const kernel::row_spread found = policy.spread(there, scanned);
    ASSERT_EQ(found.count, expected.count) << at;
    ASSERT_EQ(found.sum, expected.sum) << at;
    ASSERT_EQ(found.squares_low, expected.squares_low) << at;
    ASSERT_EQ(found.squares_high, expected.squares_high) << at;
  });
}

}  // namespace
