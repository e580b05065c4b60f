// Which template a model directory asks for.

#include "urn/client/guess_template.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "support/expect_error.hpp"
#include "urn/model/json_fields.hpp"

namespace {

using nlohmann::json;
using urn::chat_format;
using urn::guess_template;
using urn::recognize_template;
using urn::test::expect_error_with;

// Jinja texts as short as they can be that do what the models' do.
const std::string chatml =
    R"({% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>' + '\n' }}{% endfor %})"
    R"({% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %})";
const std::string with_default =
    R"({% if messages[0].role != 'system' %}{{ '<|im_start|>system\nBe \\kind.<|im_end|>\n' }}{% endif %})" +
    chatml;
const std::string llama3 =
    "{{ bos_token }}{% for m in messages %}{{ '<|start_header_id|>' + m.role + '<|end_header_id|>\n\n' + "
    "m.content | trim + '<|eot_id|>' }}{% endfor %}{% if add_generation_prompt %}"
    "{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}";
const std::string llama3_1 =
    R"({{- "Cutting Knowledge Date: December 2023\n" }}{{- "Today Date: " + date_string + "\n\n" }})" +
    llama3;
const std::string mistral =
    R"({{ bos_token }}{% for m in messages %}{%- if loop.last and system_message is defined %})"
    R"({{- "[INST] " + system_message + "\n\n" + message["content"] + "[/INST]" }})"
    R"({%- else %}{{- " " + message["content"]|trim + eos_token}}{% endif %}{% endfor %})";

std::string config_of(const json& chat_template) { return json{{"chat_template", chat_template}}.dump(); }

/// `text` with `from` replaced by `to`; it must be there.
std::string with(std::string text, const std::string& from, const std::string& to) {
  return text.replace(text.find(from), from.size(), to);
}

TEST(guess_template, built_in_ones) {
  EXPECT_EQ(recognize_template(chatml), urn::chat_template_named("chatml"));
  EXPECT_EQ(recognize_template(with_default),
            (urn::chat_template{.format = chat_format::chatml, .default_system = "Be \\kind."}));
  EXPECT_EQ(recognize_template(llama3), urn::chat_template_named("llama3"));
  EXPECT_EQ(recognize_template(llama3_1), urn::chat_template_named("llama3.1"));
  EXPECT_EQ(recognize_template(mistral), urn::chat_template_named("mistral"));
}

TEST(guess_template, a_template_that_asks_for_the_date_has_todays) {
  const auto dated = recognize_template(llama3_1 + "{{ strftime_now }}");
  EXPECT_EQ(dated.format, chat_format::llama3_1);
  EXPECT_EQ(dated.date.size(), 11U);
  EXPECT_GT(std::stoi(dated.date.substr(7)), 2024);
}

TEST(guess_template, from_a_tokenizer_config) {
  EXPECT_EQ(guess_template(config_of(chatml)).format, chat_format::chatml);
  const json several = {{{"name", "tool_use"}, {"template", "{{ tools }}"}},
                        {{"name", "default"}, {"template", llama3}}};
  EXPECT_EQ(guess_template(config_of(several)).format, chat_format::llama3);
}

TEST(guess_template, others_are_refused_by_name) {
  const std::pair<std::string, std::string> others[] = {
      {"{{ '<start_of_turn>user' }}", "Gemma's"},
      {"{{ '<|START_OF_TURN_TOKEN|>' }}", "Command R's"},
      {"[INST] <<SYS>>", "Llama 2's"},
      {"{{ '<|user|>' }}", "Zephyr's or Phi-3's"},
      {"{{ '[SYSTEM_PROMPT]' }}[INST]", "a newer Mistral's"},
      {with(mistral, "[INST] ", "[INST]"), "another Mistral's"},
      {chatml + "{{ '<think>' }}", "a reasoning model's, such as Qwen3's"},
      {with(chatml, "<|im_end|>", "<|im_sep|>"), "Phi-4's"},
      {"{{ bos_token }}" + chatml, "a variant of ChatML"},
      {with(chatml, "m.content", "m.content | trim"), "a variant of ChatML"},
      {with(chatml, "add_generation_prompt", "true"), "a variant of ChatML"},
      {with_default + with(with_default, "kind", "good"), "a variant of ChatML"},
      {with(with(llama3, "\n\n", "\n"), "\n\n", "\n"), "a variant of Llama 3's"},
      {with(llama3, "| trim", ""), "a variant of Llama 3's"},
      {"{{ messages }}", "unknown"},
      {"", "unknown"}};
  for (const auto& [jinja, name] : others) {
    expect_error_with(
        [&, text = jinja] { (void)guess_template(config_of(text), "dir/tokenizer_config.json"); },
        "dir/tokenizer_config.json: chat_template: the template is " + name + ", which is not supported; ");
  }
}

TEST(guess_template, configs_that_hold_none) {
  const auto refused = [](const std::string& text) {
    EXPECT_THROW((void)guess_template(text), urn::error) << text;
  };
  expect_error_with([] { (void)guess_template("{}"); }, "tokenizer_config.json: chat_template: is missing");
  for (const char* const text :
       {"", "[]", "{", R"({"chat_template": null})", R"({"chat_template": 1})", R"({"chat_template": []})",
        R"({"chat_template": [1, {"name": "x"}]})", R"({"chat_template": [{"name": "default"}]})",
        R"({"chat_template": [{"name": 3, "template": "x"}]})"}) {
    refused(text);
  }
}

TEST(guess_template, a_directory_with_a_file_of_its_own) {
  const auto directory = std::filesystem::temp_directory_path() / "urn_guess_template_test";
  std::filesystem::remove_all(directory);
  std::filesystem::create_directory(directory);
  EXPECT_THROW((void)urn::load_chat_template(directory), urn::error);
  std::ofstream(directory / "tokenizer_config.json") << config_of(llama3);
  EXPECT_EQ(urn::load_chat_template(directory).format, chat_format::llama3);
  std::ofstream(directory / "chat_template.jinja") << chatml;
  EXPECT_EQ(urn::load_chat_template(directory).format, chat_format::chatml);
  std::filesystem::remove_all(directory);
}

}  // namespace
