#include "urn/kernel/thrust/device_row.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <span>
#include <vector>

#include "kernel/thrust/on_device.hpp"
#include "urn/core/float16.hpp"

namespace {

using on_device::bits, on_device::same_bits;

static_assert(urn::logits_row<urn::device_row<float>>);
static_assert(urn::logits_row<urn::device_row<urn::float16>>);

/// at() and load() copy what a row of the host says.
template <class T>
void expect_copies(T (*convert)(float)) {
  rows::random_source random(4);
  std::vector<T> here;
  for (const float l : rows::sprinkled(rows::normal(3000, random, 3), random, 0.1F, rows::nan)) {
    here.push_back(convert(l));
  }
  const thrust::device_vector<T> there(here.begin(), here.end());
  const urn::device_row row{there};
  const urn::row_view expected{here};
  ASSERT_EQ(row.size(), here.size());
  urn::block_buffer copied;
  urn::block_buffer buffer;
  for (const std::size_t first : {0U, 1U, 1024U, 2976U}) {
    for (const std::size_t count : {1U, 23U, 24U, 1024U}) {
      if (first + count > here.size()) continue;
      ASSERT_TRUE(same_bits(row.load(first, count, copied), expected.load(first, count, buffer))) << first;
    }
    ASSERT_EQ(bits(row.at(first)), bits(expected.at(first))) << first;
    ASSERT_EQ(row.id(first), static_cast<urn::token_id>(first));
  }
}

TEST(device_row, copies_floats_to_the_host) {
  expect_copies<float>([](float l) { return l; });
}
TEST(device_row, copies_and_converts_16_bits) {
  expect_copies<urn::bfloat16>(urn::to_bfloat16);
  expect_copies<urn::float16>(urn::to_float16);
}

TEST(device_row, views_a_part_of_a_vector) {
  const rows::row here{1, 2, 3, 4, 5};
  const thrust::device_vector<float> there(here.begin(), here.end());
  const urn::device_row<float> row(thrust::raw_pointer_cast(there.data()) + 1, 3);
  EXPECT_EQ(row.size(), 3U);
  EXPECT_EQ(row.at(2), 4.0F);
}

}  // namespace
