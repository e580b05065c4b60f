#pragma once
/// \file
/// Which of urn's chat templates a model directory asks for.

#include <ctime>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "urn/client/chat_template.hpp"
#include "urn/core/error.hpp"
#include "urn/model/json_fields.hpp"
#include "urn/model/mapped_file.hpp"
#include "urn/model/strict_json.hpp"

namespace urn {

namespace detail {

/// What the template of a model that urn does not know writes, and no other.
inline std::string foreign_template(std::string_view jinja) {
  constexpr std::pair<std::string_view, std::string_view> marks[] = {
      {"<start_of_turn>", "Gemma's"},
      {"<|START_OF_TURN_TOKEN|>", "Command R's"},
      {"<|channel|>", "gpt-oss's"},
      {"<|im_sep|>", "Phi-4's"},
      {"<\xEF\xBD\x9CUser\xEF\xBD\x9C>", "DeepSeek's"},
      {"<<SYS>>", "Llama 2's"},
      {"[SYSTEM_PROMPT]", "a newer Mistral's"},
      {"[INST]", "another Mistral's"},
      {"<|user|>", "Zephyr's or Phi-3's"},
      {"<think>", "a reasoning model's, such as Qwen3's"},
      {"<|im_start|>", "a variant of ChatML"},
      {"<|start_header_id|>", "a variant of Llama 3's"}};
  for (const auto& [mark, name] : marks) {
    if (jinja.find(mark) != jinja.npos) return std::string(name);
  }
  return "unknown";
}

/// A Jinja string literal's `\n`, `\\`, `\'` and `\"` as the characters they are.
inline std::string unescape_jinja(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escaped = text[i] == '\\' && i + 1 < text.size();
    if (escaped) ++i;
    out += escaped && text[i] == 'n' ? '\n' : text[i];
  }
  return out;
}

/// The system message that a ChatML template writes where there is none: the literal text between its marks.
/// Empty if there is none; nothing if there are several.
inline std::optional<std::string> default_system_of(std::string_view jinja) {
  std::string found;
  for (const std::string_view open : {"<|im_start|>system\\n", "<|im_start|>system\n"}) {
    for (std::size_t at = jinja.find(open); at != jinja.npos; at = jinja.find(open, at + 1)) {
      const std::string_view rest = jinja.substr(at + open.size());
      const std::string_view literal = rest.substr(0, rest.find("<|im_end|>"));
      if (literal.empty() || literal.find_first_of("'\"") != literal.npos) continue;
      if (!found.empty() && found != unescape_jinja(literal)) return std::nullopt;
      found = unescape_jinja(literal);
    }
  }
  return found;
}

/// Today, as transformers writes it into a template that asks for the date.
inline std::string today() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::localtime_r(&now, &parts);
  constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::string day = std::to_string(parts.tm_mday);
  return (day.size() < 2 ? "0" + day : day) + " " + months[parts.tm_mon] + " " +
         std::to_string(parts.tm_year + 1900);
}

}  // namespace detail

/// The built-in template that a Jinja text is, by what it writes. Throws urn::error, which says whose it
/// looks like, if it is none; `where` stands for the text in it.
inline chat_template recognize_template(std::string_view jinja, std::string_view where = "chat_template") {
  const auto has = [&](std::string_view mark) { return jinja.find(mark) != jinja.npos; };
  const bool strange = has("<think>") || has("<|im_sep|>") || has("image") || has("documents");
  const bool header = has("<|end_header_id|>\\n\\n") || has("<|end_header_id|>\n\n");
  if (has("<|im_start|>") && has("<|im_end|>") && has("add_generation_prompt") && !has("bos_token") &&
      !has("eos_token") && !has("trim") && !has("strip") && !strange) {
    if (auto system = detail::default_system_of(jinja)) return {chat_format::chatml, std::move(*system)};
  }
  if (header && has("<|eot_id|>") && has("bos_token") && has("trim") && has("add_generation_prompt") &&
      !strange) {
    if (!has("Cutting Knowledge Date: December 2023")) return {.format = chat_format::llama3};
    chat_template dated{.format = chat_format::llama3_1};
    if (has("strftime_now")) dated.date = detail::today();
    return dated;
  }
  if (has(R"([INST] " + system_message + "\n\n")") && has(R"("[/INST]")") &&
      has("loop.last and system_message") && has("|trim + eos_token")) {
    return {.format = chat_format::mistral};
  }
  throw error(where, "the template is " + detail::foreign_template(jinja) + ", which is not supported",
              "write the prompt yourself, or choose plain, chatml, qwen2.5, llama3, llama3.1 or mistral");
}

/// The built-in template that the text of a tokenizer_config.json holds, the one named "default" of several.
/// Throws urn::error if it holds none, or one that urn does not have.
inline chat_template guess_template(std::string_view tokenizer_config,
                                    std::string_view name = "tokenizer_config.json") {
  const nlohmann::json config = detail::parse_json_object(tokenizer_config, name);
  const std::string where = std::string(name) + ": chat_template";
  const auto field = config.find("chat_template");
  if (field == config.end() || field->is_null()) {
    throw error(where, "is missing", "the model is not for chat; choose plain to try all the same");
  }
  nlohmann::json jinja = *field;
  if (field->is_array()) {
    for (const auto& entry : *field) {
      if (entry.is_object() && entry.value("name", nlohmann::json()) == "default") {
        jinja = entry.value("template", nlohmann::json());
      }
    }
  }
  if (!jinja.is_string()) detail::refuse_value(where, *field, "a text, or a list with one named default");
  return recognize_template(jinja.get_ref<const std::string&>(), where);
}

/// The built-in template of a model directory: of its chat_template.jinja or, where there is none, its
/// tokenizer_config.json. Throws urn::error as guess_template does, and if a file cannot be read.
inline chat_template load_chat_template(const std::filesystem::path& directory) {
  std::error_code ignored;
  const auto file = directory / "chat_template.jinja";
  if (std::filesystem::exists(file, ignored)) {
    return recognize_template(mapped_file(file).text(), file.string());
  }
  const auto config = directory / "tokenizer_config.json";
  return guess_template(mapped_file(config).text(), config.string());
}

}  // namespace urn
