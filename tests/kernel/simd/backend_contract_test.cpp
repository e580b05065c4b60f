// A backend of a user's own on top of urn::simd.
#include "support/backend_contract.hpp"

#include <gtest/gtest.h>

#include "../examples/custom_pieces.hpp"
#include "urn/kernel/simd/policy.hpp"

namespace {

TEST(simd_backend, of_ones_own_keeps_the_contract) {
  EXPECT_EQ(backend_contract::difference(first_of_the_largest{urn::simd}), "");
}

}  // namespace
