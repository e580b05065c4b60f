#pragma once
/// \file
/// What a threshold keeps of a row, as a list.

#include <algorithm>
#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>

#include "urn/core/exact.hpp"
#include "urn/core/order_key.hpp"
#include "urn/core/row.hpp"
#include "urn/kernel/candidates.hpp"
#include "urn/kernel/scalar/max.hpp"
#include "urn/kernel/simd/block.hpp"
#include "urn/kernel/simd/threshold.hpp"

namespace urn::kernel::simd {

/// Whose logits are looked at: tokens one after the other, as in whole rows and parts of them.
template <class L>
struct consecutive_ids {
  token_id first;

  [[nodiscard]] URN_INLINE token_id at(std::size_t i) const { return first + static_cast<token_id>(i); }
  [[nodiscard]] URN_INLINE typename L::words vector(std::size_t i) const {
    alignas(64) static constexpr auto offsets = [] {
      std::array<std::int32_t, L::width> all{};
      for (std::size_t lane = 0; lane < L::width; ++lane) all[lane] = static_cast<std::int32_t>(lane);
      return all;
    }();
    return L::load(offsets.data()) + L::set(static_cast<std::uint32_t>(at(i)));
  }
};
/// Those of a kept set.
template <class L>
struct listed_ids {
  const token_id* ids;

  [[nodiscard]] URN_INLINE token_id at(std::size_t i) const { return ids[i]; }
  [[nodiscard]] URN_INLINE typename L::words vector(std::size_t i) const { return L::load(ids + i); }
};
template <class L, class Row>
auto ids_from(const Row& row, std::size_t first) {
  if constexpr (std::same_as<Row, candidate_list>) {
    return listed_ids<L>{row.ids.data() + first};
  } else {
    return consecutive_ids<L>{row.id(first)};
  }
}

/// As many of the tokens in `equals` as are still to be kept, the first ones; `left` counts down.
inline std::uint64_t first_equals(std::uint64_t equals, std::size_t& left) {
  auto count = static_cast<std::size_t>(std::popcount(equals));
  for (; count > left; --count) equals &= ~std::bit_floor(equals);
  left -= count;
  return equals;
}

inline constexpr std::size_t group_size = 64;  ///< logits that are looked at before one of them is written

/// mask_of(vector), a mask of lanes, of a group of logits.
template <class L, class Mask>
URN_INLINE std::uint64_t mask_of_group(const float* logits, Mask&& mask_of) {
  std::uint64_t mask = 0;
  unrolled<group_size / L::width>([&](auto v) URN_INLINE_LAMBDA {
    constexpr std::size_t at = v * L::width;
    mask |= std::uint64_t{mask_of(L::load(logits + at))} << at;
  });
  return mask;
}

/// A group of fewer logits.
struct group_rest {
  alignas(64) float logits[group_size];
  std::uint64_t valid;

  explicit group_rest(std::span<const float> rest) : valid((std::uint64_t{1} << rest.size()) - 1) {
    std::ranges::fill(std::ranges::copy(rest, logits).out, std::end(logits), exact::minus_infinity);
  }
};

/// Appends tokens to a list, which may be the row that they are from.
template <class L>
class list_writer {
 public:
  explicit list_writer(candidate_list out) : out_(out) {}

  [[nodiscard]] candidate_list kept() const { return out_.first(size_); }
  [[nodiscard]] std::size_t size() const { return size_; }

  /// Of tokens with these logits those in mask_of(vector), a mask of lanes, of which part_of(group, mask) may
  /// take some away. All masks of a group come first, so that the list may be written over what was read.
  template <class Ids, class Mask, class Part>
  void append(Ids ids, std::span<const float> logits, Mask&& mask_of, Part&& part_of) {
    std::size_t i = 0;
    for (; i + group_size <= logits.size(); i += group_size) {
      const std::uint64_t mask = mask_of_group<L>(logits.data() + i, mask_of);
      if (mask != 0) put(ids, i, logits.data() + i, part_of(logits.data() + i, mask));
    }
    if (i == logits.size()) return;
    const group_rest rest(logits.subspan(i));
    const std::uint64_t mask = mask_of_group<L>(rest.logits, mask_of) & rest.valid;
    for (std::uint64_t left = part_of(rest.logits, mask); left != 0; left &= left - 1) {
      const auto at = static_cast<std::size_t>(std::countr_zero(left));
      out_.ids[size_] = ids.at(i + at);
      out_.logits[size_++] = rest.logits[at];
    }
  }
  template <class Ids, class Mask>
  void append(Ids ids, std::span<const float> logits, Mask&& mask_of) {
    append(ids, logits, mask_of, [](const float*, std::uint64_t mask) { return mask; });
  }

 private:
  /// The tokens in the mask, of 64 from `first` on.
  template <class Ids>
  void put(Ids ids, std::size_t first, const float* logits, std::uint64_t mask) {
    const auto count = static_cast<std::size_t>(std::popcount(mask));
    if (count > group_size / 4) write_soon();
    if (count == group_size) {
      copy(ids, first, logits);
    } else if (L::width >= 16 || count > group_size / 4) {
      compress(ids, first, logits, mask);
    } else {
      pick_out(ids, first, logits, mask, count);
    }
    size_ += count;
  }
  /// Brings near where a list that grows fast is written next: it takes half of the time without that.
  URN_INLINE void write_soon() const {
    const std::size_t next = size_ + 4 * group_size;
    if (next + group_size > out_.size()) return;
    unrolled<group_size / 16>([&](auto line) URN_INLINE_LAMBDA {
      __builtin_prefetch(out_.ids.data() + next + line * 16, 1);
      __builtin_prefetch(out_.logits.data() + next + line * 16, 1);
    });
  }
  /// A few of the tokens, one by one: always 10 without asking whether there are so many. A branch for each
  /// would be mispredicted, and a vector store across two lines of a cache costs more as well.
  template <class Ids>
  URN_INLINE void pick_out(Ids ids, std::size_t first, const float* logits, std::uint64_t mask,
                           std::size_t count) const {
    constexpr std::size_t at_once = 10;
    constexpr std::uint64_t last = std::uint64_t{1} << (group_size - 1);  // of no bits: never a branch
    token_id* const to_ids = out_.ids.data() + size_;
    float* const to = out_.logits.data() + size_;
    for (std::size_t n = 0; n < count; n += at_once) {
      unrolled<at_once>([&](auto j) URN_INLINE_LAMBDA {
        const auto i = static_cast<std::size_t>(std::countr_zero(mask | last));
        to_ids[n + j] = ids.at(first + i);
        to[n + j] = logits[i];
        mask &= mask - 1;
      });
    }
  }
  /// Many of them: every vector is stored.
  template <class Ids>
  URN_INLINE void compress(Ids ids, std::size_t first, const float* logits, std::uint64_t mask) const {
    token_id* to_ids = out_.ids.data() + size_;
    float* to = out_.logits.data() + size_;
    unrolled<group_size / L::width>([&](auto v) URN_INLINE_LAMBDA {
      constexpr std::size_t at = v * L::width;
      const std::uint32_t lanes = static_cast<std::uint32_t>(mask >> at) & L::all;
      const auto l = L::load(logits + at);
      L::compress(to_ids, ids.vector(first + at), lanes);
      L::compress(to, l, lanes);
      to_ids += std::popcount(lanes);
      to += std::popcount(lanes);
    });
  }
  /// All of them, as ties make it. A list's may be where they belong already.
  template <class Ids>
  URN_INLINE void copy(Ids ids, std::size_t first, const float* logits) const {
    token_id* const to_ids = out_.ids.data() + size_;
    float* const to = out_.logits.data() + size_;
    if (logits == to) return;
    unrolled<group_size / L::width>([&](auto v) URN_INLINE_LAMBDA {
      constexpr std::size_t at = v * L::width;
      const auto l = L::load(logits + at);
      L::store(to_ids + at, ids.vector(first + at));
      L::store(to + at, l);
    });
  }

  candidate_list out_;
  std::size_t size_ = 0;
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

  /// Some tokens of the row, with these logits.
  template <class Ids>
  void see(Ids ids, std::span<const float> logits) {
    const auto v = L::set(keep_.value);
    const auto at_least = [&](auto l) URN_INLINE_LAMBDA { return L::at_least(l, v); };
    const auto above = [&](auto l) URN_INLINE_LAMBDA { return L::above(l, v); };
    if (keep_.equals == 0) {
      list_.append(ids, logits, above);
    } else if (keep_.equals == threshold::unlimited) {
      list_.append(ids, logits, at_least);
    } else {
      list_.append(ids, logits, at_least, [&](const float* group, std::uint64_t mask) URN_INLINE_LAMBDA {
        const std::uint64_t high = mask & mask_of_group<L>(group, above);
        return high | first_equals(mask & ~high, keep_.equals);
      });
    }
  }

 private:
  list_writer<L> list_;
  threshold keep_;
};

/// Calls use(s) for each strip of the row whose maximum is at least `value`; for all strips if the maxima are
/// not known. While one is used, the next one is brought near: strips that matter lie far from each other.
template <class L, logits_row Row, class Use>
void for_each_strip_reaching(const Row& row, float value, std::span<const float> maxima, Use&& use) {
  const std::size_t count = strip_count(row.size());
  for (std::size_t s = 0; maxima.empty() && s < count; ++s) use(s);
  std::size_t found = count;
  const auto use_found = [&](std::size_t next) {
    if (next < count) prefetch(row, next * strip_size, strip_size);
    if (found < count) use(found);
    found = next;
  };
  const auto reach = [v = L::set(value)](auto m) URN_INLINE_LAMBDA { return L::at_least(m, v); };
  const auto use_of = [&](std::size_t s, std::uint64_t mask) {
    for (; mask != 0; mask &= mask - 1) use_found(s + static_cast<std::size_t>(std::countr_zero(mask)));
  };
  std::size_t s = 0;
  for (; s + group_size <= maxima.size(); s += group_size) {
    use_of(s, mask_of_group<L>(maxima.data() + s, reach));
  }
  const group_rest rest(maxima.subspan(s));
  use_of(s, mask_of_group<L>(rest.logits, reach) & rest.valid);
  use_found(count);
}

/// What a threshold keeps of a row, into `out`, which may be the row itself.
template <class L, logits_row Row>
candidate_list collect(const Row& row, const row_scan& scanned, threshold keep, candidate_list out) {
  collector<L> found(out, keep);
  buffer<L> space;
  for_each_strip_reaching<L>(row, keep.value, scanned.maxima, [&](std::size_t s) {
    if (!scanned.maxima.empty() && !found.wants(scanned.maxima[s])) return;
    const std::size_t first = s * strip_size;
    found.see(ids_from<L>(row, first), row.load(first, std::min(strip_size, row.size() - first), space));
  });
  return found.kept();
}

}  // namespace urn::kernel::simd
