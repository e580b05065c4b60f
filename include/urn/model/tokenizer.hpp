#pragma once
/// \file
/// Text to tokens and back, from a tokenizer.json.

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "urn/core/error.hpp"
#include "urn/core/token.hpp"
#include "urn/model/tokenizer/reader.hpp"

namespace urn {

/// Byte pair encoding as a tokenizer.json describes it, with the ids and texts of the Hugging Face
/// `tokenizers` library (0.23): byte-level (GPT-2, Qwen2, Llama-3) and with byte fallback (Llama-2). What is
/// not supported is refused by name when the file is read; "truncation" and "padding" are not applied.
///
/// A value that is cheap to copy; copies share the vocabulary. Every method is const and safe from many
/// threads.
class tokenizer {
 public:
  /// Reads a tokenizer.json. Throws urn::error, which names the field, for a file that cannot be read, is not
  /// valid, contradicts itself or has an unsupported part.
  static tokenizer from_file(const std::filesystem::path& path) {
    return from_json(tokenizing::read_file(path), path.string());
  }

  /// Reads the text of a tokenizer.json; `name_for_errors` stands for the file in errors.
  static tokenizer from_json(std::string_view text, std::string_view name_for_errors = "tokenizer.json") {
    return tokenizer(tokenizing::read_tokenizer(text, name_for_errors));
  }

  /// The tokens of a text, n bytes long, in O(n log n). Added tokens are found in it. `add_special_tokens`:
  /// put the ones around it that the post-processor says, such as the beginning of the text.
  ///
  /// A byte that is not part of valid UTF-8 is a character of its own, neither a letter nor a digit nor a
  /// space; it is written with its byte's token (byte-level BPE may merge it further), and decodes to U+FFFD.
  ///
  /// Throws urn::error if the model needs its unknown token and lacks it, or a regular expression takes too
  /// many steps.
  std::vector<token_id> encode(std::string_view text, bool add_special_tokens = true) const {
    const auto& around = parts_->surrounding;
    std::vector<token_id> out;
    if (add_special_tokens) out = around.before;
    if (is_valid_utf8(text)) {
      encode_into(text, out);
    } else {
      encode_into(tokenizing::escape_invalid(text), out);
    }
    if (add_special_tokens) out.insert(out.end(), around.after.begin(), around.after.end());
    return out;
  }

  /// The text of tokens, valid UTF-8: what is not is U+FFFD. `skip_special_tokens`: leave out the special
  /// ones. An id below vocabulary_size() that no token has is nothing. Throws urn::error for other ids.
  std::string decode(std::span<const token_id> tokens, bool skip_special_tokens = true) const {
    for (const token_id id : tokens) spoken(id);
    tokenizing::decoding work(parts_->decoding_steps);
    std::string text;
    for (const token_id id : tokens) {
      if (says(id, skip_special_tokens)) text += work.push(spoken(id).text);
    }
    return text += work.finish();
  }

  /// The id of a token as the file writes it, e.g. "Ġthe" or "<|endoftext|>".
  std::optional<token_id> id_of(std::string_view token) const {
    token_id id = parts_->added.find(token);
    if (id == no_token) id = parts_->model.tokens.find(token);
    return id == no_token ? std::nullopt : std::optional(id);
  }

  /// The token of an id as the file writes it; empty if no token has it. Lives as long as a copy of this
  /// tokenizer. Throws urn::error if the id is not in 0 <= id < vocabulary_size().
  std::string_view token(token_id id) const { return spoken(id).content; }

  /// Whether the file calls the token special. Throws as token() does.
  bool is_special(token_id id) const { return spoken(id).special; }

  /// The largest id + 1, added tokens included. A model may have more rows than that.
  token_id vocabulary_size() const { return static_cast<token_id>(parts_->spoken.size()); }

 private:
  friend class token_stream;

  explicit tokenizer(std::shared_ptr<const tokenizing::tokenizer_parts> parts) : parts_(std::move(parts)) {}

  static bool is_valid_utf8(std::string_view text) { return tokenizing::is_valid_utf8(text); }

  /// Added tokens that are not normalized are found in the text itself; the stretches between them are
  /// normalized, cut at the other added tokens, then into words.
  void encode_into(std::string_view text, std::vector<token_id>& out) const {
    tokenizing::bpe_scratch scratch;
    const auto found = [&](token_id id) { out.push_back(id); };
    const auto word = [&](std::string_view piece) {
      tokenizing::bpe_word(parts_->model, piece, scratch, out);
    };
    parts_->added.cut(text, false, found, [&](std::string_view stretch) {
      const std::string normal = tokenizing::normalize(parts_->normalizing, stretch);
      parts_->added.cut(normal, true, found, [&](std::string_view piece) {
        const bool first = stretch.data() == text.data() && piece.data() == normal.data();
        tokenizing::pre_tokenize(parts_->cutting, piece, first, word);
      });
    });
  }

  const tokenizing::spoken_token& spoken(token_id id) const {
    if (id < 0 || id >= vocabulary_size()) {
      throw error("token " + std::to_string(id), "the vocabulary does not have it",
                  "give 0 to " + std::to_string(vocabulary_size() - 1));
    }
    return parts_->spoken[static_cast<std::size_t>(id)];
  }

  bool says(token_id id, bool skip_special_tokens) const {
    const auto& token = spoken(id);
    return token.exists && !(skip_special_tokens && token.skipped);
  }

  std::shared_ptr<const tokenizing::tokenizer_parts> parts_;
};

/// Decodes tokens one by one: the texts of all push() and of finish(), one after another, are decode() of all
/// the tokens. A text is never half a character. With byte fallback, bytes that tokens give one by one are
/// text only when the run of them ends, since one invalid byte makes all of them U+FFFD.
///
/// Copyable, as for several continuations of one prompt. Not to be used from several threads at once.
class token_stream {
 public:
  explicit token_stream(tokenizer words, bool skip_special_tokens = true)
      : words_(std::move(words)), skips_(skip_special_tokens), work_(words_.parts_->decoding_steps) {}

  /// The text that is certain with this token, often empty. Throws urn::error, with nothing changed, if the
  /// id is not in 0 <= id < vocabulary_size().
  std::string push(token_id id) {
    return words_.says(id, skips_) ? work_.push(words_.spoken(id).text) : std::string();
  }

  /// The rest; what is no whole character is U+FFFD. The stream is then as new.
  std::string finish() {
    std::string text = work_.finish();
    work_ = tokenizing::decoding(words_.parts_->decoding_steps);
    return text;
  }

 private:
  tokenizer words_;
  bool skips_;
  tokenizing::decoding work_;
};

}  // namespace urn
