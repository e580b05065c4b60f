#pragma once
/// \file
/// parallel: one row's first pass, and the rows of a batch, on several threads.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "urn/core/platform.hpp"
#include "urn/core/row.hpp"
#include "urn/core/thread_pool.hpp"
#include "urn/core/workspace.hpp"
#include "urn/kernel/policy.hpp"

namespace urn {

/// Positions [first, first + size) of a row, as a row.
template <logits_row Row>
class row_slice {
 public:
  row_slice(const Row& row, std::size_t first, std::size_t size) : row_(&row), first_(first), size_(size) {}

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] float at(std::size_t i) const { return row_->at(first_ + i); }
  [[nodiscard]] token_id id(std::size_t i) const { return row_->id(first_ + i); }
  URN_INLINE void prefetch(std::size_t first, std::size_t count) const {
    urn::prefetch(*row_, first_ + first, count);
  }
  [[nodiscard]] std::span<const float> load(std::size_t first, std::size_t count,
                                            block_buffer& buffer) const {
    return row_->load(first_ + first, count, buffer);
  }

 private:
  const Row* row_;
  std::size_t first_;
  std::size_t size_;
};

namespace kernel {

/// The mass of a row from those of its slices, which begin at borders of blocks; `blocks` and `maxima` are
/// theirs.
inline row_mass joined(std::span<const row_mass> slices, std::span<const block_mass> blocks,
                       std::span<const float> maxima) {
  row_mass all{0, no_mass_key, 0, status::ok, maxima};
  bool nan = false;
  for (const row_mass& s : slices) {
    all.key = std::max(all.key, s.key);
    all.largest = std::max(all.largest, s.largest);
    nan |= has(s.status, status::nan);
    if (s.maxima.empty()) all.maxima = {};
  }
  all.status = status_of_mass(all.largest, all.key, nan);
  if (!has(all.status, status::infinite | status::empty | status::out_of_range)) {
    all.total = scalar::total_mass(blocks, all.key);
  }
  return all;
}

/// The scan of a row from those of its slices.
inline row_scan joined(std::span<const row_scan> slices, std::span<const float> maxima) {
  row_scan all{0, status::ok, maxima};
  bool nan = false;
  for (const row_scan& s : slices) {
    all.largest = std::max(all.largest, s.largest);
    nan |= has(s.status, status::nan);
    if (s.maxima.empty()) all.maxima = {};
  }
  all.status = status_of_row(all.largest, nan);
  return all;
}

}  // namespace kernel

/// The kernels of another policy, where the pass over a long row is divided among the threads of a pool, at
/// borders of blocks. Integers are summed, so the results are the same however it is divided. Used by one
/// thread at a time, as the pool is. `urn::parallel{urn::simd, pool}`.
template <execution_policy Base, executor Pool = thread_pool>
struct parallel : Base {
  static constexpr std::size_t most_parts = 64;
  static constexpr std::size_t least_blocks = 16;  ///< a part of fewer is not worth handing over

  Pool* pool;

  parallel(Base base, Pool& threads) : Base(base), pool(&threads) {}

  [[nodiscard]] const Base& base() const { return *this; }

  template <logits_row Row>
  kernel::row_scan scan(const Row& row, std::span<float> maxima) const {
    const std::size_t parts = parts_for(row.size());
    if (parts == 1) return Base::scan(row, maxima);
    std::array<kernel::row_scan, most_parts> scans;
    for_each_part(row, parts, [&](std::size_t p, std::size_t first, const row_slice<Row>& slice) {
      scans[p] = Base::scan(slice, maxima_of(slice, first, maxima));
    });
    return kernel::joined(std::span<const kernel::row_scan>(scans).first(parts), maxima);
  }

  template <logits_row Row>
  kernel::row_mass mass(const Row& row, float c, std::span<block_mass> blocks,
                        std::span<float> maxima) const {
    const std::size_t parts = parts_for(row.size());
    if (parts == 1) return Base::mass(row, c, blocks, maxima);
    std::array<kernel::row_mass, most_parts> masses;
    for_each_part(row, parts, [&](std::size_t p, std::size_t first, const row_slice<Row>& slice) {
      masses[p] = Base::mass(slice, c, blocks.subspan(first / block_size, block_count(slice.size())),
                             maxima_of(slice, first, maxima));
    });
    return kernel::joined(std::span<const kernel::row_mass>(masses).first(parts),
                          blocks.first(block_count(row.size())), maxima);
  }

 private:
  [[nodiscard]] std::size_t parts_for(std::size_t size) const {
    const std::size_t worthwhile = std::max<std::size_t>(1, block_count(size) / least_blocks);
    return std::min({worthwhile, static_cast<std::size_t>(pool->size()), most_parts});
  }
  template <class Row>
  static std::span<float> maxima_of(const row_slice<Row>& slice, std::size_t first, std::span<float> maxima) {
    return maxima.empty() ? maxima : maxima.subspan(first / strip_size, strip_count(slice.size()));
  }
  /// Calls work(part, first position, slice) for slices of whole blocks.
  template <class Row, class Work>
  void for_each_part(const Row& row, std::size_t parts, Work&& work) const {
    const std::size_t blocks = block_count(row.size());
    pool->run(parts, [&](std::size_t p) {
      const std::size_t first = blocks * p / parts * block_size;
      const std::size_t last = std::min(row.size(), blocks * (p + 1) / parts * block_size);
      work(p, first, row_slice<Row>(row, first, last - first));
    });
  }
};

template <class Base, class Pool>
parallel(Base, Pool&) -> parallel<Base, Pool>;

/// A policy that has threads.
template <class P>
concept parallel_policy = execution_policy<P> && requires(const P& p) {
  p.pool->size();
  { p.base() } -> execution_policy;
};

}  // namespace urn
