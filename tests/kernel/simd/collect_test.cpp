#include "urn/kernel/simd/collect.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>

#include "kernel/simd/seen_rows.hpp"

namespace {

namespace vectors = urn::kernel::simd;
using L = seen::lanes;

/// Of each 64 tokens the first, or the last, `count` are 1, the others 0.
rows::row some_of_each_64(std::size_t size, std::size_t count, bool first) {
  rows::row logits(size);
  for (std::size_t i = 0; i < size; ++i) {
    logits[i] = (first ? i % 64 < count : i % 64 + count >= 64) ? 1.0F : 0.0F;
  }
  return logits;
}

void expect_ones(urn::candidate_list kept, const rows::row& logits, std::size_t step) {
  std::size_t n = 0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    if (logits[i] != 1.0F) continue;
    ASSERT_LT(n, kept.size());
    ASSERT_EQ(kept.ids[n], static_cast<urn::token_id>(step * i));
    ASSERT_EQ(kept.logits[n++], 1.0F);
  }
  ASSERT_EQ(n, kept.size());
}

// Few, many and all of a group are written in three ways, over the list itself too.
TEST(collect, writes_any_number_of_each_64) {
  for (const std::size_t size : {64U, 200U, 1000U, 5000U}) {
    for (std::size_t count = 0; count <= 64; ++count) {
      const rows::row logits = some_of_each_64(size, count, count % 2 == 0);
      urn::workspace scratch{size};
      const vectors::threshold keep{1.0F, vectors::threshold::unlimited};
      expect_ones(vectors::collect<L>(urn::row_view{logits}, {}, keep, urn::room_in(scratch)), logits, 1);

      const urn::candidate_list list = urn::room_in(scratch);
      for (std::size_t i = 0; i < size; ++i) {
        list.ids[i] = static_cast<urn::token_id>(3 * i);
        list.logits[i] = logits[i];
      }
      expect_ones(vectors::collect<L>(list, {}, keep, list), logits, 3);
      if (HasFatalFailure()) FAIL() << count << " of each 64 of " << size;
    }
  }
}

TEST(collect, counts_what_is_equal_and_not_what_is_above) {
  const std::size_t size = 3000;
  rows::row logits(size, 1.0F);
  for (std::size_t i = 0; i < size; i += 5) logits[i] = 2.0F;
  urn::workspace scratch{size};
  for (const std::size_t equals : {0U, 1U, 255U, 256U, 1000U, 2399U, 2400U}) {
    const urn::candidate_list kept =
        vectors::collect<L>(urn::row_view{logits}, {}, {1.0F, equals}, urn::room_in(scratch));
    EXPECT_EQ(kept.size(), size / 5 + equals);
    EXPECT_EQ(std::ranges::count(kept.logits, 1.0F), static_cast<std::ptrdiff_t>(equals));
  }
}

}  // namespace
