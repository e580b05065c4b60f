// Bytes -> stop strings, options, a text and its cuts, compared with the definitions
// (tests/stop/naive_stop.hpp).
//
// Byte 0: how many strings (bits 0-2), include_stop (3), pieces of one byte (4) or one piece (5), and whether
// all bytes that follow are folded to a, b and c (6). Byte 1: min_tokens. Then each string, a length byte
// before its bytes. The rest is the text; other pieces are cut by a generator seeded with bytes 0 and 1.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "../stop/naive_stop.hpp"

namespace {

std::string_view take(std::string_view& data, std::size_t size) {
  const auto taken = data.substr(0, size);
  data.remove_prefix(taken.size());
  return taken;
}

unsigned byte(std::string_view& data) {
  const auto taken = take(data, 1);
  return taken.empty() ? 0 : static_cast<unsigned char>(taken[0]);
}

std::string fold(std::string_view text) {
  std::string folded;
  for (char c : text) folded += "abc"[static_cast<unsigned char>(c) % 3];
  return folded;
}

naive::text_case decode(std::string_view data) {
  const unsigned head = byte(data), min_tokens = byte(data);
  const auto text = [&](std::size_t size) {
    const auto bytes = take(data, size);
    return (head & 64U) != 0 ? fold(bytes) : std::string(bytes);
  };
  naive::text_case c{
      .strings = {}, .include_stop = (head & 8U) != 0, .min_tokens = min_tokens % 16, .pieces = {}};
  for (unsigned i = 0; i < (head & 7U); ++i) {
    const unsigned size = byte(data) & 15U;
    c.strings.push_back(text(size));
  }
  data = data.substr(0, 512);  // the definitions take quadratic time
  unsigned seed = head * 256 + min_tokens;
  while (!data.empty()) {
    seed = seed * 1664525U + 1013904223U;
    const std::size_t cut = (head & 16U) != 0 ? 1 : (head & 32U) != 0 ? data.size() : (seed >> 24) % 8;
    c.pieces.push_back(text(cut));
  }
  return c;
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto wrong = naive::disagreement(decode(std::string(data, data + size)));
  if (!wrong.empty()) {
    std::fprintf(stderr, "stop_text disagrees with its definition: %s\n", wrong.c_str());
    std::abort();
  }
  return 0;
}
