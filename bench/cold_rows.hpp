#pragma once
// Rows of logits in the shapes that samplers meet, more of them than the caches hold.

#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <random>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "urn/core/float16.hpp"

namespace bench {

/// peaky: the best token has a probability of about 0.4, the nucleus of 0.9 some 20 tokens. flat: N(0, 3), a
/// nucleus of thousands. The others are what selections are slow on.
enum class shape : std::uint8_t { peaky, flat, equal, two_values, ascending, ties };

template <class T>
class cold_rows {
 public:
  cold_rows(std::size_t vocabulary, shape s) : vocabulary_(vocabulary), logits_(&logits_of(vocabulary, s)) {}

  std::span<const T> next() {
    const std::size_t r = at_++ % (logits_->size() / vocabulary_);
    return std::span<const T>(*logits_).subspan(r * vocabulary_, vocabulary_);
  }

 private:
  /// Made once for each shape and vocabulary: repetitions in random order ask for all of them again and
  /// again.
  static const std::vector<T>& logits_of(std::size_t vocabulary, shape s) {
    static std::map<std::pair<std::size_t, shape>, std::vector<T>> made;
    std::vector<T>& logits = made[{vocabulary, s}];
    if (logits.empty()) make(logits, vocabulary, s);
    return logits;
  }
  /// 64 MB of different floats, and copies of them until they are twice what the third-level cache holds.
  static void make(std::vector<T>& logits, std::size_t vocabulary, shape s) {
    const std::size_t different = std::max<std::size_t>(4, (std::size_t{16} << 20) / vocabulary);
    const auto cache = static_cast<std::size_t>(std::max(0L, sysconf(_SC_LEVEL3_CACHE_SIZE)));
    const std::size_t rows = std::max(different, 2 * cache / sizeof(T) / vocabulary);
    logits.resize(rows * vocabulary);
    const auto row = [&](std::size_t r) { return std::span(logits).subspan(r * vocabulary, vocabulary); };
    std::mt19937 generator(1);
    for (std::size_t r = 0; r < different; ++r) fill(row(r), s, generator);
    for (std::size_t r = different; r < rows; ++r) std::ranges::copy(row(r % different), row(r).begin());
  }
  static void fill(std::span<T> row, shape s, std::mt19937& generator) {
    std::normal_distribution<float> normal(0.0F, s == shape::peaky ? 2.0F : 3.0F);
    for (std::size_t i = 0; i < row.size(); ++i) {
      switch (s) {
        case shape::equal: row[i] = as(1.5F); break;
        case shape::two_values: row[i] = as(generator() % 2 == 0 ? 1.0F : 2.0F); break;
        case shape::ascending: row[i] = as(static_cast<float>(i) * 1e-4F); break;
        case shape::ties: row[i] = as(static_cast<float>(i / 5000 % 7)); break;
        default: row[i] = as(normal(generator));
      }
    }
    for (std::size_t i = 0; s == shape::peaky && i < 24; ++i) {
      row[generator() % row.size()] = as(19.0F - (i == 0 ? 0.0F : 1.2F + 0.12F * static_cast<float>(i)));
    }
  }
  static T as(float x) {
    if constexpr (std::is_same_v<T, urn::bfloat16>) return urn::to_bfloat16(x);
    if constexpr (std::is_same_v<T, urn::float16>) return urn::to_float16(x);
    if constexpr (std::is_same_v<T, float>) return x;
  }

  std::size_t vocabulary_;
  std::size_t at_ = 0;
  const std::vector<T>* logits_;
};

}  // namespace bench
