#pragma once
// Random texts over small alphabets, from fixed seeds; the same on every machine.

#include <cstddef>
#include <random>
#include <string>
#include <vector>

namespace naive {

struct random_source {
  std::mt19937 engine;
  std::size_t below(std::size_t n) { return engine() % n; }
};

using alphabet = std::vector<std::string>;

inline const std::vector<alphabet> alphabets{
    {"a"}, {"a", "b"}, {"a", "b", "c", "\n"}, {"é", "è", "a"}, {"漢", "漣", "é", "😀", "😁", "a"}};

inline std::string text(random_source& random, const alphabet& letters, std::size_t characters) {
  std::string result;
  for (std::size_t i = 0; i < characters; ++i) result += letters[random.below(letters.size())];
  return result;
}

// Cuts text into pieces of 0 to `longest` bytes, wherever characters end.
inline std::vector<std::string> pieces(random_source& random, const std::string& text, std::size_t longest) {
  std::vector<std::string> result;
  for (std::size_t at = 0; at < text.size();) {
    const auto size = random.below(longest + 1);
    result.push_back(text.substr(at, size));
    at += size;
  }
  return result;
}

}  // namespace naive
