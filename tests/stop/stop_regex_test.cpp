#include "urn/stop/stop_regex.hpp"

#include <gtest/gtest.h>

#include <regex>
#include <string>
#include <string_view>
#include <vector>

#include "stop/random_text.hpp"
#include "urn/stop/any_stop.hpp"
#include "urn/stop/max_tokens.hpp"
#include "urn/stop/text_release.hpp"

namespace {

using urn::stop_decision, urn::stop_reason, urn::stop_regex, urn::stop_status;

static_assert(urn::stop_criterion<stop_regex>);

// A random expression over a and b of at most `size` positions, and how many it has.
struct expression {
  std::string text;
  std::size_t positions;
};

expression random_expression(naive::random_source& random, std::size_t size) {
  const auto pick = [&](const std::vector<std::string>& list) { return list[random.below(list.size())]; };
  if (size == 1 || random.below(6) == 0) {
    return {pick({"a", "b", ".", "[ab]", "[^a]", "\\w", "[^\\s\\d]", "[b-z]"}), 1};
  }
  if (random.below(3) == 0) {
    const bool twice = random.below(2) == 0;
    const auto inner = random_expression(random, twice ? size / 2 : size);
    const auto repeat =
        twice ? pick({"{2}", "{1,2}", "{0,2}", "{2,}"}) : pick({"*", "+", "?", "{0,}", "{1}"});
    return {"(" + inner.text + ")" + repeat, inner.positions * (twice ? 2 : 1)};
  }
  const auto left = random_expression(random, size / 2);
  const auto right = random_expression(random, size - size / 2);
  const auto either = left.text + "|" + right.text;  // NOLINT(performance-inefficient-string-concatenation)
  return {random.below(2) == 0 ? "(" + either + ")" : left.text + right.text,
          left.positions + right.positions};
}

// Words over a and b of at most 9 letters: bit i of the number below its leading 1 is letter i from the end.
constexpr std::size_t letters = 9;
std::string word(std::size_t number) {
  std::string text;
  for (; number > 1; number /= 2) text.insert(text.begin(), number % 2 == 0 ? 'a' : 'b');
  return text;
}
std::size_t number(std::string_view text) {
  std::size_t n = 1;
  for (const char c : text) n = 2 * n + (c == 'b' ? 1 : 0);
  return n;
}

// What an expression's language says about a text, every word of it having been asked of std::regex.
struct language {
  std::vector<bool> has, begins;  // by number: is a word, begins a longer one

  explicit language(const std::string& expression) : has(2U << letters), begins(2U << letters) {
    const std::regex regex(expression);
    for (std::size_t n = has.size() - 1; n > 0; --n) {
      has[n] = std::regex_match(word(n), regex);
      begins[n / 2] = begins[n / 2] || has[n] || begins[n];
    }
  }

  // The longest suffix that begins a longer word.
  std::size_t pending(std::string_view text) const {
    for (std::size_t start = 0; start < text.size(); ++start) {
      if (begins[number(text.substr(start))]) return text.size() - start;
    }
    return 0;
  }

  // Where the longest match that ends the text begins.
  std::size_t match(std::string_view text) const {
    std::size_t start = 0;
    while (start < text.size() && !has[number(text.substr(start))]) ++start;
    return start;
  }
};

// Every text of 5 letters, one at a time: a word it begins is completed within 9, as there are at most 5
// positions.
void expect_as_defined(const std::string& expression, const language& words, bool include_stop) {
  const stop_regex stop(expression, {.include_stop = include_stop});
  ASSERT_TRUE(stop.check()) << expression << ": " << describe(stop.check().status);
  for (std::size_t n = 32; n < 64; ++n) {
    const auto text = word(n);
    auto state = stop.start();
    for (std::size_t size = 1; size <= text.size(); ++size) {
      const auto so_far = std::string_view(text).substr(0, size);
      const auto start = words.match(so_far);
      stop_decision expected{.hold_back = include_stop ? 0 : words.pending(so_far)};
      if (start < size) {
        expected.reason = stop_reason::stop;
        expected.drop = include_stop ? 0 : size - start;
      }
      ASSERT_EQ(stop.update(state, {.text = so_far.substr(size - 1)}), expected)
          << expression << " " << so_far;
    }
  }
}

TEST(stop_regex, is_as_std_regex_says_on_random_expressions) {
  naive::random_source random{std::mt19937(31)};
  int usable = 0;
  for (int trial = 0; trial < 200; ++trial) {
    const auto [text, positions] = random_expression(random, 1 + random.below(5));
    ASSERT_LE(positions, 5U);
    const language words(text);
    if (words.has[number("")]) {
      EXPECT_EQ(stop_regex(text).check().status, stop_status::regex_matches_empty) << text;
      continue;
    }
    ASSERT_NO_FATAL_FAILURE(expect_as_defined(text, words, random.below(4) == 0));
    ++usable;
  }
  EXPECT_GT(usable, 100);
}

TEST(stop_regex, the_decision_depends_on_the_bytes_not_on_the_pieces) {
  naive::random_source random{std::mt19937(32)};
  const stop_regex stop("(é|漢.?)[^a]a|b{3}");
  int stops = 0;
  for (int trial = 0; trial < 2000; ++trial) {
    const auto text = naive::text(random, {"é", "漢", "a", "b", "b", "\xC3", "\n"}, random.below(12));
    auto whole = stop.start();
    const auto expected = stop.update(whole, {.text = text});
    auto state = stop.start();
    urn::text_release release;
    std::string shown;
    std::size_t size = 0;
    for (const auto& piece : naive::pieces(random, text, 3)) {
      const auto d = stop.update(state, {.text = piece});
      shown += release.push(piece, d);
      size += piece.size();
      ASSERT_EQ(shown, text.substr(0, shown.size()));
      if (!d.stop()) continue;
      ++stops;
      ASSERT_TRUE(expected.stop()) << text;
      ASSERT_EQ(d.keep(size), expected.keep(text.size())) << text;
      ASSERT_EQ(shown.size(), d.keep(size)) << text;
      size = 0;
      break;
    }
    ASSERT_TRUE(!expected.stop() || size == 0) << text;
  }
  EXPECT_GT(stops, 100);
}

std::string kept(const std::string& expression, const std::string& text) {
  const stop_regex stop(expression);
  auto state = stop.start();
  const auto d = stop.update(state, {.text = text});
  return d.stop() ? text.substr(0, d.keep(text.size())) : "goes on";
}

TEST(stop_regex, reads_its_syntax) {
  EXPECT_EQ(kept(R"(\n(Question|Q) ?\d{1,3}:)", "42\nQ 17: why"), "42");
  EXPECT_EQ(kept(R"(\.\*\\\[\]\(\)\{\}\^\$\-)", "x.*\\[](){}^$-"), "x");
  EXPECT_EQ(kept(R"([.*+?(){}^$|-])", "a|b"), "a");
  EXPECT_EQ(kept(R"([a\-z])", "b-"), "b");
  EXPECT_EQ(kept(R"([^\W_]{2})", "a_é1b"), "a_é");
  EXPECT_EQ(kept(R"(\S\s\D)", "ab \t"), "a");
  EXPECT_EQ(kept("a.c", "a\nc a漢c"), "a\nc ");
  EXPECT_EQ(kept("[à-é]{2}", "aéàêé"), "a");
  EXPECT_EQ(kept("[^é]b", "éb漢b"), "éb");
  EXPECT_EQ(kept("ab{3}", "abbabbb"), "abb");
  EXPECT_EQ(kept("(a(b|c)+){2,}d", "abacabcbx abcd acabd"), "abacabcbx abcd ");
  EXPECT_EQ(kept("(.a|a)b", "xab"), "");  // at b two matches end that begin apart
  EXPECT_EQ(kept("(a|.a)b", "xab"), "");
  EXPECT_EQ(kept("a|bc|", "a"), "goes on");  // refused
  EXPECT_EQ(kept("\\d+", "no 123"), "no ");
  EXPECT_EQ(kept("a.b",
                 "a\xFF\xFF"
                 "b a\xC3"
                 "b"),
            "goes on");
}

TEST(stop_regex, says_what_is_wrong_and_where) {
  struct fault {
    std::string expression;
    stop_status status;
    std::size_t where;
  };
  for (const auto& [expression, status, where] :
       std::vector<fault>{{"", stop_status::regex_empty, 0},
                          {"a|", stop_status::regex_empty, 2},
                          {"a()b", stop_status::regex_empty, 2},
                          {"(|a)", stop_status::regex_empty, 1},
                          {"a*", stop_status::regex_matches_empty, 0},
                          {"a?|b", stop_status::regex_matches_empty, 0},
                          {"^a", stop_status::regex_anchor, 0},
                          {"ab$", stop_status::regex_anchor, 2},
                          {"a\\b", stop_status::regex_anchor, 1},
                          {"(a)\\1", stop_status::regex_escape, 3},
                          {"\\p", stop_status::regex_escape, 0},
                          {"a\\", stop_status::regex_escape, 1},
                          {"[]a]", stop_status::regex_class, 0},
                          {"a[b", stop_status::regex_class, 1},
                          {"[z-a]", stop_status::regex_class, 0},
                          {"[a-\\d]", stop_status::regex_class, 0},
                          {"[[:alpha:]]", stop_status::regex_class, 1},
                          {"[\\s\\S", stop_status::regex_class, 0},
                          {"[^\\s\\S]", stop_status::regex_class, 0},
                          {"a]", stop_status::regex_class, 1},
                          {"(a", stop_status::regex_group, 0},
                          {"a)", stop_status::regex_group, 1},
                          {"a(?:b)", stop_status::regex_group, 1},
                          {"*a", stop_status::regex_repeat, 0},
                          {"a+?", stop_status::regex_repeat, 2},
                          {"a{2,1}", stop_status::regex_repeat, 1},
                          {"a{0}", stop_status::regex_repeat, 1},
                          {"a{,2}", stop_status::regex_repeat, 1},
                          {"a{2", stop_status::regex_repeat, 1},
                          {"a}", stop_status::regex_repeat, 1},
                          {"a{1001}", stop_status::regex_too_large, 1},
                          {"a\xFF", stop_status::not_utf8, 0}}) {
    const stop_regex stop(expression);
    EXPECT_EQ(stop.check(), (urn::stop_check{.status = status, .item = where})) << expression;
    auto state = stop.start();
    EXPECT_EQ(stop.update(state, {.text = "aab"}), stop_decision{});
  }
  EXPECT_TRUE(stop_regex(std::string(100, '(') + "a" + std::string(100, ')')).check());
  EXPECT_EQ(stop_regex(std::string(100000, '(')).check().status, stop_status::regex_group);
  EXPECT_EQ(stop_regex("((((a{900}){900}){900}){900}){900}").check().status, stop_status::regex_too_large);
}

TEST(stop_regex, what_makes_a_backtracking_matcher_slow_is_followed_in_its_stride) {
  std::string expression = "(a?){400}a{400}b";
  for (int depth = 0; depth < 20; ++depth) expression = "((" + expression + ")+)";
  const stop_regex stop(expression);
  ASSERT_TRUE(stop.check());
  auto state = stop.start();
  EXPECT_EQ(stop.update(state, {.text = std::string(500, 'a')}).hold_back, 500U);
  EXPECT_EQ(stop.update(state, {.text = "b"}).drop, 501U);
}

TEST(stop_regex, holds_back_what_may_become_a_match_and_no_more) {
  const stop_regex stop("<(b|i)+>");
  auto state = stop.start();
  EXPECT_EQ(stop.update(state, {.text = "a <b"}).hold_back, 2U);
  const auto snapshot = state;
  EXPECT_EQ(stop.update(state, {.text = "i<"}).hold_back, 1U);
  EXPECT_EQ(stop.update(state, {.text = "x\xC3"}).hold_back, 1U);
  EXPECT_EQ(stop.update(state, {.text = "\xA9"}).hold_back, 0U);
  state = snapshot;  // rolled back
  const auto copy = [](stop_regex s) { return s; };
  EXPECT_EQ(copy(stop).update(state, {.text = "i>!"}),
            (stop_decision{.reason = stop_reason::stop, .drop = 5}));
}

TEST(stop_regex, composes_with_its_type_erased) {
  const urn::any_stop stop = urn::max_tokens{3} | stop_regex("b+", {.include_stop = true}) | stop_regex("(");
  EXPECT_EQ(stop.check(), (urn::stop_check{.status = stop_status::regex_empty, .criterion = 2, .item = 1}));
  auto state = stop.start();
  EXPECT_FALSE(stop.update(state, {.text = "a"}).stop());
  EXPECT_EQ(stop.update(state, {.text = "abb"}),
            (stop_decision{.reason = stop_reason::stop, .criterion = 1, .drop = 1}));
}

}  // namespace
