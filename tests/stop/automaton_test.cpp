#include "urn/stop/automaton.hpp"

#include <gtest/gtest.h>

#include <span>
#include <string>
#include <vector>

#include "stop/naive_stop.hpp"
#include "stop/random_text.hpp"

namespace {

using automaton = urn::detail::automaton<char>;

automaton build(const std::vector<std::string>& patterns) {
  return automaton({patterns.begin(), patterns.end()});
}

// Length of the longest suffix of text that is a prefix of some pattern, whole ones included.
std::size_t longest_prefix(const std::string& text, const std::vector<std::string>& patterns) {
  std::size_t longest = naive::pending(text, patterns);
  for (const auto& pattern : patterns) {
    if (naive::ends_with(text, text.size(), pattern)) longest = std::max(longest, pattern.size());
  }
  return longest;
}

TEST(automaton, its_state_is_the_longest_suffix_that_is_a_prefix) {
  naive::random_source random{std::mt19937(11)};
  for (int trial = 0; trial < 3000; ++trial) {
    const auto& letters = naive::alphabets[random.below(3)];
    std::vector<std::string> patterns(random.below(6));
    for (auto& pattern : patterns) pattern = naive::text(random, letters, 1 + random.below(6));
    const auto machine = build(patterns);
    automaton::state state = 0;
    std::string text;
    for (int n = 0; n < 30; ++n) {
      text += naive::text(random, letters, 1);
      state = machine.next(state, text.back());
      ASSERT_EQ(machine.depth(state), longest_prefix(text, patterns)) << text;
      ASSERT_EQ(machine.pending(state), naive::pending(text, patterns)) << text;
      const auto match = naive::first_match(text, patterns, text.size() - 1);
      ASSERT_EQ(machine.completed(state), match ? match->item : automaton::no_pattern) << text;
    }
  }
}

TEST(automaton, of_nothing_stays_at_its_root) {
  const automaton machine;
  EXPECT_EQ(machine.next(0, 'a'), 0U);
  EXPECT_EQ(machine.completed(0), automaton::no_pattern);
  EXPECT_EQ(machine.pending(0), 0U);
}

TEST(automaton, tells_apart_all_256_bytes) {
  std::vector<std::string> patterns;
  patterns.reserve(256);
  for (int byte = 0; byte < 256; ++byte) patterns.push_back({static_cast<char>(byte), 'x'});
  const auto machine = build(patterns);
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    const auto state = machine.next(0, static_cast<char>(byte));
    EXPECT_EQ(machine.depth(state), 1U);
    EXPECT_EQ(machine.completed(machine.next(state, 'x')), byte);
  }
}

TEST(automaton, long_patterns_are_built_and_followed_in_linear_time) {
  const std::string as(200000, 'a');
  const auto machine = build({as + "b", as});
  automaton::state state = 0;
  for (char c : as) state = machine.next(state, c);
  EXPECT_EQ(machine.completed(state), 1U);
  for (char c : as) state = machine.next(state, c);  // each of these fails once and goes on
  EXPECT_EQ(machine.depth(state), 200000U);
  EXPECT_EQ(machine.completed(machine.next(state, 'b')), 0U);
}

}  // namespace
