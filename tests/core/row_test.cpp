#include "urn/core/row.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include "support/rows.hpp"

namespace {

static_assert(urn::logits_row<urn::row_view<float>>);
static_assert(urn::logits_row<urn::row_view<urn::bfloat16>>);
static_assert(urn::logits_row<urn::row_view<urn::float16>>);
static_assert(!urn::logit_type<double>);
static_assert(std::is_trivially_copyable_v<urn::row_view<float>>);

TEST(row_view, deduces_its_type_from_what_it_views) {
  const std::vector<float> vector(3);
  const std::array<urn::bfloat16, 2> array{};
  std::vector<urn::float16> mutable_vector(4);
  static_assert(std::is_same_v<decltype(urn::row_view{vector}), urn::row_view<float>>);
  static_assert(std::is_same_v<decltype(urn::row_view{array}), urn::row_view<urn::bfloat16>>);
  static_assert(
      std::is_same_v<decltype(urn::row_view{std::span(mutable_vector)}), urn::row_view<urn::float16>>);
  static_assert(std::is_same_v<decltype(urn::row_view{urn::row_view{vector}}), urn::row_view<float>>);
  EXPECT_EQ(urn::row_view{vector}.size(), 3U);
  EXPECT_EQ(urn::row_view{array}.size(), 2U);
  EXPECT_EQ(urn::row_view{mutable_vector}.data(), mutable_vector.data());
}

TEST(row_view, of_nothing_is_empty) {
  const urn::row_view<float> none;
  EXPECT_EQ(none.size(), 0U);
  int calls = 0;
  urn::for_each_block(none, [&](std::size_t, std::span<const float>) { ++calls; });
  EXPECT_EQ(calls, 0);
}

TEST(row_view, reads_floats_in_place) {
  const std::vector<float> logits{1, 2, 3, 4};
  urn::block_buffer buffer;
  const auto loaded = urn::row_view{logits}.load(1, 2, buffer);
  EXPECT_EQ(loaded.data(), logits.data() + 1);
  EXPECT_EQ(loaded.size(), 2U);
  EXPECT_EQ(urn::row_view{logits}.at(3), 4);
  EXPECT_EQ(urn::row_view{logits}.id(3), 3);
}

template <class Half, class Convert>
void expect_converted(Convert convert) {
  std::vector<Half> halves(2500);
  rows::random_source random(1);
  for (Half& half : halves) half = convert(random.normal(5));
  const urn::row_view row{halves};
  urn::for_each_block(row, [&](std::size_t first, std::span<const float> logits) {
    for (std::size_t i = 0; i < logits.size(); ++i) {
      ASSERT_EQ(logits[i], urn::to_float(halves[first + i]));
      ASSERT_EQ(logits[i], row.at(first + i));
    }
  });
}

TEST(row_view, converts_bfloat16) { expect_converted<urn::bfloat16>(urn::to_bfloat16); }
TEST(row_view, converts_float16) { expect_converted<urn::float16>(urn::to_float16); }

TEST(for_each_block, covers_the_row_in_blocks_of_1024) {
  for (const std::size_t size : {1U, 2U, 1023U, 1024U, 1025U, 2048U, 2049U, 5000U}) {
    const std::vector<float> logits(size);
    std::size_t next = 0;
    std::size_t blocks = 0;
    urn::for_each_block(urn::row_view{logits}, [&](std::size_t first, std::span<const float> block) {
      EXPECT_EQ(first, next);
      EXPECT_EQ(first % 1024, 0U);
      EXPECT_EQ(block.data(), logits.data() + first);
      next += block.size();
      EXPECT_TRUE(block.size() == 1024 || next == size);
      ++blocks;
    });
    EXPECT_EQ(next, size);
    EXPECT_EQ(blocks, urn::block_count(size));
  }
}

TEST(block_count, rounds_up) {
  EXPECT_EQ(urn::block_count(0), 0U);
  EXPECT_EQ(urn::block_count(1), 1U);
  EXPECT_EQ(urn::block_count(1024), 1U);
  EXPECT_EQ(urn::block_count(1025), 2U);
  EXPECT_EQ(urn::block_count(262144), 256U);
}

TEST(batch_view, steps_by_its_stride) {
  const std::array<float, 10> data{0, 1, 2, -1, -1, 3, 4, 5, -1, -1};
  const urn::batch_view<float> batch{data.data(), 2, 3, 5};
  EXPECT_EQ(batch.row(0).size(), 3U);
  EXPECT_EQ(batch.row(0).at(2), 2);
  EXPECT_EQ(batch.row(1).at(0), 3);
  EXPECT_EQ(batch.row(1).data(), data.data() + 5);
}

}  // namespace
