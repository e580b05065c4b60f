#include "urn/client/prefix_cache.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <random>
#include <vector>

#include "urn/model/archetype.hpp"

namespace {

using tokens = std::vector<urn::token_id>;
using cache = urn::prefix_cache<urn::archetype_lm::sequence>;

const urn::archetype_lm model(50, 100);

urn::archetype_lm::sequence computed(const tokens& ids) {
  auto sequence = model.make_sequence();
  urn::logits_buffer out;
  const urn::forward_item<urn::archetype_lm::sequence> item{&sequence, ids, urn::logits_wanted::none};
  model.forward({&item, 1}, out);
  return sequence;
}

void remember(cache& known, const tokens& ids) { known.insert(ids, computed(ids)); }

/// Whether a sequence is the first tokens of `ids`: it continues as they do.
void expect_prefix_of(urn::archetype_lm::sequence& sequence, const tokens& ids) {
  ASSERT_LT(sequence.size(), ids.size());
  urn::logits_buffer out;
  const urn::forward_item<urn::archetype_lm::sequence> item{
      &sequence, std::span(ids).subspan(sequence.size()), urn::logits_wanted::last};
  model.forward({&item, 1}, out);
  for (urn::token_id t = 0; t < 50; ++t) {
    EXPECT_EQ(out.row(0)[static_cast<std::size_t>(t)], urn::archetype_lm::logit(ids, t));
  }
}

TEST(prefix_cache, finds_the_longest_common_prefix) {
  cache known(100);
  remember(known, {1, 2, 3, 4, 5});
  remember(known, {1, 2, 9});
  const tokens asked{1, 2, 3, 4, 7, 8};
  auto found = known.find(asked);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->size(), 4U);
  expect_prefix_of(*found, asked);
  EXPECT_EQ(known.hits(), 1U);
  EXPECT_EQ(known.match(asked), 4U);
}

TEST(prefix_cache, leaves_the_last_token_to_compute) {
  cache known(100);
  remember(known, {1, 2, 3});
  auto found = known.find(tokens{1, 2, 3});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->size(), 2U);
  expect_prefix_of(*found, {1, 2, 3});
  EXPECT_EQ(known.find(tokens{1, 2})->size(), 1U);
  EXPECT_FALSE(known.find(tokens{1}));
  EXPECT_FALSE(known.find(tokens{2, 3}));
  EXPECT_EQ(known.hits(), 2U);
}

TEST(prefix_cache, keeps_its_bound_and_forgets_the_least_recently_used) {
  cache known(10);
  remember(known, {1, 1, 1, 1});
  remember(known, {2, 2, 2, 2});
  EXPECT_TRUE(known.find(tokens{1, 1, 1, 1, 1}));
  remember(known, {3, 3, 3});
  EXPECT_EQ(known.size(), 7U);
  EXPECT_TRUE(known.find(tokens{1, 1}));
  EXPECT_TRUE(known.find(tokens{3, 3}));
  EXPECT_FALSE(known.find(tokens{2, 2}));
}

TEST(prefix_cache, keeps_one_of_two_that_continue_each_other) {
  cache known(100);
  remember(known, {1, 2, 3});
  remember(known, {1, 2, 3, 4, 5});
  EXPECT_EQ(known.size(), 5U);
  remember(known, {1, 2});
  EXPECT_EQ(known.size(), 5U);
  remember(known, {1, 2, 3, 4, 5});
  EXPECT_EQ(known.size(), 5U);
  remember(known, {1});
  EXPECT_EQ(known.size(), 5U);
}

TEST(prefix_cache, does_not_take_what_does_not_fit) {
  cache known(3);
  remember(known, {1, 2});
  remember(known, {4, 5, 6, 7});
  EXPECT_EQ(known.size(), 2U);
  cache none(0);
  remember(none, {1});
  EXPECT_EQ(none.size(), 0U);
}

TEST(prefix_cache, agrees_with_the_definition) {
  std::mt19937 engine(4);
  for (int round = 0; round < 50; ++round) {
    cache known(60);
    std::vector<tokens> used;  // the last used first
    for (int step = 0; step < 60; ++step) {
      tokens ids(1 + engine() % 12);
      for (auto& t : ids) t = static_cast<urn::token_id>(engine() % 2);
      std::size_t most = 0;
      for (const auto& u : used) most = std::max(most, urn::common_prefix(u, ids));
      EXPECT_EQ(known.match(ids), std::min(most, ids.size() - 1));
      remember(known, ids);
      const auto same = std::ranges::find_if(
          used, [&](const tokens& u) { return urn::common_prefix(u, ids) == ids.size(); });
      if (same != used.end()) {
        std::rotate(used.begin(), same, same + 1);
      } else {
        std::erase_if(used, [&](const tokens& u) { return urn::common_prefix(u, ids) == u.size(); });
        used.insert(used.begin(), ids);
      }
      const auto total = [&] {
        std::size_t n = 0;
        for (const auto& u : used) n += u.size();
        return n;
      };
      while (total() > 60) used.pop_back();
      EXPECT_EQ(known.size(), total());
    }
  }
}

}  // namespace
