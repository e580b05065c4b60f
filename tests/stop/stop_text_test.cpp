#include "urn/stop/stop_text.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "stop/naive_stop.hpp"
#include "stop/random_text.hpp"

namespace {

using strings = std::vector<std::string>;

static_assert(urn::stop_criterion<urn::stop_text>);
static_assert(std::is_trivially_copyable_v<urn::stop_text::state> && sizeof(urn::stop_text::state) == 4);

TEST(stop_text, is_as_defined_on_random_texts) {
  naive::random_source random{std::mt19937(7)};
  std::size_t stopped = 0;
  for (int trial = 0; trial < 20000; ++trial) {
    const auto& letters = naive::alphabets[random.below(naive::alphabets.size())];
    naive::text_case c;
    c.strings.resize(random.below(5));
    for (auto& s : c.strings) s = naive::text(random, letters, 1 + random.below(5));
    c.include_stop = random.below(4) == 0;
    c.min_tokens = random.below(3) == 0 ? random.below(20) : 0;
    const auto text = naive::text(random, letters, random.below(40));
    c.pieces = naive::pieces(random, text, 1 + random.below(9));
    ASSERT_EQ(naive::disagreement(c), "") << "trial " << trial << ", text " << text;
    stopped += naive::first_match(text, c.strings, 0).has_value() ? 1 : 0;
  }
  EXPECT_GT(stopped, 5000U);
  EXPECT_LT(stopped, 15000U);
}

TEST(stop_text, is_as_defined_one_byte_at_a_time_and_all_at_once) {
  naive::random_source random{std::mt19937(8)};
  for (int trial = 0; trial < 4000; ++trial) {
    const auto& letters = naive::alphabets[random.below(naive::alphabets.size())];
    naive::text_case c;
    c.strings = {naive::text(random, letters, 1 + random.below(4)),
                 naive::text(random, letters, 1 + random.below(7))};
    const auto text = naive::text(random, letters, random.below(30));
    c.pieces = {text};
    ASSERT_EQ(naive::disagreement(c), "") << "trial " << trial << ", text " << text;
    c.pieces.clear();
    for (char byte : text) c.pieces.emplace_back(1, byte);
    ASSERT_EQ(naive::disagreement(c), "") << "trial " << trial << ", text " << text;
  }
}

TEST(stop_text, the_decision_depends_on_the_bytes_not_on_the_pieces) {
  const std::string text = "one\ntwo\n\nthree";
  const urn::stop_text stop{"\n\n", "THE END"};
  for (std::size_t first = 0; first <= text.size(); ++first) {
    auto state = stop.start();
    auto d = stop.update(state, {.text = std::string_view(text).substr(0, first)});
    std::size_t size = first;
    if (!d.stop()) {
      d = stop.update(state, {.text = std::string_view(text).substr(first)});
      size = text.size();
    }
    EXPECT_TRUE(d.stop());
    EXPECT_EQ(text.substr(0, d.keep(size)), "one\ntwo");
  }
}

struct expectation {
  urn::stop_text stop;
  std::string text;
  std::size_t item, keep;
};

TEST(stop_text, the_first_to_end_wins_then_the_longest) {
  const strings overlapping{"ab", "b", "abc"};
  for (const auto& [stop, text, item, keep] : std::vector<expectation>{
           {urn::stop_text(overlapping), "xabc", 0, 1},    // "ab" and "b" end together
           {urn::stop_text(overlapping), "xbc", 1, 1},     //
           {urn::stop_text{"b", "abc"}, "xabc", 0, 2},     // "b" ends before "abc"
           {urn::stop_text{"aaa"}, "baaaa", 0, 1},         // overlaps itself
           {urn::stop_text{"abcd", "bc"}, "abcx", 1, 1},   // inside a partial match
           {urn::stop_text{"bcd", "abcd"}, "abcd", 1, 0},  // a suffix of the other
           {urn::stop_text{"x", "x", "yx"}, "x", 0, 0},    // duplicates: the first given
           {urn::stop_text{"aab"}, "aaab", 0, 1},          // a failed start that restarts
           {urn::stop_text{{"ab"}, {.include_stop = true}}, "xabyy", 0, 3},
       }) {
    auto state = stop.start();
    const auto d = stop.update(state, {.text = text});
    EXPECT_EQ(d.reason, urn::stop_reason::stop) << text;
    EXPECT_EQ(d.item, item) << text;
    EXPECT_EQ(d.keep(text.size()), keep) << text;
  }
}

TEST(stop_text, holds_back_what_may_become_a_stop_and_no_more) {
  const urn::stop_text stop{"THE END", "\n\n"};
  auto state = stop.start();
  EXPECT_EQ(stop.update(state, {.text = "a TH"}).hold_back, 2U);
  EXPECT_EQ(stop.update(state, {.text = "E E"}).hold_back, 5U);
  EXPECT_EQ(stop.update(state, {.text = ""}).hold_back, 5U);
  EXPECT_EQ(stop.update(state, {.text = "NT"}).hold_back, 1U);
  EXPECT_EQ(stop.update(state, {.text = "o\n"}).hold_back, 1U);
  EXPECT_EQ(stop.update(state, {.text = "o"}).hold_back, 0U);
}

TEST(stop_text, a_stop_inside_held_back_text_drops_from_there) {
  const urn::stop_text stop{"abcdef", "cd"};
  auto state = stop.start();
  EXPECT_EQ(stop.update(state, {.text = "xabc"}).hold_back, 3U);
  EXPECT_EQ(stop.update(state, {.text = "d"}),
            (urn::stop_decision{.reason = urn::stop_reason::stop, .item = 1, .hold_back = 4, .drop = 2}));
}

TEST(stop_text, with_include_stop_holds_nothing_back) {
  const urn::stop_text stop{{"END"}, {.include_stop = true}};
  auto state = stop.start();
  EXPECT_EQ(stop.update(state, {.text = "xEN"}), urn::stop_decision{});
  EXPECT_EQ(stop.update(state, {.text = "D!"}),
            (urn::stop_decision{.reason = urn::stop_reason::stop, .drop = 1}));
}

TEST(stop_text, a_copied_state_goes_its_own_way) {
  const urn::stop_text stop{"abc"};
  auto state = stop.start();
  stop.update(state, {.text = "ab"});
  const auto snapshot = state;
  EXPECT_FALSE(stop.update(state, {.text = "x"}).stop());
  auto fork = snapshot;
  EXPECT_TRUE(stop.update(fork, {.text = "c"}).stop());
  state = snapshot;  // rolled back
  const auto copy = [](urn::stop_text s) { return s; };
  EXPECT_TRUE(copy(stop).update(state, {.text = "c"}).stop());
}

TEST(stop_text, never_cuts_a_character) {
  // é is C3 A9, è is C3 A8, a match of the one must not begin in the other.
  const urn::stop_text stop{"é!", "\xC2\xA8"};
  auto state = stop.start();
  EXPECT_EQ(stop.update(state, {.text = "è\xC3"}).hold_back, 1U);
  EXPECT_EQ(stop.update(state, {.text = "\xA9"}).hold_back, 2U);
  EXPECT_EQ(stop.update(state, {.text = "!"}).drop, 3U);
}

TEST(stop_text, takes_literals_strings_and_views) {
  const std::string a = "a";
  const std::string_view b = "b";
  EXPECT_EQ((urn::stop_text{a, b, "c"}.strings()), (strings{"a", "b", "c"}));
  EXPECT_EQ((urn::stop_text{"\n\n", "THE END"}.strings()), (strings{"\n\n", "THE END"}));
  EXPECT_EQ((urn::stop_text{{"a", "b"}}.strings()), (strings{"a", "b"}));
  EXPECT_EQ((urn::stop_text{{"a"}, {"b"}}.strings()), (strings{"a", "b"}));
  EXPECT_EQ((urn::stop_text{{"a", "b"}, {.include_stop = true}}.strings()), (strings{"a", "b"}));
  EXPECT_EQ(urn::stop_text(strings{"a", "b"}).strings(), (strings{"a", "b"}));
}

TEST(stop_text, refuses_empty_strings_and_broken_characters) {
  using urn::stop_status;
  EXPECT_EQ((urn::stop_text{"a", ""}.check()),
            (urn::stop_check{.status = stop_status::empty_string, .item = 1}));
  for (const char* broken : {"\xA9", "a\xC3", "\xC0\x80", "\xED\xA0\x80", "\xF5\x80\x80\x80", "\xFF"}) {
    const urn::stop_text stop{"a", "b", broken};
    EXPECT_EQ(stop.check(), (urn::stop_check{.status = stop_status::not_utf8, .item = 2}));
    auto state = stop.start();
    EXPECT_EQ(stop.update(state, {.text = "ab"}), urn::stop_decision{});
  }
  EXPECT_TRUE((urn::stop_text{"a", "a", std::string_view("\0", 1)}.check()));
}

TEST(stop_text, without_strings_never_stops) {
  const urn::stop_text stop(strings{});
  EXPECT_TRUE(stop.check());
  auto state = stop.start();
  EXPECT_EQ(stop.update(state, {.text = "anything"}), urn::stop_decision{});
}

}  // namespace
