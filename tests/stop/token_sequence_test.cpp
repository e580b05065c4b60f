#include "urn/stop/token_sequence.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <string>
#include <type_traits>
#include <vector>

#include "stop/naive_stop.hpp"
#include "stop/random_text.hpp"

namespace {

using ids = std::vector<urn::token_id>;

static_assert(urn::stop_criterion<urn::token_sequence>);
static_assert(std::is_nothrow_move_constructible_v<urn::token_sequence::state>);

// Checks every decision on `tokens`, each of which brings `text_size(token)` bytes, against the definition.
void expect_as_defined(const std::vector<ids>& sequences, bool include_stop, const ids& tokens,
                       const std::vector<std::string>& texts) {
  const urn::token_sequence stop(sequences, {.include_stop = include_stop});
  ASSERT_TRUE(stop.check());
  auto state = stop.start();
  const auto bytes = [&](std::size_t first, std::size_t last) {
    std::size_t sum = 0;
    for (; first < last; ++first) sum += texts[first].size();
    return include_stop ? 0 : sum;
  };
  for (std::size_t n = 1; n <= tokens.size(); ++n) {
    const ids output(tokens.begin(), tokens.begin() + static_cast<std::ptrdiff_t>(n));
    urn::stop_decision expected{.hold_back = bytes(n - naive::pending(output, sequences), n)};
    if (const auto found = naive::first_match(output, sequences, n - 1)) {
      expected.reason = urn::stop_reason::stop;
      expected.item = found->item;
      expected.drop = bytes(found->start, n);
    }
    auto fork = state;
    const urn::stop_input input{.token = tokens[n - 1], .text = texts[n - 1], .output = output};
    ASSERT_EQ(stop.update(state, input), expected) << "token " << n;
    ASSERT_EQ(stop.update(fork, input), expected) << "a copied state, token " << n;
  }
}

TEST(token_sequence, is_as_defined_on_random_tokens) {
  naive::random_source random{std::mt19937(20240601)};
  const auto random_ids = [&](std::size_t size, std::size_t kinds) {
    ids result(size);
    for (auto& id : result) id = static_cast<urn::token_id>(random.below(kinds)) * 50000;
    return result;
  };
  for (int trial = 0; trial < 2000; ++trial) {
    const std::size_t kinds = 1 + random.below(4);
    std::vector<ids> sequences(random.below(5));
    for (auto& sequence : sequences) sequence = random_ids(1 + random.below(5), kinds);
    const auto tokens = random_ids(random.below(30), kinds);
    std::vector<std::string> texts(tokens.size());
    for (auto& text : texts) text.assign(random.below(4), 'x');
    ASSERT_NO_FATAL_FAILURE(expect_as_defined(sequences, random.below(4) == 0, tokens, texts)) << trial;
  }
}

TEST(token_sequence, holds_back_and_drops_the_text_of_its_tokens) {
  const urn::token_sequence stop{{1, 2, 3}, {2, 9}};
  auto state = stop.start();
  EXPECT_EQ(stop.update(state, {.token = 1, .text = "ab"}).hold_back, 2U);
  EXPECT_EQ(stop.update(state, {.token = 2, .text = "c"}).hold_back, 3U);
  EXPECT_EQ(stop.update(state, {.token = 2, .text = "def"}).hold_back, 3U);
  EXPECT_EQ(stop.update(state, {.token = 9, .text = "g"}),
            (urn::stop_decision{.reason = urn::stop_reason::stop, .item = 1, .drop = 4}));
}

TEST(token_sequence, overlapping_occurrences_each_count) {
  const urn::token_sequence stop{{7, 7, 7}};
  auto state = stop.start();
  for (const bool stops : {false, false, true, true, true}) {
    EXPECT_EQ(stop.update(state, {.token = 7}).stop(), stops);
  }
}

TEST(token_sequence, one_id_in_braces_is_a_sequence_of_one) {
  EXPECT_EQ((urn::token_sequence{{1}, {2}}.sequences()), (std::vector<ids>{{1}, {2}}));
  EXPECT_EQ((urn::token_sequence{{1, 2}}.sequences()), (std::vector<ids>{{1, 2}}));
  EXPECT_EQ((urn::token_sequence{{{1, 2}, {3, 4}}, {.include_stop = true}}.sequences()),
            (std::vector<ids>{{1, 2}, {3, 4}}));
}

TEST(token_sequence, a_long_repetition_is_followed) {
  const ids thousand(1000, 4);
  const urn::token_sequence stop{thousand};
  auto state = stop.start();
  for (int i = 0; i < 999; ++i) ASSERT_FALSE(stop.update(state, {.token = 4, .text = "x"}).stop());
  auto broken = state;
  EXPECT_EQ(stop.update(broken, {.token = 5, .text = "x"}), urn::stop_decision{});
  EXPECT_EQ(stop.update(state, {.token = 4, .text = "x"}).drop, 1000U);
}

TEST(token_sequence, refuses_empty_sequences_and_negative_ids) {
  const urn::token_sequence empty{{1}, {}};
  EXPECT_EQ(empty.check(), (urn::stop_check{.status = urn::stop_status::empty_sequence, .item = 1}));
  const urn::token_sequence negative{{1}, {2}, {3, -1}};
  EXPECT_EQ(negative.check(), (urn::stop_check{.status = urn::stop_status::token_out_of_range, .item = 2}));
  auto state = negative.start();
  EXPECT_FALSE(negative.update(state, {.token = 1}).stop());
}

}  // namespace
