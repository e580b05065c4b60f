#include "urn/kernel/edited_row.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "support/rows.hpp"
#include "urn/kernel/candidates.hpp"

namespace {

std::uint32_t bits(float x) { return std::bit_cast<std::uint32_t>(x); }

/// at() and load() of the row give, bit for bit, expected(i); loads of any length at any place.
template <class Row, class Expected>
void expect_row(const Row& row, std::size_t size, Expected&& expected) {
  ASSERT_EQ(row.size(), size);
  for (std::size_t i = 0; i < size; ++i) ASSERT_EQ(bits(row.at(i)), bits(expected(i))) << i;
  urn::block_buffer buffer;
  rows::random_source random(9);
  for (int n = 0; n < 200; ++n) {
    const std::size_t first = random.below(size);
    const std::size_t count = 1 + random.below(std::min<std::size_t>(1024, size - first));
    const std::span<const float> logits = row.load(first, count, buffer);
    ASSERT_EQ(logits.size(), count);
    for (std::size_t i = 0; i < count; ++i)
      ASSERT_EQ(bits(logits[i]), bits(expected(first + i))) << first + i;
  }
}

const auto add_a_thousandth_of_the_id = [](float l, urn::token_id id) {
  return l + 0.001F * static_cast<float>(id);
};
const auto subtract = [](float l, std::uint32_t value) { return l - static_cast<float>(value); };

rows::row some_logits() {
  rows::random_source random(1);
  return rows::sprinkled(rows::normal(3000, random, 3), random, 0.1F, -rows::infinity);
}

std::vector<urn::touched_token> some_touched() { return {{0, 1}, {1, 2}, {1023, 3}, {1024, 4}, {2999, 5}}; }

float by_hand(const rows::row& logits, std::size_t i, float temperature) {
  float l = logits[i] / temperature;
  for (const urn::touched_token& t : some_touched()) {
    if (static_cast<std::size_t>(t.id) == i) l -= static_cast<float>(t.value);
  }
  return l;
}

TEST(at_temperature, divides) {
  EXPECT_EQ(urn::at_temperature(3.0F, 1.0F), 3.0F);
  EXPECT_EQ(bits(urn::at_temperature(1.0F, 3.0F)), bits(1.0F / 3.0F));
  EXPECT_EQ(urn::at_temperature(-rows::infinity, 0.5F), -rows::infinity);
  EXPECT_TRUE(std::isnan(urn::at_temperature(rows::nan, 0.5F)));
}

TEST(elementwise_row, applies_its_edit) {
  const rows::row logits = some_logits();
  const urn::row_view base{logits};
  for (const float temperature : {1.0F, 0.7F}) {
    const urn::elementwise_row row(base, add_a_thousandth_of_the_id, temperature);
    static_assert(urn::logits_row<decltype(row)>);
    expect_row(row, logits.size(), [&](std::size_t i) {
      return add_a_thousandth_of_the_id(logits[i] / temperature, static_cast<urn::token_id>(i));
    });
    EXPECT_EQ(row.id(1500), 1500);
  }
}

TEST(elementwise_row, goes_by_the_ids_of_a_kept_set) {
  std::vector<urn::token_id> ids{4, 100, 2000};
  std::vector<float> logits{1, 2, 3};
  const urn::candidate_list kept{ids, logits};
  const urn::elementwise_row row(kept, add_a_thousandth_of_the_id, 1.0F);
  expect_row(row, 3, [&](std::size_t i) { return add_a_thousandth_of_the_id(logits[i], ids[i]); });
  EXPECT_EQ(row.id(2), 2000);
}

TEST(sparse_row, changes_what_is_touched) {
  const rows::row logits = some_logits();
  const urn::row_view base{logits};
  const auto touched = some_touched();
  for (const float temperature : {1.0F, 0.7F}) {
    const urn::sparse_row row(base, subtract, touched, temperature);
    static_assert(urn::logits_row<decltype(row)>);
    expect_row(row, logits.size(), [&](std::size_t i) { return by_hand(logits, i, temperature); });
  }
}

TEST(sparse_row, reads_untouched_blocks_in_place) {
  const rows::row logits = some_logits();
  const urn::row_view base{logits};
  const auto touched = some_touched();
  const urn::sparse_row row(base, subtract, touched, 1.0F);
  urn::block_buffer buffer;
  EXPECT_EQ(row.load(1025, 1024, buffer).data(), logits.data() + 1025);
  EXPECT_EQ(row.load(1024, 1024, buffer).data(), buffer.logits);
  const urn::sparse_row warm(base, subtract, touched, 0.5F);
  EXPECT_EQ(warm.load(1025, 1024, buffer).data(), buffer.logits);
}

TEST(edited_rows, stack) {
  const rows::row logits = some_logits();
  const urn::row_view base{logits};
  const auto touched = some_touched();
  const urn::sparse_row inner(base, subtract, touched, 0.7F);
  const urn::elementwise_row middle(inner, add_a_thousandth_of_the_id, 1.0F);
  const urn::sparse_row outer(middle, subtract, touched, 2.0F);
  expect_row(outer, logits.size(), [&](std::size_t i) {
    float l = by_hand(logits, i, 0.7F);
    l = add_a_thousandth_of_the_id(l, static_cast<urn::token_id>(i)) / 2.0F;
    for (const urn::touched_token& t : touched) {
      if (static_cast<std::size_t>(t.id) == i) l -= static_cast<float>(t.value);
    }
    return l;
  });
}

TEST(edited_rows, leave_the_callers_row_alone) {
  const rows::row before = some_logits();
  const rows::row logits = before;
  const urn::row_view base{logits};
  const urn::elementwise_row row(base, add_a_thousandth_of_the_id, 0.5F);
  urn::block_buffer buffer;
  EXPECT_EQ(row.load(0, 1024, buffer).size(), 1024U);
  for (std::size_t i = 0; i < logits.size(); ++i) ASSERT_EQ(bits(logits[i]), bits(before[i]));
}

TEST(edited_rows, convert_half_precision_first) {
  std::vector<urn::bfloat16> halves;
  for (const float l : some_logits()) halves.push_back(urn::to_bfloat16(l));
  rows::row floats;
  for (const urn::bfloat16 half : halves) floats.push_back(urn::to_float(half));
  const urn::row_view base{halves};
  const auto touched = some_touched();
  const urn::sparse_row row(base, subtract, touched, 1.0F);
  expect_row(row, floats.size(), [&](std::size_t i) { return by_hand(floats, i, 1.0F); });
}

}  // namespace
