#pragma once
/// \file
/// Decoders of tokenizer.json, which make text of tokens: ByteLevel, ByteFallback, Replace, Fuse, Strip,
/// Metaspace, and Sequences of them; others are refused. Each works token by token, so that a stream can give
/// out its text as soon as it is certain.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "urn/model/tokenizer/byte_level.hpp"
#include "urn/model/tokenizer/json.hpp"
#include "urn/model/tokenizer/pattern.hpp"
#include "urn/model/tokenizer/pre_tokenizer.hpp"
#include "urn/model/tokenizer/utf8.hpp"

namespace urn::tokenizing {

struct read_bytes {};     ///< "ByteLevel": joins all tokens; characters stand for bytes
struct byte_fallback {};  ///< <0xE2> is a byte; a run of them is text, or if it is not valid, U+FFFD for each
struct fuse {};           ///< joins all tokens
struct join_by_space {};  ///< what a file without a decoder means
/// Removes up to `start` and `stop` of a character from a token's ends.
struct strip {
  std::string content;
  std::size_t start, stop;
};
/// The replacement becomes a space; in the first token it goes, unless it is never put there.
struct read_metaspace_marks {
  std::string replacement;
  bool drop_first;
};

using decoder_step =
    std::variant<read_bytes, byte_fallback, fuse, join_by_space, strip, read_metaspace_marks, replacement>;
using decoder = std::vector<decoder_step>;

/// What a step has seen and not yet passed on.
struct decoder_memory {
  std::string token;      ///< the beginning of the current token
  std::string bytes;      ///< bytes that are not yet text
  std::size_t count = 0;  ///< of tokens, or of characters at the current token's start
  bool begun = false;     ///< whether the current token is past its stripped start
};

/// A decoder at work: takes tokens, gives text. A token may come in fragments of whole characters. Copyable;
/// the decoder outlives it.
class decoding {
 public:
  explicit decoding(const decoder& steps) : steps_(&steps), memory_(steps.size()) {}

  /// Takes a whole token and returns the text that is certain with it.
  std::string push(std::string_view token) {
    feed(0, token, true);
    return std::exchange(text_, {});
  }

  /// Returns the rest, after the last token.
  std::string finish() {
    for (std::size_t i = 0; i < steps_->size(); ++i) {
      std::visit([&](const auto& step) { end(step, i); }, (*steps_)[i]);
    }
    return std::exchange(text_, {});
  }

 private:
  /// Gives step i a fragment of its current token; `ends`: the last one.
  void feed(std::size_t i, std::string_view fragment, bool ends) {
    if (i == steps_->size()) {
      text_ += fragment;
      return;
    }
    std::visit([&](const auto& step) { take(step, i, fragment, ends); }, (*steps_)[i]);
  }

  /// Steps that need whole tokens collect the fragments; null until the token ends.
  std::optional<std::string> whole(std::size_t i, std::string_view fragment, bool ends) {
    memory_[i].token += fragment;
    if (!ends) return std::nullopt;
    return std::exchange(memory_[i].token, {});
  }

  void take(const read_bytes&, std::size_t i, std::string_view fragment, bool ends) {
    const auto token = whole(i, fragment, ends);
    if (!token) return;
    memory_[i].bytes += characters_to_bytes(*token);
    feed(i + 1, take_lossy(memory_[i].bytes, false), false);
  }
  void end(const read_bytes&, std::size_t i) { feed(i + 1, take_lossy(memory_[i].bytes, true), true); }

  static int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
  }

  /// The byte that a token like <0x0A> means, or -1.
  static int byte_of(std::string_view token) {
    if (token.size() != 6 || !token.starts_with("<0x") || !token.ends_with('>')) return -1;
    if (token[3] == '+') return hex_digit(token[4]);  // the library reads a sign
    const int high = hex_digit(token[3]);
    const int low = hex_digit(token[4]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
  }

  void take(const byte_fallback& step, std::size_t i, std::string_view fragment, bool ends) {
    const auto token = whole(i, fragment, ends);
    if (!token) return;
    if (const int byte = byte_of(*token); byte >= 0) {
      memory_[i].bytes += static_cast<char>(byte);
      return;
    }
    end(step, i);
    feed(i + 1, *token, true);
  }
  void end(const byte_fallback&, std::size_t i) {
    const std::string run = std::exchange(memory_[i].bytes, {});
    if (run.empty()) return;
    if (is_valid_utf8(run)) return feed(i + 1, run, true);
    for (std::size_t n = 0; n < run.size(); ++n) feed(i + 1, replacement_character, true);
  }

  void take(const fuse&, std::size_t i, std::string_view fragment, bool) { feed(i + 1, fragment, false); }
  void end(const fuse&, std::size_t i) { feed(i + 1, {}, true); }

  void take(const join_by_space&, std::size_t i, std::string_view fragment, bool ends) {
    if (!std::exchange(memory_[i].begun, !ends) && memory_[i].count++ > 0) feed(i + 1, " ", false);
    feed(i + 1, fragment, false);
  }
  void end(const join_by_space&, std::size_t i) { feed(i + 1, {}, true); }

  /// `count` are stripped at the start so far; `token` holds the last of the content, which may be the end.
  void take(const strip& step, std::size_t i, std::string_view fragment, bool ends) {
    decoder_memory& memory = memory_[i];
    std::string out;
    for (std::size_t at = 0; at < fragment.size();) {
      const std::string_view character = fragment.substr(at, decode_utf8(fragment, at).length);
      at += character.size();
      if (!memory.begun && memory.count < step.start && character == step.content) {
        ++memory.count;
        continue;
      }
      memory.begun = true;
      if (character == step.content) {
        memory.token += character;
        if (memory.token.size() / character.size() <= step.stop) continue;
        memory.token.erase(0, character.size());
        out += character;
      } else {
        out.append(std::exchange(memory.token, {})).append(character);
      }
    }
    if (ends) memory = {};
    feed(i + 1, out, ends);
  }
  void end(const strip&, std::size_t) {}

  void take(const read_metaspace_marks& step, std::size_t i, std::string_view fragment, bool ends) {
    const std::string_view space = memory_[i].count == 0 && step.drop_first ? "" : " ";
    if (ends) ++memory_[i].count;
    feed(i + 1, replacement{step.replacement, std::string(space)}(fragment), ends);
  }
  void end(const read_metaspace_marks&, std::size_t) {}

  void take(const replacement& step, std::size_t i, std::string_view fragment, bool ends) {
    if (const auto token = whole(i, fragment, ends)) feed(i + 1, step(*token), true);
  }
  void end(const replacement&, std::size_t) {}

  const decoder* steps_;
  std::vector<decoder_memory> memory_;
  std::string text_;
};

inline strip read_strip(const field& part) {
  const field content = part.at("content");
  if (content.string().empty() || decode_utf8(content.string(), 0).length != content.string().size()) {
    content.fail("it is not one character", "give one");
  }
  constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
  return {content.string(), part.at("start").whole(most), part.at("stop").whole(most)};
}

inline decoder read_decoder(const std::optional<field>& part) {
  if (!part) return {join_by_space{}};
  decoder steps;
  growth size;
  for (const field& step : parts_of(part, "decoders")) {
    const std::string& type = step.at("type").string();
    if (type == "ByteLevel") {
      steps.emplace_back(read_bytes{});
    } else if (type == "ByteFallback") {
      steps.emplace_back(byte_fallback{});
    } else if (type == "Fuse") {
      steps.emplace_back(fuse{});
    } else if (type == "Strip") {
      steps.emplace_back(read_strip(step));
    } else if (type == "Replace") {
      steps.emplace_back(read_replacement(step, size));
    } else if (type == "Metaspace") {
      const metaspace marks = read_metaspace(step);
      steps.emplace_back(
          read_metaspace_marks{marks.replacement, marks.scheme != metaspace::prepending::never});
    } else {
      step.fail("the decoder " + in_quotes(type) + " is not supported",
                "supported are ByteLevel, ByteFallback, Fuse, Strip, Replace, Metaspace and Sequence");
    }
  }
  return steps;
}

}  // namespace urn::tokenizing
