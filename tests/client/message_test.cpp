// Answers as messages: reasoning, tool calls and what only looks like them.

#include "urn/client/message.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "urn/model/strict_json.hpp"

namespace {

using urn::message;
using urn::parse_answer;
using urn::tool_call;

message said(std::string content, std::string reasoning = {}, std::vector<tool_call> calls = {}) {
  return {.role = "assistant",
          .content = std::move(content),
          .tool_calls = std::move(calls),
          .reasoning_content = std::move(reasoning)};
}

urn::sampled_sequence drawn(std::vector<urn::token_id> tokens, std::string text) {
  urn::sampled_sequence sequence;
  sequence.tokens = std::move(tokens);
  sequence.text = std::move(text);
  return sequence;
}

TEST(parse_answer, text_stays_as_it_is) {
  for (const char* const text : {"", "Paris.", "  a \n\n b\n ", "1 < 2 > 0", "<thinking>", "<tool_cal>"}) {
    EXPECT_EQ(parse_answer(text), said(text));
  }
}

TEST(parse_answer, reasoning) {
  EXPECT_EQ(parse_answer("<think>\nHm.\n\nSo.\n</think>\n\nParis.\n"), said("Paris.\n", "Hm.\n\nSo."));
  EXPECT_EQ(parse_answer(" \n<think>Hm.</think>Paris."), said("Paris.", "Hm."));
  EXPECT_EQ(parse_answer("<think>\n\n</think>\n\nParis."), said("Paris."));
  EXPECT_EQ(parse_answer("Hm.\n</think>\nParis."), said("Paris.", "Hm."));  // opened by the prompt
  EXPECT_EQ(parse_answer("<think>\nnever ends"), said("", "never ends"));
  EXPECT_EQ(parse_answer("<think>a</think>b</think>c"), said("b</think>c", "a"));
  EXPECT_EQ(parse_answer("<think>a<think>b</think>c"), said("c", "a<think>b"));
  EXPECT_EQ(parse_answer("</think>"), said(""));
  EXPECT_EQ(parse_answer("<think>"), said(""));
}

TEST(parse_answer, text_that_speaks_of_thinking) {
  EXPECT_EQ(parse_answer("Use <think> to open."), said("Use <think> to open."));
  EXPECT_EQ(parse_answer("Use <think> and </think>."), said("Use <think> and </think>."));
}

TEST(parse_answer, tool_calls) {
  EXPECT_EQ(parse_answer("<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": 1}}\n</tool_call>"),
            said("", "", {{"call_0", "f", "{\"a\": 1}"}}));
  EXPECT_EQ(
      parse_answer("<think>Hm.</think>\n\nI look.\n<tool_call>{\"arguments\":{},\"name\":\"f\"}</tool_call>\n"
                   "<tool_call>{\"name\":\"g\", \"arguments\":{ \"b\" : [1,{}] } }</tool_call>\n",
                   5),
      said("I look.", "Hm.", {{"call_5", "f", "{}"}, {"call_6", "g", "{ \"b\" : [1,{}] }"}}));
}

TEST(parse_answer, arguments_are_the_text_itself) {
  const std::string arguments =
      R"({"big": 12345678901234567890123, "x": 1.0e2, "s": "}\"\\", "n": {"arguments": "]"}, "ü": "\u00fc"})";
  for (const std::string& text :
       {R"({"name": "f", "arguments": )" + arguments + "}",
        R"({"extra": [{"arguments": {}}, "arguments"], "arguments":)" + arguments + R"( , "name":"f"})",
        R"( {"\u0061rguments" : )" + arguments + R"(, "name": "\u0066"} )"}) {
    EXPECT_EQ(parse_answer("<tool_call>" + text + "</tool_call>"),
              said("", "", {{"call_0", "f", arguments}}));
  }
}

TEST(parse_answer, malformed_tool_calls_stay_in_the_content) {
  for (const char* const inside :
       {"", "{}", "f", "{\"name\": \"f\"}", "{\"arguments\": {}}", "{\"name\": 1, \"arguments\": {}}",
        "{\"name\": \"\", \"arguments\": {}}", "{\"name\": \"f\", \"arguments\": []}",
        "{\"name\": \"f\", \"arguments\": \"{}\"}", "{\"name\": \"f\", \"arguments\": {}",
        "{\"name\": \"f\", \"arguments\": {}}}", "{\"name\": \"f\", \"arguments\": {}} {}",
        "{\"name\": \"f\", \"name\": \"g\", \"arguments\": {}}", "[{\"name\": \"f\", \"arguments\": {}}]",
        "{\"name\": \"\xFF\", \"arguments\": {}}", "{\"name\": \"a\nb\", \"arguments\": {}}"}) {
    const std::string text = std::string(" a\n<tool_call>") + inside + "</tool_call>\n";
    EXPECT_EQ(parse_answer(text), said(text));
  }
  const std::string open = "a <tool_call>{\"name\": \"f\", \"arguments\": {}}";
  EXPECT_EQ(parse_answer(open), said(open));
}

TEST(parse_answer, a_good_call_among_bad_ones) {
  EXPECT_EQ(
      parse_answer("<tool_call>no</tool_call> <tool_call>{\"name\":\"f\",\"arguments\":{}}</tool_call>\n"
                   "<tool_call>cut"),
      said("<tool_call>no</tool_call> \n<tool_call>cut", "", {{"call_0", "f", "{}"}}));
  EXPECT_EQ(parse_answer("<tool_call><tool_call>{\"name\":\"f\",\"arguments\":{}}</tool_call>"),
            said("<tool_call>", "", {{"call_0", "f", "{}"}}));
}

TEST(append_answer, keeps_the_tokens_and_counts_the_calls) {
  urn::trajectory conversation{.messages = {{.role = "user", .content = "hi"}}, .answers = {}};
  const std::string call = "<tool_call>{\"name\":\"f\",\"arguments\":{}}</tool_call>";
  append_answer(conversation, drawn({1, 2}, call + call));
  conversation.messages.push_back({.role = "tool", .content = "1"});
  append_answer(conversation, drawn({3}, "done" + call));
  ASSERT_EQ(conversation.messages.size(), 4U);
  EXPECT_EQ(conversation.messages[3], said("done", "", {{"call_2", "f", "{}"}}));
  ASSERT_EQ(conversation.answers.size(), 2U);
  EXPECT_EQ(conversation.answers[0].message, 1U);
  EXPECT_EQ(conversation.answers[1].message, 3U);
  EXPECT_EQ(conversation.answers[0].sequence.tokens, (std::vector<urn::token_id>{1, 2}));
  EXPECT_EQ(conversation.answers[1].sequence.text, "done" + call);
}

}  // namespace
