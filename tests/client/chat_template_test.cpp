// What conversations become, against transformers with the models' own templates.

#include "urn/client/chat_template.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "support/expect_error.hpp"
#include "urn/model/json_fields.hpp"

namespace {

using nlohmann::json;
using urn::apply_chat_template;
using urn::chat_template_named;
using urn::message;
using urn::test::expect_error;

std::vector<message> messages_of(const json& conversation) {
  std::vector<message> messages;
  for (const json& each : conversation) {
    message said{.role = each.at("role"), .content = each.at("content")};
    for (const json& call : each.value("tool_calls", json::array())) {
      said.tool_calls.push_back({.id = {}, .name = call.at("name"), .arguments = call.at("arguments")});
    }
    messages.push_back(said);
  }
  return messages;
}

json fixture() {
  std::ifstream file(std::filesystem::path(URN_TEST_FIXTURES) / "chat" / "chat.json");
  return json::parse(file);
}

TEST(chat_template, is_what_transformers_writes) {
  const json all = fixture();
  std::size_t texts = 0;
  std::size_t refusals = 0;
  for (const auto& [name, conversations] : all.at("texts").items()) {
    const urn::chat_template how = chat_template_named(name);
    for (std::size_t i = 0; i < conversations.size(); ++i) {
      const std::vector<message> messages = messages_of(all.at("conversations").at(i));
      for (const bool prompt : {false, true}) {
        const json& expected = conversations[i][prompt ? 1 : 0];
        SCOPED_TRACE(name + ", conversation " + std::to_string(i));
        if (expected.is_null()) {
          ++refusals;
          EXPECT_THROW((void)apply_chat_template(how, messages, prompt), urn::error);
        } else {
          ++texts;
          EXPECT_EQ(apply_chat_template(how, messages, prompt), expected.get<std::string>());
        }
      }
    }
  }
  EXPECT_EQ(texts, 214U);
  EXPECT_EQ(refusals, 14U);
}

TEST(chat_template, names_that_are_not_known) {
  expect_error(
      [] { (void)chat_template_named("alpaca"); },
      "chat template \"alpaca\": is not known; give plain, chatml, qwen2.5, llama3, llama3.1 or mistral");
  EXPECT_THROW((void)chat_template_named(""), urn::error);
}

TEST(chat_template, what_no_template_writes_is_refused) {
  for (const char* const name : {"plain", "chatml", "qwen2.5", "llama3", "llama3.1", "mistral"}) {
    const urn::chat_template how = chat_template_named(name);
    EXPECT_THROW((void)apply_chat_template(how, {}), urn::error) << name;
    const std::vector<message> strange = {{.role = "user", .content = "a"},
                                          {.role = "robot", .content = "b"}};
    expect_error([&] { (void)apply_chat_template(how, strange); },
                 "message 1: its role is \"robot\"; expected system, user, assistant or tool");
    const std::vector<message> nobody = {{.role = "", .content = "a"}};
    EXPECT_THROW((void)apply_chat_template(how, nobody), urn::error) << name;
    const std::vector<message> caller = {{.role = "user", .content = "a", .tool_calls = {{"", "f", "{}"}}}};
    expect_error([&] { (void)apply_chat_template(how, caller); },
                 "message 0: the user calls a tool; only the assistant can");
  }
}

TEST(chat_template, tools_where_there_are_none) {
  const std::vector<message> call = {{.role = "user", .content = "a"},
                                     {.role = "assistant", .content = "", .tool_calls = {{"", "f", "{}"}}}};
  const std::vector<message> result = {{.role = "user", .content = "a"}, {.role = "tool", .content = "1"}};
  for (const char* const name : {"plain", "llama3", "mistral"}) {
    const urn::chat_template how = chat_template_named(name);
    EXPECT_THROW((void)apply_chat_template(how, call), urn::error) << name;
    EXPECT_THROW((void)apply_chat_template(how, result), urn::error) << name;
  }
}

TEST(chat_template, mistral_takes_turns) {
  const auto mistral = chat_template_named("mistral");
  const std::vector<message> twice = {{.role = "user", .content = "a"}, {.role = "user", .content = "b"}};
  expect_error([&] { (void)apply_chat_template(mistral, twice); },
               "message 1: it is the user's; user and assistant take turns, the user first");
}

TEST(chat_template, llama3_1_has_a_date) {
  auto how = chat_template_named("llama3.1");
  how.date = "01 Jan 2030";
  const std::vector<message> hi = {{.role = "user", .content = "hi"}};
  EXPECT_NE(apply_chat_template(how, hi).find("Today Date: 01 Jan 2030\n\n<|eot_id|>"), std::string::npos);
}

TEST(chat_template, reasoning_is_not_written) {
  const std::vector<message> said = {{.role = "assistant", .content = "b", .reasoning_content = "a"}};
  EXPECT_EQ(apply_chat_template(chat_template_named("chatml"), said, false),
            "<|im_start|>assistant\nb<|im_end|>\n");
}

}  // namespace
