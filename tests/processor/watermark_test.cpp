#include "urn/processor/watermark.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <random>
#include <span>
#include <vector>

#include "support/naive_edits.hpp"
#include "support/rows.hpp"
#include "urn/urn.hpp"

namespace {

using naive::tokens;
using urn::green_list, urn::status, urn::token_id, urn::watermark;

tokens ids_of(std::span<const std::int32_t> words) {
  tokens ids;
  for (std::size_t v = 0; v < words.size() * 32; ++v) {
    if (((static_cast<std::uint32_t>(words[v / 32]) >> (v % 32)) & 1) != 0)
      ids.push_back(static_cast<token_id>(v));
  }
  return ids;
}

TEST(watermark, adds_to_the_green) {
  const std::vector<float> row{1, 2, -naive::infinity, 4};
  constexpr std::array<std::int32_t, 1> green{0b0110};
  EXPECT_TRUE(look::same(look::edited(watermark{0.5F, green}, row), {1, 2.5F, -naive::infinity, 4}));
  const std::vector<float> kept = look::edited(urn::top_k{2} | watermark{0.5F, green}, row);
  EXPECT_EQ(kept[1], 2.5F);
  EXPECT_EQ(kept[3], 4.0F);
  const std::vector<float> wide(40, 1.0F);
  EXPECT_EQ(look::edited(watermark{0.5F, green}, wide)[33], 1.0F);  // past the words
}

TEST(watermark, of_no_consequence_changes_no_bit) {
  constexpr std::array<std::int32_t, 1> green{-1};
  rows::for_each(rows::proper, 2000, [&](const char* name, const std::vector<float>& some) {
    SCOPED_TRACE(name);
    const urn::draw plain = look::drawn(urn::temperature{0.7F}, some, {.seed = 7});
    for (const watermark& edit : {watermark{2.0F, {}}, watermark{0.0F, green}}) {
      EXPECT_TRUE(look::same(look::drawn(urn::temperature{0.7F} | edit, some, {.seed = 7}), plain));
    }
  });
}

TEST(watermark, refuses_what_is_no_number) {
  for (const float wrong : {naive::nan, naive::infinity}) {
    EXPECT_TRUE(
        look::refused(look::drawn(watermark{wrong, {}}, std::vector<float>{1}), status::bad_argument));
  }
}

TEST(green_list, is_the_beginning_of_a_shuffled_vocabulary) {
  for (const std::size_t vocabulary : {1U, 2U, 31U, 33U, 5000U}) {
    for (const token_id last : {0, 1, 77}) {
      std::mt19937 random(static_cast<std::uint32_t>(15485863ULL * static_cast<std::uint64_t>(last)));
      tokens order(vocabulary);
      std::iota(order.begin(), order.end(), 0);
      for (std::size_t i = 0; i + 1 < vocabulary; ++i)
        std::swap(order[i], order[i + random() % (vocabulary - i)]);
      order.resize(vocabulary / 4);
      std::sort(order.begin(), order.end());
      green_list green(vocabulary);
      EXPECT_EQ(ids_of(green.after(tokens{5, last})), order) << vocabulary << " " << last;
    }
  }
}

TEST(green_list, depends_on_the_last_token_alone) {
  green_list green(1000), other(1000);
  const tokens before = ids_of(green.after(tokens{1, 2, 3}));
  EXPECT_NE(ids_of(green.after(tokens{1, 2, 4})), before);
  const tokens prompt{9};
  EXPECT_EQ(ids_of(green.after({prompt, tokens{3}})), before);
  green_list copy = green;
  EXPECT_NE(ids_of(copy.after(tokens{4})), before);
  EXPECT_EQ(ids_of(other.after(tokens{3})), before);
  EXPECT_TRUE(green.after({}).empty());
}

TEST(green_list, of_shares_outside_0_to_1) {
  const tokens history{1};
  EXPECT_EQ(ids_of(green_list(10, {.ratio = 0}).after(history)).size(), 0U);
  EXPECT_EQ(ids_of(green_list(10, {.ratio = -1}).after(history)).size(), 0U);
  EXPECT_EQ(ids_of(green_list(10, {.ratio = static_cast<double>(naive::nan)}).after(history)).size(), 0U);
  EXPECT_EQ(ids_of(green_list(10, {.ratio = 7}).after(history)).size(), 10U);
  EXPECT_TRUE(green_list(0).after(history).empty());
}

TEST(green_list, among_candidates_passes_over_strangers) {
  green_list green(50, {.ratio = 0.99});
  EXPECT_EQ(ids_of(green.among(tokens{-1, 50, 7, 1 << 30}, tokens{1})).size(), 1U);
  EXPECT_TRUE(green.among(tokens{7}, tokens{1}, 2).empty());
}

}  // namespace
