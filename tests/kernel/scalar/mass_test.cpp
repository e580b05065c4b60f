#include "urn/kernel/scalar/mass.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "support/oracle.hpp"
#include "support/rows.hpp"
#include "urn/kernel/candidates.hpp"

namespace {

using urn::block_mass;
using urn::status;
namespace kernel = urn::kernel;
namespace definition = oracle::definition;

struct weighed {
  kernel::row_mass mass;
  std::vector<block_mass> blocks;
};

template <class Row>
weighed weigh(const Row& row, float c) {
  weighed w{{}, std::vector<block_mass>(urn::block_count(row.size()))};
  w.mass = kernel::scalar::mass(row, c, w.blocks);
  return w;
}

status expected_status(const rows::row& logits, std::uint32_t key) {
  status s = status::ok;
  bool any = false;
  for (const float l : logits) {
    if (std::isnan(l)) s |= status::nan;
    if (l == rows::infinity) s |= status::infinite;
    any = any || oracle::survives(l);
  }
  if (!any) return s | status::empty;
  return urn::has(s, status::infinite) || definition::in_range(key) ? s : s | status::out_of_range;
}

void expect_definition(const char* name, const rows::row& logits, float c) {
  const weighed w = weigh(urn::row_view{logits}, c);
  const definition::row_mass m = definition::weigh_row(logits, c);
  ASSERT_EQ(w.mass.key, m.key) << name;
  ASSERT_EQ(w.mass.total, m.total) << name << " of " << logits.size();
  ASSERT_EQ(w.mass.status, expected_status(logits, m.key)) << name;
  for (std::size_t b = 0; b < w.blocks.size(); ++b) {
    ASSERT_EQ(w.blocks[b].key, m.blocks[b].key) << name << " of " << logits.size() << ", block " << b;
    ASSERT_EQ(w.blocks[b].mass, m.blocks[b].mass) << name << " of " << logits.size() << ", block " << b;
  }
  if (!urn::has(w.mass.status, status::empty)) {
    ASSERT_EQ(w.mass.largest, urn::ordered(definition::largest(logits))) << name;
  }
}

TEST(mass, is_that_of_the_definition) {
  for (const std::size_t size : rows::sizes) {
    for (const float temperature : {0.5F, 1.0F, 1.7F}) {
      if (size > 5000 && temperature != 1.0F) continue;
      const auto expect = [&](const char* name, const rows::row& logits) {
        expect_definition(name, logits, kernel::mass_scale(temperature));
      };
      rows::for_each(rows::proper, size, expect);
      rows::for_each(rows::tails, size, expect);
      rows::for_each(rows::improper, size, expect);
    }
  }
}

status status_of(const rows::row& logits, float c) { return weigh(urn::row_view{logits}, c).mass.status; }

TEST(mass, status_says_what_is_unusual) {
  const float c = kernel::mass_scale(1.0F);
  const float none = -rows::infinity;
  EXPECT_EQ(status_of({}, c), status::empty);
  EXPECT_EQ(status_of({none, none}, c), status::empty);
  EXPECT_EQ(status_of({rows::nan}, c), status::empty | status::nan);
  EXPECT_EQ(status_of({1, none}, c), status::ok);
  EXPECT_EQ(status_of({1, rows::nan}, c), status::nan);
  EXPECT_EQ(status_of({1, rows::infinity}, c), status::infinite);
  EXPECT_EQ(status_of({rows::nan, rows::infinity}, c), status::infinite | status::nan);
  EXPECT_EQ(status_of({1e7F, 1}, c), status::out_of_range);
  EXPECT_EQ(status_of({-1e7F, none}, c), status::out_of_range);
  EXPECT_EQ(status_of({-1e30F, rows::nan}, c), status::out_of_range | status::nan);
}

TEST(mass, range_ends_at_2_to_the_21) {
  EXPECT_EQ(status_of({0x1p21F}, 1.0F), status::ok);
  EXPECT_EQ(status_of({-0x1p21F}, 1.0F), status::ok);
  EXPECT_EQ(status_of({0x1p21F + 1}, 1.0F), status::out_of_range);
  EXPECT_EQ(status_of({-0x1p21F - 1}, 1.0F), status::out_of_range);
}

TEST(mass, without_a_distribution_is_0) {
  rows::for_each(rows::improper, 3000, [](const char* name, const rows::row& logits) {
    const kernel::row_mass m = weigh(urn::row_view{logits}, kernel::mass_scale(1.0F)).mass;
    EXPECT_EQ(m.total, 0U) << name;
    EXPECT_NE(m.status, status::ok) << name;
  });
}

// Of V equal tokens: V times one, exactly; the sum has room for the largest vocabulary.
TEST(mass, of_equal_tokens_is_a_multiple) {
  const float c = kernel::mass_scale(1.0F);
  const std::uint64_t one = kernel::mass_in_row(2.5F, c, kernel::block_key(2.5F, c));
  for (const std::size_t size : {1U, 1000U, 1024U, 100000U}) {
    EXPECT_EQ(weigh(urn::row_view{rows::row(size, 2.5F)}, c).mass.total, size * one);
  }
  const std::vector<block_mass> largest(8192, {(1ULL << 42) - (1ULL << 18), kernel::magic_bits});
  EXPECT_EQ(kernel::scalar::total_mass(largest, kernel::magic_bits), 0ULL - (1ULL << 40));
}

/// As the holders of the shards would: each weighs its own, then they add up in the largest key's units.
struct shards {
  std::vector<block_mass> blocks;
  std::uint32_t key = 0;

  void add(std::span<const float> logits, float c) {
    const weighed w = weigh(urn::row_view{logits}, c);
    blocks.insert(blocks.end(), w.blocks.begin(), w.blocks.end());
    key = std::max(key, w.mass.key);
  }
  [[nodiscard]] std::uint64_t total() const {
    std::uint64_t sum = 0;
    for (const block_mass& b : blocks) sum += kernel::block_in_row(b.mass, b.key, key);
    return sum;
  }
};

TEST(mass, of_shards_adds_up_to_the_rows) {
  rows::random_source random(1);
  const float c = kernel::mass_scale(0.8F);
  for (const std::size_t size : {std::size_t{2048}, std::size_t{10000}, std::size_t{32000}}) {
    rows::for_each(rows::proper, size, [&](const char* name, const rows::row& logits) {
      const weighed whole = weigh(urn::row_view{logits}, c);
      for (int split = 0; split < 3; ++split) {
        shards parts;
        for (std::size_t first = 0; first < size;) {
          const std::size_t count = std::min(size - first, 1024 * (1 + random.below(size / 2048)));
          parts.add(std::span(logits).subspan(first, count), c);
          first += count;
        }
        ASSERT_EQ(parts.key, whole.mass.key) << name;
        ASSERT_EQ(parts.total(), whole.mass.total) << name;
        ASSERT_TRUE(
            std::equal(parts.blocks.begin(), parts.blocks.end(), whole.blocks.begin(), whole.blocks.end(),
                       [](const auto& a, const auto& b) { return a.key == b.key && a.mass == b.mass; }));
        std::reverse(parts.blocks.begin(), parts.blocks.end());
        ASSERT_EQ(parts.total(), whole.mass.total) << name;
      }
    });
  }
}

// Within a block the order of tokens does not matter either.
TEST(mass, of_a_permuted_block_is_the_same) {
  rows::for_each(rows::proper, 1024, [](const char* name, const rows::row& logits) {
    rows::row permuted = logits;
    rows::random_source random(5);
    rows::shuffle(permuted, random);
    const float c = kernel::mass_scale(1.0F);
    const weighed a = weigh(urn::row_view{logits}, c);
    const weighed b = weigh(urn::row_view{permuted}, c);
    EXPECT_EQ(a.mass.total, b.mass.total) << name;
    EXPECT_EQ(a.mass.key, b.mass.key) << name;
    EXPECT_EQ(a.mass.status, b.mass.status) << name;
  });
}

template <class Half, class Convert>
void expect_same_as_converted(Convert convert) {
  rows::for_each(rows::proper, 4100, [&](const char* name, const rows::row& logits) {
    std::vector<Half> halves(logits.size());
    std::transform(logits.begin(), logits.end(), halves.begin(), convert);
    rows::row floats(logits.size());
    std::transform(halves.begin(), halves.end(), floats.begin(), [](Half h) { return urn::to_float(h); });
    const float c = kernel::mass_scale(0.7F);
    const weighed a = weigh(urn::row_view{halves}, c);
    const weighed b = weigh(urn::row_view{floats}, c);
    ASSERT_EQ(a.mass.total, b.mass.total) << name;
    ASSERT_EQ(a.mass.key, b.mass.key) << name;
    ASSERT_EQ(a.mass.largest, b.mass.largest) << name;
    ASSERT_EQ(a.mass.status, b.mass.status) << name;
    for (std::size_t i = 0; i < a.blocks.size(); ++i) ASSERT_EQ(a.blocks[i].mass, b.blocks[i].mass) << name;
  });
}

TEST(mass, of_bfloat16_is_that_of_floats) { expect_same_as_converted<urn::bfloat16>(urn::to_bfloat16); }
TEST(mass, of_float16_is_that_of_floats) { expect_same_as_converted<urn::float16>(urn::to_float16); }

TEST(mass_of_kept, is_the_sum_of_masses_in_the_row) {
  for (const std::size_t size : {1U, 2U, 3U, 1025U, 5000U}) {
    const auto expect = [&](const char* name, const rows::row& logits) {
      const float c = kernel::mass_scale(0.7F);
      const kernel::row_mass m = kernel::scalar::mass_of_kept(urn::row_view{logits}, c);
      const std::uint32_t key = definition::key_of(definition::largest(logits), c);
      ASSERT_EQ(m.status, expected_status(logits, key)) << name;
      ASSERT_EQ(m.key, urn::has(m.status, status::empty) ? 0U : key) << name;
      std::uint64_t sum = 0;
      if (!urn::has(m.status, status::empty | status::infinite | status::out_of_range)) {
        for (const float l : logits) sum += definition::in_row(l, c, key);
      }
      ASSERT_EQ(m.total, sum) << name;
    };
    rows::for_each(rows::proper, size, expect);
    rows::for_each(rows::improper, size, expect);
  }
}

TEST(mass_of_kept, of_nothing_is_empty) {
  EXPECT_EQ(kernel::scalar::mass_of_kept(urn::candidate_list{}, 1.0F).status, status::empty);
}

}  // namespace
