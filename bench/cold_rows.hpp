#pragma once
// Rows of logits in the shapes that samplers meet, more of them than the caches hold.

#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <type_traits>
#include <vector>

#include "urn/core/float16.hpp"

namespace bench {

/// peaky: the best token has a probability of about 0.4, the nucleus of 0.9 some 20 tokens. flat: N(0, 3), a
/// nucleus of thousands. The others are what selections are slow on.
enum class shape : std::uint8_t { peaky, flat, equal, two_values, ascending, ties };

template <class T>
class cold_rows {
 public:
  cold_rows(std::size_t vocabulary, shape s)
      : vocabulary_(vocabulary), rows_(std::max<std::size_t>(4, logits_beyond_caches() / vocabulary)) {
    const std::size_t different = std::max<std::size_t>(4, least_logits / vocabulary);
    std::mt19937 generator(1);
    logits_.resize(vocabulary * rows_);
    const auto row = [this](std::size_t r) {
      return std::span(logits_).subspan(r * vocabulary_, vocabulary_);
    };
    for (std::size_t r = 0; r < rows_; ++r) {
      if (r < different)
        fill(row(r), s, generator);
      else
        std::ranges::copy(row(r % different), row(r).begin());
    }
  }

  std::span<const T> next() {
    const std::size_t r = at_++ % rows_;
    return std::span<const T>(logits_).subspan(r * vocabulary_, vocabulary_);
  }

 private:
  static constexpr std::size_t least_logits = std::size_t{16} << 20;  ///< 64 MB of floats

  /// Twice the third-level cache: one of 300 MB held all rows of a smaller set.
  static std::size_t logits_beyond_caches() {
    const long cache = sysconf(_SC_LEVEL3_CACHE_SIZE);
    return std::max(least_logits, cache <= 0 ? 0 : 2 * static_cast<std::size_t>(cache) / sizeof(float));
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
  std::size_t rows_;
  std::size_t at_ = 0;
  std::vector<T> logits_;
};

}  // namespace bench
