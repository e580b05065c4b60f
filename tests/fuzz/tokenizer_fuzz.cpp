// A tokenizer.json, a zero byte, and a text to encode; the text's bytes are also ids to decode.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "urn/model/tokenizer.hpp"

namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

void check_decoding(const urn::tokenizer& words, const std::vector<urn::token_id>& tokens, bool skip) {
  urn::token_stream stream(words, skip);
  std::string text;
  for (const urn::token_id id : tokens) {
    const std::string part = stream.push(id);
    check(urn::tokenizing::is_valid_utf8(part));
    text += part;
  }
  check(text + stream.finish() == words.decode(tokens, skip));
}

void check_text(const urn::tokenizer& words, std::string_view text) {
  for (const bool special : {true, false}) {
    const auto tokens = words.encode(text, special);
    for (const urn::token_id id : tokens) check(id >= 0 && id < words.vocabulary_size());
    check_decoding(words, tokens, special);
  }
  if (words.vocabulary_size() == 0) return;
  std::vector<urn::token_id> tokens;
  for (const char byte : text) tokens.push_back(static_cast<unsigned char>(byte) % words.vocabulary_size());
  check_decoding(words, tokens, true);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string input(data, data + size);
  const std::string_view all = input;
  const std::size_t zero = all.find('\0');
  const std::string_view text = zero == std::string_view::npos ? "a b" : all.substr(zero + 1);
  try {
    check_text(urn::tokenizer::from_json(all.substr(0, zero)), text.substr(0, 256));
  } catch (const urn::error&) {  // the file or the text is refused
    return 0;
  }
  return 0;
}
