#include "urn/kernel/thrust/pick.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernel/thrust/on_device.hpp"

namespace {

namespace kernel = urn::kernel;
using on_device::place, on_device::policy;

TEST(thrust_pick, draws_what_the_scalar_kernel_draws) {
  std::size_t drawn = 0;
  on_device::each([&](const place& at, const auto& here, const auto& there) {
    const float c = kernel::mass_scale(0.9F);
    std::vector<urn::block_mass> blocks(urn::block_count(here.size()));
    const kernel::row_mass mass = urn::scalar.mass(here, c, blocks, {});
    if (mass.total == 0) return;
    for (std::uint32_t step = 0; step < 8; ++step, ++drawn) {
      const urn::draw_key key{42, step % 3, step};
      ASSERT_EQ(policy.pick(there, c, blocks, mass, key), urn::scalar.pick(here, c, blocks, mass, key)) << at;
    }
  });
  EXPECT_GT(drawn, 1500U);
}

TEST(thrust_race, has_the_winner_of_the_scalar_kernel) {
  std::size_t drawn = 0;
  on_device::each([&](const place& at, const auto& here, const auto& there) {
    const float c = kernel::mass_scale(0.9F);
    std::vector<urn::block_mass> blocks(urn::block_count(here.size()));
    const kernel::row_mass mass = urn::scalar.mass(here, c, blocks, {});
    if (mass.total == 0) return;
    for (std::uint32_t step = 0; step < 3; ++step, ++drawn) {
      const urn::draw_key key{42, step % 3, step};
      ASSERT_EQ(policy.race(there, c, blocks, mass, key), urn::scalar.race(here, c, blocks, mass, key)) << at;
    }
  });
  EXPECT_GT(drawn, 500U);
}

// The keys of scalar/pick_test.cpp, for which one unit of mass decides.
TEST(thrust_pick, resolves_a_unit_of_mass) {
  rows::row logits(1024, -21.25F);
  logits.back() = 0;
  const thrust::device_vector<float> there(logits.begin(), logits.end());
  const urn::device_row row{there};
  const float c = kernel::mass_scale(1.0F);
  std::vector<urn::block_mass> blocks(1);
  const kernel::row_mass mass = policy.mass(row, c, blocks, {});
  EXPECT_EQ(policy.pick(row, c, blocks, mass, {0, 0, 4181598}), 843U);
  EXPECT_EQ(policy.pick(row, c, blocks, mass, {0, 0, 5445471}), 484U);
  EXPECT_EQ(policy.pick(row, c, blocks, mass, {0, 0, 6338101}), 835U);
}

}  // namespace
