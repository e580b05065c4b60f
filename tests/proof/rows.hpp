#pragma once
// The rows of the corpus: every logit is an integer times a power of two, or a bit pattern.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include "urn/core/exact.hpp"
#include "urn/core/row.hpp"
#include "words.hpp"

namespace proof {

enum class shape : std::uint8_t {
  bell,        ///< nearly normal, of many widths and offsets
  peaky,       ///< a bell and up to 24 tokens far above it
  quantised,   ///< a bell of few values: ties everywhere
  lone_head,   ///< one token 20 above all others
  equal,       ///< one value
  two_values,  ///< half and half
  ascending,
  descending,
  runs,     ///< the same logit for up to 5000 tokens
  large,    ///< magnitudes of up to 2^127; above 2^21 a row has no masses
  tiny,     ///< magnitudes of down to the smallest subnormal
  zeros,    ///< +0 and -0
  any_bits  ///< any 32 bits, NaN and infinities too
};

template <urn::logit_type T>
constexpr T stored(float x) {
  if constexpr (std::is_same_v<T, urn::bfloat16>) {
    return urn::to_bfloat16(x);
  } else if constexpr (std::is_same_v<T, urn::float16>) {
    return urn::to_float16(x);
  } else {
    return x;
  }
}

/// Fills a row, each time by a shape of its own.
template <urn::logit_type T>
class row_maker {
 public:
  row_maker(std::span<T> row, words& r) : row_(row), r_(r) {}

  void operator()() {
    constexpr shape often[] = {shape::bell,       shape::bell,      shape::bell,       shape::bell,
                               shape::bell,       shape::peaky,     shape::peaky,      shape::peaky,
                               shape::quantised,  shape::quantised, shape::lone_head,  shape::equal,
                               shape::two_values, shape::ascending, shape::descending, shape::runs,
                               shape::large,      shape::tiny,      shape::zeros,      shape::any_bits};
    fill(r_.any_of(often));
    if (r_.one_in(4)) sprinkle(urn::exact::minus_infinity, 1 + r_.below(127));
    if (r_.one_in(16)) sprinkle(urn::exact::quiet_nan, 1 + r_.below(8));
    if (r_.one_in(64)) put_some(urn::exact::quiet_nan, 3);
    if (r_.one_in(64)) put_some(urn::exact::infinity, 3);
  }

 private:
  /// The sum of four 16-bit integers, about 0: deviation 2^15.2, at most 2^17.
  static constexpr std::int32_t sum_of_four(std::uint64_t w) {
    const auto part = [=](int i) { return static_cast<std::int32_t>((w >> (16 * i)) & 0xFFFF); };
    return part(0) + part(1) + part(2) + part(3) - 131070;
  }
  static constexpr std::uint32_t low(std::uint64_t w) { return static_cast<std::uint32_t>(w); }

  template <class Logit>
  void each(Logit&& logit) {
    for (std::size_t i = 0; i < row_.size(); ++i)
      row_[i] = stored<T>(logit(r_.next(), static_cast<std::int32_t>(i)));
  }

  void fill(shape s) {
    switch (s) {
      case shape::bell: return bell();
      case shape::peaky: return peaky();
      case shape::quantised: return quantised();
      case shape::lone_head: return lone_head();
      case shape::equal: return equal();
      case shape::two_values: return two_values();
      case shape::ascending: return ramp(1);
      case shape::descending: return ramp(-1);
      case shape::runs: return runs();
      case shape::large: return bits_of_size(127U + low(r_.below(r_.one_in(4) ? 127 : 20)), 0x1FFFFFFU);
      case shape::tiny: return bits_of_size(r_.one_in(2) ? 0 : low(r_.below(100)), 0x1FFFFFFU);
      case shape::zeros: return bits_of_size(0, 0);
      case shape::any_bits:
        return each([](std::uint64_t w, std::int32_t) { return urn::exact::float_of(low(w)); });
    }
  }

  int less_than(std::size_t n) { return static_cast<int>(r_.below(n)); }
  std::int32_t offset() { return static_cast<std::int32_t>(r_.below(1U << 24)) - (1 << 23); }

  void bell() {
    const int exponent = -17 - less_than(6);
    bell(exponent, r_.one_in(4) ? offset() : 0);
  }
  void bell(int exponent, std::int32_t centre) {
    const auto width = static_cast<std::int32_t>(32 + r_.below(32));
    each([=](std::uint64_t w, std::int32_t) { return scaled(sum_of_four(w) * width + centre, exponent); });
  }
  void peaky() {
    bell(-18 - less_than(2), 0);
    const auto heads = static_cast<std::int32_t>(1 + r_.below(24));
    for (std::int32_t i = 0; i < heads; ++i) put_one(scaled(19 * 64 - i * less_than(40), -6));
  }
  void quantised() {
    const int dropped = 12 + less_than(6);
    const int exponent = -12 - less_than(4);
    each([=](std::uint64_t w, std::int32_t) {
      return scaled(static_cast<std::int32_t>(w >> 46 >> dropped << dropped), exponent);
    });
  }
  void lone_head() {
    bell(-26, 0);
    put_one(20.0F);
  }
  void equal() {
    const int exponent = -18 - less_than(6);
    const float value = scaled(offset(), exponent);
    each([=](std::uint64_t, std::int32_t) { return value; });
  }
  void two_values() {
    const float one = scaled(offset(), -20);
    const float other = scaled(offset(), -20);
    each([=](std::uint64_t w, std::int32_t) { return (w & 1) != 0 ? one : other; });
  }
  void ramp(std::int32_t sign) {
    const int exponent = -less_than(18);
    each([=](std::uint64_t, std::int32_t i) { return scaled(sign * i, exponent); });
  }
  void runs() {
    const auto length = static_cast<std::int32_t>(1 + r_.below(5000));
    const auto count = static_cast<std::int32_t>(1 + r_.below(9));
    each([=](std::uint64_t, std::int32_t i) { return scaled(i / length % count, 0); });
  }
  /// Any sign and mantissa, the exponent field one of four.
  void bits_of_size(std::uint32_t field, std::uint32_t mantissa) {
    each([=](std::uint64_t w, std::int32_t) {
      const std::uint32_t magnitude = std::min((field << 23) + (low(w) & mantissa), 0x7F7FFFFFU);
      return urn::exact::float_of(low(w >> 63) << 31 | magnitude);
    });
  }

  /// In `share` of 128 places.
  void sprinkle(float value, std::size_t share) {
    for (T& logit : row_) {
      if ((r_.next() & 127U) < share) logit = stored<T>(value);
    }
  }
  void put_some(float value, std::size_t at_most) {
    for (std::size_t n = 1 + r_.below(at_most); n > 0; --n) put_one(value);
  }
  void put_one(float value) { row_[r_.below(row_.size())] = stored<T>(value); }

  std::span<T> row_;
  words& r_;
};

}  // namespace proof
