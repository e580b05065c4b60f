#include "urn/kernel/simd/moments.hpp"

#include <gtest/gtest.h>

#include <cstddef>

#include "support/rows.hpp"
#include "urn/kernel/simd/policy.hpp"

namespace {

namespace kernel = urn::kernel;

void expect_same(const rows::row& logits, float temperature, const char* name) {
  const urn::row_view row{logits};
  const float c = kernel::mass_scale(temperature);
  const kernel::row_mass mass = kernel::scalar::mass_of_kept(row, c);
  if (failed(mass.status) || has(mass.status, urn::status::infinite)) return;
  const kernel::row_moments expected = urn::scalar.moments(row, c, mass.key);
  const kernel::row_moments moments = urn::simd.moments(row, c, mass.key);
  ASSERT_GT(moments.mass, 0U) << name;
  ASSERT_EQ(moments.mass, expected.mass) << name << " of " << logits.size();
  ASSERT_EQ(moments.depth_low, expected.depth_low) << name << " of " << logits.size();
  ASSERT_EQ(moments.depth_high, expected.depth_high) << name << " of " << logits.size();
}

TEST(simd_moments, are_those_of_scalar) {
  for (const std::size_t size : {1U, 7U, 16U, 33U, 1000U, 1023U, 1024U, 1025U, 5000U, 40003U}) {
    for (const float temperature : {1.0F, 0.3F, 4.0F}) {
      const auto expect = [&](const char* name, const rows::row& logits) {
        expect_same(logits, temperature, name);
      };
      rows::for_each(rows::proper, size, expect);
      rows::for_each(rows::tails, size, expect);
      rows::for_each(rows::improper, size, expect);
    }
  }
}

}  // namespace
