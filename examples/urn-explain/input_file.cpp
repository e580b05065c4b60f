#include <charconv>
#include <cstring>
#include <fstream>
#include <iterator>

#include "input.hpp"
#include "urn/core/error.hpp"

namespace {

std::string content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(file), {}};
  if (!file.is_open() || file.bad())
    throw urn::error("--logits " + path, "it cannot be read", "name a file of logits");
  return bytes;
}

std::vector<float> raw_floats(const std::string& path, const std::string& bytes) {
  if (bytes.size() % sizeof(float) != 0)
    throw urn::error("--logits " + path,
                     std::to_string(bytes.size()) + " bytes are not whole float32 numbers",
                     "write 4 bytes for each token, or name a text file .txt or .json");
  std::vector<float> logits(bytes.size() / sizeof(float));
  if (!logits.empty()) std::memcpy(logits.data(), bytes.data(), bytes.size());
  return logits;
}

bool is_between(char c) { return std::strchr(" \t\r\n,[]", c) != nullptr; }

/// Numbers between spaces, commas and brackets; nan, inf and -inf too.
std::vector<float> text_floats(const std::string& path, const std::string& text) {
  std::vector<float> logits;
  std::size_t line = 1;
  const char* const end = text.data() + text.size();
  for (const char* at = text.data(); at != end;) {
    if (is_between(*at)) {
      line += *at++ == '\n' ? 1 : 0;
      continue;
    }
    const char* after = at;
    while (after != end && !is_between(*after)) ++after;
    float x = 0;
    const auto [stop, wrong] = std::from_chars(at, after, x);
    if (wrong != std::errc() || stop != after)
      throw urn::error("--logits " + path + ", line " + std::to_string(line),
                       "'" + std::string(at, after) + "' is not a float",
                       "write numbers between spaces, commas or line ends, as 1.5, -3e2, nan or -inf");
    logits.push_back(x);
    at = after;
  }
  return logits;
}

bool is_raw(const std::string& path) { return path.ends_with(".f32") || path.ends_with(".bin"); }

}  // namespace

input read_file(const std::string& path) {
  const std::string bytes = content(path);
  input row{.logits = is_raw(path) ? raw_floats(path, bytes) : text_floats(path, bytes),
            .prompt = {},
            .name_of = [](urn::token_id id) { return "token " + std::to_string(id); },
            .title = path.substr(path.rfind('/') + 1)};
  if (row.logits.empty())
    throw urn::error("--logits " + path, "it has no numbers", "give a logit for each token");
  return row;
}
