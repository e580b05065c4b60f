#pragma once
// A policy that looks at a row in shards, as machines do that hold a part of the vocabulary each: a shard
// says of its blocks what it sees, and the row is put together from that alone.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "urn/kernel/policy.hpp"

namespace proof {

/// Positions [first, first + count) of a row.
template <urn::logits_row Row>
struct part_of_row {
  const Row& row;
  std::size_t first, count;

  [[nodiscard]] std::size_t size() const { return count; }
  [[nodiscard]] float at(std::size_t i) const { return row.at(first + i); }
  [[nodiscard]] urn::token_id id(std::size_t i) const { return row.id(first + i); }
  [[nodiscard]] std::span<const float> load(std::size_t from, std::size_t n,
                                            urn::block_buffer& buffer) const {
    return row.load(first + from, n, buffer);
  }
};

/// `Base`, but rows are scanned and weighed in so many shards, whose borders are borders of blocks.
template <urn::execution_policy Base>
struct sharded : Base {
  std::size_t shards = 1;

  template <urn::logits_row Row>
  urn::kernel::row_scan scan(const Row& row, std::span<float> maxima) const {
    if (shards == 1) return Base::scan(row, maxima);
    std::uint32_t largest = 0;
    bool nan = false;
    for_each_shard(row, [&](const auto& part) {
      const urn::kernel::row_scan seen = Base::scan(part, maxima_of(part, maxima));
      largest = std::max(largest, seen.largest);
      nan |= has(seen.status, urn::status::nan);
    });
    return {largest, urn::kernel::status_of_row(largest, nan)};
  }

  template <urn::logits_row Row>
  urn::kernel::row_mass mass(const Row& row, float c, std::span<urn::block_mass> blocks,
                             std::span<float> maxima) const {
    if (shards == 1) return Base::mass(row, c, blocks, maxima);
    urn::kernel::row_mass all;
    bool nan = false;
    for_each_shard(row, [&](const auto& part) {
      const auto mine = blocks.subspan(part.first / urn::block_size, urn::block_count(part.count));
      const urn::kernel::row_mass seen = Base::mass(part, c, mine, maxima_of(part, maxima));
      all.key = std::max(all.key, seen.key);
      all.largest = std::max(all.largest, seen.largest);
      nan |= has(seen.status, urn::status::nan);
    });
    all.status = urn::kernel::status_of_mass(all.largest, all.key, nan);
    if (!has(all.status, urn::status::infinite | urn::status::empty | urn::status::out_of_range)) {
      all.total = urn::kernel::scalar::total_mass(blocks.first(urn::block_count(row.size())), all.key);
    }
    return all;
  }

 private:
  template <urn::logits_row Row, class Use>
  void for_each_shard(const Row& row, Use&& use) const {
    const std::size_t blocks = urn::block_count(row.size());
    for (std::size_t s = 0; s < shards; ++s) {
      const std::size_t first = blocks * s / shards * urn::block_size;
      const std::size_t last = std::min(blocks * (s + 1) / shards * urn::block_size, row.size());
      if (first < last) use(part_of_row<Row>{row, first, last - first});
    }
  }
  template <class Part>
  static std::span<float> maxima_of(const Part& part, std::span<float> maxima) {
    return maxima.empty() ? maxima
                          : maxima.subspan(part.first / urn::strip_size, urn::strip_count(part.count));
  }
};

}  // namespace proof
