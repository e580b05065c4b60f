#pragma once
/// \file
/// The largest logits and the normaliser of a row, and the normaliser of a kept set.

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include "urn/core/exact.hpp"
#include "urn/core/order_key.hpp"
#include "urn/core/row.hpp"
#include "urn/core/workspace.hpp"
#include "urn/kernel/candidates.hpp"
#include "urn/kernel/scalar/mass.hpp"
#include "urn/kernel/scalar/max.hpp"
#include "urn/kernel/simd/block.hpp"
#include "urn/kernel/simd/threshold.hpp"
#include "urn/kernel/touch_list.hpp"

namespace urn::kernel::simd {

/// Collects what the blocks of a row say.
struct row_watch {
  std::span<float> maxima;
  std::uint32_t largest = 0;
  bool nan = false;

  template <class L>
  void see(std::size_t b, const block_scan<L>& block) {
    largest = std::max(largest, ordered(block.largest()));
    nan |= block.nan;
    for (std::size_t s = b * strips_in_block, i = 0; i < strips_in_block && s + i < maxima.size(); ++i) {
      maxima[s + i] = block.strips[i];
    }
  }
};

/// As scalar::scan. One pass.
template <class L, logits_row Row>
row_scan scan_blocks(const Row& row, std::span<float> maxima) {
  row_watch watch{maxima};
  buffer<L> space;
  for (std::size_t b = 0; b < block_count(row.size()); ++b) {
    watch.see(b, scan_block_of<L>(row, load_block(row, b, space), (b + 1) * block_size));
  }
  return {watch.largest, status_of_row(watch.largest, watch.nan), maxima};
}

/// The same from what is known of the row below an edit of a few tokens, none of which is NaN there. A strip
/// is looked at again only where a touched token was its largest.
template <class L, class Row>
row_scan scan_touched(const Row& row, std::span<float> maxima) {
  const std::span<const touched_token> touched = row.touched();
  const auto strip_of = [&](std::size_t i) { return static_cast<std::size_t>(touched[i].id) / strip_size; };
  buffer<L> space;
  bool nan = false;
  for (std::size_t i = 0; i < touched.size();) {
    const std::size_t s = strip_of(i);
    const std::uint32_t before = ordered(maxima[s]);
    bool was_largest = false;
    for (; i < touched.size() && strip_of(i) == s; ++i) {
      const float logit = row.base().at(static_cast<std::size_t>(touched[i].id));
      const float edited = row.edit()(logit, touched[i].value);
      was_largest |= ordered(logit) >= before;
      nan |= exact::is_nan(edited);
      if (ordered(edited) > ordered(maxima[s])) maxima[s] = edited;
    }
    if (!was_largest) continue;
    const std::size_t first = s * strip_size;
    maxima[s] = largest_of<L>(row.load(first, std::min(strip_size, row.size() - first), space));
  }
  const std::uint32_t largest = ordered(largest_of<L>(maxima));
  return {largest, status_of_row(largest, nan), maxima};
}

/// As scalar::scan. A row with few edits is looked at without them first: the copies of blocks that they
/// touch take a sixth of the time.
template <class L, logits_row Row>
row_scan scan(const Row& row, std::span<float> maxima) {
  if constexpr (requires { row.touched(); }) {
    const bool few = row.touched().size() <= maxima.size();
    if (few && exact::bits(row.temperature()) == exact::bits(1.0F)) {
      const row_scan below = scan<L>(row.base(), maxima);
      if (row.touched().empty()) return below;
      if (!has(below.status, status::nan)) return scan_touched<L>(row, maxima);
    }
  }
  return scan_blocks<L>(row, maxima);
}

/// As scalar::mass and scalar::scan together. One pass.
template <class L, logits_row Row>
row_mass mass(const Row& row, float c, std::span<block_mass> blocks, std::span<float> maxima) {
  row_watch watch{maxima};
  buffer<L> spaces[2];
  const std::size_t count = block_count(row.size());
  std::uint32_t row_key = no_mass_key;
  const float* logits = load_block(row, 0, spaces[0]);
  block_scan<L> seen = scan_block_of<L>(row, logits, block_size);
  for (std::size_t b = 0; b < count; ++b) {
    watch.see(b, seen);
    const std::uint32_t key =
        ordered(seen.largest()) <= ordered_minus_infinity ? no_mass_key : block_key(seen.largest(), c);
    row_key = std::max(row_key, key);
    std::uint64_t total = 0;
    if (b + 1 < count) {
      const float* next = load_block(row, b + 1, spaces[(b + 1) % 2]);
      total = mass_of_block<L>(logits, c, key, next, seen, memory_of(row), (b + 2) * block_size);
      logits = next;
    } else {
      total = mass_of_block<L>(logits, c, key);
    }
    blocks[b] = {key == no_mass_key || key == unbounded_key ? 0 : total, key};
  }
  row_mass result{0, row_key, watch.largest, status_of_mass(watch.largest, row_key, watch.nan), maxima};
  if (!has(result.status, status::infinite | status::empty | status::out_of_range)) {
    result.total = scalar::total_mass(blocks.first(count), row_key);
  }
  return result;
}

/// As scalar::mass_of_kept.
template <class L>
row_mass mass_of_kept(const candidate_list& kept, float c, const row_scan& scanned) {
  row_mass result = unit_of(scanned, c);
  if (has(result.status, status::infinite | status::empty | status::out_of_range)) return result;
  result.total = sum_in_row<L>(kept.logits.data(), kept.size(), c, result.key);
  return result;
}

/// As scalar::max: the first strip that reaches the largest logit, and the first place in it.
template <class L, logits_row Row>
row_max max(const Row& row, const row_scan& scanned) {
  if (has(scanned.status, status::empty | status::nan)) return scalar::max(row);
  const float largest = logit_of(std::uint64_t{scanned.largest} << 32);
  std::size_t first = 0;
  if (!scanned.maxima.empty()) {
    const auto reaches = [&](float m) { return ordered(m) == scanned.largest; };
    const auto strip = std::ranges::find_if(scanned.maxima, reaches);
    first = static_cast<std::size_t>(strip - scanned.maxima.begin()) * strip_size;
  }
  buffer<L> space;
  for (; first < row.size(); first += strip_size) {
    const std::span<const float> logits = row.load(first, std::min(strip_size, row.size() - first), space);
    for (std::size_t i = 0; i < logits.size(); i += L::width) {
      const std::size_t left = logits.size() - i;
      const auto l = left < L::width ? L::load_first(logits.data() + i, left) : L::load(logits.data() + i);
      const std::uint32_t mask = L::at_least(l, L::set(largest));
      if (mask == 0) continue;
      const std::size_t at = first + i + static_cast<std::size_t>(std::countr_zero(mask));
      return {order_key(largest, row.id(at)), scanned.status};
    }
  }
  return {0, scanned.status};
}

}  // namespace urn::kernel::simd
