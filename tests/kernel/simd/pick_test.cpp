#include "urn/kernel/simd/pick.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernel/simd/seen_rows.hpp"

namespace {

namespace kernel = urn::kernel;
using seen::place, seen::simd;

TEST(pick, draws_what_the_scalar_kernel_draws) {
  std::size_t drawn = 0;
  seen::each([&](const place& at, const auto& row) {
    const urn::any_row any{row};
    const float c = kernel::mass_scale(0.9F);
    std::vector<urn::block_mass> blocks(urn::block_count(row.size()));
    const kernel::row_mass mass = kernel::scalar::mass(any, c, blocks);
    if (!seen::has_distribution(mass)) return;
    for (std::uint32_t step = 0; step < 12; ++step, ++drawn) {
      const urn::draw_key key{42, step % 3, step};
      ASSERT_EQ(simd.pick(row, c, blocks, mass, key), kernel::scalar::pick(any, c, blocks, mass, key)) << at;
    }
  });
  EXPECT_GT(drawn, 50000U);
}

TEST(pick_kept, draws_what_the_scalar_kernel_draws) {
  std::size_t drawn = 0;
  seen::each_kept([&](const place& at, urn::candidate_list kept) {
    const float c = kernel::mass_scale(0.9F);
    const kernel::row_mass mass = kernel::scalar::mass_of_kept(kept, c);
    if (!seen::has_distribution(mass)) return;
    for (std::uint32_t step = 0; step < 12; ++step, ++drawn) {
      const urn::draw_key key{9, step % 3, step};
      ASSERT_EQ(simd.pick_kept(kept, c, mass, key), kernel::scalar::pick_kept(kept, c, mass, key)) << at;
    }
  });
  EXPECT_GT(drawn, 10000U);
}

// The keys of scalar/pick_test.cpp, for which one unit of mass decides.
TEST(pick, resolves_a_unit_of_mass) {
  rows::row logits(1024, -21.25F);
  logits.back() = 0;
  const urn::row_view row{logits};
  const float c = kernel::mass_scale(1.0F);
  std::vector<urn::block_mass> blocks(1);
  const kernel::row_mass mass = simd.mass(row, c, blocks, {});
  EXPECT_EQ(simd.pick(row, c, blocks, mass, {0, 0, 4181598}), 843U);
  EXPECT_EQ(simd.pick(row, c, blocks, mass, {0, 0, 5445471}), 484U);
  EXPECT_EQ(simd.pick(row, c, blocks, mass, {0, 0, 6338101}), 835U);
}

TEST(pick_kept, resolves_a_unit_of_mass) {
  rows::row logits(262144, -27.5F);
  logits.back() = 0;
  seen::kept_row kept(logits);
  const float c = kernel::mass_scale(1.0F);
  const kernel::row_mass mass = simd.mass_of_kept(kept.list(), c, simd.scan(kept.list(), {}));
  EXPECT_EQ(simd.pick_kept(kept.list(), c, mass, {0, 0, 11026186}), 210273U);
  EXPECT_EQ(simd.pick_kept(kept.list(), c, mass, {0, 0, 17169035}), 72417U);
}

// Every token of a flat row ends a piece of the walk somewhere; all are drawn.
TEST(pick, reaches_every_token) {
  for (const std::size_t size : {3U, 65U, 129U, 200U}) {
    const rows::row logits(size, 1.0F);
    const urn::row_view row{logits};
    const float c = kernel::mass_scale(1.0F);
    std::vector<urn::block_mass> blocks(1);
    const kernel::row_mass mass = simd.mass(row, c, blocks, {});
    seen::kept_row kept(logits);
    std::vector<bool> of_row(size), of_kept(size);
    for (std::uint32_t step = 0; step < 40 * size; ++step) {
      of_row[simd.pick(row, c, blocks, mass, {1, 0, step})] = true;
      of_kept[simd.pick_kept(kept.list(), c, mass, {1, 0, step})] = true;
    }
    EXPECT_EQ(std::ranges::count(of_row, true), static_cast<std::ptrdiff_t>(size));
    EXPECT_EQ(std::ranges::count(of_kept, true), static_cast<std::ptrdiff_t>(size));
  }
}

}  // namespace
