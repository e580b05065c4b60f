#include "urn/kernel/scalar/select.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "support/oracle.hpp"
#include "support/rows.hpp"
#include "urn/kernel/fraction.hpp"
#include "urn/kernel/scalar/mass.hpp"

namespace {

using urn::status;
namespace kernel = urn::kernel;
namespace definition = oracle::definition;

/// What the integers resolve of a cumulative probability: see softmax_test.cpp.
constexpr double resolution = 2 * 2e-7;

/// Memory for cuts of rows up to a size.
struct room {
  std::vector<urn::token_id> ids;
  std::vector<float> logits;
  std::vector<urn::ranked_mass> ranked;

  explicit room(std::size_t size) : ids(size), logits(size), ranked(size) {}
  urn::candidate_list out() { return {ids, logits}; }
};

oracle::ids ids_of(const kernel::selection& s) { return {s.kept.ids.begin(), s.kept.ids.end()}; }

bool has_nan(const rows::row& logits) {
  return std::any_of(logits.begin(), logits.end(), [](float l) { return std::isnan(l); });
}

/// The kept ids are these, their logits the row's bit for bit, the status what the row asks for.
void expect_kept(const kernel::selection& selected, const oracle::ids& expected, const rows::row& logits,
                 const char* name) {
  ASSERT_EQ(ids_of(selected), expected) << name << " of " << logits.size();
  ASSERT_EQ(selected.kept.logits.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const float logit = logits[static_cast<std::size_t>(expected[i])];
    ASSERT_EQ(std::bit_cast<std::uint32_t>(selected.kept.at(i)), std::bit_cast<std::uint32_t>(logit)) << name;
  }
  const status s = has_nan(logits) ? status::nan : status::ok;
  ASSERT_EQ(selected.status, expected.empty() ? s | status::empty : s) << name;
}

template <class Use>
void for_each_row(std::size_t size, Use&& use) {
  rows::for_each(rows::proper, size, use);
  rows::for_each(rows::tails, size, use);
}

TEST(select_k, keeps_what_the_oracle_keeps) {
  for (const std::size_t size : rows::sizes) {
    room space(size);
    const auto expect = [&](const char* name, const rows::row& logits) {
      for (const std::size_t k : {std::size_t{1}, std::size_t{2}, std::size_t{5}, std::size_t{40},
                                  std::size_t{1000}, size / 2 + 1, size, size + 7}) {
        if (size > 5000 && k != 40 && k != size / 2 + 1) continue;
        const auto selected = kernel::scalar::select_k(urn::row_view{logits}, k, space.out(), space.ranked);
        expect_kept(selected, oracle::top_k(logits, k), logits, name);
      }
    };
    for_each_row(size, expect);
    if (size < 5000) rows::for_each(rows::improper, size, expect);
  }
}

TEST(select_k, keeps_the_lowest_ids_among_equals) {
  room space(2000);
  const rows::row logits(2000, 1.5F);
  const auto selected = kernel::scalar::select_k(urn::row_view{logits}, 3, space.out(), space.ranked);
  EXPECT_EQ(ids_of(selected), (oracle::ids{0, 1, 2}));
  const rows::row zeros{0.0F, -0.0F, 0.0F, 1.0F};
  const auto of_zeros = kernel::scalar::select_k(urn::row_view{zeros}, 3, space.out(), space.ranked);
  EXPECT_EQ(ids_of(of_zeros), (oracle::ids{0, 1, 3}));
}

TEST(select_k, keeps_no_more_than_survive) {
  room space(4);
  const rows::row logits{-rows::infinity, 2, rows::nan, -1e30F};
  const auto selected = kernel::scalar::select_k(urn::row_view{logits}, 4, space.out(), space.ranked);
  EXPECT_EQ(ids_of(selected), (oracle::ids{1, 3}));
  EXPECT_EQ(selected.status, status::nan);
}

struct cuts {
  int decided = 0;  ///< by the oracle in double precision
  int all = 0;
};

/// A row at a temperature, as the two oracles see it.
struct seen_row {
  const char* name;
  const rows::row& logits;
  float c;
  definition::row_mass mass;
  oracle::distribution softmax;
  oracle::ids order;

  seen_row(const char* of, const rows::row& row, float temperature)
      : name(of),
        logits(row),
        c(kernel::mass_scale(temperature)),
        mass(definition::weigh_row(row, c)),
        softmax(oracle::softmax(row, temperature)),
        order(oracle::order(row)) {}

  /// The cut keeps what the integers say and, unless its boundary is nearer than they resolve, the oracle.
  void expect(const kernel::selection& selected, const oracle::ids& by_definition, const oracle::cut& cut,
              cuts& count) const {
    expect_kept(selected, by_definition, logits, name);
    ++count.all;
    if (cut.margin < resolution) return;
    ++count.decided;
    ASSERT_EQ(ids_of(selected), cut.kept) << name << " of " << logits.size();
  }

  /// With the total of whole blocks, as a pipeline asks for it.
  void expect_top_p(float p, room& space, cuts& count) const {
    const std::uint64_t target = kernel::ceil_share(mass.total, p);
    expect(kernel::scalar::select_mass(urn::row_view{logits}, c, mass.key, target, space.out(), space.ranked),
           definition::prefix(order, logits, c, mass.key, target),
           oracle::top_p(order, softmax, static_cast<double>(p)), count);
  }

  void expect_min_p(float share, room& space, cuts& count) const {
    const std::uint64_t top = definition::in_row(definition::largest(logits), c, mass.key);
    const std::uint64_t least = share < 1 ? kernel::ceil_share(top, share) : top;
    expect(kernel::scalar::select_above(urn::row_view{logits}, c, mass.key, least, space.out()),
           definition::above(logits, c, mass.key, least), oracle::min_p(softmax, static_cast<double>(share)),
           count);
  }
};

/// Calls use(row, space) for each row at two temperatures, the long ones at one.
template <class Use>
void for_each_seen_row(Use&& use) {
  for (const std::size_t size : rows::sizes) {
    room space(size);
    for_each_row(size, [&](const char* name, const rows::row& logits) {
      use(seen_row(name, logits, 1.0F), space);
      if (size < 5000) use(seen_row(name, logits, 0.7F), space);
    });
  }
}

TEST(select_mass, keeps_what_the_oracle_keeps) {
  cuts count;
  for_each_seen_row([&](const seen_row& row, room& space) {
    for (const float p : {0.95F, 1e-3F, 0.1F, 0.35F, 0.5F, 0.9F, 0.999F, 1.0F - 0x1p-24F}) {
      row.expect_top_p(p, space, count);
      if (row.logits.size() > 5000) break;
    }
  });
  EXPECT_GT(count.decided, count.all * 8 / 10) << count.decided << " of " << count.all;
}

TEST(select_above, keeps_what_the_oracle_keeps) {
  cuts count;
  for_each_seen_row([&](const seen_row& row, room& space) {
    for (const float share : {0.05F, 1e-4F, 0.01F, 0.3F, 0.9F, 1.0F}) {
      row.expect_min_p(share, space, count);
      if (row.logits.size() > 5000) break;
    }
  });
  EXPECT_GT(count.decided, count.all * 7 / 10) << count.decided << " of " << count.all;
}

TEST(select_mass, ends_where_the_target_is_met) {
  room space(4);
  const rows::row logits{0, 0, 0, 0};
  const auto count = [&](std::uint64_t target) {
    return kernel::scalar::select_mass(urn::row_view{logits}, 1.0F, kernel::magic_bits, target, space.out(),
                                       space.ranked)
        .kept.size();
  };
  const std::uint64_t one = kernel::mass_in_row(0, 1.0F, kernel::magic_bits);
  EXPECT_EQ(count(0), 1U);
  EXPECT_EQ(count(1), 1U);
  EXPECT_EQ(count(one), 1U);
  EXPECT_EQ(count(one + 1), 2U);
  EXPECT_EQ(count(2 * one), 2U);
  EXPECT_EQ(count(4 * one), 4U);
  EXPECT_EQ(count(4 * one + 1), 4U);
  EXPECT_EQ(count(~0ULL), 4U);
}

TEST(select_mass, of_nothing_is_empty) {
  room space(3);
  for (const float l : {-rows::infinity, rows::nan}) {
    const rows::row logits(3, l);
    const auto selected = kernel::scalar::select_mass(urn::row_view{logits}, 1.0F, kernel::magic_bits, 7,
                                                      space.out(), space.ranked);
    expect_kept(selected, {}, logits, "nothing");
  }
}

TEST(select_above, of_mass_0_keeps_all_that_survive) {
  room space(4);
  const rows::row logits{-1e30F, 2, -rows::infinity, rows::nan};
  const auto selected =
      kernel::scalar::select_above(urn::row_view{logits}, 1.0F, kernel::magic_bits + 2, 0, space.out());
  expect_kept(selected, {0, 1}, logits, "mass 0");
}

/// Each cut of a kept set, written over the set itself, is the cut of a copy of it.
template <class Select>
kernel::selection expect_in_place(const char* name, urn::candidate_list kept, Select&& select) {
  room copies(kept.size());
  std::copy(kept.ids.begin(), kept.ids.end(), copies.ids.begin());
  std::copy(kept.logits.begin(), kept.logits.end(), copies.logits.begin());
  room elsewhere(kept.size());
  const kernel::selection apart = select(copies.out(), elsewhere.out(), elsewhere.ranked);
  const kernel::selection in_place = select(kept, kept, elsewhere.ranked);
  EXPECT_EQ(ids_of(in_place), ids_of(apart)) << name;
  EXPECT_TRUE(std::ranges::equal(in_place.kept.logits, apart.kept.logits)) << name;
  EXPECT_EQ(in_place.kept.ids.data(), kept.ids.data()) << name;
  return in_place;
}

TEST(cuts, narrow_a_kept_set_in_place) {
  const float c = kernel::mass_scale(1.0F);
  for (const std::size_t size : {3U, 1025U, 4096U}) {
    rows::for_each(rows::proper, size, [&](const char* name, const rows::row& logits) {
      room space(size);
      const auto first = kernel::scalar::select_k(urn::row_view{logits}, 2000, space.out(), space.ranked);
      ASSERT_EQ(ids_of(first), oracle::top_k(logits, 2000)) << name;
      const kernel::row_mass m = kernel::scalar::mass_of_kept(first.kept, c);
      const auto second = expect_in_place(name, first.kept, [&](auto row, auto out, auto scratch) {
        return kernel::scalar::select_mass(row, c, m.key, kernel::ceil_share(m.total, 0.9F), out, scratch);
      });
      const auto third = expect_in_place(name, second.kept, [&](auto row, auto out, auto) {
        return kernel::scalar::select_above(row, c, m.key, 1ULL << 37, out);
      });
      const auto fourth = expect_in_place(name, third.kept, [&](auto row, auto out, auto scratch) {
        return kernel::scalar::select_k(row, 3, out, scratch);
      });
      ASSERT_EQ(ids_of(fourth), oracle::top_k(logits, std::min<std::size_t>(3, third.kept.size()))) << name;
    });
  }
}

template <class Half, class Convert>
void expect_same_as_converted(Convert convert) {
  rows::for_each(rows::proper, 2050, [&](const char* name, const rows::row& logits) {
    std::vector<Half> halves(logits.size());
    std::transform(logits.begin(), logits.end(), halves.begin(), convert);
    rows::row floats(logits.size());
    std::transform(halves.begin(), halves.end(), floats.begin(), [](Half h) { return urn::to_float(h); });
    const float c = kernel::mass_scale(1.0F);
    const definition::row_mass m = definition::weigh_row(floats, c);
    if (m.total == 0) return;  // a mask has become an infinity, or a logit has
    room space(logits.size());
    const urn::row_view row{halves};
    expect_kept(kernel::scalar::select_k(row, 50, space.out(), space.ranked), oracle::top_k(floats, 50),
                floats, name);
    const std::uint64_t target = kernel::ceil_share(m.total, 0.8F);
    expect_kept(kernel::scalar::select_mass(row, c, m.key, target, space.out(), space.ranked),
                definition::prefix(oracle::order(floats), floats, c, m.key, target), floats, name);
    expect_kept(kernel::scalar::select_above(row, c, m.key, 1ULL << 36, space.out()),
                definition::above(floats, c, m.key, 1ULL << 36), floats, name);
  });
}

TEST(cuts, of_bfloat16_are_those_of_floats) { expect_same_as_converted<urn::bfloat16>(urn::to_bfloat16); }
TEST(cuts, of_float16_are_those_of_floats) { expect_same_as_converted<urn::float16>(urn::to_float16); }

TEST(top_n, lists_the_oracles_order) {
  for (const std::size_t size : rows::small_sizes) {
    room space(size);
    const auto expect = [&](const char* name, const rows::row& logits) {
      const oracle::ids order = oracle::order(logits);
      for (const std::size_t n : {std::size_t{0}, std::size_t{1}, std::size_t{20}, size + 1}) {
        const auto best = kernel::scalar::top_n(urn::row_view{logits}, n, space.ranked);
        ASSERT_EQ(best.size(), std::min(n, order.size())) << name;
        for (std::size_t i = 0; i < best.size(); ++i) {
          ASSERT_EQ(urn::id_of(best[i].key), order[i]) << name;
          ASSERT_EQ(urn::logit_of(best[i].key), logits[static_cast<std::size_t>(order[i])]) << name;
        }
      }
    };
    for_each_row(size, expect);
    rows::for_each(rows::improper, size, expect);
  }
}

TEST(count_before, is_the_place_in_the_oracles_order) {
  for (const std::size_t size : {1U, 2U, 1025U, 4096U}) {
    for_each_row(size, [](const char* name, const rows::row& logits) {
      const oracle::ids order = oracle::order(logits);
      for (std::size_t place = 0; place < order.size(); place += 1 + order.size() / 20) {
        const std::uint64_t key =
            urn::order_key(logits[static_cast<std::size_t>(order[place])], order[place]);
        ASSERT_EQ(kernel::scalar::count_before(urn::row_view{logits}, key), place) << name;
      }
    });
  }
}

}  // namespace
