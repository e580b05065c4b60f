// What a tokenizer.json may not say, and that the error names it.

#include <gtest/gtest.h>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "model/tokenizer/tiny.hpp"
#include "urn/model/tokenizer.hpp"

namespace {

using testing::AssertionFailure;
using testing::AssertionResult;
using testing::AssertionSuccess;
using tiny::json;

/// Whether making the letters, changed by `change`, fails with all of `words` in the message.
AssertionResult refuses(const std::function<void(json&)>& change, const std::vector<std::string>& words) {
  json said = tiny::letters();
  change(said);
  const std::string message = tiny::refusal(said);
  if (message.empty()) return AssertionFailure() << "it was accepted: " << said;
  for (const std::string& word : words) {
    if (message.find(word) == std::string::npos)
      return AssertionFailure() << "no " << word << " in: " << message;
  }
  return AssertionSuccess();
}

/// A change that sets one field.
std::function<void(json&)> with(const std::string& pointer, const std::string& value) {
  return [=](json& said) { said[json::json_pointer(pointer)] = json::parse(value); };
}

TEST(refusal, the_letters_themselves_are_accepted) { EXPECT_EQ(tiny::refusal(tiny::letters()), ""); }

TEST(refusal, every_truncated_file) {
  const std::string text = tiny::letters().dump();
  for (std::size_t size = 0; size < text.size(); ++size) {
    const std::string message = tiny::refusal(std::string_view(text).substr(0, size));
    ASSERT_NE(message.find("tiny.json: it is not valid JSON"), std::string::npos) << size << message;
  }
}

TEST(refusal, files_that_are_not_there_or_not_files) {
  EXPECT_THROW(urn::tokenizer::from_file("no/such/tokenizer.json"), urn::error);
  EXPECT_THROW(urn::tokenizer::from_file(std::filesystem::temp_directory_path()), urn::error);
}

TEST(refusal, files_larger_than_a_gibibyte) {
  const auto path = std::filesystem::temp_directory_path() / "urn_oversized_tokenizer.json";
  std::ofstream(path) << "{}";
  std::filesystem::resize_file(path, (std::uintmax_t{1} << 30U) + 1);  // sparse
  EXPECT_THROW(urn::tokenizer::from_file(path), urn::error);
  std::filesystem::remove(path);
}

TEST(refusal, documents_of_another_kind) {
  for (const char* text : {"[]", "1", "null", "\"a\"", "{}", R"({"model": 1})", R"({"model": []})"}) {
    EXPECT_NE(tiny::refusal(std::string_view(text)), "") << text;
  }
  EXPECT_TRUE(refuses(with("/version", R"("2.0")"), {"version", "2.0"}));
}

TEST(refusal, unsupported_models_and_options) {
  for (const std::string type : {"Unigram", "WordPiece", "WordLevel"}) {
    EXPECT_TRUE(refuses(with("/model/type", "\"" + type + "\""), {"model.type", type, "BPE"}));
  }
  EXPECT_TRUE(refuses(with("/model/dropout", "0.1"), {"model.dropout", "'dropout' is not supported"}));
  EXPECT_TRUE(refuses(with("/model/continuing_subword_prefix", R"("##")"), {"'continuing_subword_prefix'"}));
  EXPECT_TRUE(refuses(with("/model/end_of_word_suffix", R"("</w>")"), {"'end_of_word_suffix'"}));
}

TEST(refusal, options_that_are_set_to_nothing_are_accepted) {
  json said = tiny::letters();
  said["model"].update(
      json::parse(R"({"dropout": 0.0, "continuing_subword_prefix": "", "end_of_word_suffix": ""})"));
  EXPECT_EQ(tiny::refusal(said), "");
}

TEST(refusal, unsupported_parts_by_name) {
  const std::vector<std::pair<std::string, std::vector<std::string>>> parts = {
      {"normalizer",
       {"NFD", "NFKC", "NFKD", "Lowercase", "Strip", "StripAccents", "BertNormalizer", "Precompiled", "Nmt",
        "Unheard"}},
      {"pre_tokenizer",
       {"BertPreTokenizer", "Whitespace", "Punctuation", "UnicodeScripts", "CharDelimiterSplit",
        "FixedLength", "Unheard"}},
      {"post_processor", {"BertProcessing", "RobertaProcessing", "Unheard"}},
      {"decoder", {"BPEDecoder", "WordPiece", "CTC", "Unheard"}}};
  for (const auto& [part, types] : parts) {
    for (const std::string& type : types) {
      const std::string alone = json{{"type", type}}.dump();
      EXPECT_TRUE(refuses(with("/" + part, alone), {part, "'" + type + "'", "supported are"}));
      const std::string list = part == "pre_tokenizer"    ? "pretokenizers"
                               : part == "post_processor" ? "processors"
                                                          : part + "s";
      const json nested = {{"type", "Sequence"}, {list, json::array({{{"type", type}}})}};
      const std::string place = std::string(part).append(".").append(list).append("[0]");
      EXPECT_TRUE(refuses(with("/" + part, nested.dump()), {place, "'" + type + "'"}));
    }
    EXPECT_TRUE(refuses(with("/" + part, "{}"), {part, "no field 'type'"}));
    EXPECT_TRUE(refuses(with("/" + part, "3"), {part, "not an object"}));
  }
}

TEST(refusal, sequences_that_are_too_deep_or_too_long) {
  json deep = {{"type", "NFC"}};
  for (int i = 0; i < 200; ++i) deep = {{"type", "Sequence"}, {"normalizers", json::array({deep})}};
  EXPECT_TRUE(refuses([&](json& said) { said["normalizer"] = deep; }, {"nested too deeply"}));
  const json wide = {{"type", "Sequence"}, {"normalizers", json(100, json{{"type", "NFC"}})}};
  EXPECT_TRUE(refuses([&](json& said) { said["normalizer"] = wide; }, {"too long"}));
}

TEST(refusal, chains_that_make_a_text_explode) {
  const json twice = {{"type", "Replace"}, {"pattern", {{"String", "a"}}}, {"content", "aa"}};
  const json chain = {{"type", "Sequence"}, {"normalizers", json(40, twice)}};
  EXPECT_TRUE(refuses([&](json& said) { said["normalizer"] = chain; }, {"65536 times"}));
}

TEST(refusal, ids_that_are_none) {
  for (const std::string id :
       {"-1", "1.5", "\"1\"", "null", "4194304", "4294967296", "18446744073709551616", "[]"}) {
    EXPECT_TRUE(refuses(with("/model/vocab/a", id), {"model.vocab['a']", "whole number from 0 to 4194303"}))
        << id;
  }
  EXPECT_TRUE(refuses(with("/model/vocab/a", "3"), {"model.vocab", "has id 3", "has already"}));
  EXPECT_TRUE(refuses(with("/model/vocab", R"(["a"])"), {"model.vocab", "not an object"}));
  EXPECT_TRUE(refuses([](json& said) { said["model"].erase("vocab"); }, {"model", "no field 'vocab'"}));
}

TEST(refusal, merges_that_are_none) {
  EXPECT_TRUE(
      refuses(with("/model/merges/0", R"("a x")"), {"model.merges[0]", "'ax' is not in the vocabulary"}));
  EXPECT_TRUE(refuses(with("/model/merges/2", R"(["a", "e"])"), {"model.merges[2]", "'ae'"}));
  EXPECT_TRUE(refuses(with("/model/merges/0", R"("ab")"), {"model.merges[0]", "two tokens"}));
  EXPECT_TRUE(refuses(with("/model/merges/0", R"("a b c")"), {"model.merges[0]", "two tokens"}));
  EXPECT_TRUE(refuses(with("/model/merges/0", R"(["a"])"), {"model.merges[0]", "two tokens"}));
  EXPECT_TRUE(refuses(with("/model/merges/0", R"(["a", 1])"), {"model.merges[0][1]", "not a string"}));
  EXPECT_TRUE(refuses(with("/model/merges/0", "7"), {"model.merges[0]", "not a string"}));
  EXPECT_TRUE(refuses(with("/model/merges", "{}"), {"model.merges", "not an array"}));
  EXPECT_TRUE(refuses([](json& said) { said["model"].erase("merges"); }, {"no field 'merges'"}));
}

TEST(refusal, added_tokens_that_contradict_the_vocabulary) {
  const auto added = [](const std::vector<json>& tokens) {
    return [=](json& said) { said["added_tokens"] = tokens; };
  };
  EXPECT_TRUE(refuses(added({tiny::added("<x>", 9)}), {"added_tokens[0]", "'<x>' has id 9", "it is 8"}));
  EXPECT_TRUE(
      refuses(added({tiny::added("<x>", 8), tiny::added("<y>", 10)}), {"added_tokens[1]", "'<y>'", "9"}));
  EXPECT_TRUE(refuses(added({tiny::added("a", 8)}), {"'a' has id 8", "it is 0"}));
  EXPECT_TRUE(refuses(added({tiny::added("<x>", -1)}), {"added_tokens[0].id"}));
  EXPECT_TRUE(refuses(added({{{"id", 8}, {"content", "<x>"}}}), {"added_tokens[0]", "no field"}));
  EXPECT_TRUE(refuses(with("/added_tokens", "{}"), {"added_tokens", "not an array"}));
  json said = tiny::letters();
  said["model"]["vocab"]["abcd"] = 8;  // leaves no token with id 7
  said["added_tokens"] = json::array({tiny::added("<x>", 8)});
  EXPECT_NE(tiny::refusal(said).find("id 8 is 'abcd' in the vocabulary"), std::string::npos);
}

TEST(refusal, templates_that_do_not_hold) {
  const std::string start = R"({"type": "TemplateProcessing", "single": )";
  const std::string tokens = R"(, "special_tokens": {"<s>": {"id": "<s>", "ids": [0], "tokens": ["<s>"]}}})";
  const std::string text = R"({"Sequence": {"id": "A", "type_id": 0}})";
  const std::string pair = R"({"Sequence": {"id": "B", "type_id": 0}})";
  const std::string other = R"({"SpecialToken": {"id": "<t>", "type_id": 0}})";
  const auto with_single = [&](const std::string& single) {
    return with("/post_processor", start + single + tokens);
  };
  EXPECT_TRUE(refuses(with_single("[]"), {"post_processor.single", "no sequence A"}));
  EXPECT_TRUE(refuses(with_single("[" + text + "," + text + "]"), {"post_processor.single[1]"}));
  EXPECT_TRUE(refuses(with_single("[" + pair + "]"), {"post_processor.single[0]"}));
  EXPECT_TRUE(refuses(with_single("[" + other + "," + text + "]"), {"special_tokens", "no field '<t>'"}));
  EXPECT_TRUE(refuses(with("/post_processor", start + R"([{"SpecialToken": {"id": "<s>"}}, )" + text +
                                                  R"(], "special_tokens": {"<s>": {"ids": [99]}}})"),
                      {"post_processor", "id 99"}));
}

TEST(refusal, fields_of_another_type) {
  EXPECT_TRUE(refuses(with("/model/byte_fallback", "1"), {"model.byte_fallback", "not a boolean"}));
  EXPECT_TRUE(refuses(with("/model/unk_token", "1"), {"model.unk_token", "not a string"}));
  EXPECT_TRUE(refuses(with("/normalizer", R"({"type": "Prepend"})"), {"normalizer", "'prepend'"}));
  EXPECT_TRUE(
      refuses(with("/normalizer", R"({"type": "Replace", "pattern": {"String": ""}, "content": "a"})"),
              {"normalizer.pattern.String", "empty"}));
  EXPECT_TRUE(
      refuses(with("/pre_tokenizer", R"({"type": "Split", "pattern": {"String": " "}, "behavior": "Odd"})"),
              {"pre_tokenizer.behavior", "'Odd'"}));
  EXPECT_TRUE(
      refuses(with("/pre_tokenizer", R"({"type": "Metaspace", "replacement": "ab"})"), {"one character"}));
  EXPECT_TRUE(
      refuses(with("/pre_tokenizer", R"({"type": "Metaspace", "replacement": "_", "prepend_scheme": "x"})"),
              {"prepend_scheme", "'x'"}));
  EXPECT_TRUE(
      refuses(with("/pre_tokenizer", R"({"type": "Metaspace", "replacement": "_", "add_prefix_space": false,
                            "prepend_scheme": "first"})"),
              {"add_prefix_space"}));
  EXPECT_TRUE(
      refuses(with("/decoder", R"({"type": "Strip", "content": "", "start": 0, "stop": 0})"), {"decoder"}));
}

TEST(refusal, an_unknown_token_that_is_needed_and_has_no_id) {
  json said = tiny::letters();
  said["model"]["unk_token"] = "<unk>";
  const urn::tokenizer words = tiny::make(said);
  EXPECT_EQ(words.encode("abe"), (tiny::ids{5, 4}));
  EXPECT_THROW(words.encode("x"), urn::error);
}

}  // namespace
