#include "urn/kernel/candidates.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <span>

namespace {

TEST(candidate_list, is_a_row_of_its_own) {
  std::array<urn::token_id, 3> ids{5, 70, 900};
  std::array<float, 3> logits{1, -2, 3};
  const urn::candidate_list list{ids, logits};
  EXPECT_EQ(list.size(), 3U);
  EXPECT_EQ(list.at(1), -2);
  EXPECT_EQ(list.id(1), 70);
  urn::block_buffer buffer;
  const std::span<const float> loaded = list.load(1, 2, buffer);
  EXPECT_EQ(loaded.data(), logits.data() + 1);
  EXPECT_EQ(loaded.size(), 2U);
}

TEST(candidate_list, first_n_share_the_memory) {
  std::array<urn::token_id, 3> ids{5, 70, 900};
  std::array<float, 3> logits{1, -2, 3};
  const urn::candidate_list first = urn::candidate_list{ids, logits}.first(2);
  EXPECT_EQ(first.size(), 2U);
  EXPECT_EQ(first.ids.data(), ids.data());
  EXPECT_EQ(first.logits.data(), logits.data());
  EXPECT_EQ(first.first(0).size(), 0U);
}

}  // namespace
