#include "urn/core/workspace.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>

namespace {

TEST(workspace, has_room_for_its_vocabulary) {
  for (const std::size_t size : {0U, 1U, 1023U, 1024U, 1025U, 32000U}) {
    urn::workspace scratch(size);
    EXPECT_EQ(scratch.vocabulary(), size);
    EXPECT_EQ(scratch.blocks().size(), (size + 1023) / 1024);
    EXPECT_EQ(scratch.ids().size(), size);
    EXPECT_EQ(scratch.logits().size(), size);
    EXPECT_EQ(scratch.ranked().size(), size);
    EXPECT_EQ(scratch.touched().size(), size);
    EXPECT_EQ(scratch.slots().size(), size);
  }
}

TEST(workspace, has_room_for_as_many_edits_as_asked) {
  urn::workspace scratch(1000, 7);
  EXPECT_EQ(scratch.vocabulary(), 1000U);
  EXPECT_EQ(scratch.touched().size(), 7U);
  EXPECT_EQ(scratch.slots().size(), 1000U);
}

TEST(workspace, starts_with_zero_slots) {
  urn::workspace scratch(500);
  EXPECT_EQ(std::ranges::count(scratch.slots(), 0U), 500);
}

TEST(workspace, takes_36_bytes_a_token_and_16_a_block) {
  EXPECT_EQ(sizeof(urn::token_id) + sizeof(float) + sizeof(urn::ranked_mass) + sizeof(urn::touched_token) +
                sizeof(std::uint32_t),
            36U);
  EXPECT_EQ(sizeof(urn::block_mass), 16U);
}

TEST(workspace, copies_are_deep) {
  urn::workspace scratch(4);
  urn::workspace copy = scratch;
  copy.logits()[0] = 5;
  EXPECT_EQ(scratch.logits()[0], 0);
}

}  // namespace
