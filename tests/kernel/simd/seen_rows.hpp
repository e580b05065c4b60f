#pragma once
// The rows that the vector kernels meet: of every family, around the lengths of vectors, strips, blocks and
// samples, plain, in half precision and through edits.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <ostream>
#include <span>
#include <vector>

#include "support/rows.hpp"
#include "urn/kernel/edited_row.hpp"
#include "urn/kernel/simd/policy.hpp"
#include "urn/pipeline/any_pipeline.hpp"

namespace seen {

inline constexpr std::array<std::size_t, 10> edges{127, 128, 255, 256, 257, 1023, 1024, 1025, 2047, 2049};
inline constexpr std::array<std::size_t, 3> vocabularies{8191, 16385, 262144};

/// Where a test is.
struct place {
  const char* family;
  const char* view;
  std::size_t size;
  friend std::ostream& operator<<(std::ostream& out, const place& p) {
    return out << p.family << " as " << p.view << " of " << p.size;
  }
};

/// Adds up to three quarters, by id.
struct raise {
  float operator()(float l, urn::token_id id) const { return l + 0.25F * static_cast<float>(id % 4); }
};
/// Bans every third touched token, lowers the others.
struct lower {
  float operator()(float l, std::uint32_t value) const { return value % 3 == 0 ? -rows::infinity : l - 1.5F; }
};

inline std::vector<urn::touched_token> touched_of(std::size_t size) {
  std::vector<urn::touched_token> touched;
  for (std::size_t i = size / 3; i < size; i += 1 + i / 2)
    touched.push_back({static_cast<urn::token_id>(i), static_cast<std::uint32_t>(i)});
  return touched;
}

template <class T>
std::vector<T> stored_as(const rows::row& logits, T (*convert)(float)) {
  std::vector<T> stored(logits.size());
  std::transform(logits.begin(), logits.end(), stored.begin(), convert);
  return stored;
}

/// Calls use(place, row) for a row as it may come; as floats only where lengths lie close together.
template <class Use>
void views(const char* family, const rows::row& logits, Use&& use) {
  const std::size_t size = logits.size();
  const urn::row_view plain{logits};
  use(place{family, "floats", size}, plain);
  if (size > 20 && size < 70) return;
  const auto brains = stored_as<urn::bfloat16>(logits, urn::to_bfloat16);
  const urn::row_view narrow{brains};
  use(place{family, "bfloat16", size}, narrow);
  const auto halves = stored_as<urn::float16>(logits, urn::to_float16);
  use(place{family, "float16", size}, urn::row_view{halves});

  const auto touched = touched_of(size);
  const urn::sparse_row sparse(plain, lower{}, touched, 1.0F);
  use(place{family, "sparse edit", size}, urn::any_row{sparse});
  const urn::elementwise_row elementwise(narrow, raise{}, 0.75F);
  const urn::sparse_row both(elementwise, lower{}, touched, 1.25F);
  use(place{family, "edit of an edit", size}, urn::any_row{both});
}

/// Calls use(name, row) for each row of each family, until a test fails.
template <class Use>
void families(std::size_t size, Use&& use) {
  const auto unless_failed = [&](const char* name, const rows::row& logits) {
    if (!testing::Test::HasFailure()) use(name, logits);
  };
  rows::for_each(rows::proper, size, unless_failed);
  rows::for_each(rows::tails, size, unless_failed);
  rows::for_each(rows::improper, size, unless_failed);
}

/// Calls use(place, row) for all of them; long rows only as floats.
template <class Use>
void each(Use&& use) {
  const auto all_views = [&](const char* name, const rows::row& logits) { views(name, logits, use); };
  for (std::size_t size = 1; size <= 70; ++size) families(size, all_views);
  for (const std::size_t size : edges) families(size, all_views);
  for (const std::size_t size : vocabularies) {
    families(size, [&](const char* name, const rows::row& logits) {
      use(place{name, "floats", size}, urn::row_view{logits});
    });
  }
}

/// A row as a kept set: every third token.
struct kept_row {
  std::vector<urn::token_id> ids;
  std::vector<float> logits;

  explicit kept_row(const rows::row& of) : ids(of.size()), logits(of) {
    for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<urn::token_id>(3 * i + 1);
  }
  urn::candidate_list list() { return {ids, logits}; }
};

/// Calls use(place, candidate_list) for each family and length.
template <class Use>
void each_kept(Use&& use) {
  const auto as_kept = [&](const char* name, const rows::row& logits) {
    kept_row kept(logits);
    use(place{name, "kept set", logits.size()}, kept.list());
  };
  for (std::size_t size = 1; size <= 70; ++size) families(size, as_kept);
  for (const std::size_t size : edges) families(size, as_kept);
  for (const std::size_t size : {8192U, 20000U}) families(size, as_kept);
}

inline constexpr urn::native_simd_t simd = urn::simd;
using lanes = urn::native_simd_t::lanes;

inline std::uint32_t bits(float x) { return std::bit_cast<std::uint32_t>(x); }

inline bool same_bits(std::span<const float> a, std::span<const float> b) {
  return std::ranges::equal(a, b, {}, bits, bits);
}

/// Room for maxima of strips, filled with what must not stay.
inline std::vector<float> maxima_for(std::size_t size) {
  return std::vector<float>(urn::strip_count(size), rows::nan);
}

inline bool has_distribution(const urn::kernel::row_mass& mass) {
  return mass.status == urn::status::ok || mass.status == urn::status::nan;
}

}  // namespace seen
