#pragma once
/// \file
/// A prompt in parts: token ids, text, messages.

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "urn/client/chat_template.hpp"
#include "urn/client/message.hpp"
#include "urn/core/error.hpp"
#include "urn/core/token.hpp"

namespace urn {

/// Text to tokens, with or without the special ones around it; urn::tokenizer is one.
template <class T>
concept text_encoder = requires(const T& words, std::string_view text, bool add_special_tokens) {
  { words.encode(text, add_special_tokens) } -> std::convertible_to<std::vector<token_id>>;
};

namespace detail {
/// Stands for the tokenizer where there is none.
struct no_words {
  [[nodiscard]] std::vector<token_id> encode(std::string_view, bool) const { return {}; }
};
}  // namespace detail

/// A prompt: parts that become token ids one after another. A value; parts cannot be changed.
class model_input {
 public:
  /// A text; `add_special_tokens`: with the tokens that its tokenizer puts around a text.
  struct text_part {
    std::string text;
    bool add_special_tokens = true;
    friend bool operator==(const text_part&, const text_part&) = default;
  };
  /// A conversation, which the model's template makes a text of; `add_generation_prompt`: and it is the
  /// assistant's turn.
  struct chat_part {
    std::vector<message> messages;
    bool add_generation_prompt = true;
    friend bool operator==(const chat_part&, const chat_part&) = default;
  };
  using part = std::variant<std::vector<token_id>, text_part, chat_part>;

  /// Nothing yet: to append to.
  model_input() = default;

  /// Token ids. Throws urn::error if there are none, or one is negative.
  static model_input from_ints(std::vector<token_id> tokens) {
    if (tokens.empty()) throw error("model_input", "there are no tokens", "give at least one");
    const auto bad = std::find_if(tokens.begin(), tokens.end(), [](token_id id) { return id < 0; });
    if (bad != tokens.end()) {
      throw error("model_input: token " + std::to_string(bad - tokens.begin()),
                  std::to_string(*bad) + " is negative", "give ids of the vocabulary");
    }
    return model_input(std::move(tokens));
  }

  /// A text. Special tokens belong to the first part only: give false for others. Throws urn::error if it is
  /// empty.
  static model_input from_text(std::string text, bool add_special_tokens = true) {
    if (text.empty()) throw error("model_input", "the text is empty", "give at least one character");
    return model_input(text_part{std::move(text), add_special_tokens});
  }

  /// A conversation. Throws urn::error if it is empty.
  static model_input from_messages(std::vector<message> messages, bool add_generation_prompt = true) {
    if (messages.empty()) throw error("model_input", "there are no messages", "give at least one");
    return model_input(chat_part{std::move(messages), add_generation_prompt});
  }

  /// Puts another input's parts after these.
  model_input& append(model_input other) {
    parts_.insert(parts_.end(), std::make_move_iterator(other.parts_.begin()),
                  std::make_move_iterator(other.parts_.end()));
    return *this;
  }

  [[nodiscard]] std::span<const part> parts() const { return parts_; }

  /// The number of tokens; nothing while a part is text or messages, whose number a tokenizer has to say.
  [[nodiscard]] std::optional<std::size_t> length() const {
    std::size_t total = 0;
    for (const part& each : parts_) {
      const auto* const tokens = std::get_if<std::vector<token_id>>(&each);
      if (tokens == nullptr) return std::nullopt;
      total += tokens->size();
    }
    return total;
  }

  /// The token ids, at least one. Text needs `words`, messages also `chat`; a chat template writes its own
  /// special tokens. Throws urn::error if one that is needed is missing, for messages that the template
  /// refuses, for what `words` throws, and if there are no tokens.
  template <text_encoder Words = detail::no_words>
  [[nodiscard]] std::vector<token_id> resolve(const Words* words = nullptr,
                                              const chat_template* chat = nullptr) const {
    std::vector<token_id> tokens;
    for (const part& each : parts_) {
      const std::vector<token_id> more = resolve_part(each, words, chat);
      tokens.insert(tokens.end(), more.begin(), more.end());
    }
    if (tokens.empty()) throw error("model_input", "it is empty", "give at least one token");
    return tokens;
  }

  friend bool operator==(const model_input&, const model_input&) = default;

 private:
  explicit model_input(part only) { parts_.push_back(std::move(only)); }

  template <class Words>
  static std::vector<token_id> resolve_part(const part& each, const Words* words, const chat_template* chat) {
    if (const auto* const tokens = std::get_if<std::vector<token_id>>(&each)) return *tokens;
    if (words == nullptr) throw error("model_input", "text needs a tokenizer", "give one, or token ids");
    if (const auto* const text = std::get_if<text_part>(&each)) {
      return words->encode(text->text, text->add_special_tokens);
    }
    if (chat == nullptr) {
      throw error("model_input", "messages need a chat template",
                  "give one, such as chat_template_named(\"chatml\")");
    }
    const auto& conversation = std::get<chat_part>(each);
    return words->encode(
        apply_chat_template(*chat, conversation.messages, conversation.add_generation_prompt), false);
  }

  std::vector<part> parts_;
};

}  // namespace urn
