#include "urn/kernel/parallel.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "support/naive_pipeline.hpp"
#include "support/rows.hpp"
#include "urn/urn.hpp"

namespace {

namespace kernel = urn::kernel;

/// An engine's own pool: does the parts in any order, here the last one first, on the caller's thread.
struct backwards {
  std::size_t parts;
  std::size_t largest_run = 0;
  [[nodiscard]] std::size_t size() const { return parts; }
  void run(std::size_t count, const auto& work) {
    largest_run = std::max(largest_run, count);
    for (std::size_t i = count; i-- > 0;) work(i);
  }
};
static_assert(urn::executor<backwards>);
static_assert(urn::execution_policy<urn::parallel<urn::scalar_t, backwards>>);
static_assert(urn::parallel_policy<urn::parallel<urn::scalar_t>>);
static_assert(!urn::parallel_policy<urn::scalar_t>);

void expect_same_mass(const rows::row& logits, std::size_t parts, const char* name) {
  backwards pool{parts};
  const urn::parallel policy{urn::scalar, pool};
  const urn::row_view row{logits};
  const std::size_t count = urn::block_count(row.size());
  std::vector<urn::block_mass> blocks(count);
  std::vector<urn::block_mass> expected_blocks(count);
  const float c = kernel::mass_scale(0.7F);
  const kernel::row_mass expected = urn::scalar.mass(row, c, expected_blocks, {});
  const kernel::row_mass mass = policy.mass(row, c, blocks, {});
  ASSERT_EQ(mass.total, expected.total) << name;
  ASSERT_EQ(mass.key, expected.key) << name;
  ASSERT_EQ(mass.largest, expected.largest) << name;
  ASSERT_EQ(mass.status, expected.status) << name;
  for (std::size_t b = 0; b < count; ++b) {
    ASSERT_EQ(blocks[b].mass, expected_blocks[b].mass) << name << " block " << b;
    ASSERT_EQ(blocks[b].key, expected_blocks[b].key) << name << " block " << b;
  }
  const kernel::row_scan scan = policy.scan(row, {});
  EXPECT_EQ(scan.largest, urn::scalar.scan(row, {}).largest) << name;
  EXPECT_EQ(scan.status, urn::scalar.scan(row, {}).status) << name;
  if (count >= 32 && parts > 1) {
    EXPECT_GT(pool.largest_run, 1U) << name;
  }
}

TEST(parallel, weighs_as_its_base_however_a_row_is_divided) {
  for (const std::size_t size : {1U, 1000U, 20000U, 40000U, 100003U}) {
    for (const std::size_t parts : {1U, 2U, 3U, 8U}) {
      const auto expect = [&](const char* name, const rows::row& logits) {
        expect_same_mass(logits, parts, name);
      };
      rows::for_each(rows::proper, size, expect);
      rows::for_each(rows::improper, size, expect);
    }
  }
}

rows::row some_logits(std::size_t size, std::uint64_t seed) {
  rows::random_source random(seed);
  return rows::normal(size, random, 3);
}

TEST(parallel, draws_one_row_as_its_base) {
  urn::thread_pool pool(3);
  const rows::row logits = some_logits(60000, 1);
  urn::workspace scratch(logits.size());
  constexpr auto pipeline = urn::temperature{0.8F} | urn::categorical{} | urn::logprobs{};
  for (std::uint32_t step = 0; step < 20; ++step) {
    const urn::draw_context context{.seed = 3, .step = step};
    const urn::draw expected = pipeline(urn::scalar, logits, context, scratch);
    EXPECT_TRUE(look::same(pipeline(urn::parallel{urn::scalar, pool}, logits, context, scratch), expected));
  }
}

template <class Pipeline>
void expect_as_its_base(const Pipeline& pipeline) {
  urn::thread_pool pool(3);
  const rows::row logits = some_logits(60000, 2);
  urn::workspace scratch(logits.size());
  for (std::uint32_t step = 0; step < 4; ++step) {
    const urn::draw_context context{.seed = 3, .step = step};
    const urn::draw expected = pipeline(urn::scalar, logits, context, scratch);
    EXPECT_TRUE(look::same(pipeline(urn::parallel{urn::scalar, pool}, logits, context, scratch), expected));
  }
}

TEST(parallel, cuts_one_row_as_its_base) {
  constexpr auto end = urn::categorical{} | urn::logprobs{};
  expect_as_its_base(urn::typical{0.9F} | end);
  expect_as_its_base(urn::smoothing{0.01F} | urn::top_n_sigma{2.5F} | urn::eta_cutoff{1e-4F} | end);
  expect_as_its_base(urn::xtc{1e-3F, 0.5F} | urn::dynamic_temperature{0.5F, 1.5F} | urn::top_h{0.9F} | end);
  constexpr std::array<urn::token_id, 1> ends{7};
  expect_as_its_base(urn::top_k{4} | urn::infill{{}, ends} | end);
}

/// A batch of rows 40 elements further apart than they are long, and what each gives alone.
struct batch {
  std::size_t rows;
  std::size_t columns = 700;
  rows::row logits = some_logits(rows * (columns + 40), 5);
  std::vector<urn::draw_context> contexts = std::vector<urn::draw_context>(rows);
  std::vector<urn::draw> out = std::vector<urn::draw>(rows);

  explicit batch(std::size_t count) : rows(count) {
    for (std::size_t r = 0; r < rows; ++r) contexts[r] = {.seed = 9, .sequence = r, .step = 4};
  }
  [[nodiscard]] urn::batch_view<float> view() const { return {logits.data(), rows, columns, columns + 40}; }
  void expect_each_as_alone(const auto& pipeline) const {
    urn::workspace scratch(columns);
    for (std::size_t r = 0; r < rows; ++r) {
      const urn::draw alone = pipeline(urn::scalar, view().row(r), contexts[r], scratch);
      EXPECT_TRUE(look::same(out[r], alone)) << r << ": " << look::text(out[r]);
    }
  }
};

constexpr auto some_pipeline =
    urn::temperature{0.8F} | urn::top_k{40} | urn::categorical{} | urn::logprobs{.raw = true};

TEST(parallel, draws_a_batch_as_row_by_row) {
  urn::thread_pool pool(4);
  for (const std::size_t count : {0U, 1U, 3U, 4U, 100U}) {
    for (const std::size_t workspaces : {1U, 2U, 4U}) {
      batch b(count);
      std::vector<urn::workspace> scratch(workspaces, urn::workspace(b.columns));
      some_pipeline(urn::parallel{urn::scalar, pool}, b.view(), b.contexts, b.out, std::span(scratch));
      b.expect_each_as_alone(some_pipeline);
    }
  }
}

TEST(parallel, says_what_is_wrong_with_a_batch) {
  urn::thread_pool pool(2);
  const urn::parallel policy{urn::scalar, pool};
  batch b(5);
  std::vector<urn::workspace> scratch(2, urn::workspace(b.columns));
  const auto contexts = std::span(b.contexts).first(4);
  some_pipeline(policy, b.view(), contexts, b.out, std::span(scratch));
  for (const urn::draw& d : b.out) EXPECT_TRUE(look::refused(d, urn::status::bad_argument));
  some_pipeline(policy, b.view(), b.contexts, b.out, std::span<urn::workspace>());
  for (const urn::draw& d : b.out) EXPECT_TRUE(look::refused(d, urn::status::no_space));
}

}  // namespace
