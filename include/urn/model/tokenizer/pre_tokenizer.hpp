#pragma once
/// \file
/// Pre-tokenizers of tokenizer.json, which cut a text into the words that BPE works on: ByteLevel, Split,
/// Digits, WhitespaceSplit, Metaspace, and Sequences of them; others are refused.

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "urn/model/tokenizer/byte_level.hpp"
#include "urn/model/tokenizer/json.hpp"
#include "urn/model/tokenizer/pattern.hpp"

namespace urn::tokenizing {

/// What becomes of the matches; with `merged_*` a match joins the piece before or after it.
enum class split_behavior { isolated, removed, contiguous, merged_with_previous, merged_with_next };

/// Cuts a text at the matches of a pattern, or, inverted, between them.
struct split {
  pattern wanted;
  split_behavior behavior = split_behavior::isolated;
  bool inverted = false;

  /// Calls use(piece) for the pieces in order; they may be empty.
  template <class F>
  void operator()(std::string_view text, F&& use) const {
    struct span {
      std::size_t begin, end;
      bool match;
    };
    std::vector<span> spans;
    std::size_t covered = 0;
    find_all(wanted, text, [&](std::size_t begin, std::size_t end) {
      if (covered != begin) spans.push_back({covered, begin, inverted});
      spans.push_back({begin, end, !inverted});
      covered = end;
    });
    if (covered != text.size()) spans.push_back({covered, text.size(), inverted});
    for (std::size_t i = 0; i < spans.size();) {
      std::size_t end = i + 1;
      while (end < spans.size() && joined(spans[end - 1].match, spans[end].match)) ++end;
      const bool dropped = behavior == split_behavior::removed && spans[i].match;
      if (!dropped) use(text.substr(spans[i].begin, spans[end - 1].end - spans[i].begin));
      i = end;
    }
  }

 private:
  /// Whether two neighbouring spans become one piece.
  bool joined(bool left_match, bool right_match) const {
    switch (behavior) {
      case split_behavior::contiguous: return left_match == right_match;
      case split_behavior::merged_with_previous: return !left_match && right_match;
      case split_behavior::merged_with_next: return left_match && !right_match;
      default: return false;
    }
  }
};

/// GPT-2's: cuts at its expression, then writes bytes as characters.
struct byte_level {
  bool add_prefix_space;
  std::optional<split> words;
};

/// SentencePiece's: spaces become the replacement, and the text or each piece gets one in front.
struct metaspace {
  enum class prepending { always, first, never } scheme;
  std::string replacement;
  bool cuts;
};

using pre_tokenizer = std::vector<std::variant<split, byte_level, metaspace>>;

/// Cuts `text` and calls use(word) for each word in order, none of them empty. `first`: whether it begins the
/// whole input.
template <class F>
void pre_tokenize(std::span<const pre_tokenizer::value_type> steps, std::string_view text, bool first,
                  F&& use);

/// A piece that a step made goes on to the steps after it.
template <class F>
auto passed_on(std::span<const pre_tokenizer::value_type> rest, std::string_view whole, bool first, F& use) {
  return [=, &use](std::string_view piece) {
    pre_tokenize(rest, piece, first && piece.data() == whole.data(), use);
  };
}

template <class F>
void apply(const split& step, std::span<const pre_tokenizer::value_type> rest, std::string_view text,
           bool first, F& use) {
  step(text, passed_on(rest, text, first, use));
}

template <class F>
void apply(const byte_level& step, std::span<const pre_tokenizer::value_type> rest, std::string_view text,
           bool first, F& use) {
  std::string prefixed;
  if (step.add_prefix_space && !text.starts_with(' ')) text = prefixed.append(" ").append(text);
  const auto write = [&](std::string_view piece) {
    pre_tokenize(rest, bytes_to_characters(piece), first && piece.data() == text.data(), use);
  };
  if (step.words) return (*step.words)(text, write);
  write(text);
}

template <class F>
void apply(const metaspace& step, std::span<const pre_tokenizer::value_type> rest, std::string_view text,
           bool first, F& use) {
  const std::string marked = replacement{" ", step.replacement}(text);
  const bool wanted =
      step.scheme == metaspace::prepending::always || (step.scheme == metaspace::prepending::first && first);
  const std::string whole =
      wanted && !marked.starts_with(step.replacement) ? step.replacement + marked : marked;
  const auto pass = passed_on(rest, whole, first, use);
  if (!step.cuts) return pass(whole);
  split{step.replacement, split_behavior::merged_with_next}(whole, pass);
}

template <class F>
void pre_tokenize(std::span<const pre_tokenizer::value_type> steps, std::string_view text, bool first,
                  F&& use) {
  if (text.empty()) return;
  if (steps.empty()) return use(text);
  std::visit([&](const auto& step) { apply(step, steps.subspan(1), text, first, use); }, steps.front());
}

inline split_behavior read_behavior(const field& part) {
  static constexpr std::array<std::string_view, 5> names = {"Isolated", "Removed", "Contiguous",
                                                            "MergedWithPrevious", "MergedWithNext"};
  const auto found = std::ranges::find(names, part.string());
  if (found == names.end()) {
    part.fail("the behavior " + in_quotes(part.string()) + " is not known",
              "give Isolated, Removed, Contiguous, MergedWithPrevious or MergedWithNext");
  }
  return static_cast<split_behavior>(found - names.begin());
}

/// Metaspace is both a pre-tokenizer and a decoder; older files say add_prefix_space.
inline metaspace read_metaspace(const field& part) {
  using enum metaspace::prepending;
  const auto scheme = part.find("prepend_scheme");
  const std::string name = scheme                                      ? scheme->string()
                           : part.boolean_or("add_prefix_space", true) ? "always"
                                                                       : "never";
  if (name != "always" && name != "first" && name != "never") {
    scheme->fail(in_quotes(name) + " is not a prepend_scheme", "give always, first or never");
  }
  if (name != "never" && !part.boolean_or("add_prefix_space", true)) {
    part.fail("add_prefix_space is false, but prepend_scheme is " + name, "let the two agree");
  }
  const field character = part.at("replacement");
  if (character.string().empty() || decode_utf8(character.string(), 0).length != character.string().size()) {
    character.fail("it is not one character", "give one");
  }
  return {name == "always"  ? always
          : name == "first" ? first
                            : never,
          character.string(), part.boolean_or("split", true)};
}

inline byte_level read_byte_level(const field& part) {
  static constexpr std::string_view gpt2 =
      R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
  byte_level out{part.at("add_prefix_space").boolean(), std::nullopt};
  if (part.boolean_or("use_regex", true)) out.words.emplace(split{regex(gpt2, part.where())});
  return out;
}

inline pre_tokenizer read_pre_tokenizer(const std::optional<field>& part) {
  pre_tokenizer steps;
  growth size;
  for (const field& step : parts_of(part, "pretokenizers")) {
    const std::string& type = step.at("type").string();
    using enum split_behavior;
    if (type == "ByteLevel") {
      size.grow(2, step);
      steps.emplace_back(read_byte_level(step));
    } else if (type == "Split") {
      steps.emplace_back(split{read_pattern(step.at("pattern"), step.where() + ".pattern"),
                               read_behavior(step.at("behavior")), step.boolean_or("invert", false)});
    } else if (type == "Digits") {
      const bool each = step.at("individual_digits").boolean();
      steps.emplace_back(split{regex("\\p{N}", step.where()), each ? isolated : contiguous});
    } else if (type == "WhitespaceSplit") {
      steps.emplace_back(split{regex("\\s", step.where()), removed});
    } else if (type == "Metaspace") {
      steps.emplace_back(read_metaspace(step));
    } else {
      step.fail("the pre-tokenizer " + in_quotes(type) + " is not supported",
                "supported are ByteLevel, Split, Digits, WhitespaceSplit, Metaspace and Sequence");
    }
  }
  return steps;
}

}  // namespace urn::tokenizing
