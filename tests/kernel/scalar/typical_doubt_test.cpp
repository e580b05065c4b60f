#include "urn/kernel/scalar/typical_doubt.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "support/rows.hpp"
#include "urn/core/workspace.hpp"
#include "urn/kernel/scalar/mass.hpp"
#include "urn/kernel/scalar/moments.hpp"
#include "urn/kernel/scalar/typical.hpp"

namespace {

namespace kernel = urn::kernel;

constexpr float c = kernel::unit_scale;

/// A row by falling logits, and what is true of it.
struct weighed_row {
  rows::row logits;
  std::uint32_t key;
  kernel::row_moments moments;

  weighed_row(std::size_t size, float sigma, rows::random_source& random)
      : logits(rows::normal(size, random, sigma)) {
    std::ranges::sort(logits, std::greater<>{});
    key = kernel::block_key(logits.front(), c);
    moments = kernel::scalar::moments(urn::row_view{logits}, c, key);
  }
  [[nodiscard]] kernel::known_depths best(std::size_t n) const {
    const urn::row_view known{std::span(logits).first(n)};
    return kernel::known_by(kernel::scalar::moments(known, c, key), n);
  }
  [[nodiscard]] kernel::typical_doubt doubt(std::uint64_t by, float share) const {
    const std::uint64_t most = moments.mass + by;
    const std::uint64_t target = kernel::typical_target(most, share, false);
    return {{c, key, 0, target, most}, moments.mass - std::min(moments.mass, by), share};
  }
};

TEST(typical_doubt, bounds_the_mean_depth) {
  rows::random_source random(1);
  for (int i = 0; i < 400; ++i) {
    const weighed_row row(1 + random.below(3000), 0.1F + 6 * random.uniform(), random);
    const std::size_t known = random.below(row.logits.size() + 1);
    const bool says_how_deep = random.below(2) != 0 && known < row.logits.size();
    const std::int64_t deep = says_how_deep ? kernel::depth_of(row.logits[known], c, row.key) : 0;
    const kernel::typical_doubt doubt = row.doubt(row.moments.mass >> (8 + random.below(30)), 0.9F);
    const kernel::depth_range range =
        kernel::mean_depths(row.best(known), doubt, row.logits.size(), std::max<std::int64_t>(deep, 0));
    const auto mean = static_cast<double>(kernel::mean_depth(row.moments));
    ASSERT_LE(range.most, 0x1p60);
    if (known == 0 && deep <= 0) continue;  // then the least is 0, though the best are above the unit
    ASSERT_LE(range.least, mean + 1) << i;
    ASSERT_GE(range.most, mean - 1) << i;
  }
}

TEST(typical_doubt, no_token_of_a_depth_weighs_less_than_its_least) {
  rows::random_source random(2);
  const std::uint32_t key = kernel::block_key(0.0F, c);
  for (int i = 0; i < 100000; ++i) {
    const float l = -27 * random.uniform();
    float other = l;
    for (std::uint64_t steps = random.below(200); steps > 0; --steps) other = std::nextafter(other, -30.0F);
    if (kernel::depth_of(other, c, key) != kernel::depth_of(l, c, key)) continue;
    const std::uint64_t one = kernel::mass_in_row(l, c, key), two = kernel::mass_in_row(other, c, key);
    ASSERT_GE(std::min(one, two), kernel::least_of_depth(std::max(one, two))) << l;
  }
}

/// The edges of what is kept of a row, if no other tokens lie between them and some lie below.
std::vector<kernel::typical_edges> edges_of(const weighed_row& row, const urn::candidate_list& kept) {
  const auto depth = [&](std::size_t i) { return kernel::depth_of(row.logits[i], c, row.key); };
  const auto mass = [&](std::size_t i) { return kernel::mass_in_row(row.logits[i], c, row.key); };
  const auto first = static_cast<std::size_t>(kept.ids.front()),
             last = static_cast<std::size_t>(kept.ids.back());
  if (last - first + 1 != kept.size() || last + 1 == row.logits.size()) return {};
  const std::int64_t above = first == 0 ? -(std::int64_t{1} << 40) : depth(first - 1);
  return {{depth(first), depth(last), above, depth(last + 1), mass(first), mass(last)}};
}

TEST(typical_doubt, what_is_sure_is_kept_for_every_mean_and_total) {
  rows::random_source random(3);
  std::size_t sure = 0, unsure = 0;
  for (int i = 0; i < 600; ++i) {
    const weighed_row row(10 + random.below(100), 1 + 3 * random.uniform(), random);
    const urn::row_view view{row.logits};
    const kernel::typical_doubt doubt =
        row.doubt(row.moments.mass >> (9 + random.below(10)), random.uniform());
    const auto mean = kernel::mean_depth(row.moments);
    const std::size_t around = random.below(6000);
    const auto width = static_cast<std::int64_t>(around);
    const auto kept_at = [&](std::int64_t middle, std::uint64_t total, urn::workspace& scratch) {
      kernel::typical_aim aim = doubt.most;
      aim.middle = middle, aim.total = total, aim.target = doubt.target(total);
      return kernel::scalar::select_typical(view, aim, urn::room_in(scratch), scratch.ranked()).kept;
    };
    urn::workspace scratch{view.size()}, other{view.size()};
    const urn::candidate_list kept = kept_at(mean, doubt.most.total, scratch);
    const auto edges = edges_of(row, kept);
    std::uint64_t mass = 0;
    for (const float l : kept.logits) mass += kernel::mass_in_row(l, c, row.key);
    const kernel::depth_range range{static_cast<double>(mean - width), static_cast<double>(mean + width)};
    const bool is_sure =
        !edges.empty() && edges.front().are_sure(range, mass, doubt.target(doubt.least_total));
    ++(is_sure ? sure : unsure);
    for (int j = 0; is_sure && j < 20; ++j) {
      const std::int64_t middle = mean - width + static_cast<std::int64_t>(random.below(2 * around + 1));
      const std::uint64_t total = doubt.least_total + random.below(doubt.most.total - doubt.least_total + 1);
      const urn::candidate_list same = kept_at(middle, total, other);
      ASSERT_TRUE(std::ranges::equal(same.ids, kept.ids)) << i << ", mean " << middle << ", total " << total;
    }
  }
  EXPECT_GT(sure, 100U);
  EXPECT_GT(unsure, 100U);
}

}  // namespace
