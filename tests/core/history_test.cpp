#include "urn/core/history.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <vector>

namespace {

using ids = std::vector<urn::token_id>;

ids copy(std::span<const urn::token_id> tokens) { return {tokens.begin(), tokens.end()}; }

TEST(token_history, of_nothing_is_empty) {
  const urn::token_history none;
  EXPECT_EQ(none.size(), 0U);
  EXPECT_EQ(none.last(5).size(), 0U);
}

TEST(token_history, of_one_range_is_all_output) {
  const ids tokens{4, 5, 6};
  const urn::token_history history = tokens;
  EXPECT_TRUE(history.prompt.empty());
  EXPECT_EQ(copy(history.output), tokens);
  EXPECT_EQ(history.output.data(), tokens.data());
  const std::array<urn::token_id, 2> array{7, 8};
  EXPECT_EQ(urn::token_history(array).output.size(), 2U);
}

// Against the last n of prompt and output written one after the other.
TEST(token_history, last_cuts_from_the_front) {
  const ids all{10, 11, 12, 20, 21};
  for (std::size_t split = 0; split <= all.size(); ++split) {
    const std::span<const urn::token_id> tokens(all);
    const urn::token_history history(tokens.first(split), tokens.subspan(split));
    EXPECT_EQ(history.size(), all.size());
    for (const std::size_t n : {0UL, 1UL, 2UL, 3UL, 4UL, 5UL, 6UL, urn::whole_history}) {
      const urn::token_history last = history.last(n);
      const std::size_t from = all.size() - std::min(n, all.size());
      EXPECT_EQ(copy(last.prompt),
                copy(tokens.subspan(std::min(from, split), split - std::min(from, split))));
      EXPECT_EQ(copy(last.output), copy(tokens.subspan(std::max(from, split))));
    }
  }
}

TEST(token_history, at_counts_from_the_first_of_the_prompt) {
  const ids all{5, 6, 7, 8};
  for (std::size_t cut = 0; cut <= all.size(); ++cut) {
    const std::span<const urn::token_id> tokens(all);
    const urn::token_history history(tokens.first(cut), tokens.subspan(cut));
    for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(history.at(i), all[i]);
    EXPECT_TRUE(history.ends_with({}));
    for (std::size_t n = 1; n <= all.size(); ++n) {
      ids tail(all.end() - static_cast<std::ptrdiff_t>(n), all.end());
      EXPECT_TRUE(history.ends_with(tail));
      tail[0] = 9;
      EXPECT_FALSE(history.ends_with(tail));
    }
    EXPECT_FALSE(history.ends_with(ids{4, 5, 6, 7, 8}));
  }
}

}  // namespace
