#pragma once
/// \file
/// Messages of a conversation, and how a model's answer becomes one.

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "urn/client/sample_response.hpp"
#include "urn/core/error.hpp"
#include "urn/model/strict_json.hpp"

namespace urn {

/// A call that the assistant asks for.
struct tool_call {
  std::string id;
  std::string name;
  std::string arguments;  ///< a JSON object, as it was written

  friend bool operator==(const tool_call&, const tool_call&) = default;
};

/// One turn, in the names that the serving APIs share.
struct message {
  std::string role;  ///< "system", "user", "assistant" or "tool"
  std::string content;
  std::vector<tool_call> tool_calls = {};  ///< of the assistant
  std::string reasoning_content = {};      ///< of the assistant; no template writes it into a prompt

  friend bool operator==(const message&, const message&) = default;
};

/// A conversation, and the tokens of those of its messages that were drawn.
struct trajectory {
  /// What messages[message] was drawn as, with the logprobs that a trainer wants.
  struct answer {
    std::size_t message;
    sampled_sequence sequence;
  };

  std::vector<message> messages;
  std::vector<answer> answers;
};

namespace detail {

/// `text` without the characters of `which` at its ends.
inline std::string_view strip(std::string_view text, std::string_view which) {
  const std::size_t start = text.find_first_not_of(which);
  if (start == text.npos) return {};
  return text.substr(start, text.find_last_not_of(which) + 1 - start);
}

/// Where the JSON value ends that starts at `start`. Precondition: `text` is one valid JSON object.
inline std::size_t json_value_end(std::string_view text, std::size_t start) {
  std::size_t depth = 0;
  bool quoted = false;
  for (std::size_t i = start; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') ++i;
      quoted = c != '"';
      continue;
    }
    quoted = c == '"';
    if (depth == 0 && (c == ',' || c == ':' || c == '}' || c == ']')) return i;
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
  }
  return text.size();
}

/// The text of a member's value, as it was written. Precondition: `text` is one valid JSON object, with
/// spaces around it at most, and has that member.
inline std::string_view json_member(std::string_view text, std::string_view name) {
  std::size_t at = text.find('{') + 1;
  for (;;) {
    const std::size_t colon = json_value_end(text, at);
    const std::size_t end = json_value_end(text, colon + 1);
    const std::string key = nlohmann::json::parse(text.substr(at, colon - at)).get<std::string>();
    if (key == name) return strip(text.substr(colon + 1, end - colon - 1), " \t\r\n");
    at = end + 1;
  }
}

/// The call that the text between the tags is; nothing if it is none.
inline std::optional<tool_call> read_tool_call(std::string_view text) {
  try {
    const nlohmann::json call = parse_json_object(text, "tool call");
    const auto name = call.find("name");
    const auto arguments = call.find("arguments");
    if (name == call.end() || !name->is_string() || name->get_ref<const std::string&>().empty()) return {};
    if (arguments == call.end() || !arguments->is_object()) return {};
    return tool_call{{}, name->get<std::string>(), std::string(json_member(text, "arguments"))};
  } catch (const error&) {
    return {};
  }
}

/// Moves the reasoning out of `content`: what is before "</think>", or after a "<think>" at the start that
/// never closes. A "<think>" elsewhere is text that speaks of it.
inline std::string take_reasoning(std::string_view& content) {
  constexpr std::string_view open = "<think>";
  constexpr std::string_view close = "</think>";
  std::string_view rest = content.substr(std::min(content.find_first_not_of(" \t\r\n"), content.size()));
  const bool opened = rest.starts_with(open);
  const std::size_t end = content.find(close);
  const bool mentioned = !opened && content.find(open) < end;
  if (mentioned || (!opened && end == content.npos)) return {};
  rest = opened ? rest.substr(open.size()) : content;
  const std::size_t closed = rest.find(close);
  content = closed == rest.npos ? std::string_view{} : rest.substr(closed + close.size());
  content.remove_prefix(std::min(content.find_first_not_of('\n'), content.size()));
  return std::string(strip(rest.substr(0, closed), "\n"));
}

/// Moves the tool calls out of `content`, each with the space around it. What is no call stays.
inline std::vector<tool_call> take_tool_calls(std::string& content) {
  constexpr std::string_view open = "<tool_call>";
  constexpr std::string_view close = "</tool_call>";
  std::vector<tool_call> calls;
  std::string kept;
  std::string_view rest = content;
  for (;;) {
    const std::size_t start = rest.find(open);
    if (start == rest.npos) break;
    const std::size_t end = rest.find(close, start);
    if (end == rest.npos) break;
    auto call = read_tool_call(rest.substr(start + open.size(), end - start - open.size()));
    kept += rest.substr(0, call ? start : start + open.size());
    rest.remove_prefix(call ? end + close.size() : start + open.size());
    if (call) calls.push_back(std::move(*call));
  }
  if (calls.empty()) return calls;
  kept += rest;
  content = strip(kept, " \t\r\n");
  return calls;
}

}  // namespace detail

/// The assistant's message that a drawn text is. Reasoning between `<think>` tags becomes reasoning_content,
/// also where the prompt has opened it or the text ends within it. Tool calls as Hermes and Qwen write them,
/// `<tool_call>{"name": ..., "arguments": {...}}</tool_call>`, become tool_calls with the ids
/// call_<first_call> and so on; what is malformed stays in the content. O(length).
inline message parse_answer(std::string_view text, std::size_t first_call = 0) {
  message answer{.role = "assistant", .content = {}};
  answer.reasoning_content = detail::take_reasoning(text);
  answer.content = text;
  answer.tool_calls = detail::take_tool_calls(answer.content);
  for (tool_call& call : answer.tool_calls) call.id = "call_" + std::to_string(first_call++);
  return answer;
}

/// Appends what was drawn as the assistant's message, with its tokens; calls are numbered through the whole
/// conversation.
inline void append_answer(trajectory& conversation, sampled_sequence sequence) {
  std::size_t calls = 0;
  for (const message& each : conversation.messages) calls += each.tool_calls.size();
  conversation.messages.push_back(parse_answer(sequence.text, calls));
  conversation.answers.push_back({conversation.messages.size() - 1, std::move(sequence)});
}

}  // namespace urn
