#include "urn/kernel/thrust/lent_row.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernel/thrust/on_device.hpp"
#include "urn/core/float16.hpp"
#include "urn/kernel/edited_row.hpp"
#include "urn/kernel/parallel.hpp"
#include "urn/kernel/scalar/max.hpp"

namespace {

using on_device::bits, on_device::exec;
using urn::kernel::by_thrust::lent_row, urn::kernel::by_thrust::placed_token,
    urn::kernel::by_thrust::temporary;

struct as_it_is {
  URN_HOST_DEVICE placed_token operator()(const placed_token& t) const { return t; }
};

/// What is lent is bit for bit what `row` says at positions [first, first + count).
template <class Lent, class Row>
void expect_tokens(const Lent& lent, const Row& row, std::size_t first, std::size_t count) {
  ASSERT_EQ(lent.size(), static_cast<std::ptrdiff_t>(count));
  const auto tokens = lent.each(as_it_is{});
  const temporary<placed_token, decltype(thrust::device)> there(exec, count);
  thrust::copy(exec, tokens, tokens + lent.size(), there.begin());
  std::vector<placed_token> here(count);
  there.to_host(here);
  for (std::size_t i = 0; i < count; ++i) {
    ASSERT_EQ(here[i].place, i);
    ASSERT_EQ(here[i].id, row.id(first + i)) << i;
    ASSERT_EQ(bits(here[i].logit), bits(row.at(first + i))) << i;
  }
}
/// `there` is lent as the row of the host `here`, whole and in part.
template <class There, class Here>
void expect_lent(const There& there, const Here& here) {
  expect_tokens(lent_row(exec, there), here, 0, here.size());
  for (const std::size_t first : {std::size_t{1}, std::size_t{1024}, here.size() - 1}) {
    expect_tokens(lent_row(exec, there, first, here.size() - first), here, first, here.size() - first);
    expect_tokens(lent_row(exec, there, first, 1), here, first, 1);
  }
}

/// Adds up to three quarters, by id.
struct raise {
  URN_HOST_DEVICE float operator()(float l, urn::token_id id) const {
    return l + 0.25F * static_cast<float>(id % 4);
  }
};
/// Bans every third touched token, lowers the others.
struct lower {
  URN_HOST_DEVICE float operator()(float l, std::uint32_t value) const {
    return value % 3 == 0 ? urn::exact::minus_infinity : l - 1.5F;
  }
};

const std::vector<urn::touched_token> touched{{0, 1}, {1, 3}, {1023, 4}, {1024, 6}, {1999, 7}};

/// A row of each element type on both sides.
template <class T>
struct both {
  std::vector<T> stored;
  thrust::device_vector<T> copy;
  urn::row_view<T> here;
  urn::device_row<T> there;

  explicit both(T (*convert)(float)) : stored(converted(convert)), copy(stored), here(stored), there(copy) {}

 private:
  static std::vector<T> converted(T (*convert)(float)) {
    rows::random_source random(8);
    const rows::row logits = rows::sprinkled(rows::normal(2000, random, 4), random, 0.1F, -rows::infinity);
    std::vector<T> all;
    for (const float l : rows::with(logits, random, 20, rows::nan)) all.push_back(convert(l));
    return all;
  }
};
const auto unchanged = [](float l) { return l; };

TEST(lent_row, reads_each_element_type) {
  const both<float> floats(unchanged);
  const both<urn::bfloat16> brains(urn::to_bfloat16);
  const both<urn::float16> halves(urn::to_float16);
  expect_lent(floats.there, floats.here);
  expect_lent(brains.there, brains.here);
  expect_lent(halves.there, halves.here);
}

TEST(lent_row, applies_edits_and_temperatures) {
  const both<float> floats(unchanged);
  using here = urn::row_view<float>;
  using there = urn::device_row<float>;
  expect_lent(urn::elementwise_row(floats.there, raise{}, 0.75F),
              urn::elementwise_row(floats.here, raise{}, 0.75F));
  expect_lent(urn::elementwise_row<there, raise>(floats.there),
              urn::elementwise_row<here, raise>(floats.here));
  expect_lent(urn::sparse_row(floats.there, lower{}, touched, 1.3F),
              urn::sparse_row(floats.here, lower{}, touched, 1.3F));
  expect_lent(urn::sparse_row(floats.there, lower{}, {}, 1.0F),
              urn::sparse_row(floats.here, lower{}, {}, 1.0F));
}

TEST(lent_row, applies_edits_of_edits) {
  const both<urn::bfloat16> brains(urn::to_bfloat16);
  const std::vector<urn::touched_token> others{{5, 2}, {1024, 1}};
  const auto edited = [&](const auto& row, const auto& expect) {
    const urn::sparse_row first(row, lower{}, touched, 1.0F);
    const urn::elementwise_row second(first, raise{}, 0.7F);
    expect(urn::sparse_row(second, lower{}, others, 1.1F));
  };
  edited(brains.there, [&](const auto& there) {
    edited(brains.here, [&](const auto& here) { expect_lent(there, here); });
  });
}

#if THRUST_DEVICE_SYSTEM != THRUST_DEVICE_SYSTEM_CUDA
#if defined(__x86_64__)
/// Makes a thread flush subnormals, as -ffast-math would have it, or keep them.
struct flush_subnormals {
  bool on;
  void operator()(int) const {
    constexpr std::uint32_t modes = 0x8040;
    const std::uint32_t others = __builtin_ia32_stmxcsr() & ~modes;
    __builtin_ia32_ldmxcsr(on ? others | modes : others);
  }
};
void on_all_threads(const flush_subnormals& set) {
  const thrust::counting_iterator<int> first(0);
  thrust::for_each(exec, first, first + 1000, set);
}

TEST(lent_row, does_not_depend_on_the_modes_of_threads) {
  rows::random_source random(3);
  const rows::row logits = rows::subnormal(2000, random);
  const urn::row_view floats{logits};
  const urn::elementwise_row row(floats, raise{}, 0.7F);
  rows::row expected;
  for (std::size_t i = 0; i < row.size(); ++i) expected.push_back(row.at(i));
  on_all_threads({true});
  expect_tokens(lent_row(exec, row), urn::row_view{expected}, 0, row.size());
  on_all_threads({false});
}
#endif

TEST(lent_row, reads_rows_of_the_host_and_slices_of_them) {
  const both<float> floats(unchanged);
  const urn::elementwise_row row(floats.here, raise{}, 0.75F);
  expect_lent(row, row);
  const urn::row_slice slice(row, 300, 1500);
  expect_lent(slice, slice);
  EXPECT_EQ(urn::kernel::by_thrust::max(lent_row(exec, slice)).key, urn::kernel::scalar::max(slice).key);
}
#endif

}  // namespace
