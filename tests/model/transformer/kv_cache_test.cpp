#include "urn/model/transformer/kv_cache.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "urn/model/transformer/attention.hpp"

namespace {

using urn::nn::kv_cache;
using urn::nn::kv_shape;
using urn::nn::page_positions;

static_assert(!std::is_copy_constructible_v<kv_cache>, "fork() says what a copy would mean");

const auto shape = std::make_shared<const kv_shape>(kv_shape{.layers = 2, .heads = 3, .head_dim = 4});

/// What is stored at a place: recognisable, and different for different writers.
std::vector<float> content(std::size_t layer, std::size_t head, std::size_t position, float writer) {
  std::vector<float> result(4);
  for (std::size_t d = 0; d < 4; ++d) {
    result[d] = writer + static_cast<float>(((layer * 3 + head) * 4 + d) * 1000 + position);
  }
  return result;
}

void append(kv_cache& cache, std::size_t count, float writer) {
  cache.prepare(count);
  for (std::size_t position = cache.size(); position < cache.size() + count; ++position) {
    for (std::size_t layer = 0; layer < 2; ++layer) {
      for (std::size_t head = 0; head < 3; ++head) {
        const auto key = content(layer, head, position, writer);
        const auto value = content(layer, head, position, -writer);
        urn::nn::store(cache, layer, head, position, key, value);
      }
    }
  }
  cache.commit(count);
}

void expect_written_by(const kv_cache& cache, std::size_t first, std::size_t last, float writer) {
  for (std::size_t position = first; position < last; ++position) {
    for (std::size_t place = 0; place < 6; ++place) {
      const auto& page = cache.page(position / page_positions);
      const float* const keys = page.keys(*shape, place / 3, place % 3);
      const float* const values = page.values(*shape, place / 3, place % 3);
      const std::size_t slot = position % page_positions;
      for (std::size_t d = 0; d < 4; ++d) {
        EXPECT_EQ(keys[d * page_positions + slot], content(place / 3, place % 3, position, writer)[d]);
        EXPECT_EQ(values[slot * 4 + d], content(place / 3, place % 3, position, -writer)[d]);
      }
    }
  }
}

TEST(kv_cache, keeps_what_is_stored) {
  kv_cache cache(shape);
  append(cache, 5, 0.25F);
  append(cache, 70, 0.25F);
  EXPECT_EQ(cache.size(), 75U);
  expect_written_by(cache, 0, 75, 0.25F);
}

TEST(kv_cache, forks_share_pages_until_one_writes) {
  kv_cache trunk(shape);
  append(trunk, 40, 0.25F);
  auto branch = trunk.fork();
  EXPECT_EQ(&branch.page(0), &trunk.page(0));
  EXPECT_EQ(&branch.page(1), &trunk.page(1));
  const auto* const shared = &trunk.page(1);
  append(branch, 3, 0.5F);  // the first to write goes on in the shared page
  EXPECT_EQ(&branch.page(1), shared);
  append(trunk, 30, 0.75F);  // the other copies this page and no other
  EXPECT_NE(&trunk.page(1), shared);
  EXPECT_EQ(&branch.page(0), &trunk.page(0));
  expect_written_by(trunk, 0, 40, 0.25F);
  expect_written_by(trunk, 40, 70, 0.75F);
  expect_written_by(branch, 0, 40, 0.25F);
  expect_written_by(branch, 40, 43, 0.5F);
}

TEST(kv_cache, forks_at_the_end_of_a_page_copy_nothing) {
  kv_cache trunk(shape);
  append(trunk, 32, 0.25F);
  auto branch = trunk.fork();
  append(branch, 1, 0.5F);
  append(trunk, 1, 0.75F);
  EXPECT_EQ(&branch.page(0), &trunk.page(0));
  expect_written_by(branch, 32, 33, 0.5F);
  expect_written_by(trunk, 32, 33, 0.75F);
}

TEST(kv_cache, writes_after_truncation_are_not_seen_by_forks) {
  kv_cache trunk(shape);
  append(trunk, 40, 0.25F);
  const auto branch = trunk.fork();
  trunk.truncate(35);
  append(trunk, 10, 0.5F);
  expect_written_by(branch, 0, 40, 0.25F);
  expect_written_by(trunk, 0, 35, 0.25F);
  expect_written_by(trunk, 35, 45, 0.5F);
}

TEST(kv_cache, positions_prepared_but_not_committed_do_not_count) {
  kv_cache cache(shape);
  append(cache, 20, 0.25F);
  cache.prepare(100);  // as a call does that fails afterwards
  EXPECT_EQ(cache.size(), 20U);
  append(cache, 50, 0.5F);
  EXPECT_EQ(cache.size(), 70U);
  expect_written_by(cache, 0, 20, 0.25F);
  expect_written_by(cache, 20, 70, 0.5F);
}

TEST(kv_cache, moves_its_shape_along) {
  kv_cache cache(shape);
  EXPECT_EQ(cache.shape(), shape.get());
  const kv_cache other = std::move(cache);
  EXPECT_EQ(other.shape(), shape.get());
  // What a model recognises a moved-from sequence by. NOLINTNEXTLINE(*-use-after-move,*.Move)
  EXPECT_EQ(cache.shape(), nullptr);
}

}  // namespace
