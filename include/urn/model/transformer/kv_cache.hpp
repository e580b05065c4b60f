#pragma once
/// \file
/// The keys and values of one sequence's tokens, in pages that forked sequences share.

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "urn/core/error.hpp"

namespace urn::nn {

/// The positions of a page.
inline constexpr std::size_t page_positions = 32;

/// What one position's keys and values are made of.
struct kv_shape {
  std::size_t layers;
  std::size_t heads;  ///< key and value heads
  std::size_t head_dim;
};

/// The keys and values of 32 positions, all layers and heads. Positions are filled in order, each by the one
/// cache that claimed it, and never change again; so any number of caches may share a page and read what lies
/// in their own past, while one of them goes on writing behind it.
class kv_page {
 public:
  /// An empty page whose first `claimed` positions belong to its maker.
  kv_page(const kv_shape& shape, std::size_t claimed)
      : claimed_(claimed), values_(shape.layers * shape.heads * 2 * shape.head_dim * page_positions) {}

  /// The same first `kept` positions in a new page, of which `claimed` belong to its maker.
  kv_page(const kv_page& other, const kv_shape& shape, std::size_t kept, std::size_t claimed)
      : kv_page(shape, claimed) {
    const std::size_t block = shape.head_dim * page_positions;
    for (std::size_t start = 0; start < values_.size(); start += 2 * block) {
      for (std::size_t key = start; key < start + block; key += page_positions) copy(other, key, kept);
      copy(other, start + block, kept * shape.head_dim);
    }
  }

  /// Takes positions from .. to - 1 for the caller, unless a position behind `from` was already taken.
  bool claim(std::size_t from, std::size_t to) {
    return claimed_.compare_exchange_strong(from, to, std::memory_order_relaxed);
  }

  /// A head's keys: [head_dim][32], so that a query is multiplied with 32 of them side by side.
  float* keys(const kv_shape& shape, std::size_t layer, std::size_t head) {
    return values_.data() + (layer * shape.heads + head) * 2 * shape.head_dim * page_positions;
  }
  const float* keys(const kv_shape& shape, std::size_t layer, std::size_t head) const {
    return const_cast<kv_page*>(this)->keys(shape, layer, head);
  }

  /// A head's values: [32][head_dim].
  float* values(const kv_shape& shape, std::size_t layer, std::size_t head) {
    return keys(shape, layer, head) + shape.head_dim * page_positions;
  }
  const float* values(const kv_shape& shape, std::size_t layer, std::size_t head) const {
    return keys(shape, layer, head) + shape.head_dim * page_positions;
  }

 private:
  void copy(const kv_page& other, std::size_t start, std::size_t count) {
    std::copy_n(other.values_.data() + start, count, values_.data() + start);
  }

  std::atomic<std::size_t> claimed_;
  std::vector<float> values_;  // [layer][head][keys, values]
};

/// A sequence's state in the transformer; see model_sequence. fork() copies one pointer for every 32 tokens.
/// Whoever writes first to a shared last page goes on in it, the others copy that page and no other; after
/// truncate(n) the next write copies the last page unless n ends one.
class kv_cache {
 public:
  explicit kv_cache(std::shared_ptr<const kv_shape> shape) : shape_(std::move(shape)) {}
  kv_cache(kv_cache&&) = default;
  kv_cache& operator=(kv_cache&&) = default;
  ~kv_cache() = default;

  std::size_t size() const { return size_; }

  kv_cache fork() const { return *this; }

  void truncate(std::size_t n) {
    if (n > size_) {
      throw error("truncate", "no " + std::to_string(n) + " tokens to keep",
                  "the sequence holds " + std::to_string(size_));
    }
    size_ = n;
    pages_.resize(pages_for(n));
  }

  /// Whose shape it has; the address stands for the model that made it.
  const kv_shape* shape() const { return shape_.get(); }

  /// Makes the next `count` positions writable. size() stays, and so does the content should memory run out.
  void prepare(std::size_t count) {
    pages_.resize(pages_for(size_));  // without what a call that failed left
    const std::size_t used = size_ % page_positions;
    const std::size_t end = std::min(used + count, page_positions);
    if (used != 0 && !pages_.back()->claim(used, end)) {
      pages_.back() = std::make_shared<kv_page>(*pages_.back(), *shape_, used, end);
    }
    while (pages_.size() < pages_for(size_ + count)) {
      const std::size_t left = size_ + count - pages_.size() * page_positions;
      pages_.push_back(std::make_shared<kv_page>(*shape_, std::min(left, page_positions)));
    }
  }

  /// Counts `count` prepared positions, now written, as part of the sequence.
  void commit(std::size_t count) { size_ += count; }

  /// The page of positions 32 i .. 32 i + 31, prepared ones included.
  kv_page& page(std::size_t i) { return *pages_[i]; }
  const kv_page& page(std::size_t i) const { return *pages_[i]; }

 private:
  kv_cache(const kv_cache&) = default;

  static std::size_t pages_for(std::size_t size) { return (size + page_positions - 1) / page_positions; }

  std::shared_ptr<const kv_shape> shape_;
  std::vector<std::shared_ptr<kv_page>> pages_;
  std::size_t size_ = 0;
};

}  // namespace urn::nn
