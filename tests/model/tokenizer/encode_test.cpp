// What the fixtures do not show: invalid UTF-8, long words, added tokens, tokens that share a rank.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "model/tokenizer/tiny.hpp"
#include "urn/model/tokenizer.hpp"

namespace {

using tiny::ids;
using tiny::json;

TEST(encode, merges_the_earliest_of_the_list_first) {
  const urn::tokenizer words = tiny::make(tiny::letters());
  EXPECT_EQ(words.encode("abcde"), (ids{7, 4}));
  EXPECT_EQ(words.encode("bcdab"), (ids{1, 6, 5}));
  EXPECT_EQ(words.encode(""), ids{});
  EXPECT_EQ(words.encode("axb"), (ids{5}));  // no unknown token: x is left out, as the library does
}

TEST(encode, stands_unknown_tokens_in_for_characters_or_runs) {
  json said = tiny::letters();
  said["model"]["unk_token"] = "e";
  EXPECT_EQ(tiny::make(said).encode("xyaz"), (ids{4, 4, 0, 4}));
  said["model"]["fuse_unk"] = true;
  EXPECT_EQ(tiny::make(said).encode("xyaz"), (ids{4, 0, 4}));
}

TEST(encode, takes_words_whole_where_merges_are_ignored) {
  json said = tiny::letters();
  said["model"]["merges"] = json::array();
  EXPECT_EQ(tiny::make(said).encode("abcd"), (ids{0, 1, 2, 3}));
  said["model"]["ignore_merges"] = true;
  EXPECT_EQ(tiny::make(said).encode("abcd"), (ids{7}));
}

TEST(encode, invalid_bytes_as_their_byte_tokens) {
  for (const std::string& kind : tiny::kinds) {
    const urn::tokenizer words = tiny::fixture_tokenizer(kind);
    for (int byte = 0x80; byte < 0x100; ++byte) {
      const std::string text = std::string("a") + static_cast<char>(byte) + "b";
      const ids tokens = words.encode(text, false);
      ASSERT_EQ(words.decode(tokens),
                "a\uFFFD"
                "b")
          << kind << byte;
      std::string token;
      urn::tokenizing::append_utf8(token, urn::tokenizing::byte_characters[static_cast<unsigned char>(byte)]);
      char name[8];
      std::snprintf(name, sizeof name, "<0x%02X>", static_cast<unsigned>(byte));
      const auto expected = kind.starts_with("llama2") ? words.id_of(name) : words.id_of(token);
      ASSERT_EQ(std::count(tokens.begin(), tokens.end(), expected.value()), 1) << kind << byte;
    }
  }
}

TEST(encode, keeps_every_byte_of_any_text) {
  const urn::tokenizer words = tiny::make(tiny::bytes());
  std::string all;
  for (int i = 0; i < 4096; ++i) all += static_cast<char>((i * 167 + i / 7) % 256);
  std::string back;
  for (const urn::token_id id : words.encode(all))
    back += urn::tokenizing::characters_to_bytes(words.token(id));
  EXPECT_EQ(back, all);
}

TEST(encode, surrogates_and_overlong_forms_are_invalid_bytes) {
  const urn::tokenizer words = tiny::make(tiny::bytes());
  for (const std::string text :
       {"\xED\xA0\x80", "\xED\xB2\x80", "\xC0\x80", "\xF4\x90\x80\x80", "\xE2\x82"}) {
    EXPECT_EQ(words.encode(text).size(), text.size());
  }
}

TEST(encode, long_words_in_less_than_quadratic_time) {
  for (const std::string& kind : tiny::kinds) {
    const urn::tokenizer words = tiny::fixture_tokenizer(kind);
    for (const std::string unit : {"a", " ", "the", "\n", "漢", "\xFF"}) {
      std::string text;
      while (text.size() < 300000) text += unit;
      const auto start = std::chrono::steady_clock::now();
      EXPECT_GT(words.encode(text).size(), 1000U);
      EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));  // quadratic: minutes
    }
  }
}

TEST(encode, finds_the_longest_added_token) {
  json said = tiny::letters();
  said["added_tokens"] = json::array({tiny::added("<x", 8), tiny::added("<x>", 9), tiny::added("<xyz>", 10)});
  const urn::tokenizer words = tiny::make(said);
  EXPECT_EQ(words.encode("<x><xy><xyz>"), (ids{9, 8, 10}));
  EXPECT_EQ(words.vocabulary_size(), 11);
}

TEST(encode, strips_spaces_and_wants_whole_words_as_told) {
  json said = tiny::bytes();
  said["added_tokens"] =
      json::array({tiny::added("<l>", 256), tiny::added("<r>", 257), tiny::added("wx", 258)});
  said["added_tokens"][0]["lstrip"] = true;
  said["added_tokens"][1]["rstrip"] = true;
  said["added_tokens"][2]["single_word"] = true;
  const urn::tokenizer words = tiny::make(said);
  EXPECT_EQ(words.encode(" \t\u3000<l>"), (ids{256}));
  EXPECT_EQ(words.encode("<r> \n\u00A0"), (ids{257}));
  EXPECT_EQ(words.encode("<r>  <l>"), (ids{257, 256}));
  EXPECT_EQ(words.encode("wx"), (ids{258}));
  EXPECT_EQ(words.encode("wx wx"), (ids{258, words.id_of("Ġ").value(), 258}));
  EXPECT_EQ(words.encode("wxwx").size(), 4U);
  EXPECT_EQ(words.encode("éwx").size(), 4U);
  EXPECT_EQ(words.encode("wx\u200D").size(), 5U);  // a joiner is part of a word
}

TEST(encode, leaves_special_tokens_out_on_request_only_when_decoding) {
  json said = tiny::letters();
  said["added_tokens"] = json::array({tiny::added("<s>", 8, true), tiny::added("<t>", 9, false)});
  const urn::tokenizer words = tiny::make(said);
  const ids tokens = words.encode("a<s>b<t>");
  EXPECT_EQ(tokens, (ids{0, 8, 1, 9}));
  EXPECT_EQ(words.decode(tokens), "ab<t>");
  EXPECT_EQ(words.decode(tokens, false), "a<s>b<t>");
  EXPECT_TRUE(words.is_special(8));
  EXPECT_FALSE(words.is_special(9));
}

TEST(encode, ids_without_a_token_decode_to_nothing) {
  json said = tiny::letters();
  said["model"]["vocab"]["z"] = 20;
  const urn::tokenizer words = tiny::make(said);
  EXPECT_EQ(words.vocabulary_size(), 21);
  EXPECT_EQ(words.decode(ids{0, 15, 20}), "az");
  EXPECT_EQ(words.token(15), "");
  EXPECT_THROW(words.token(21), urn::error);
  EXPECT_THROW(words.is_special(-1), urn::error);
}

TEST(encode, a_file_without_a_decoder_joins_by_spaces) {
  json said = tiny::letters();
  said["decoder"] = nullptr;
  EXPECT_EQ(tiny::make(said).decode(ids{0, 1, 7}), "a b abcd");
}

}  // namespace
