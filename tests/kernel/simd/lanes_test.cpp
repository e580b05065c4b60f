#include "urn/kernel/simd/lanes.hpp"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cfloat>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernel/simd/seen_rows.hpp"
#include "urn/kernel/block_mass.hpp"

namespace {

using L = seen::lanes;
using seen::bits;
using floats = std::array<float, L::width>;
using words = std::array<std::uint32_t, L::width>;
using longs = std::array<std::uint64_t, L::width / 2>;

L::floats vector_of(const floats& x) { return L::load(x.data()); }
L::words vector_of(const words& x) { return L::words::load_unaligned(x.data()); }
L::longs vector_of(const longs& x) { return L::longs::load_unaligned(x.data()); }
floats lanes_of(L::floats x) {
  floats out;
  L::store(out.data(), x);
  return out;
}
words lanes_of(L::words x) {
  words out;
  L::store(out.data(), x);
  return out;
}
longs lanes_of(L::longs x) {
  longs out;
  L::store(out.data(), x);
  return out;
}

/// The same bits, or both NaN.
bool same(float a, float b) { return bits(a) == bits(b) || (std::isnan(a) && std::isnan(b)); }

const std::vector<float> special{0.0F,
                                 -0.0F,
                                 1.0F,
                                 -1.0F,
                                 1.0F + FLT_EPSILON,
                                 0.5F,
                                 0x1.fffffep-1F,
                                 3.0F,
                                 -12.5F,
                                 urn::kernel::magic,
                                 0x1p-12F,
                                 0x1.8p-75F,
                                 -0x1p-74F,
                                 FLT_MIN,
                                 -FLT_MIN,
                                 FLT_TRUE_MIN,
                                 -FLT_TRUE_MIN,
                                 0x1.fffffcp-127F,
                                 0x1p64F,
                                 FLT_MAX,
                                 -FLT_MAX,
                                 rows::infinity,
                                 -rows::infinity,
                                 rows::nan,
                                 -rows::nan};

struct triple {
  float a, b, c;
};

/// Any bits; like exponents; sums that nearly cancel; ties of the product that only a tiny addend breaks.
triple random_triple(rows::random_source& r) {
  const auto any = [&] { return std::bit_cast<float>(static_cast<std::uint32_t>(r.bits() >> 32)); };
  const auto near_one = [&] { return std::ldexp(1.0F + r.uniform(), static_cast<int>(r.below(9)) - 4); };
  const auto short_one = [&] { return 1.0F + static_cast<float>(r.below(4096)) * 0x1p-12F; };
  const float sign = r.below(2) == 0 ? 1.0F : -1.0F;
  switch (r.below(6)) {
    case 0: return {any(), any(), any()};
    case 1: return {near_one(), sign * near_one(), near_one()};
    case 2: {
      const float a = near_one(), b = near_one();
      return {a, b, -a * b * (1.0F + static_cast<float>(r.below(5)) * FLT_EPSILON)};
    }
    case 3: return {short_one(), short_one(), sign * std::ldexp(1.0F, -30 - static_cast<int>(r.below(60)))};
    case 4: return {short_one() * 0x1p-70F, short_one() * 0x1p-70F, sign * any() * 0x1p-110F};
    default: return {near_one(), near_one(), sign * short_one() * 0x1p23F};
  }
}

struct triples {
  floats a, b, c;
  std::size_t n = 0;
  std::size_t tested = 0;

  void add(const triple& t) {
    a[n] = t.a, b[n] = t.b, c[n] = t.c;
    if (++n == L::width) test();
  }
  void test() {
    n = 0;
    const floats sum = lanes_of(L::fma(vector_of(a), vector_of(b), vector_of(c)));
    const floats difference = lanes_of(L::fms(vector_of(a), vector_of(b), vector_of(c)));
    for (std::size_t i = 0; i < L::width; ++i, ++tested) {
      ASSERT_TRUE(same(sum[i], std::fma(a[i], b[i], c[i]))) << a[i] << " * " << b[i] << " + " << c[i];
      ASSERT_TRUE(same(difference[i], std::fma(a[i], b[i], -c[i]))) << a[i] << " * " << b[i] << " - " << c[i];
    }
  }
};

TEST(lanes, multiply_and_add_with_one_rounding) {
  triples all;
  for (const float a : special) {
    for (const float b : special) {
      for (const float c : special) all.add({a, b, c});
    }
  }
  rows::random_source random(1);
  for (int i = 0; i < 1'000'000 && !HasFailure(); ++i) all.add(random_triple(random));
  EXPECT_GT(all.tested, 1'000'000U);
}

/// Calls test(a, b) for all pairs of special logits, each pair in all lanes, and for vectors of random bits.
template <class Test>
void for_pairs(Test&& test) {
  floats a;
  floats b;
  for (const float x : special) {
    for (const float y : special) {
      a.fill(x);
      b.fill(y);
      test(a, b);
    }
  }
  rows::random_source random(2);
  for (int round = 0; round < 20000; ++round) {
    for (std::size_t i = 0; i < L::width; ++i) {
      const triple t = random_triple(random);
      a[i] = t.a;
      b[i] = random.below(4) == 0 ? t.a : t.b;
    }
    test(a, b);
  }
}

/// The operation gives in each lane what `plain` gives.
template <class Operation, class Plain>
void expect_by_lane(const floats& a, const floats& b, Operation&& operation, Plain&& plain) {
  const floats result = lanes_of(operation(vector_of(a), vector_of(b)));
  for (std::size_t i = 0; i < L::width; ++i) {
    ASSERT_TRUE(same(result[i], plain(a[i], b[i]))) << a[i] << ", " << b[i] << ": " << result[i];
  }
}

TEST(lanes, subtract_and_divide) {
  for_pairs([](const floats& a, const floats& b) {
    expect_by_lane(
        a, b, [](auto x, auto y) { return L::sub(x, y); }, [](float x, float y) { return x - y; });
    expect_by_lane(
        a, b, [](auto x, auto y) { return L::divide(x, y); }, [](float x, float y) { return x / y; });
  });
}

TEST(lanes, take_the_second_of_what_does_not_compare) {
  for_pairs([](const floats& a, const floats& b) {
    const floats largest = lanes_of(L::max(vector_of(a), vector_of(b)));
    for (std::size_t i = 0; i < L::width; ++i) ASSERT_EQ(bits(largest[i]), bits(a[i] > b[i] ? a[i] : b[i]));
  });
}

TEST(lanes, compare_into_bits) {
  for_pairs([](const floats& a, const floats& b) {
    std::uint32_t above = 0;
    std::uint32_t at_least = 0;
    for (std::size_t i = 0; i < L::width; ++i) {
      above |= (a[i] > b[i] ? 1U : 0U) << i;
      at_least |= (a[i] >= b[i] ? 1U : 0U) << i;
    }
    ASSERT_EQ(L::above(vector_of(a), vector_of(b)), above);
    ASSERT_EQ(L::at_least(vector_of(a), vector_of(b)), at_least);
  });
}

words random_words(rows::random_source& r) {
  words x;
  for (std::uint32_t& w : x) w = static_cast<std::uint32_t>(r.bits() >> r.below(40));
  return x;
}
longs random_longs(rows::random_source& r) {
  longs x;
  for (std::uint64_t& l : x) l = r.bits() >> r.below(64);
  return x;
}

const std::vector<std::uint64_t> huge{127,        128,        255,        256,        257,
                                      0x7FFFFFFF, 0x80000000, 0x80000001, 0xFFFFFFE0, 0xFFFFFFFF};
const std::vector<std::uint64_t> huger{0x100000000,        0x100000001,        0x7FFFFFFFFFFFFFFF,
                                       0x8000000000000000, 0xFFFFFFFFFFFFFFC0, 0xFFFFFFFFFFFFFFFF};

TEST(lanes, shift_words_by_any_count) {
  rows::random_source random(3);
  std::vector<std::uint64_t> counts = huge;
  for (std::uint64_t n = 0; n <= 70; ++n) counts.push_back(n);
  for (int round = 0; round < 2000; ++round) {
    const words x = random_words(random);
    words n;
    for (std::uint32_t& count : n) count = static_cast<std::uint32_t>(counts[random.below(counts.size())]);
    const words shifted = lanes_of(L::shift_right(vector_of(x), vector_of(n)));
    const words raised = lanes_of(L::shift_left(vector_of(x), vector_of(n)));
    for (std::size_t i = 0; i < L::width; ++i) {
      ASSERT_EQ(shifted[i], n[i] > 31 ? 0U : x[i] >> n[i]) << n[i];
      ASSERT_EQ(raised[i], n[i] > 31 ? 0U : x[i] << n[i]) << n[i];
    }
  }
}

TEST(lanes, shift_longs_by_any_count) {
  rows::random_source random(4);
  std::vector<std::uint64_t> counts = huge;
  counts.insert(counts.end(), huger.begin(), huger.end());
  for (std::uint64_t n = 0; n <= 70; ++n) counts.push_back(n);
  for (int round = 0; round < 2000; ++round) {
    const longs x = random_longs(random);
    longs n;
    for (std::uint64_t& count : n) count = counts[random.below(counts.size())];
    const longs shifted = lanes_of(L::shift_right(vector_of(x), vector_of(n)));
    for (std::size_t i = 0; i < n.size(); ++i) ASSERT_EQ(shifted[i], n[i] > 63 ? 0U : x[i] >> n[i]) << n[i];
  }
}

TEST(lanes, widen_and_reduce_words) {
  rows::random_source random(5);
  for (int round = 0; round < 2000; ++round) {
    const words x = random_words(random);
    const words y = random_words(random);
    const longs low = lanes_of(L::widen_low(vector_of(x)));
    const longs high = lanes_of(L::widen_high(vector_of(x)));
    const words larger = lanes_of(L::max(vector_of(x), vector_of(y)));
    for (std::size_t i = 0; i < low.size(); ++i) {
      ASSERT_EQ(low[i], x[i]);
      ASSERT_EQ(high[i], x[low.size() + i]);
    }
    for (std::size_t i = 0; i < L::width; ++i) ASSERT_EQ(larger[i], std::max(x[i], y[i]));
    ASSERT_EQ(L::max_of(vector_of(x)), *std::ranges::max_element(x));
    ASSERT_EQ(L::sum_of(vector_of(x)), std::accumulate(x.begin(), x.end(), 0U));
    const longs l = random_longs(random);
    ASSERT_EQ(L::sum_of(vector_of(l)), std::accumulate(l.begin(), l.end(), std::uint64_t{0}));
  }
}

TEST(lanes, average_halves_and_move_bytes_up) {
  rows::random_source random(8);
  for (int round = 0; round < 2000; ++round) {
    const words x = random_words(random);
    const words y = random_words(random);
    const words means = lanes_of(L::average(vector_of(x), vector_of(y)));
    const words raised = lanes_of(L::up_a_byte(vector_of(x)));
    for (std::size_t i = 0; i < L::width; ++i) {
      const std::uint32_t low = ((x[i] & 0xFFFFU) + (y[i] & 0xFFFFU) + 1) / 2;
      const std::uint32_t high = ((x[i] >> 16) + (y[i] >> 16) + 1) / 2;
      ASSERT_EQ(means[i], (high << 16) | low);
      ASSERT_EQ(raised[i], x[i] << 8);
    }
  }
}

template <std::size_t First>
void expect_kept_from(const floats& x, std::uint32_t mask) {
  const floats kept = lanes_of(L::template keep_from<First>(vector_of(x), mask));
  const floats same = lanes_of(L::keep(vector_of(x), (mask >> First) & L::all));
  for (std::size_t i = 0; i < L::width; ++i) {
    const bool stays = ((mask >> (First + i)) & 1U) != 0;
    ASSERT_EQ(bits(kept[i]), bits(stays ? x[i] : -rows::infinity)) << First << ", " << mask;
    ASSERT_EQ(bits(same[i]), bits(kept[i])) << First << ", " << mask;
  }
}

TEST(lanes, keep_what_a_mask_says) {
  rows::random_source random(9);
  floats x;
  for (int round = 0; round < 2000 && !HasFatalFailure(); ++round) {
    for (float& l : x) l = special[random.below(special.size())];
    const auto mask = static_cast<std::uint32_t>(random.bits() >> 32);
    expect_kept_from<0>(x, mask);
    expect_kept_from<L::width>(x, mask);
    expect_kept_from<32 - L::width>(x, mask);
  }
}

TEST(lanes, find_the_largest_in_any_lane) {
  rows::random_source random(6);
  for (std::size_t lane = 0; lane < L::width; ++lane) {
    for (int round = 0; round < 200; ++round) {
      floats x;
      for (float& l : x) l = round == 0 ? -rows::infinity : random.normal(3);
      x[lane] = round % 2 == 0 ? 100.0F : 18.5F;
      ASSERT_EQ(L::max_of(vector_of(x)), x[lane]) << lane;
    }
  }
}

template <class T>
void expect_compressed(std::uint32_t mask, const std::array<T, L::width>& x,
                       const std::array<T, 2 * L::width>& out, T untouched) {
  std::size_t n = 4;
  for (std::size_t i = 0; i < L::width; ++i) {
    if (((mask >> i) & 1U) != 0) {
      ASSERT_EQ(out[n++], x[i]) << mask;
    }
  }
  for (std::size_t i = 0; i < 4; ++i) ASSERT_EQ(out[i], untouched) << mask;
  for (std::size_t i = 4 + L::width; i < out.size(); ++i) ASSERT_EQ(out[i], untouched) << mask;
}

TEST(lanes, compress_by_every_mask) {
  floats x;
  std::array<std::int32_t, L::width> ids;
  for (std::size_t i = 0; i < L::width; ++i) {
    x[i] = 0.5F + static_cast<float>(i);
    ids[i] = 1000 - static_cast<std::int32_t>(i);
  }
  for (std::uint32_t mask = 0; mask <= L::all; ++mask) {
    std::array<float, 2 * L::width> logits;
    logits.fill(-7);
    L::compress(logits.data() + 4, vector_of(x), mask);
    ASSERT_NO_FATAL_FAILURE(expect_compressed(mask, x, logits, -7.0F));
    std::array<std::int32_t, 2 * L::width> kept;
    kept.fill(-7);
    L::compress(kept.data() + 4, L::load(ids.data()), mask);
    ASSERT_NO_FATAL_FAILURE(expect_compressed(mask, ids, kept, -7));
  }
}

TEST(lanes, load_the_first_and_fill_up) {
  const std::vector<float> logits(L::width, 2.5F);
  for (std::size_t count = 0; count < L::width; ++count) {
    const std::vector<float> some(logits.begin(), logits.begin() + static_cast<std::ptrdiff_t>(count));
    const floats x = lanes_of(L::load_first(some.data(), count));
    for (std::size_t i = 0; i < L::width; ++i) ASSERT_EQ(x[i], i < count ? 2.5F : -rows::infinity);
  }
  floats pattern;
  pattern.fill(-0.0F);
  EXPECT_EQ(lanes_of(L::bits(vector_of(pattern)))[L::width - 1], 0x80000000U);
}

/// All 65,536 numbers of a type, converted by vectors that may begin anywhere.
template <class Half, class Convert>
void expect_conversion(Convert&& convert) {
  std::vector<Half> all(65536 + L::width);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = std::bit_cast<Half>(static_cast<std::uint16_t>(i));
  std::vector<float> converted(all.size());
  convert(all.data() + 1, all.size() - 1, converted.data() + 1);
  for (std::size_t i = 1; i < all.size(); ++i) ASSERT_TRUE(same(converted[i], urn::to_float(all[i]))) << i;
}

TEST(conversions, are_those_of_single_numbers) {
  using all = urn::kernel::simd::conversions<L>;
  expect_conversion<urn::bfloat16>(all::from_bfloat16);
  expect_conversion<urn::float16>(all::from_float16);
}

TEST(conversions, divide_with_one_rounding) {
  rows::random_source random(7);
  for (std::size_t size = 1; size < 70; ++size) {
    for (const float divisor : {0.7F, 3.0F, 1e-5F, 1e30F, 0.1F + random.uniform()}) {
      std::vector<float> logits = rows::normal(size, random, 5);
      std::vector<float> expected = logits;
      for (float& l : expected) l /= divisor;
      urn::kernel::simd::conversions<L>::divide(logits.data(), size, divisor);
      ASSERT_TRUE(seen::same_bits(logits, expected)) << divisor;
    }
  }
}

}  // namespace
