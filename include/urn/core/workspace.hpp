#pragma once
/// \file
/// Scratch memory for one row at a time, sized once: the draw path never allocates.

#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <vector>

#include "urn/core/row.hpp"
#include "urn/core/token.hpp"

namespace urn {

namespace detail {

/// Memory that begins with a line of a cache: a vector store across two lines costs as much as several in
/// one.
template <class T>
struct line_allocator {
  using value_type = T;
  static constexpr std::align_val_t line{64};

  line_allocator() = default;
  template <class U>
  line_allocator(const line_allocator<U>&) {}  // NOLINT(google-explicit-constructor): as an allocator must
  T* allocate(std::size_t count) { return static_cast<T*>(::operator new(count * sizeof(T), line)); }
  void deallocate(T* at, std::size_t) { ::operator delete(at, line); }
  bool operator==(const line_allocator&) const = default;
};
template <class T>
using line_vector = std::vector<T, line_allocator<T>>;

}  // namespace detail

/// A block's largest logit as a power of two (`key`) and its mass relative to it; see kernel/block_mass.hpp.
struct block_mass {
  std::uint64_t mass = 0;  ///< sum of the block's 32-bit masses, < 2^42
  std::uint32_t key = 0;   ///< 0: no mass in the block; ~0: +inf or out of range
};

/// A candidate with its place in the order of candidates and its mass.
struct ranked_mass {
  std::uint64_t key = 0;
  std::uint64_t mass = 0;
};

/// A token that a sparse edit changes, and what the edit wants to know about it (a count, a bias's bits).
struct touched_token {
  token_id id = no_token;
  std::uint32_t value = 0;
};

/// The scratch of one thread: 44 bytes for each token of the vocabulary and 32 for each block (5.6 MB at V =
/// 128,256). Not to be shared between threads at one time.
class workspace {
 public:
  /// For rows of up to `vocabulary` logits whose sparse edits (penalties, biases) touch up to `edits` tokens,
  /// all edits of a pipeline added up.
  explicit workspace(std::size_t vocabulary) : workspace(vocabulary, vocabulary) {}
  workspace(std::size_t vocabulary, std::size_t edits)
      : vocabulary_(vocabulary),
        blocks_(block_count(vocabulary)),
        maxima_(strip_count(vocabulary)),
        ids_(vocabulary + overrun),
        logits_(vocabulary + overrun),
        left_(vocabulary + overrun),
        right_(vocabulary + overrun),
        ranked_(vocabulary),
        touched_(edits),
        slots_(vocabulary) {}

  /// Vector stores may write this many elements past ids(), logits(), left() and right().
  static constexpr std::size_t overrun = 64;

  [[nodiscard]] std::size_t vocabulary() const { return vocabulary_; }

  [[nodiscard]] std::span<block_mass> blocks() { return blocks_; }
  /// The largest logit of each strip.
  [[nodiscard]] std::span<float> maxima() { return maxima_; }
  /// The same for a row of so many logits.
  [[nodiscard]] std::span<float> maxima_of(std::size_t size) { return maxima().first(strip_count(size)); }
  [[nodiscard]] std::span<token_id> ids() { return std::span(ids_).first(vocabulary_); }
  [[nodiscard]] std::span<float> logits() { return std::span(logits_).first(vocabulary_); }
  /// Two rows of logits for whatever a kernel likes.
  [[nodiscard]] std::span<float> left() { return std::span(left_).first(vocabulary_); }
  [[nodiscard]] std::span<float> right() { return std::span(right_).first(vocabulary_); }
  [[nodiscard]] std::span<ranked_mass> ranked() { return ranked_; }
  [[nodiscard]] std::span<touched_token> touched() { return touched_; }
  /// One number a token; all zero between uses.
  [[nodiscard]] std::span<std::uint32_t> slots() { return slots_; }

 private:
  std::size_t vocabulary_;
  std::vector<block_mass> blocks_;
  detail::line_vector<float> maxima_;
  detail::line_vector<token_id> ids_;
  detail::line_vector<float> logits_;
  detail::line_vector<float> left_;
  detail::line_vector<float> right_;
  std::vector<ranked_mass> ranked_;
  std::vector<touched_token> touched_;
  std::vector<std::uint32_t> slots_;
};

}  // namespace urn
