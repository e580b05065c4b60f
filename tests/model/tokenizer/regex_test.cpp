#include "urn/model/tokenizer/regex.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace {

using urn::tokenizing::dialect;
using urn::tokenizing::regex;

std::vector<std::string> matches(const std::string& pattern, const std::string& text) {
  std::vector<std::string> out;
  regex(pattern, "here").find_all(text, [&](std::size_t b, std::size_t e) {
    out.push_back(text.substr(b, e - b));
  });
  return out;
}

using texts = std::vector<std::string>;

TEST(regex, finds_all_from_left_to_right) {
  EXPECT_EQ(matches("a+|b", "aabxb"), (texts{"aa", "b", "b"}));
  EXPECT_EQ(matches("a*", "baac"), (texts{"", "aa", ""}));  // none at 3, where one has just ended
  EXPECT_EQ(matches("", "é"), (texts{"", ""}));
}

TEST(regex, has_oniguruma_s_classes) {
  EXPECT_EQ(matches("\\s", "\u180E\u0085\u00A0\u200B\u3000\x1C\v"),
            (texts{"\u0085", "\u00A0", "\u3000", "\v"}));
  EXPECT_EQ(matches("(?i:s)", "sSſß"), (texts{"s", "S", "ſ"}));
  EXPECT_EQ(matches("\\w+", "a_é٣\u0301 ‿ⅷ-"), (texts{"a_é٣\u0301", "‿ⅷ"}));
  EXPECT_EQ(matches("\\h+", "xyzAf09"), (texts{"Af09"}));
  EXPECT_EQ(matches("\\p{Han}+", "漢、字"), (texts{"漢", "字"}));  // the script, not its extensions
  EXPECT_EQ(matches(".", "a\n\r"), (texts{"a", "\r"}));
  EXPECT_EQ(matches("^.|.$", "ab\ncd"), (texts{"a", "b", "c", "d"}));
}

TEST(regex, has_unicode_16_with_any_pcre2) {
  EXPECT_EQ(matches("\\p{L}+", "\U00031350\U000323AF\U0002EBF0\U00010D50"),
            (texts{"\U00031350\U000323AF\U0002EBF0\U00010D50"}));
  EXPECT_EQ(matches("\\p{N}", "\U00011DE0\U0001CCF0"), (texts{"\U0001CCF0"}));  // the first is of Unicode 17
}

TEST(regex, sees_an_escaped_byte_as_no_letter_digit_or_space) {
  const std::string text = urn::tokenizing::escape_invalid("a\xFF ");
  EXPECT_EQ(matches("[^\\s\\p{L}\\p{N}]", text), (texts{urn::tokenizing::escape_invalid("\xFF")}));
}

TEST(dialect, translates_what_pcre2_writes_otherwise) {
  const auto translated = [](std::string_view source) { return dialect(source, "here").translate(); };
  EXPECT_EQ(translated("[^(\\s|[.,!])]+"), "[^(\\s|.,!)]+");
  EXPECT_EQ(translated("a{,3}"), "a{0,3}");
  EXPECT_EQ(translated("\\u00e9\\x{41}\\x41"), "\\x{00e9}\\x{41}\\x{41}");
  EXPECT_EQ(translated("\\P{^L}\\p{^Han}"), "\\p{L}\\P{sc:Han}");
  EXPECT_EQ(translated("[\\h[:space:]]"), "[0-9a-fA-F\\s]");
  EXPECT_EQ(translated("(?i:'s)|a++(?!\\S)"), "(?i:'s)|a++(?!\\S)");
}

TEST(dialect, refuses_by_name_what_would_match_otherwise) {
  const std::vector<std::pair<std::string, std::string>> refused = {{"[a&&b]", "&&"},
                                                                    {"[a[^b]]", "class within"},
                                                                    {"[a-[b]]", "class within"},
                                                                    {"[[:alpha:]]", "POSIX"},
                                                                    {"\\b", "\\b"},
                                                                    {"\\X", "\\X"},
                                                                    {"\\p{Foo}", "Foo"},
                                                                    {"\\pL", "\\p"},
                                                                    {"(?m:.)", "(?m"},
                                                                    {"(?<n>a)", "(?<n"},
                                                                    {"a(?i)b", "(?i)"},
                                                                    {"(*UTF)a", "(*"},
                                                                    {"a{2}+", "repeat"},
                                                                    {"a{2}?", "repeat"},
                                                                    {"a{", "{"},
                                                                    {"[", "]"},
                                                                    {"\\", "backslash"},
                                                                    {"\\xFF", "\\x"},
                                                                    {"[]a]", "empty class"},
                                                                    {"\\k<n>", "\\k"},
                                                                    {"\\x{110000}", "not"},
                                                                    {"a**b(", "not valid"},
                                                                    {std::string(70000, 'a'), "long"}};
  for (const auto& [source, word] : refused) {
    try {
      const regex accepted(source, "here");
      ADD_FAILURE() << source << " was accepted";
    } catch (const urn::error& problem) {
      EXPECT_EQ(std::string(problem.what()).find("here: the regular expression"), 0U) << problem.what();
      EXPECT_NE(std::string(problem.what()).find(word), std::string::npos) << problem.what();
    }
  }
}

TEST(regex, gives_up_on_too_many_steps_with_an_error) {
  EXPECT_THROW(matches("(?:(?:a+)+)+(?:b|c)", std::string(60, 'a')), urn::error);
}

}  // namespace
