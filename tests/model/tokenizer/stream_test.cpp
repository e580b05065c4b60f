#include <gtest/gtest.h>

#include <cstddef>
#include <random>
#include <string>
#include <vector>

#include "model/tokenizer/tiny.hpp"
#include "urn/model/tokenizer.hpp"

namespace {

class stream : public testing::TestWithParam<std::string> {
 protected:
  const urn::tokenizer words = tiny::fixture_tokenizer(GetParam());

  /// Decodes token by token; every part must be whole characters.
  std::string streamed(const tiny::ids& tokens, bool skip_special_tokens) const {
    urn::token_stream out(words, skip_special_tokens);
    std::string text;
    for (const urn::token_id id : tokens) {
      const std::string part = out.push(id);
      EXPECT_TRUE(urn::tokenizing::is_valid_utf8(part));
      text += part;
    }
    return text += out.finish();
  }
};

TEST_P(stream, of_random_tokens_is_decode) {
  std::mt19937 random(1);  // NOLINT(cert-msc51-cpp): the same tokens every time
  for (int trial = 0; trial < 3000; ++trial) {
    const int bound = trial % 2 == 0 ? words.vocabulary_size() : std::min(300, words.vocabulary_size());
    tiny::ids tokens(random() % 16);
    for (auto& id : tokens) id = static_cast<urn::token_id>(random() % static_cast<unsigned>(bound));
    ASSERT_EQ(streamed(tokens, true), words.decode(tokens, true)) << tiny::json(tokens);
    ASSERT_EQ(streamed(tokens, false), words.decode(tokens, false)) << tiny::json(tokens);
    ASSERT_TRUE(urn::tokenizing::is_valid_utf8(words.decode(tokens)));
  }
}

TEST_P(stream, of_texts_is_decode) {
  for (const std::string text : tiny::fixture("strings.json")) {
    const tiny::ids tokens = words.encode(text);
    ASSERT_EQ(streamed(tokens, true), words.decode(tokens, true));
  }
}

TEST_P(stream, goes_on_from_a_copy_as_from_itself) {
  const tiny::ids tokens = words.encode("naïve 🙂👋🏽 日本 \xFF end");
  for (std::size_t split = 0; split <= tokens.size(); ++split) {
    urn::token_stream first(words);
    std::string text;
    for (std::size_t i = 0; i < split; ++i) text += first.push(tokens[i]);
    urn::token_stream second = first;
    first.push(tokens[0]);  // what happens to one does not touch the other
    for (std::size_t i = split; i < tokens.size(); ++i) text += second.push(tokens[i]);
    ASSERT_EQ(text + second.finish(), words.decode(tokens));
  }
}

TEST_P(stream, refuses_unknown_ids_and_goes_on) {
  const tiny::ids tokens = words.encode("héllo 🙂");
  urn::token_stream out(words);
  std::string text;
  for (const urn::token_id id : tokens) {
    EXPECT_THROW(out.push(-1), urn::error);
    EXPECT_THROW(out.push(words.vocabulary_size()), urn::error);
    text += out.push(id);
  }
  EXPECT_EQ(text + out.finish(), words.decode(tokens));
  EXPECT_THROW(words.decode(tiny::ids{0, words.vocabulary_size()}), urn::error);
}

INSTANTIATE_TEST_SUITE_P(kinds, stream, testing::ValuesIn(tiny::kinds),
                         [](const auto& kind) { return kind.param; });

/// The tokens of bytes, with ids as tiny::bytes() gives them.
tiny::ids bytes_of(const urn::tokenizer& words, std::string_view bytes) {
  tiny::ids out;
  for (const char byte : bytes) {
    std::string token;
    urn::tokenizing::append_utf8(token, urn::tokenizing::byte_characters[static_cast<unsigned char>(byte)]);
    out.push_back(words.id_of(token).value());
  }
  return out;
}

TEST(token_stream, holds_back_half_a_character) {
  const urn::tokenizer words = tiny::make(tiny::bytes());
  urn::token_stream out(words);
  std::vector<std::string> parts;
  for (const urn::token_id id : bytes_of(words, "a\xF0\x9F\x99\x82\xC3z\xE2\x82"))
    parts.push_back(out.push(id));
  EXPECT_EQ(parts, (std::vector<std::string>{"a", "", "", "", "🙂", "", "\uFFFDz", "", ""}));
  EXPECT_EQ(out.finish(), "\uFFFD");
  EXPECT_EQ(out.finish(), "");
}

TEST(token_stream, makes_one_mark_of_each_broken_sequence) {
  const urn::tokenizer words = tiny::make(tiny::bytes());
  // Expected by Python's bytes.decode(errors="replace").
  EXPECT_EQ(words.decode(bytes_of(words, "\xF0\x9F\x99 \xE0\x80 \xED\xA0\x80 \xC0\xAF \xF5 \xFF\x80")),
            "\uFFFD \uFFFD\uFFFD \uFFFD\uFFFD\uFFFD \uFFFD\uFFFD \uFFFD \uFFFD\uFFFD");
}

TEST(token_stream, gives_fallback_bytes_when_their_run_ends) {
  const urn::tokenizer words = tiny::fixture_tokenizer("llama2");
  const auto byte = [&](const char* token) { return words.id_of(token).value(); };
  urn::token_stream out(words);
  EXPECT_EQ(out.push(byte("<0xE2>")), "");
  EXPECT_EQ(out.push(byte("<0x82>")), "");
  EXPECT_EQ(out.push(byte("<0xAC>")), "");
  EXPECT_EQ(out.push(words.id_of("a").value()), "€a");
  EXPECT_EQ(words.decode(tiny::ids{byte("<0x41>"), byte("<0xE2>"), byte("<0x82>")}), "\uFFFD\uFFFD\uFFFD");
}

}  // namespace
