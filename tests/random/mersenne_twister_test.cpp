#include "urn/random/mersenne_twister.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>

namespace {

TEST(mersenne_twister, gives_the_numbers_of_the_standard_library) {
  for (const std::uint32_t seed : {0U, 1U, 5489U, 15485863U, 0xFFFFFFFFU}) {
    urn::mersenne_twister ours(seed);
    std::mt19937 theirs(seed);
    for (int i = 0; i < 2000; ++i) ASSERT_EQ(ours(), theirs()) << seed << " " << i;
  }
}

}  // namespace
