#pragma once
/// \file
/// Reads a whole tokenizer.json, as the `tokenizers` library writes it, into its parts.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "urn/core/error.hpp"
#include "urn/core/token.hpp"
#include "urn/model/tokenizer/added_tokens.hpp"
#include "urn/model/tokenizer/bpe.hpp"
#include "urn/model/tokenizer/bpe_reader.hpp"
#include "urn/model/tokenizer/decoder.hpp"
#include "urn/model/tokenizer/json.hpp"
#include "urn/model/tokenizer/normalizer.hpp"
#include "urn/model/tokenizer/post_processor.hpp"
#include "urn/model/tokenizer/pre_tokenizer.hpp"

namespace urn::tokenizing {

/// What decoding needs of an id.
struct spoken_token {
  std::string text;     ///< what the decoder gets: of an added token, its normalized form
  std::string content;  ///< the token itself
  bool exists = false;  ///< ids without a token decode to nothing
  bool special = false;
  bool skipped = false;  ///< left out where special tokens are: its text is that of a special one
};

inline added_token read_added_token(const field& part) {
  const auto id = static_cast<token_id>(part.at("id").whole(most_tokens - 1));
  const auto flag = [&](std::string_view name) { return part.at(name).boolean(); };
  return {id,
          part.at("content").string(),
          flag("single_word"),
          flag("lstrip"),
          flag("rstrip"),
          flag("normalized"),
          flag("special")};
}

/// Reads "added_tokens" and checks their ids: the library ignores the stated ones and takes the vocabulary's,
/// or for tokens that are not in it, the next free one.
inline std::vector<added_token> read_added_tokens(const field& file, const vocabulary& tokens) {
  std::vector<added_token> out;
  const auto part = file.find("added_tokens");
  if (!part) return out;
  auto next = static_cast<token_id>(tokens.count());
  std::unordered_map<std::string, std::size_t> places;
  for (const field& entry : part->elements()) {
    added_token token = read_added_token(entry);
    if (token.content.empty()) continue;
    const auto [place, is_new] = places.try_emplace(token.content, out.size());
    token_id right = tokens.find(token.content);
    if (right == no_token) right = is_new ? next++ : out[place->second].id;
    if (token.id != right) {
      entry.fail(in_quotes(token.content) + " has id " + std::to_string(token.id) +
                     ", but by the vocabulary it is " + std::to_string(right),
                 "number the added tokens on from the vocabulary, in the order of the file");
    }
    const std::string* const taken = tokens.token(token.id);
    if (taken != nullptr && *taken != token.content) {
      entry.fail("id " + std::to_string(token.id) + " is " + in_quotes(*taken) + " in the vocabulary",
                 "give each token an id of its own");
    }
    if (is_new) {
      out.push_back(std::move(token));
    } else {
      out[place->second] = std::move(token);
    }
  }
  return out;
}

inline std::vector<spoken_token> spoken_tokens(const vocabulary& tokens, const added_tokens& added,
                                               const normalizer& normalizing) {
  std::vector<spoken_token> out(static_cast<std::size_t>(tokens.bound()));
  for (token_id id = 0; id < tokens.bound(); ++id) {
    if (const std::string* const token = tokens.token(id))
      out[static_cast<std::size_t>(id)] = {*token, *token, true};
  }
  std::unordered_set<std::string_view> specials;
  for (const added_token& token : added.all()) {
    if (token.special) specials.insert(token.content);
  }
  for (const added_token& token : added.all()) {
    const auto index = static_cast<std::size_t>(token.id);
    if (index >= out.size()) out.resize(index + 1);
    const std::string text = token.normalized ? normalize(normalizing, token.content) : token.content;
    out[index] = {text, token.content, true, token.special, specials.contains(text)};
  }
  return out;
}

/// Everything a tokenizer.json says. Immutable once read.
struct tokenizer_parts {
  explicit tokenizer_parts(const field& file)
      : normalizing(read_normalizer(file.find("normalizer"))),
        cutting(read_pre_tokenizer(file.find("pre_tokenizer"))),
        model(read_bpe(file.at("model"))),
        added(read_added_tokens(file, model.tokens), normalizing),
        surrounding(read_post_processor(file.find("post_processor"))),
        decoding_steps(read_decoder(file.find("decoder"))),
        spoken(spoken_tokens(model.tokens, added, normalizing)) {}

  normalizer normalizing;
  pre_tokenizer cutting;
  bpe model;
  added_tokens added;
  post_processor surrounding;
  decoder decoding_steps;
  std::vector<spoken_token> spoken;  ///< by id
};

/// Refuses post-processors that add ids without a token.
inline void check_surrounding(const tokenizer_parts& parts, const field& file) {
  for (const auto* const side : {&parts.surrounding.before, &parts.surrounding.after}) {
    for (const token_id id : *side) {
      const auto index = static_cast<std::size_t>(id);
      if (index < parts.spoken.size() && parts.spoken[index].exists) continue;
      file.at("post_processor")
          .fail("it adds id " + std::to_string(id) + ", which no token has", "use a token's id");
    }
  }
}

inline std::shared_ptr<const tokenizer_parts> read_parts(const field& file) {
  if (const auto version = file.find("version"); version && version->string() != "1.0") {
    version->fail(in_quotes(version->string()) + " is not known", "give 1.0");
  }
  auto parts = std::make_shared<const tokenizer_parts>(file);
  check_surrounding(*parts, file);
  return parts;
}

/// `name` stands for the file in errors.
inline std::shared_ptr<const tokenizer_parts> read_tokenizer(std::string_view text, std::string_view name) {
  json document;
  try {
    document = json::parse(text);
  } catch (const json::exception& problem) {
    throw error(name, std::string("it is not valid JSON: ") + problem.what(), "give a whole tokenizer.json");
  }
  return read_parts(field(document, name));
}

/// Files of more than 1 GiB are refused before anything is read.
inline std::string read_file(const std::filesystem::path& path) {
  constexpr std::uintmax_t most = std::uintmax_t{1} << 30U;
  std::error_code problem;
  const std::uintmax_t size = std::filesystem::file_size(path, problem);
  if (problem) throw error(path.string(), "cannot be read: " + problem.message(), "give a tokenizer.json");
  if (size > most) throw error(path.string(), "the file is larger than 1 GiB", "give a tokenizer.json");
  std::string text(size, '\0');
  std::ifstream file(path, std::ios::binary);
  if (!file.read(text.data(), static_cast<std::streamsize>(size))) {
    throw error(path.string(), "cannot be read to its end", "give a tokenizer.json");
  }
  return text;
}

}  // namespace urn::tokenizing
