#pragma once
/// \file
/// What a threshold keeps of a row, as a list.

#include <algorithm>
#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

#include "urn/core/order_key.hpp"
#include "urn/core/row.hpp"
#include "urn/kernel/candidates.hpp"
#include "urn/kernel/scalar/max.hpp"
#include "urn/kernel/simd/block.hpp"
#include "urn/kernel/simd/threshold.hpp"

namespace urn::kernel::simd {

/// Ids of a vector of tokens of a whole row, and of a kept set.
template <class L, class Row>
URN_INLINE typename L::words ids_of(const Row& row, std::size_t i) {
  if constexpr (std::same_as<Row, candidate_list>) {
    return L::load(row.ids.data() + i);
  } else {
    alignas(64) static constexpr auto offsets = [] {
      std::array<std::int32_t, L::width> all{};
      for (std::size_t lane = 0; lane < L::width; ++lane) all[lane] = static_cast<std::int32_t>(lane);
      return all;
    }();
    return L::load(offsets.data()) + L::set(static_cast<std::uint32_t>(row.id(i)));
  }
}

/// As many of the lanes in `equals` as are still to be kept, the first ones; `left` counts down.
inline std::uint32_t first_equals(std::uint32_t equals, std::size_t& left) {
  auto count = static_cast<std::size_t>(std::popcount(equals));
  for (; count > left; --count) equals &= ~std::bit_floor(equals);
  left -= count;
  return equals;
}

/// Appends tokens to a list, which may be the row that they are from.
template <class L>
class list_writer {
 public:
  explicit list_writer(candidate_list out) : out_(out) {}

  [[nodiscard]] candidate_list kept() const { return out_.first(size_); }
  [[nodiscard]] std::size_t size() const { return size_; }

  /// Of positions [first, first + logits.size()) of the row those in mask_of(vector), a mask of lanes. Where
  /// little is kept, vectors without it are skipped; where much, every vector is stored: mispredicted skips
  /// cost 6 times as much.
  template <class Row, class Mask>
  void append(const Row& row, std::size_t first, std::span<const float> logits, Mask&& mask_of) {
    const std::size_t whole = logits.size() / L::width * L::width;
    std::size_t size = size_;  // not the member, which every vector store may alias
    const auto store = [&](std::size_t i, auto l, std::uint32_t mask) URN_INLINE_LAMBDA {
      put(row, first + i, l, mask, size);
      size += static_cast<std::size_t>(std::popcount(mask));
    };
    if (dense_) {
      for (std::size_t i = 0; i < whole; i += L::width) {
        const auto l = L::load(logits.data() + i);
        store(i, l, mask_of(l));
      }
    } else {
      for (std::size_t i = 0; i < whole; i += L::width) {
        const auto l = L::load(logits.data() + i);
        if (const std::uint32_t mask = mask_of(l); mask != 0) store(i, l, mask);
      }
    }
    for (std::size_t i = whole; i < logits.size(); ++i) {  // a vector could read past the ids of a list
      if ((mask_of(L::load_first(logits.data() + i, 1)) & 1U) == 0) continue;
      out_.ids[size] = row.id(first + i);
      out_.logits[size++] = logits[i];
    }
    dense_ = size - size_ > logits.size() / 32;
    size_ = size;
  }

 private:
  template <class Row>
  URN_INLINE void put(const Row& row, std::size_t i, typename L::floats logits, std::uint32_t mask,
                      std::size_t size) const {
    token_id* const ids = out_.ids.data() + size;
    float* const to = out_.logits.data() + size;
    if (mask != L::all) {
      L::compress(ids, ids_of<L>(row, i), mask);
      L::compress(to, logits, mask);
    } else if (!stays(row, i, to)) {  // a long run, as ties make it
      L::store(ids, ids_of<L>(row, i));
      L::store(to, logits);
    }
  }
  template <class Row>
  URN_INLINE static bool stays(const Row& row, std::size_t i, const float* to) {
    if constexpr (std::same_as<Row, candidate_list>) return row.logits.data() + i == to;
    return false;
  }

  candidate_list out_;
  std::size_t size_ = 0;
  bool dense_ = false;
};

/// Appends to a list what a threshold keeps.
template <class L>
class collector {
 public:
  collector(candidate_list out, threshold keep) : list_(out), keep_(keep) {
    if (!survives(keep.value)) keep_.equals = 0;
  }

  [[nodiscard]] candidate_list kept() const { return list_.kept(); }
  /// False if a strip with this maximum has nothing to keep.
  [[nodiscard]] bool wants(float maximum) const {
    return maximum > keep_.value || (keep_.equals > 0 && maximum >= keep_.value);
  }

  /// Positions [first, first + logits.size()) of the row.
  template <class Row>
  void see(const Row& row, std::size_t first, std::span<const float> logits) {
    const auto v = L::set(keep_.value);
    const auto at_least = [&](auto l) URN_INLINE_LAMBDA { return L::at_least(l, v); };
    const auto above = [&](auto l) URN_INLINE_LAMBDA { return L::above(l, v); };
    if (keep_.equals == 0) {
      list_.append(row, first, logits, above);
    } else if (keep_.equals == threshold::unlimited) {
      list_.append(row, first, logits, at_least);
    } else if (keep_.equals >= logits.size()) {
      const std::size_t before =
          list_.size() + count_above<L>(logits, keep_.value);  // append may write over the logits
      list_.append(row, first, logits, at_least);
      keep_.equals -= list_.size() - before;
    } else {
      list_.append(row, first, logits, [&](auto l) URN_INLINE_LAMBDA {
        const std::uint32_t high = above(l);
        return high | first_equals(at_least(l) & ~high, keep_.equals);
      });
    }
  }

 private:
  list_writer<L> list_;
  threshold keep_;
};

/// Calls use(s) for each strip whose maximum is at least `value`; for all `count` strips if the maxima are
/// not known.
template <class L, class Use>
void for_each_strip_reaching(float value, std::size_t count, std::span<const float> maxima, Use&& use) {
  for (std::size_t s = 0; maxima.empty() && s < count; ++s) use(s);
  std::size_t s = 0;
  for_each_vector<L>(maxima, [&](auto m, std::uint32_t valid) {
    for (std::uint32_t mask = L::at_least(m, L::set(value)) & valid; mask != 0; mask &= mask - 1) {
      use(s + static_cast<std::size_t>(std::countr_zero(mask)));
    }
    s += L::width;
  });
}

/// What a threshold keeps of a row, into `out`, which may be the row itself.
template <class L, logits_row Row>
candidate_list collect(const Row& row, const row_scan& scanned, threshold keep, candidate_list out) {
  collector<L> found(out, keep);
  buffer<L> space;
  for_each_strip_reaching<L>(keep.value, strip_count(row.size()), scanned.maxima, [&](std::size_t s) {
    if (!scanned.maxima.empty() && !found.wants(scanned.maxima[s])) return;
    const std::size_t first = s * strip_size;
    found.see(row, first, row.load(first, std::min(strip_size, row.size() - first), space));
  });
  return found.kept();
}

}  // namespace urn::kernel::simd
