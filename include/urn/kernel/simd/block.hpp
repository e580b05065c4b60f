#pragma once
/// \file
/// One block of 1024 logits: the maxima of its strips, and its mass.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "urn/core/exact.hpp"
#include "urn/core/row.hpp"
#include "urn/kernel/simd/lanes.hpp"
#include "urn/kernel/simd/weight.hpp"

namespace urn::kernel::simd {

/// Vectors that are worked on side by side: 8 of the 32 registers of AVX-512, 4 of 16.
template <class L>
inline constexpr std::size_t vectors_at_once = L::width >= 16 ? 8 : 4;

inline constexpr std::size_t strips_in_block = block_size / strip_size;

/// The conversions of block_buffer, a vector at a time.
template <class L>
struct conversions {
  template <class T, class Load>
  static void each(const T* from, std::size_t count, float* to, Load&& load) {
    std::size_t i = 0;
    for (; i + L::width <= count; i += L::width) L::store(to + i, load(&from[i].bits));
    convert_each(from + i, count - i, to + i);
  }
  static void from_bfloat16(const bfloat16* from, std::size_t count, float* to) {
    each(from, count, to, [](const std::uint16_t* p) { return L::from_bfloat16(p); });
  }
  static void from_float16(const float16* from, std::size_t count, float* to) {
    if constexpr (requires(const std::uint16_t* p) { L::from_float16(p); }) {
      each(from, count, to, [](const std::uint16_t* p) { return L::from_float16(p); });
    } else {
      convert_each(from, count, to);
    }
  }
  static void divide(float* logits, std::size_t count, float divisor) {
    std::size_t i = 0;
    for (; i + L::width <= count; i += L::width) {
      L::store(logits + i, L::divide(L::load(logits + i), L::set(divisor)));
    }
    divide_each(logits + i, count - i, divisor);
  }
  static void mask(const float* from, const std::int32_t* words, std::size_t count, float* to) {
    for (std::size_t i = 0; i < count; i += 32) {
      const auto word = static_cast<std::uint32_t>(words[i / 32]);
      unrolled<32 / L::width>([&](auto j) URN_INLINE_LAMBDA {
        constexpr std::size_t at = j * L::width;
        L::store(to + i + at, L::template keep_from<at>(L::load(from + i + at), word));
      });
    }
  }
  static constexpr block_conversions table{&from_bfloat16, &from_float16, &divide, &mask};
};

/// A buffer that converts with vectors.
template <class L>
struct buffer : block_buffer {
  buffer() { conversions = &simd::conversions<L>::table; }
};

/// Block `b` of a row as 1024 floats, the last one filled up with -inf.
template <logits_row Row>
const float* load_block(const Row& row, std::size_t b, block_buffer& buffer) {
  const std::size_t first = b * block_size;
  const std::size_t count = std::min(block_size, row.size() - first);
  const std::span<const float> logits = row.load(first, count, buffer);
  if (count == block_size) return logits.data();
  if (logits.data() != buffer.logits) std::copy(logits.begin(), logits.end(), buffer.logits);
  std::fill(buffer.logits + count, buffer.logits + block_size, exact::minus_infinity);
  return buffer.logits;
}

/// What is seen of a block while it streams by.
template <class L>
struct block_scan {
  float strips[strips_in_block];  ///< the largest logit of each
  bool nan = false;

  [[nodiscard]] float largest() const {
    return std::max(std::max(strips[0], strips[1]), std::max(strips[2], strips[3]));
  }
};

/// True if one of a block's logits is NaN: its |bits| are larger than infinity's (integers, because
/// -ffinite-math-only may assume that no float is NaN).
template <class L>
bool has_nan(const float* logits) {
  auto magnitude = L::set(0U);
  for (std::size_t i = 0; i < block_size; i += L::width) {
    magnitude = L::max(L::bits(L::load(logits + i)) & L::set(0x7FFFFFFFU), magnitude);
  }
  return L::max_of(magnitude) > exact::infinity_bits;
}

/// Looks at the logits of a block. Their sum tells of a NaN: it is one as well, or there are infinities of
/// both signs.
template <class L>
class block_watch {
 public:
  /// N vectors.
  template <std::size_t N>
  URN_INLINE void see(const float* logits) {
    unrolled<N>([&](auto i) URN_INLINE_LAMBDA {
      const auto l = L::load(logits + i * L::width);
      largest_[i % chains] = L::max(l, largest_[i % chains]);
      sum_ = L::add(sum_, l);
    });
  }
  /// The largest logit since the last strip.
  URN_INLINE float end_strip() {
    const float largest = L::max_of(L::max(largest_[0], largest_[1]));
    unrolled<chains>([&](auto i) URN_INLINE_LAMBDA { largest_[i] = L::set(exact::minus_infinity); });
    return largest;
  }
  /// Whether one of the logits, all of which were seen, is NaN.
  [[nodiscard]] URN_INLINE bool nan(const float* logits) const {
    const auto magnitude = L::bits(sum_) & L::set(0x7FFFFFFFU);
    return L::max_of(magnitude) > exact::infinity_bits && has_nan<L>(logits);
  }

 private:
  static constexpr std::size_t chains = 2;
  typename L::floats largest_[chains] = {L::set(exact::minus_infinity), L::set(exact::minus_infinity)};
  typename L::floats sum_ = L::set(0.0F);
};

/// Of a row without any.
struct no_memory {
  static void prefetch(std::size_t, std::size_t) {}
  [[nodiscard]] static constexpr std::size_t size() { return 0; }
};
inline constexpr no_memory nowhere{};

/// The row below the edits, which can bring logits near: what needs no more of a row is compiled once for all
/// edits of it.
template <logits_row Row>
constexpr const auto& memory_of(const Row& row) {
  if constexpr (requires { row.base(); }) {
    return memory_of(row.base());
  } else if constexpr (requires { row.prefetch(0, 0); }) {
    return row;
  } else {
    return nowhere;
  }
}

/// Where a block begins that is to be brought near, vector by vector without asking where the row ends:
/// instead of a part of a block the row's last 1024 logits. The row has so many, or is nowhere.
template <class Memory>
std::size_t whole_block(const Memory& memory, std::size_t first) {
  return std::min(first, memory.size() - std::min(memory.size(), block_size));
}

/// Scans a block, while the one from `ahead` on is brought near.
template <class L, class Memory>
block_scan<L> scan_block(const float* logits, const Memory& memory, std::size_t ahead) {
  constexpr std::size_t n = vectors_at_once<L>;
  ahead = whole_block(memory, ahead);
  block_scan<L> seen;
  block_watch<L> watch;
  for (std::size_t s = 0; s < strips_in_block; ++s) {
    for (std::size_t i = s * strip_size; i < (s + 1) * strip_size; i += n * L::width) {
      memory.prefetch(ahead + i, n * L::width);
      watch.template see<n>(logits + i);
    }
    seen.strips[s] = watch.end_strip();
  }
  seen.nan = watch.nan(logits);
  return seen;
}
/// The same of a row, which may be less than a block.
template <class L, logits_row Row>
block_scan<L> scan_block_of(const Row& row, const float* logits, std::size_t ahead) {
  if (row.size() < block_size) return scan_block<L>(logits, nowhere, 0);
  return scan_block<L>(logits, memory_of(row), ahead);
}

/// The mass of a block with the given key.
template <class L>
std::uint64_t mass_of_block(const float* logits, float c, std::uint32_t key) {
  constexpr std::size_t n = vectors_at_once<L>;
  block_sum<L, n> sum;
  for (std::size_t i = 0; i < block_size; i += n * L::width) sum.add(logits + i, L::set(c), L::set(key));
  return sum.total();
}

/// The mass of a block, while the next one is scanned and the one after that, from `ahead` on, is brought
/// near: the arithmetic of this one hides the memory. (Of the float softmax's time, on rows that are not in a
/// cache: 0.93 without the prefetch, 0.68 with it, on AVX2; 0.82 and 0.73 on AVX-512.)
template <class L, class Memory>
std::uint64_t mass_of_block(const float* logits, float c, std::uint32_t key, const float* next,
                            block_scan<L>& seen, const Memory& memory, std::size_t ahead) {
  constexpr std::size_t n = vectors_at_once<L>;
  ahead = whole_block(memory, ahead);
  block_sum<L, n> sum;
  block_watch<L> watch;
  for (std::size_t s = 0; s < strips_in_block; ++s) {
    for (std::size_t i = s * strip_size; i < (s + 1) * strip_size; i += n * L::width) {
      memory.prefetch(ahead + i, n * L::width);
      watch.template see<n>(next + i);
      sum.add(logits + i, L::set(c), L::set(key));
    }
    seen.strips[s] = watch.end_strip();
  }
  seen.nan = watch.nan(next);
  return sum.total();
}

}  // namespace urn::kernel::simd
