#pragma once
/// \file
/// Conversations as the text that a model was trained on.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>
#include <string>
#include <string_view>

#include "urn/client/message.hpp"
#include "urn/core/error.hpp"
#include "urn/model/strict_json.hpp"

namespace urn {

/// The ways of writing a conversation that urn knows.
enum class chat_format : std::uint8_t {
  plain,     ///< "User: ...\n\nAssistant: ...", for models without a format of their own
  chatml,    ///< <|im_start|>role\n...<|im_end|>: Qwen2, Qwen2.5, SmolLM2
  llama3,    ///< <|start_header_id|>role<|end_header_id|>...<|eot_id|>: Llama 3
  llama3_1,  ///< the same, under a system message with dates: Llama 3.1 to 3.3
  mistral    ///< [INST] ...[/INST]: Mistral 7B Instruct v0.3
};

/// A format with what differs from model to model.
struct chat_template {
  chat_format format = chat_format::plain;
  std::string default_system = {};   ///< chatml: the first message where it is not the system's; empty: none
  std::string date = "26 Jul 2024";  ///< llama3_1: "Today Date"

  friend bool operator==(const chat_template&, const chat_template&) = default;
};

/// The template of that name: plain, chatml, qwen2.5 (chatml with its default system message), llama3,
/// llama3.1 or mistral. Throws urn::error for another.
inline chat_template chat_template_named(std::string_view name) {
  if (name == "plain") return {};
  if (name == "chatml") return {.format = chat_format::chatml};
  if (name == "qwen2.5") {
    return {.format = chat_format::chatml,
            .default_system = "You are Qwen, created by Alibaba Cloud. You are a helpful assistant."};
  }
  if (name == "llama3") return {.format = chat_format::llama3};
  if (name == "llama3.1") return {.format = chat_format::llama3_1};
  if (name == "mistral") return {.format = chat_format::mistral};
  throw error("chat template \"" + std::string(name) + "\"", "is not known",
              "give plain, chatml, qwen2.5, llama3, llama3.1 or mistral");
}

namespace detail {

/// `text` without the spaces at its ends, which are those of Python's str.strip, as in Jinja's trim.
inline std::string_view trim_unicode(std::string_view text) {
  constexpr std::string_view spaces[] = {
      "\t",           "\n",           "\v",           "\f",           "\r",
      "\x1C",         "\x1D",         "\x1E",         "\x1F",         " ",
      "\xC2\x85",     "\xC2\xA0",     "\xE1\x9A\x80", "\xE2\x80\x80", "\xE2\x80\x81",
      "\xE2\x80\x82", "\xE2\x80\x83", "\xE2\x80\x84", "\xE2\x80\x85", "\xE2\x80\x86",
      "\xE2\x80\x87", "\xE2\x80\x88", "\xE2\x80\x89", "\xE2\x80\x8A", "\xE2\x80\xA8",
      "\xE2\x80\xA9", "\xE2\x80\xAF", "\xE2\x81\x9F", "\xE3\x80\x80"};
  const auto starts = [&](std::string_view space) { return text.starts_with(space); };
  const auto ends = [&](std::string_view space) { return text.ends_with(space); };
  for (;;) {
    const auto* const space = std::find_if(std::begin(spaces), std::end(spaces), starts);
    if (space == std::end(spaces)) break;
    text.remove_prefix(space->size());
  }
  for (;;) {
    const auto* const space = std::find_if(std::begin(spaces), std::end(spaces), ends);
    if (space == std::end(spaces)) return text;
    text.remove_suffix(space->size());
  }
}

[[noreturn]] inline void refuse_message(std::size_t place, std::string_view problem, std::string_view right) {
  throw error("message " + std::to_string(place), problem, right);
}

/// Refuses roles and calls that cannot be written; `has_tools`: those of tools can.
inline void check_message(const message& said, std::size_t place, bool has_tools) {
  const bool is_tool = said.role == "tool";
  if (said.role != "system" && said.role != "user" && said.role != "assistant" && !is_tool) {
    refuse_message(place, "its role is \"" + said.role + "\"", "expected system, user, assistant or tool");
  }
  if (!said.tool_calls.empty() && said.role != "assistant") {
    refuse_message(place, "the " + said.role + " calls a tool", "only the assistant can");
  }
  if (!has_tools && (is_tool || !said.tool_calls.empty())) {
    refuse_message(place, "this template has no tools", "chatml and llama3.1 have");
  }
}

inline std::string plain_chat(std::span<const message> messages, bool add_generation_prompt) {
  std::string text;
  for (const message& said : messages) {
    std::string role = said.role;
    role.front() = static_cast<char>(role.front() - 'a' + 'A');
    text.append(role).append(": ").append(said.content).append("\n\n");
  }
  return add_generation_prompt ? text + "Assistant:" : text;
}

/// Calls follow the content; results of several calls share one turn of the user.
inline std::string chatml_chat(const chat_template& how, std::span<const message> messages,
                               bool add_generation_prompt) {
  std::string text;
  const auto open = [&](std::string_view role) { text.append("<|im_start|>").append(role); };
  if (!how.default_system.empty() && messages.front().role != "system") {
    open("system\n" + how.default_system + "<|im_end|>\n");
  }
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const message& said = messages[i];
    const bool is_tool = said.role == "tool";
    if (!is_tool) open(said.role);
    if (is_tool && (i == 0 || messages[i - 1].role != "tool")) open("user");
    if (is_tool) text.append("\n<tool_response>\n").append(said.content).append("\n</tool_response>");
    if (!is_tool && (!said.content.empty() || said.tool_calls.empty())) text.append("\n" + said.content);
    for (const tool_call& call : said.tool_calls) {
      text.append("\n<tool_call>\n").append(R"({"name": ")").append(call.name).append(R"(", "arguments": )");
      text.append(call.arguments).append("}\n</tool_call>");
    }
    if (!is_tool || i + 1 == messages.size() || messages[i + 1].role != "tool") text.append("<|im_end|>\n");
  }
  if (add_generation_prompt) open("assistant\n");
  return text;
}

/// As Python's json.dumps writes it, without escapes for what is not ASCII.
inline std::string json_string(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

inline std::string llama3_chat(const chat_template& how, std::span<const message> messages,
                               bool add_generation_prompt) {
  std::string text = "<|begin_of_text|>";
  const auto turn = [&](std::string_view role, std::string_view content) {
    text.append("<|start_header_id|>").append(role).append("<|end_header_id|>\n\n");
    text.append(content).append("<|eot_id|>");
  };
  std::size_t first = 0;
  if (how.format == chat_format::llama3_1) {
    std::string system = "Cutting Knowledge Date: December 2023\nToday Date: " + how.date + "\n\n";
    if (messages.front().role == "system") system += trim_unicode(messages[first++].content);
    turn("system", system);
  }
  for (std::size_t i = first; i < messages.size(); ++i) {
    const message& said = messages[i];
    if (said.tool_calls.size() > 1)
      refuse_message(i, "calls several tools", "llama3.1 has one call a message");
    if (said.role == "tool") {
      turn("ipython", json_string(said.content));
    } else if (said.tool_calls.empty()) {
      turn(said.role, trim_unicode(said.content));
    } else {
      const tool_call& call = said.tool_calls.front();
      turn("assistant", R"({"name": ")" + call.name + R"(", "parameters": )" + call.arguments + "}");
    }
  }
  if (add_generation_prompt) text.append("<|start_header_id|>assistant<|end_header_id|>\n\n");
  return text;
}

/// The system message goes into the user's last turn, and is lost if the assistant's comes after it.
inline std::string mistral_chat(std::span<const message> messages) {
  const bool has_system = messages.front().role == "system";
  std::string text = "<s>";
  for (std::size_t i = has_system ? 1 : 0; i < messages.size(); ++i) {
    const message& said = messages[i];
    const bool users_turn = (i % 2 == 0) != has_system;
    if (said.role != (users_turn ? "user" : "assistant")) {
      refuse_message(i, "it is the " + said.role + "'s", "user and assistant take turns, the user first");
    }
    if (!users_turn) {
      text.append(" ").append(trim_unicode(said.content)).append("</s>");
      continue;
    }
    text.append("[INST] ");
    if (has_system && i + 1 == messages.size()) text.append(messages.front().content).append("\n\n");
    text.append(said.content).append("[/INST]");
  }
  return text;
}

}  // namespace detail

/// The text of a conversation, special tokens included: encode it without adding more. With
/// `add_generation_prompt` it ends where the assistant's answer begins (mistral's always does after a user's
/// message). Gives what transformers' apply_chat_template does with the model's own template, without tools
/// and documents; tool calls' arguments are written as they are. As there, special tokens in a message's text
/// become special tokens. Throws urn::error if there are no messages, for unknown roles, and for an order or
/// calls that the template cannot write.
inline std::string apply_chat_template(const chat_template& how, std::span<const message> messages,
                                       bool add_generation_prompt = true) {
  if (messages.empty()) throw error("conversation", "there are no messages", "give at least one");
  const bool has_tools = how.format == chat_format::chatml || how.format == chat_format::llama3_1;
  for (std::size_t i = 0; i < messages.size(); ++i) detail::check_message(messages[i], i, has_tools);
  switch (how.format) {
    case chat_format::chatml: return detail::chatml_chat(how, messages, add_generation_prompt);
    case chat_format::llama3:
    case chat_format::llama3_1: return detail::llama3_chat(how, messages, add_generation_prompt);
    case chat_format::mistral: return detail::mistral_chat(messages);
    case chat_format::plain: break;
  }
  return detail::plain_chat(messages, add_generation_prompt);
}

}  // namespace urn
