// Prompts in parts.

#include "urn/client/model_input.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "support/expect_error.hpp"
#include "urn/model/strict_json.hpp"
#include "urn/model/tokenizer.hpp"

namespace {

using urn::model_input;
using urn::token_id;
using urn::test::expect_error;
using ids = std::vector<token_id>;

static_assert(urn::text_encoder<urn::tokenizer>);

/// A token is a byte; 1000 begins a text.
struct bytes {
  ids encode(std::string_view text, bool add_special_tokens) const {
    ids tokens;
    if (add_special_tokens) tokens.push_back(1000);
    for (const char c : text) tokens.push_back(static_cast<unsigned char>(c));
    return tokens;
  }
};

const bytes words;
const urn::chat_template chatml = urn::chat_template_named("chatml");

TEST(model_input, ids) {
  const auto input = model_input::from_ints({3, 0, 7});
  EXPECT_EQ(input.length(), 3U);
  EXPECT_EQ(input.resolve(), (ids{3, 0, 7}));
  EXPECT_EQ(input.resolve(&words), (ids{3, 0, 7}));
}

TEST(model_input, text) {
  EXPECT_EQ(model_input::from_text("ab").resolve(&words), (ids{1000, 'a', 'b'}));
  EXPECT_EQ(model_input::from_text("ab", false).resolve(&words), (ids{'a', 'b'}));
  EXPECT_EQ(model_input::from_text("ab").length(), std::nullopt);
}

TEST(model_input, messages_have_no_special_tokens_but_the_templates) {
  const std::vector<urn::message> hi = {{.role = "user", .content = "hi"}};
  const std::string text = "<|im_start|>user\nhi<|im_end|>\n";
  EXPECT_EQ(model_input::from_messages(hi, false).resolve(&words, &chatml), words.encode(text, false));
  EXPECT_EQ(model_input::from_messages(hi).resolve(&words, &chatml),
            words.encode(text + "<|im_start|>assistant\n", false));
}

TEST(model_input, parts_one_after_another) {
  auto input = model_input::from_text("a");
  input.append(model_input::from_ints({5})).append(model_input::from_text("b", false));
  input.append(model_input());
  EXPECT_EQ(input.parts().size(), 3U);
  EXPECT_EQ(input.resolve(&words), (ids{1000, 'a', 5, 'b'}));
  EXPECT_EQ(input.length(), std::nullopt);
  auto tokens = model_input::from_ints({1});
  tokens.append(tokens);
  EXPECT_EQ(tokens.length(), 2U);
  EXPECT_NE(tokens, model_input::from_ints({1}));
}

TEST(model_input, what_is_refused) {
  expect_error([] { (void)model_input::from_ints({}); },
               "model_input: there are no tokens; give at least one");
  expect_error(
      [] {
        (void)model_input::from_ints({1, -3});
      },
      "model_input: token 1: -3 is negative; give ids of the vocabulary");
  EXPECT_THROW((void)model_input::from_text(""), urn::error);
  EXPECT_THROW((void)model_input::from_messages({}), urn::error);
  expect_error([] { (void)model_input().resolve(); }, "model_input: it is empty; give at least one token");
  EXPECT_EQ(model_input().length(), 0U);
}

TEST(model_input, what_is_missing) {
  const auto chat = model_input::from_messages({{.role = "user", .content = "hi"}});
  expect_error(
      [&] { (void)chat.resolve(&words); },
      "model_input: messages need a chat template; give one, such as chat_template_named(\"chatml\")");
  expect_error([&] { (void)model_input::from_text("a").resolve(); },
               "model_input: text needs a tokenizer; give one, or token ids");
  EXPECT_THROW((void)chat.resolve<bytes>(nullptr, &chatml), urn::error);
}

}  // namespace
