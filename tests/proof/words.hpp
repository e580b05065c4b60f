#pragma once
// Random integers for the corpus: integer arithmetic only, so the same on every machine and under every flag.

#include <cstddef>
#include <cstdint>

#include "urn/core/exact.hpp"

namespace proof {

/// The finaliser of SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014):
/// a bijection whose every output bit depends on every input bit.
constexpr std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
  return x ^ (x >> 31);
}

/// SplitMix64. Never two calls in one list of arguments: compilers evaluate those in orders of their own.
class words {
 public:
  constexpr explicit words(std::uint64_t seed) : state_(mix(seed)) {}

  constexpr std::uint64_t next() { return mix(state_ += 0x9E3779B97F4A7C15ULL); }
  /// An integer below n, n > 0.
  constexpr std::size_t below(std::size_t n) { return urn::exact::multiply_high(next(), n); }
  constexpr bool one_in(std::size_t n) { return below(n) == 0; }
  template <class T, std::size_t N>
  constexpr T any_of(const T (&values)[N]) {
    return values[below(N)];
  }

 private:
  std::uint64_t state_;
};

/// n * 2^exponent, exact: |n| <= 2^24, and the result is neither subnormal nor infinite.
constexpr float scaled(std::int32_t n, int exponent) {
  return static_cast<float>(n) * urn::exact::float_of(static_cast<std::uint32_t>(127 + exponent) << 23);
}

}  // namespace proof
