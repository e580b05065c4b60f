// The behaviors of Split, as the library's documentation tells them for "the-final--countdown" at "-".

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "urn/model/tokenizer/pre_tokenizer.hpp"

namespace {

using urn::tokenizing::metaspace;
using urn::tokenizing::pre_tokenize;
using urn::tokenizing::pre_tokenizer;
using urn::tokenizing::regex;
using urn::tokenizing::split;
using urn::tokenizing::split_behavior;
using texts = std::vector<std::string>;

texts cut(const pre_tokenizer& steps, std::string_view text, bool first = true) {
  texts out;
  pre_tokenize(steps, text, first, [&](std::string_view word) { out.emplace_back(word); });
  return out;
}

texts countdown(split_behavior behavior, bool inverted = false) {
  return cut({split{"-", behavior, inverted}}, "the-final--countdown");
}

TEST(split, does_with_matches_what_the_behavior_says) {
  using enum split_behavior;
  EXPECT_EQ(countdown(removed), (texts{"the", "final", "countdown"}));
  EXPECT_EQ(countdown(isolated), (texts{"the", "-", "final", "-", "-", "countdown"}));
  EXPECT_EQ(countdown(merged_with_previous), (texts{"the-", "final-", "-", "countdown"}));
  EXPECT_EQ(countdown(merged_with_next), (texts{"the", "-final", "-", "-countdown"}));
  EXPECT_EQ(countdown(contiguous), (texts{"the", "-", "final", "--", "countdown"}));
  EXPECT_EQ(countdown(removed, true), (texts{"-", "-", "-"}));
}

TEST(split, applies_one_after_another) {
  EXPECT_EQ(cut({split{" "}, split{regex("\\p{N}", "here"), split_behavior::removed}}, "a1b 2c"),
            (texts{"a", "b", " ", "c"}));
  EXPECT_EQ(cut({}, "whole"), (texts{"whole"}));
  EXPECT_EQ(cut({split{" "}}, ""), texts{});
}

TEST(metaspace, marks_spaces_and_the_beginning) {
  using enum metaspace::prepending;
  EXPECT_EQ(cut({metaspace{always, "▁", true}}, "a b", false), (texts{"▁a", "▁b"}));
  EXPECT_EQ(cut({metaspace{always, "▁", false}}, " a b", false), (texts{"▁a▁b"}));
  EXPECT_EQ(cut({metaspace{first, "▁", false}}, "a b", true), (texts{"▁a▁b"}));
  EXPECT_EQ(cut({metaspace{first, "▁", false}}, "a b", false), (texts{"a▁b"}));
  EXPECT_EQ(cut({split{"b"}, metaspace{first, "▁", false}}, "abc"), (texts{"▁a", "b", "c"}));
  EXPECT_EQ(cut({metaspace{never, "▁", true}}, "a  b"), (texts{"a", "▁", "▁b"}));
}

}  // namespace
