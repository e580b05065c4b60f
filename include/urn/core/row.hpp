#pragma once
/// \file
/// Views of logits that the caller owns: one row of V logits, or a batch of rows with a stride.

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>

#include "urn/core/exact.hpp"
#include "urn/core/float16.hpp"
#include "urn/core/platform.hpp"
#include "urn/core/token.hpp"

namespace urn {

/// What a logit may be stored as. bf16 and f16 convert to float exactly.
template <class T>
concept logit_type = std::same_as<T, float> || std::same_as<T, bfloat16> || std::same_as<T, float16>;

/// Tokens are grouped by id into blocks of this many; see kernel/block_mass.hpp.
inline constexpr std::size_t block_size = 1024;

/// The largest logit is noted for every strip of this many tokens of a block, so that cuts read only the
/// strips that matter.
inline constexpr std::size_t strip_size = 256;

/// How logits get into a block_buffer. A backend may do it faster, with the same bits. `from` may be `to`.
struct block_conversions {
  void (*from_bfloat16)(const bfloat16* from, std::size_t count, float* to);
  void (*from_float16)(const float16* from, std::size_t count, float* to);
  void (*divide)(float* logits, std::size_t count, float divisor);  ///< each quotient rounded once
  /// -inf where bit i % 32 of words[i / 32] is 0; count is a multiple of 32.
  void (*mask)(const float* from, const std::int32_t* words, std::size_t count, float* to);
};

/// The definition of block_conversions, logit by logit.
template <logit_type T>
void convert_each(const T* from, std::size_t count, float* to) {
  std::transform(from, from + count, to, [](T x) { return to_float(x); });
}
inline void divide_each(float* logits, std::size_t count, float divisor) {
  std::transform(logits, logits + count, logits, [=](float l) { return exact::div(l, divisor); });
}
inline void mask_each(const float* from, const std::int32_t* words, std::size_t count, float* to) {
  for (std::size_t i = 0; i < count; ++i) {
    const bool keep = ((static_cast<std::uint32_t>(words[i / 32]) >> (i % 32)) & 1U) != 0;
    to[i] = from[i];
    if (!keep) to[i] = exact::minus_infinity;
  }
}
inline constexpr block_conversions scalar_conversions{&convert_each<bfloat16>, &convert_each<float16>,
                                                      &divide_each, &mask_each};

/// One block's logits as floats, where a row does not hold them as such.
struct alignas(64) block_buffer {
  float logits[block_size];
  const block_conversions* conversions = &scalar_conversions;
};

/// What the kernels read: `size()` logits; `at(i)`, one of them; `id(i)`, whose it is (ascending in i); and
/// `load(first, count, buffer)`, `count` <= 1024 of them at once, in place where they already lie as floats.
/// Optional: `prefetch(first, count)`, which brings logits near that will be loaded soon.
template <class R>
concept logits_row = requires(const R row, std::size_t i, block_buffer& buffer) {
  { row.size() } -> std::same_as<std::size_t>;
  { row.at(i) } -> std::same_as<float>;
  { row.id(i) } -> std::same_as<token_id>;
  { row.load(i, i, buffer) } -> std::same_as<std::span<const float>>;
};

/// A borrowed row of contiguous logits, one for each token of the vocabulary.
template <logit_type T>
class row_view {
 public:
  constexpr row_view() = default;
  constexpr row_view(const T* data, std::size_t size) : data_(data), size_(size) {}
  template <class Range>
    requires requires(const Range& r) {
      { r.data() } -> std::convertible_to<const T*>;
      { r.size() } -> std::convertible_to<std::size_t>;
    }
  constexpr row_view(const Range& logits)  // NOLINT(google-explicit-constructor): a row is what it views
      : data_(logits.data()), size_(logits.size()) {}

  [[nodiscard]] constexpr const T* data() const { return data_; }
  [[nodiscard]] constexpr std::size_t size() const { return size_; }
  [[nodiscard]] constexpr float at(std::size_t i) const { return to_float(data_[i]); }
  [[nodiscard]] static constexpr token_id id(std::size_t i) { return static_cast<token_id>(i); }

  /// Always inlined, as all that call it: g++ 12 takes a function that only prefetches for one without
  /// effect, and drops the call.
  URN_INLINE void prefetch(std::size_t first, std::size_t count) const {
    constexpr std::size_t line = 64 / sizeof(T);
    for (std::size_t i = 0; i < count; i += line) __builtin_prefetch(data_ + first + i);
  }

  [[nodiscard]] std::span<const float> load(std::size_t first, std::size_t count,
                                            block_buffer& buffer) const {
    if constexpr (std::same_as<T, float>) {
      return {data_ + first, count};
    } else {
      const auto convert = [&] {
        if constexpr (std::same_as<T, bfloat16>) return buffer.conversions->from_bfloat16;
        if constexpr (std::same_as<T, float16>) return buffer.conversions->from_float16;
      }();
      convert(data_ + first, count, buffer.logits);
      return {buffer.logits, count};
    }
  }

 private:
  const T* data_ = nullptr;
  std::size_t size_ = 0;
};

template <class Range>
row_view(const Range&) -> row_view<std::remove_cvref_t<decltype(*std::declval<const Range&>().data())>>;

/// The logits as a row: what is one already, or a view of a range.
template <class Logits>
constexpr auto as_row(const Logits& logits) {
  if constexpr (logits_row<Logits>) {
    return logits;
  } else {
    return row_view(logits);
  }
}

/// A borrowed batch: `rows` rows of `columns` logits, consecutive rows `stride` elements apart.
template <logit_type T>
struct batch_view {
  const T* data = nullptr;
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::size_t stride = 0;

  [[nodiscard]] constexpr row_view<T> row(std::size_t r) const { return {data + r * stride, columns}; }
};

/// Calls use(first, logits) for each block of the row, in order: positions [first, first + logits.size()).
template <logits_row Row, class Use>
void for_each_block(const Row& row, Use&& use) {
  block_buffer buffer;
  for (std::size_t first = 0; first < row.size(); first += block_size) {
    use(first, row.load(first, std::min(block_size, row.size() - first), buffer));
  }
}

/// Asks for `count` logits to be brought near, if the row can do that; positions past its end are left alone.
template <logits_row Row>
URN_INLINE void prefetch(const Row& row, std::size_t first, std::size_t count) {
  if constexpr (requires { row.prefetch(first, count); }) {
    if (first + count <= row.size()) row.prefetch(first, count);
  }
}

/// The number of blocks, and of strips, of a row of `size` logits.
constexpr std::size_t block_count(std::size_t size) { return (size + block_size - 1) / block_size; }
constexpr std::size_t strip_count(std::size_t size) { return (size + strip_size - 1) / strip_size; }

}  // namespace urn
